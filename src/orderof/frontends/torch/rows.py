"""What rows of the table are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.counts import is_float
from orderof.frontends.torch.sizes import Varied
from orderof.ir.graph import Node, Value
from orderof.ir.scalar import Power
from orderof.ops import lookup
from orderof.ops.derive import derive
from orderof.ops.elementwise import cast
from orderof.ops.pull import pull
from orderof.ops.shape import fill, reshape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orderof.frontends.torch.state import Lowering

    Row = Callable[..., Any]


def as_float(low: Lowering, x: Value) -> Value:
    """Cast an integer operand of an operation whose recorded result is a float."""
    dtype = low.dtype()
    if is_float(dtype) and not is_float(x.dtype):
        return cast(low.b, x, dtype=dtype)
    return x


def number(low: Lowering, n: Any) -> Any:
    """Give a number as operators take it: by formula where it is a size in letters."""
    return Power(low.sizes.find(n)) if isinstance(n, Varied) else n


def blank(low: Lowering, value: float = 0) -> Value:
    """Give a filled tensor of the type of the recorded result."""
    t = low.types()[0]
    found: Value = fill(low.b, shape=t.shape, dtype=t.dtype, value=value)
    return found


def draft(op: str, operands: Sequence[Value], **attrs: Any) -> Node:
    """Make the node that a forward call had, without emitting it."""
    return lookup(op).draft(*operands, **attrs)


def gradients(
    low: Lowering,
    node: Node,
    gs: Sequence[Value | None],
    want: Sequence[bool],
    saved: Sequence[Value | None] = (),
) -> list[Value | None]:
    """Emit the gradients of a drafted node; `saved` are recorded values of its results."""
    results = tuple(
        s if s is not None else r
        for s, r in zip((*saved, *(None,) * len(node.results)), node.results, strict=False)
    )
    shaped = Node(node.op, node.form, node.operands, results, node.attrs)
    op = lookup(node.op)
    if op.vjp is not None:
        full = (*gs, *(None,) * (len(results) - len(gs)))
        return pull(low.b, shaped, full, want)
    g = gs[0]
    assert g is not None  # noqa: S101 - a nest has one result
    return [derive(low.b, shaped, g, j) if w else None for j, w in enumerate(want)]


def column(low: Lowering, v: Value, rank: int) -> Value:
    """See a vector of channels as (C, 1, 1, ...), to broadcast against (B, C, ...)."""
    found: Value = reshape(low.b, v, shape=(*v.shape, *(1,) * (rank - 2)))
    return found


def dims_of(dims: Sequence[int] | int | None, rank: int) -> tuple[int, ...]:
    """Give dimensions as non-negative numbers; none or empty means all."""
    if dims is None or dims == ():
        return tuple(range(rank))
    found = (dims,) if isinstance(dims, int) else dims
    return tuple(d % rank for d in found)
