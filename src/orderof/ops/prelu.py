"""The rectifier with a learnt slope (He et al. 2015, arXiv:1502.01852, equation 1).

y = x where x > 0, else w * x. The slope w broadcasts against x: (C, 1, 1) is one for each channel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.scalar import ZERO, G, Var, gt, select
from orderof.ops.derive import derive
from orderof.ops.nest import nest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads


def _vjp(b: Builder, node: Node, gs: Sequence[Value | None], want: Sequence[bool]) -> Grads:
    """Choose once for each gradient, as torch's kernel does: g or w*g, and 0 or x*g."""
    if (g := gs[0]) is None:
        return None, None
    x, w = Var(0), Var(1)
    bodies = (select(gt(x, ZERO), G, G * w), select(gt(x, ZERO), ZERO, G * x))
    return [derive(b, node, g, j, bodies[j]) if want[j] else None for j in (0, 1)]


prelu = nest("prelu", "..., ... -> ...", lambda x, w: select(gt(x, ZERO), x, w * x), vjp=_vjp)
