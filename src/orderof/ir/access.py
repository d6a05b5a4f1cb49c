"""How a loop nest reaches the elements of a tensor: one Index for each dimension.

    Axis      h            one axis of the nest
    Compose   (g c)        g * |c| + c: two or more axes as one dimension, the first the slowest
    Window    s*h+d*r-p    stride s, dilation d, padding p: outer axis h slides, inner axis r looks
    Fixed     1            always element 0: a dimension of size 1 that is broadcast

The number of elements that an Index reaches is its image; |image| of a product of indices is the
product, because no axis stands in two dimensions of one access.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from orderof.errors import BadSpelling
from orderof.sym import ONE, ZERO, Expr, ceildiv, const, floordiv, maximum, minimum

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of the nest."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Compose:
    """Several axes laid out in one dimension."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"({' '.join(self.names)})"


@dataclass(frozen=True, slots=True)
class Window:
    """The element stride*outer + dilation*inner - pad, read only where it is inside."""

    outer: str
    inner: str
    stride: int = 1
    dilation: int = 1
    pad: int = 0

    def __str__(self) -> str:
        pad = f"-{self.pad}" if self.pad else ""
        return f"{self.stride}*{self.outer}+{self.dilation}*{self.inner}{pad}"


@dataclass(frozen=True, slots=True)
class Fixed:
    """Element 0 of a dimension of size 1."""

    def __str__(self) -> str:
        return "1"


Index = Axis | Compose | Window | Fixed
Access = tuple[Index, ...]
Sizes = dict[str, Expr]

_TOKEN = re.compile(r"\([^)]*\)|\S+")
_WINDOW = re.compile(r"(\w+)\*(\w+)\+(\w+)\*(\w+)(?:-(\w+))?")


def access(text: str, numbers: Mapping[str, int] | None = None) -> Access:
    """Read one operand of a signature; names of strides and paddings stand in `numbers`."""
    known: Mapping[str, int] = {} if numbers is None else numbers
    return tuple(_index(token, known) for token in _TOKEN.findall(text))


def _index(token: str, numbers: Mapping[str, int]) -> Index:
    def number(t: str | None) -> int:
        return 0 if t is None else int(t) if t.isdecimal() else numbers[t]

    if token == "1":
        return Fixed()
    if token.startswith("("):
        return Compose(tuple(token.strip("()").split()))
    if token.isidentifier():
        return Axis(token)
    match = _WINDOW.fullmatch(token)
    if match is None:
        raise BadSpelling(token, "is not an index", "use h, (g c), s*h+d*r-p or 1")
    s, outer, d, inner, p = match.groups()
    return Window(outer, inner, number(s), number(d), number(p))


def axes_of(index: Index) -> tuple[str, ...]:
    """Name the axes of an Index."""
    match index:
        case Axis(name):
            return (name,)
        case Compose(names):
            return names
        case Window(outer, inner):
            return (outer, inner)
        case Fixed():
            return ()
        case _:
            assert_never(index)


def image(index: Index, sizes: Sizes) -> Expr:
    """Count the different positions that an Index takes, the padding included.

    For a window with H outer and k inner values, g = gcd(s, d): two pairs meet in one position
    exactly when they differ by a multiple of (d/g, -s/g), so of the H*k pairs those with a
    neighbour in that direction are superfluous: H*k - max(0, H - d/g) * max(0, k - s/g).
    """
    if not isinstance(index, Window):
        return Expr.prod(sizes[a] for a in axes_of(index))
    h, k = sizes[index.outer], sizes[index.inner]
    g = math.gcd(index.stride, index.dilation)
    step_h, step_k = index.dilation // g, index.stride // g
    return h * k - maximum(0, h - step_h) * maximum(0, k - step_k)


def chain(index: Index, sizes: Sizes) -> Expr:
    """Count the most pairs (outer, inner) of a window that meet in one position; else 1."""
    if not isinstance(index, Window):
        return ONE
    g = math.gcd(index.stride, index.dilation)
    return minimum(
        ceildiv(sizes[index.inner], index.stride // g),
        ceildiv(sizes[index.outer], index.dilation // g),
    )


def touched(index: Index, sizes: Sizes, extent: Expr) -> Expr:
    """Count the different positions inside 0 .. extent-1 that an Index takes.

    The positions of a window below 0 are looked at one by one (there are `pad` of them), those
    beyond the end likewise: the pattern is its own mirror image (h -> H-1-h, r -> k-1-r).
    """
    if not isinstance(index, Window):
        return image(index, sizes)
    h, k = sizes[index.outer], sizes[index.inner]
    last = (h - 1) * index.stride + (k - 1) * index.dilation
    beyond = last + 1 - index.pad - extent
    below = Expr.sum(_reached(index, i, h, k) for i in range(index.pad))
    look = (k - 1) * index.dilation + 1
    usual = h == floordiv(extent + 2 * index.pad - look, index.stride) + 1
    most = index.pad if usual else index.pad + index.stride - 1
    return image(index, sizes) - below - _reached_within(index, beyond, most, h, k)


def _reached_within(index: Window, n: Expr, most: int, h: Expr, k: Expr) -> Expr:
    """Count the reached positions among the first n of the window, for n that may be symbolic.

    With letters, n is at most `most`: the padding where the places of the window are rounded down,
    and less than a stride more where they are rounded up.
    """
    most = n.value if n.value is not None else most
    return Expr.sum(
        _reached(index, i, h, k) * minimum(1, maximum(0, n - i)) for i in range(max(most, 0))
    )


def _reached(index: Window, i: int, h: Expr, k: Expr) -> Expr:
    """Give 1 where position i (counted from the first) is s*a + d*b with a < h, b < k; else 0."""
    pairs = [
        (a, (i - index.stride * a) // index.dilation)
        for a in range(i // index.stride + 1)
        if (i - index.stride * a) % index.dilation == 0
    ]
    hits = [minimum(1, maximum(0, h - a)) * minimum(1, maximum(0, k - b)) for a, b in pairs]
    return maximum(0, *hits) if hits else ZERO


def taps(index: Window, sizes: Sizes, extent: Expr) -> list[tuple[Expr, Expr]]:
    """Give for each inner value r the interval [low, high) of outer values that stay inside.

    0 <= s*h + d*r - p < extent. Needs an inner axis of known size.
    """
    h, k = sizes[index.outer], sizes[index.inner].value
    if k is None:
        raise BadSpelling(str(index), "counts exact padding", "the window needs a known size")
    s, d, p = index.stride, index.dilation, index.pad
    low = [const(max(0, -((d * r - p) // s))) for r in range(k)]
    high = [minimum(h, maximum(0, floordiv(extent - 1 + p - d * r, s) + 1)) for r in range(k)]
    return list(zip(low, high, strict=True))


def inside(index: Window, sizes: Sizes, extent: Expr, kept: frozenset[str]) -> Expr:
    """Count the different values of the `kept` axes among the (outer, inner) that stay inside.

    The intervals of `taps` move downwards with r, both ends, so the size of their union is the sum
    of their lengths less the overlaps of neighbours.
    """
    lengths = taps(index, sizes, extent)
    size = [maximum(0, hi - lo) for lo, hi in lengths]
    match index.outer in kept, index.inner in kept:
        case True, True:
            return Expr.sum(size)
        case False, True:
            return Expr.sum(minimum(1, n) for n in size)
        case True, False:
            overlap = [
                maximum(0, minimum(a[1], b[1]) - maximum(a[0], b[0]))
                for a, b in itertools.pairwise(lengths)
            ]
            return Expr.sum(size) - Expr.sum(overlap)
        case _:
            return ONE
