"""Images read at places that a grid says, each of them between pixels.

Of every place, r coordinates in -1 .. 1, is counted, as ATen's GridSamplerKernel.cpp runs it

    the coordinate in pixels      (c + 1) * n/2 - 1/2, or (c + 1) * (n - 1)/2 with corners aligned
    what lies outside             border: max, min.  reflection: |c| modulo 2n, mirrored, max, min
    linear: floor and weights     t = c - floor(c), 1 - t, and r - 1 products for each of 2**r taps
    linear: range of the taps     zeros: 4 comparisons for each coordinate, else 1; joined by taps
    nearest: round and range      2 comparisons for each coordinate where zeros are outside, else 0
    of every channel              2**r products and 2**r - 1 sums; nearest reads, and that is all
    cubic: floor and weights      t = c - floor(c), and polynomials of t, see `_WEIGHTS`
    cubic: each of 4 r taps       what lies outside, as above, or 2 comparisons; joined by taps
    of every channel              16 + 4 products, 12 + 3 sums: along x four times, then along y

Cubic is the convolution of Keys 1981, IEEE ASSP 29(6), with A = -3/4, over images; its taps are
the same for all channels, and are found once, where ATen finds them anew. Addresses are not
counted, as in every gather; neither is a tap outside, which reads as 0.

The gradient has coordinates and weights to compute again. To the image it adds a product for each
tap, cubic two; of a grid's coordinate it sums, over channels, 2**(r - 1) weighted differences of
taps, times g; cubic takes of every tap x*g, times the slope of a weight and the other weight, off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import irregular
from orderof.sym import ZERO, Expr, ceillog2, const, maximum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node
    from orderof.ops.define import Grads

    Each = dict[Kind, int]

_SOURCE = "ATen, native/cpu/GridSamplerKernel.cpp, ApplyGridSample"
_OUTSIDE: dict[str, Each] = {
    "zeros": {},
    "border": {Kind.MAX: 2},
    "reflection": {
        Kind.ABS: 1,
        Kind.DIV: 1,
        Kind.ROUND: 1,
        Kind.MUL: 1,
        Kind.ADD: 2,
        Kind.MAX: 3,
    },
}
_MIRROR = 2
"""Sums by which a mirror half a pixel outside is reached, where corners are not aligned."""
_OUTSIDE_SLOPE: dict[str, Each] = {
    "zeros": {},
    "border": {Kind.CMP: 2, Kind.LOGIC: 1, Kind.SELECT: 1},
    "reflection": {Kind.CMP: 4, Kind.LOGIC: 2, Kind.SELECT: 2},
}
_WEIGHTS: Each = {Kind.MUL: 12, Kind.ADD: 13}
"""Of t: weights of the taps at -1, 0, 1, 2, where x is the distance, as ATen writes them.

x <= 1      ((A + 2)*x - (A + 3))*x*x + 1         3 products, 2 sums; the taps 0, 1
x > 1       ((A*x - 5*A)*x + 8*A)*x - 4*A         3 products, 3 sums; the taps -1, 2
x           t + 1, t, 1 - t, 2 - t                            3 sums
"""
_WEIGHT_SLOPES: Each = {Kind.MUL: 8, Kind.ADD: 8}
"""Of t: two products each, one sum or (at -1 and 2) two, and -1 - t, 0 - t beside what is there."""
_WEIGHT_CHAIN = 8
"""t, its distance, and three products and three sums one after the other."""


def _many(each: Each, times: Expr | int, dtype: str) -> Counts:
    """Count so many of each kind; what compares gives booleans to join."""
    return Counts.sum(
        Counts.of(kind, "bool" if kind is Kind.LOGIC else dtype, times * n)
        for kind, n in each.items()
    )


def _places(grid: Type, mode: str, padding: str, *, align: bool) -> Counts:
    """Count what is done for every place, whatever the channels."""
    r, dtype = grid.shape[-1].value or 0, grid.dtype
    places, zeros = grid.size / r, padding == "zeros"
    shifts = 1 if align else 2
    if padding == "reflection" and not align and mode != "cubic":
        shifts += _MIRROR
    found = _many({Kind.ADD: shifts, Kind.MUL: 1}, grid.size, dtype)
    if mode == "cubic":
        return found + _cubic_places(grid, padding, align=align)
    found = found + _many(_OUTSIDE[padding], grid.size, dtype)
    found = found + _many({Kind.ROUND: 1}, grid.size, dtype)
    if mode == "nearest":
        tests = {Kind.CMP: 2 * r, Kind.LOGIC: 2 * r - 1} if zeros else {}
        return found + _many(tests, places, dtype)
    taps = 2**r
    tests = {Kind.CMP: 4 * r, Kind.LOGIC: 2 * r} if zeros else {Kind.CMP: r}
    joined = {Kind.ADD: 2 * r, Kind.MUL: taps * (r - 1), Kind.LOGIC: taps * (r - 1)}
    return found + _many(tests, places, dtype) + _many(joined, places, dtype)


def _cubic_places(grid: Type, padding: str, *, align: bool) -> Counts:
    """Count weights and taps: of each coordinate four, which are brought inside or compared."""
    dtype, places, taps = grid.dtype, grid.size / 2, 4
    found = _many({Kind.ROUND: 1, Kind.ADD: 1}, grid.size, dtype)
    found = found + _many(_WEIGHTS, grid.size, dtype)
    if padding == "zeros":
        tests = {Kind.CMP: 2 * taps, Kind.LOGIC: taps}
        return found + _many(tests, grid.size, dtype) + _many({Kind.LOGIC: taps**2}, places, dtype)
    mirror = {Kind.ADD: _MIRROR} if padding == "reflection" and not align else {}
    each = _many(_OUTSIDE[padding], grid.size, dtype) + _many(mirror, grid.size, dtype)
    return found + each * taps


def _sample(
    x: Type, grid: Type, *, mode: str = "linear", padding: str = "zeros", align: bool = False
) -> tuple[Irregular, tuple[Type]]:
    """Read (B, C, ...) at (B, ..., r): (B, C, ...) of the grid's places."""
    r = grid.shape[-1].value or 0
    out = Type((*x.shape[:2], *grid.shape[1:-1]), x.dtype)
    counts = _places(grid, mode, padding, align=align)
    chain = _chain(r, mode, padding, align=align)
    if mode == "linear":
        counts = counts + _many({Kind.MUL: 2**r, Kind.ADD: 2**r - 1}, out.size, x.dtype)
        chain = chain + 1 + r
    if mode == "cubic":
        counts = counts + _many({Kind.MUL: 20, Kind.ADD: 15}, out.size, x.dtype)
        chain = chain + 2 * (1 + 2)
    return Irregular(counts, chain, (x.size, grid.size), (out.size,), _SOURCE), (out,)


