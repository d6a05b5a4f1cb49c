"""The derivative of a loop nest: the same nest, with the result and one operand exchanged.

    y[out]    = sum over the rest of  body(x0[in0], x1[in1], ...)
    dx_j[inj] = sum over the rest of  g[out] * d body / d x_j

Every gradient of matmul, convolution (also grouped, dilated, strided and transposed), broadcasting
and reduction by addition comes from here; nobody writes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.errors import ModelError
from orderof.ir.access import Window, axes_of
from orderof.ir.forms import Nest
from orderof.ir.graph import Type
from orderof.ir.scalar import Const, G, Y, adjoint, rename, variables
from orderof.ops.define import lookup
from orderof.ops.nest import effective, result_dtype

if TYPE_CHECKING:
    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ir.scalar import Scalar


def derive(b: Builder, node: Node, g: Value, j: int, body: Scalar | None = None) -> Value:
    """Emit the gradient of operand j of a Nest.

    `body` is an adjoint of the operator's own choice; without one it is derived from the nest's
    body. It reads `G`, the operands, and `Y`, the saved result.
    """
    nest = node.form
    if not isinstance(nest, Nest) or nest.reduce not in (None, "add"):
        raise ModelError(node.op, "has no derivative by exchange of roles")
    saved = Y if nest.reduce is None else None
    scalar = body if body is not None else adjoint(nest.body, saved).get(j, Const(0))
    reads = sorted(variables(scalar), key=lambda i: (i != -1, i))
    source = {-1: (g, nest.out), -2: (node.results[0], nest.out)}
    if scalar == G and g.type == node.operands[j].type and nest.ins[j] == nest.out:
        return g
    found = [source[i] if i < 0 else (node.operands[i], nest.ins[i]) for i in reads]
    ins = tuple(acc for _, acc in found)
    out = nest.ins[j]
    written = {a for i in out for a in axes_of(i)}
    meets = any(a not in written for a, _ in nest.axes) or any(isinstance(i, Window) for i in out)
    local = rename(scalar, {i: n for n, i in enumerate(reads)})
    form = Nest(nest.axes, ins, out, local, "add" if meets else None, nest.mac)
    x = node.operands[j].type
    dtype = result_dtype(local, effective([v.type for v, _ in found]))
    made = b.emit(f"{node.op}.d{j}", form, [v for v, _ in found], [Type(x.shape, dtype)])[0]
    if dtype == x.dtype:
        return made
    narrowed: Value = lookup("cast")(b, made, dtype=x.dtype)
    return narrowed
