"""Writing elements where tensors of indices say, over what stood there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.ir.forms import Move
from orderof.ops.define import move
from orderof.ops.shape import copy, fill, index, take
from orderof.sym import ZERO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Type, Value
    from orderof.ops.define import Grads

    Gs = Sequence[Any]


def _place(x: Type, part: Type, *at: Type, dims: tuple[int, ...]) -> tuple[Move, tuple[Type]]:
    """Write x[i, :, j] = part in place, as index_put: the other elements are not touched."""
    del dims
    return Move((ZERO, part.size, *(i.size for i in at)), (part.size,)), (x,)


def _place_vjp(b: Builder, node: Node, gs: Gs, want: Sequence[bool]) -> Grads:
    """Give x the gradient of what stayed, and the part that of what was written."""
    g, (_, part, *at) = gs[0], node.operands
    dims = node.attr("dims")
    dx = place(b, copy(b, g), _nothing(b, part), *at, dims=dims) if want[0] else None
    dpart = index(b, g, *at, shape=part.shape, dims=dims) if want[1] else None
    return dx, dpart, *(None for _ in at)


def _place_along(x: Type, part: Type, at: Type, *, axis: int) -> tuple[Move, tuple[Type]]:
    """Write along one axis, as torch's scatter."""
    del axis
    return Move((ZERO, at.size, at.size), (at.size,)), (x,)


def _place_along_vjp(b: Builder, node: Node, gs: Gs, want: Sequence[bool]) -> Grads:
    g, (_, part, at) = gs[0], node.operands
    axis = node.attr("axis")
    dx = place_along(b, copy(b, g), _nothing(b, part), at, axis=axis) if want[0] else None
    return dx, take(b, g, at, axis=axis) if want[1] else None, None


def _nothing(b: Builder, part: Value) -> Value:
    found: Value = fill(b, shape=part.shape, dtype=part.dtype)
    return found


place = move("place", _place, _place_vjp)
place_along = move("place_along", _place_along, _place_along_vjp)
