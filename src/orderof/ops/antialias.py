"""Images at another size without aliases: where an image shrinks, windows grow with it.

With the step s = n / m between m results of n places (s = (n - 1) / (m - 1) where corners lie on
corners) and the reach r = t/2 * max(1, s) of a filter of t taps, result i looks at

    floor(s*(i + 1/2) - r + 1/2)  ..  floor(s*(i + 1/2) + r + 1/2) - 1,   cut to 0 .. n - 1.

The image is made smaller along its last dimension first, then along the one before; a dimension
that keeps its size is left alone. Each result of a pass is a weighted sum of its window. The
gradient is spread over the whole window in one pass, with a product for each dimension and one sum
for every place (ATen, UpSampleKernel.cpp, antialias). Weights depend on sizes only and are not
counted; those sizes must be numbers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from orderof.counts import Counts, Kind
from orderof.errors import UnknownOperator
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import irregular
from orderof.sym import ONE, ZERO, Expr, ceillog2, const, expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node
    from orderof.ops.define import Grads
    from orderof.sym import Size

_SOURCE = "one product for each place of a window and one sum less, as ATen's UpSampleKernel.cpp"


def windows(n: int, m: int, taps: int, *, align: bool) -> tuple[int, ...]:
    """Count the places that each of m results looks at along n."""
    corners = Fraction(n - 1, m - 1) if m > 1 else Fraction(0)
    step = corners if align else Fraction(n, m)
    reach, half = Fraction(taps, 2) * max(Fraction(1), step), Fraction(1, 2)
    centers = (step * (i + half) + half for i in range(m))
    return tuple(min(int(c + reach), n) - max(int(c - reach), 0) for c in centers)


def _numbers(shape: Sequence[Expr]) -> tuple[int, ...]:
    if any(n.value is None for n in shape):
        told = ", ".join(map(str, shape))
        raise UnknownOperator("antialias", f"has no rule for an image of {told}", "give numbers")
    return tuple(n.at() for n in shape)


def _plan(
    x: Type, *, size: tuple[Size, ...], taps: int, align: bool
) -> tuple[Irregular, tuple[Type]]:
    """Make an image (B, C, ...) of another size, one dimension after the other."""
    lead = len(x.shape) - len(size)
    now, wanted = list(_numbers(x.shape[lead:])), _numbers(tuple(map(expr, size)))
    rows, products, adds, chain = Expr.prod(x.shape[:lead]), ZERO, ZERO, ZERO
    for axis in reversed(range(len(now))):
        if now[axis] == wanted[axis]:
            continue
        looked = windows(now[axis], wanted[axis], taps, align=align)
        now[axis] = 1  # what the other dimensions hold by now
        others = rows * Expr.prod(now)
        now[axis] = wanted[axis]
        products += others * sum(looked)
        adds += others * (sum(looked) - len(looked))
        chain += ONE + ceillog2(const(max(looked)))
    out = Type((*x.shape[:lead], *map(expr, size)), x.dtype)
    counts = Counts({(Kind.MUL, x.dtype): products, (Kind.ADD, x.dtype): adds})
    return Irregular(counts, chain, (x.size,), (out.size,), _SOURCE), (out,)


def _vjp(b: Builder, node: Node, gs: Sequence[Any], _: object) -> Grads:
    x, size = node.operands[0], node.attr("size")
    shape = x.shape[len(x.shape) - len(size) :]
    how = {"taps": node.attr("taps"), "align": node.attr("align")}
    return (antialias_gradient(b, gs[0], size=shape, **how),)


def _gradient(
    g: Type, *, size: tuple[Size, ...], taps: int, align: bool
) -> tuple[Irregular, tuple[Type]]:
    """Add every gradient up over the window of its result."""
    lead = len(g.shape) - len(size)
    many, few = _numbers(g.shape[lead:]), _numbers(tuple(map(expr, size)))
    out = Type((*g.shape[:lead], *map(expr, size)), g.dtype)
    if many == few:
        return Irregular(Counts(), ZERO, (g.size,), (out.size,), _SOURCE), (out,)
    looked = (sum(windows(n, m, taps, align=align)) for n, m in zip(few, many, strict=True))
    places = Expr.prod((*g.shape[:lead], *looked))
    rank = len(size)
    counts = Counts({(Kind.MUL, g.dtype): places * rank, (Kind.ADD, g.dtype): places})
    chain = const(rank) + ceillog2(places + 1)
    return Irregular(counts, chain, (g.size,), (out.size,), _SOURCE), (out,)


antialias = irregular("antialias", _plan, source=_SOURCE, vjp=_vjp)
antialias_gradient = irregular("antialias_gradient", _gradient, source=_SOURCE)
