"""Random numbers, and dropout (Srivastava et al. 2014) as frameworks run it.

    keep = uniform() >= p;   y = x * keep / (1 - p)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import composite, irregular
from orderof.ops.elementwise import cast, compare, mul, scale
from orderof.sym import ONE, Size, expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value

_SOURCE = "one random number for each element, whatever the generator costs"


def _plan(*, shape: tuple[Size, ...], dtype: str) -> tuple[Irregular, tuple[Type]]:
    out = Type(tuple(map(expr, shape)), dtype)
    counts = Counts.of(Kind.RNG, dtype, out.size)
    return Irregular(counts, ONE, (), (out.size,), _SOURCE), (out,)


uniform = irregular("uniform", _plan, source=_SOURCE)


def _dropout_vjp(b: Builder, node: Node, gs: Sequence[Value], _: object) -> Any:  # noqa: ANN401
    return (dropout_gradient(b, gs[0], node.results[1], **dict(node.attrs)),)


@composite("dropout", vjp=_dropout_vjp, source="Srivastava et al. 2014, JMLR 15")
def dropout(b: Builder, x: Value, *, p: float) -> tuple[Value, Value]:
    """Give (y, keep); keep is boolean."""
    keep = compare(b, uniform(b, shape=x.shape, dtype=x.dtype), fn="ge", by=p)
    return dropout_gradient(b, x, keep, p=p), keep


@composite("dropout_gradient")
def dropout_gradient(b: Builder, g: Value, keep: Value, *, p: float) -> Value:
    """Give g * keep / (1 - p)."""
    return scale(b, mul(b, g, cast(b, keep, dtype=g.dtype)), by=1 / (1 - p))
