"""Images at another size: every place is a weighted sum of the nearest of the image given.

With t places along each of r dimensions (t = 2 is linear, t = 4 cubic; Keys 1981, IEEE ASSP 29(6))
a result is interpolated along the last dimension t**(r - 1) times, then along the one before, and
so on: t products and t - 1 sums each,

    (t**r + ... + t) products and (t**r - 1) sums     for every result,

as ATen's CPU kernel does (UpSampleKernel.cpp, interpolate). Which places and weights it takes
depends on sizes only and is not counted. The gradient adds r products and one sum for each place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular, Move
from orderof.ir.graph import Type
from orderof.ops.define import irregular, move
from orderof.sym import ONE, ceillog2, const, expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node
    from orderof.ops.define import Grads
    from orderof.sym import Size

_SOURCE = "t products and t - 1 sums for each interpolation, as ATen's UpSampleKernel.cpp"


def _plan(
    x: Type, *, size: tuple[Size, ...], taps: int, align: bool
) -> tuple[Irregular, tuple[Type]]:
    """Make an image (B, C, ...) of another size; `align` puts corner on corner."""
    del align
    rank = len(size)
    out = Type((*x.shape[: len(x.shape) - rank], *map(expr, size)), x.dtype)
    products = sum(taps**i for i in range(1, rank + 1))
    counts = Counts.of(Kind.MUL, x.dtype, out.size * products)
    counts = counts + Counts.of(Kind.ADD, x.dtype, out.size * (taps**rank - 1))
    chain = const(rank) * (ONE + ceillog2(const(taps)))
    return Irregular(counts, chain, (x.size,), (out.size,), _SOURCE), (out,)


def _vjp(b: Builder, node: Node, gs: Sequence[Any], _: object) -> Grads:
    x, size = node.operands[0], node.attr("size")
    shape = x.shape[len(x.shape) - len(size) :]
    how = {"taps": node.attr("taps"), "align": node.attr("align")}
    return (resample_gradient(b, gs[0], size=shape, **how),)


def _gradient(
    g: Type, *, size: tuple[Size, ...], taps: int, align: bool
) -> tuple[Irregular, tuple[Type]]:
    """Add every gradient up at the places that its result was made of."""
    del align
    rank = len(size)
    out = Type((*g.shape[: len(g.shape) - rank], *map(expr, size)), g.dtype)
    places = g.size * taps**rank
    counts = Counts.of(Kind.MUL, g.dtype, places * rank) + Counts.of(Kind.ADD, g.dtype, places)
    chain = const(rank) + ceillog2(places + 1)
    return Irregular(counts, chain, (g.size,), (out.size,), _SOURCE), (out,)


resample = irregular("resample", _plan, source=_SOURCE, vjp=_vjp)
resample_gradient = irregular("resample_gradient", _gradient, source=_SOURCE)


def _nearest(x: Type, *, size: tuple[Size, ...]) -> tuple[Move, tuple[Type]]:
    """Take the place below: x[..., floor(i * n / size)] along every dimension of an image."""
    out = Type((*x.shape[: len(x.shape) - len(size)], *map(expr, size)), x.dtype)
    return Move((out.size,), (out.size,)), (out,)


def _nearest_vjp(b: Builder, node: Node, gs: Sequence[Any], _: object) -> Grads:
    x, size = node.operands[0], node.attr("size")
    shape = x.shape[len(x.shape) - len(size) :]
    return (nearest_gradient(b, gs[0], size=shape),)


def _nearest_gradient(g: Type, *, size: tuple[Size, ...]) -> tuple[Irregular, tuple[Type]]:
    out = Type((*g.shape[: len(g.shape) - len(size)], *map(expr, size)), g.dtype)
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    return Irregular(counts, ceillog2(g.size + 1), (g.size,), (out.size,), _ARRIVES), (out,)


_ARRIVES = "one addition for each element that arrives, into a zeroed image"
nearest = move("nearest", _nearest, _nearest_vjp)
nearest_gradient = irregular("nearest_gradient", _nearest_gradient, source=_ARRIVES)
