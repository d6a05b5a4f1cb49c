"""Windows that slide over one dimension, images that are mirrored at their edges, identities.

slide    x[..., n, ...] -> [..., (n - k) // s + 1, ..., k]     a view: windows share elements
strided  x in memory at offset + i*s + j*t + ...               a view of any shape, as it lies
mirror   x[-i], x[0..n), x[2*n - 2 - i]                        copies, the edge itself once
stretch  x[0], x[0..n), x[n - 1]                               copies, the edge again and again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular, Move
from orderof.ir.graph import Type
from orderof.ops.define import irregular, move, view
from orderof.sym import Expr, ceillog2, expr, floordiv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node
    from orderof.ops.define import Grads
    from orderof.sym import Size

    Gs = Sequence[Any]

_ARRIVES = "one addition for each element that arrives, into a zeroed tensor"


def _slide(x: Type, *, axis: int, size: int, step: int = 1) -> Type:
    windows = floordiv(x.shape[axis] - size, step) + 1
    return Type((*x.shape[:axis], windows, *x.shape[axis + 1 :], expr(size)), x.dtype)


def _slide_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    axis: int = node.attr("axis")
    n = node.operands[0].shape[axis]
    return (slide_gradient(b, gs[0], n=n, **dict(node.attrs)),)


def _slide_gradient(
    g: Type, *, n: Size, axis: int, size: int, step: int = 1
) -> tuple[Irregular, tuple[Type]]:
    """Add the elements of all windows up where they were taken."""
    del step
    out = Type((*g.shape[:axis], expr(n), *g.shape[axis + 1 : -1]), g.dtype)
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    chain = ceillog2(expr(size) + 1)
    return Irregular(counts, chain, (g.size,), (out.size,), _ARRIVES), (out,)


def _strided(x: Type, *, shape: Sequence[Size], strides: Sequence[Size], offset: Size = 0) -> Type:
    """Look at the elements as they lie in memory: i, j, ... is at offset + i*s + j*t + ..."""
    del strides, offset
    return Type(tuple(map(expr, shape)), x.dtype)


def _strided_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    return (strided_gradient(b, gs[0], whole=node.operands[0].shape, **dict(node.attrs)),)


def _strided_gradient(
    g: Type,
    *,
    whole: Sequence[Size],
    shape: Sequence[Size],
    strides: Sequence[Size],
    offset: Size = 0,
) -> tuple[Irregular, tuple[Type]]:
    """Add the elements of all places up where they lie; as many meet as there are."""
    del shape, strides, offset
    out = Type(tuple(map(expr, whole)), g.dtype)
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    return Irregular(counts, ceillog2(g.size + 1), (g.size,), (out.size,), _ARRIVES), (out,)


strided = view("strided", _strided, _strided_vjp)
strided_gradient = irregular("strided_gradient", _strided_gradient, source=_ARRIVES)
slide = view("slide", _slide, _slide_vjp)
slide_gradient = irregular("slide_gradient", _slide_gradient, source=_ARRIVES)


def _mirror(
    x: Type, *, before: tuple[Size, ...], after: tuple[Size, ...]
) -> tuple[Move, tuple[Type]]:
    """Go on behind the edges of the last dimensions: as in a mirror there, or with the edge."""
    out = _grown(x, before, after, 1)
    return Move((out.size,), (out.size,)), (out,)


def _grown(x: Type, before: tuple[Size, ...], after: tuple[Size, ...], sign: int) -> Type:
    shape = list(x.shape)
    first = len(shape) - len(before)
    for i, (a, b) in enumerate(zip(before, after, strict=True), first):
        shape[i] = shape[i] + sign * (a + b)
    return Type(tuple(shape), x.dtype)


def _mirror_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    return (mirror_gradient(b, gs[0], **dict(node.attrs)),)


def _mirror_gradient(
    g: Type, *, before: tuple[Size, ...], after: tuple[Size, ...]
) -> tuple[Irregular, tuple[Type]]:
    out = _grown(g, before, after, -1)
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    chain = ceillog2(expr(3 ** len(before) + 1))  # a place, and both its images along each
    return Irregular(counts, chain, (g.size,), (out.size,), _ARRIVES), (out,)


mirror = move("mirror", _mirror, _mirror_vjp)
mirror_gradient = irregular("mirror_gradient", _mirror_gradient, source=_ARRIVES)


def _stretch_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    return (stretch_gradient(b, gs[0], **dict(node.attrs)),)


def _stretch_gradient(
    g: Type, *, before: tuple[Size, ...], after: tuple[Size, ...]
) -> tuple[Irregular, tuple[Type]]:
    out = _grown(g, before, after, -1)
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    ends = (expr(a) + b + 1 for a, b in zip(before, after, strict=True))  # both, where n is 1
    chain = ceillog2(Expr.prod(ends) + 1)
    return Irregular(counts, chain, (g.size,), (out.size,), _ARRIVES), (out,)


stretch = move("stretch", _mirror, _stretch_vjp)
stretch_gradient = irregular("stretch_gradient", _stretch_gradient, source=_ARRIVES)


def _eye(*, shape: tuple[Size, ...], dtype: str) -> tuple[Move, tuple[Type]]:
    """Fill with 1 on the diagonal, 0 elsewhere."""
    out = Type(tuple(map(expr, shape)), dtype)
    return Move((), (out.size,)), (out,)


eye = move("eye", _eye, lambda *_: ())