def _chain(r: int, mode: str, padding: str, *, align: bool) -> Expr:
    """Give the longest chain to a weight, and to the answer whether a tap is inside."""
    shifts = 0 if align else 1
    outside = {"zeros": 0, "border": 2, "reflection": 9 + 2 * shifts}[padding]
    if mode == "cubic":  # the weights, and beside them the places of the taps
        return const(2 + shifts + 1 + max(_WEIGHT_CHAIN, outside))
    pixel = const(2 + shifts + outside + 1)
    if mode == "linear":
        return pixel + r + 1
    return pixel + 1 + ceillog2(const(2 * r)) if padding == "zeros" else pixel


def _vjp(b: Builder, node: Node, gs: Sequence[Any], want: Sequence[bool]) -> Grads:
    if gs[0] is None or not any(want):
        return None, None
    x, grid = node.operands
    found = sample_gradient.emit(
        b, (gs[0], x, grid), tuple(sorted({**dict(node.attrs), "want": tuple(want)}.items()))
    )
    left = iter(found)
    return [next(left) if w else None for w in want]


def _gradient(
    g: Type,
    x: Type,
    grid: Type,
    *,
    want: tuple[bool, ...],
    mode: str = "linear",
    padding: str = "zeros",
    align: bool = False,
) -> tuple[Irregular, tuple[Type, ...]]:
    """Give the gradients that are wanted, of the image and of the grid."""
    r = grid.shape[-1].value or 0
    taps = {"linear": 2**r, "cubic": 16, "nearest": 1}[mode]
    counts = _places(grid, mode, padding, align=align)
    known, ends = _chain(r, mode, padding, align=align), [ZERO]
    if want[0]:
        each = {"linear": 1, "cubic": 2, "nearest": 0}[mode]
        products = {Kind.MUL: taps * each}
        counts = counts + _many({**products, Kind.ADD: taps}, g.size, g.dtype)
        meet = g.size / (g.shape[0] * g.shape[1]) * taps
        ends.append(each + ceillog2(meet + 1))
    if want[1] and mode == "linear":
        counts = counts + _slopes(g, grid, padding)
        ends.append(r + 2 + ceillog2(g.shape[1]))
    if want[1] and mode == "cubic":
        counts = counts + _cubic_slopes(g, grid)
        ends.append(4 + ceillog2(g.shape[1] * taps + 1))
    kept = tuple(t for t, w in zip((x, grid), want, strict=True) if w)
    reads = g.size, x.size, grid.size
    writes = tuple(t.size for t in kept)
    return Irregular(counts, known + maximum(*ends), reads, writes, _SOURCE), kept


def _slopes(g: Type, grid: Type, padding: str) -> Counts:
    """Count the gradient of the coordinates, which is 0 where the nearest pixel is taken."""
    r, dtype = grid.shape[-1].value or 0, grid.dtype
    half, places = 2 ** (r - 1), grid.size / r
    each = _many({Kind.MUL: (half + 1) * r, Kind.ADD: 2 * half * r}, g.size, dtype)
    weights = {Kind.MUL: half * (r - 2) * r} if r > 2 else {}  # noqa: PLR2004 - a product of two
    least = Counts.of(Kind.ADD, dtype, ZERO - grid.size)  # the first of all channels is no sum
    ends = {Kind.MUL: 1, **_OUTSIDE_SLOPE[padding]}
    return each + _many(weights, places, dtype) + least + _many(ends, grid.size, dtype)


def _cubic_slopes(g: Type, grid: Type) -> Counts:
    """Count x*g of every tap, times a slope and a weight for each coordinate, taken off its sum."""
    each = _many({Kind.MUL: 16 * (1 + 2 * 2), Kind.ADD: 16 * 2}, g.size, g.dtype)
    slopes = _many(_WEIGHT_SLOPES, grid.size, grid.dtype)
    return each + slopes + Counts.of(Kind.MUL, grid.dtype, grid.size)


sample = irregular("sample", _sample, source=_SOURCE, vjp=_vjp)
sample_gradient = irregular("sample_gradient", _gradient, source=_SOURCE)
