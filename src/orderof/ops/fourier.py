"""Fourier transforms: sums over w**(j*k) with w = exp(-2 pi i / n), or of the other sign.

Complex numbers are pairs, the last dimension. What is counted is one algorithm, whatever a library
picks at run time: decimation in time by the prime factors of n (Cooley & Tukey 1965, Mathematics of
Computation 19(90)). With p the least prime factor of n and m = n/p, all in complex numbers,

    n numbers     p transforms of m, factors w**(j*k) for 0 < j < p, 0 < k < m, m transforms of p
    2 numbers     a sum and a difference
    p numbers     as the formula says: (p - 1)**2 products and p*(p - 1) sums

A factor of 1, -1, i or -i exchanges parts and signs, which the sums that follow take as they are:
it costs nothing. Any other product is four products and two sums of real numbers, a sum two sums.
So n = 2**t costs less than the 5 n log2 n of the usual convention, and a large prime factor p costs
p**2, where a library may have another algorithm (Bluestein 1970) for it.

Real numbers (Cooley, Lewis & Welch 1970, J. Sound Vib. 12(3), section 5): for an even n those at
even and at odd places are the parts of m = n/2 complex numbers, and of what their transform Z gives

    at 0                  a sum and a difference: the places 0 and m
    at m/2                a sign
    at each other pair    E = (Z[k] + conj Z[m-k]) / 2, w**k / 2 times the difference, and both
    k, m-k                E + O, conj(E - O): 6 products and 10 sums

Back again it is the same in the other order, without halves: 4 products, 10 sums; 2 products at
m/2. For an odd n it is the complex transform. Only the places 0 .. n//2 are computed; the others
are mirrored, a sign each, where a complex transform or a caller asks for all of them.

Along several dimensions the transforms follow one another, the real one first, or last on the way
back. A transform that is divided by n or its root has a product for each real number on its real
side, for each part of its complex ones. The gradient of a transform is a transform, as in autograd.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Any

from orderof.counts import Counts, Kind
from orderof.errors import ShapeMismatch, UnknownOperator
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import irregular
from orderof.ops.elementwise import scale
from orderof.ops.shape import concat, pad, reshape, slice_
from orderof.sym import const, expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads
    from orderof.sym import Expr, Size

_SOURCE = "Cooley & Tukey 1965, by prime factors; real numbers by Cooley, Lewis & Welch 1970"


@dataclass(frozen=True, slots=True)
class Steps:
    """Real operations of one transform, and the longest chain of them."""

    mul: int = 0
    add: int = 0
    neg: int = 0
    chain: int = 0


def twiddles(p: int, m: int) -> int:
    """Count the factors w**(j*k), 0 < j < p and 0 < k < m, that are none of 1, -1, i, -i.

    >>> twiddles(2, 4)
    2
    """
    n = p * m
    plain = ((m - 1) // (n // gcd(4 * j, n)) for j in range(1, p))
    return (p - 1) * (m - 1) - sum(plain)


def least_factor(n: int) -> int:
    """Give the least prime factor of a number above 1."""
    return next((p for p in range(2, int(n**0.5) + 1) if n % p == 0), n)


@lru_cache(maxsize=1 << 10)
def complex_steps(n: int) -> Steps:
    """Count the transform of n complex numbers.

    >>> complex_steps(4)
    Steps(mul=0, add=16, neg=0, chain=2)
    >>> complex_steps(8)
    Steps(mul=8, add=52, neg=0, chain=5)
    """
    if n == 1:
        return Steps()
    p = least_factor(n)
    m = n // p
    inner, turned = complex_steps(m), twiddles(p, m)
    products = turned + m * ((p - 1) ** 2 if p > 2 else 0)  # noqa: PLR2004 - of two there is none
    sums = 2 * m * p * (p - 1)
    chain = inner.chain + 2 * bool(turned) + (p - 1).bit_length() + 2 * (p > 2)  # noqa: PLR2004
    return Steps(p * inner.mul + 4 * products, p * inner.add + 2 * products + sums, 0, chain)


def real_steps(n: int, *, back: bool = False) -> Steps:
    """Count the transform of n real numbers to n//2 + 1 complex ones, or back again.

    >>> real_steps(4)
    Steps(mul=0, add=6, neg=1, chain=2)
    """
    if n % 2:
        found = complex_steps(n)
        return Steps(found.mul, found.add, n // 2 * back, found.chain + int(back and n > 1))
    m = n // 2
    inner, pairs, middle = complex_steps(m), (m - 1) // 2, m % 2 == 0
    mul = inner.mul + (4 * pairs + 2 * middle if back else 6 * pairs)
    chain = inner.chain + (4 if pairs else 1)
    return Steps(mul, inner.add + 2 + 10 * pairs, int(middle and not back), chain)


def _length(x: Type, axis: int) -> int:
    """Give how many numbers are transformed along an axis; raises where a letter says it."""
    found = x.shape[axis].value
    if found is None:
        told = f"has no rule for {x.shape[axis]} numbers"
        raise UnknownOperator(
            "fourier", told, "its steps follow from the prime factors of a number"
        )
    return found


def _along(x: Type, axes: Sequence[int], numbers: Expr) -> tuple[Counts, int]:
    """Add up complex transforms along some axes of so many numbers, and their chains."""
    counts, chain = Counts(), 0
    for axis in axes:
        n = _length(x, axis)
        steps = complex_steps(n)
        counts, chain = counts + _counts(x, steps, numbers / n), chain + steps.chain
    return counts, chain


def _counts(x: Type, steps: Steps, rows: Expr) -> Counts:
    parts = ((Kind.MUL, steps.mul), (Kind.ADD, steps.add), (Kind.NEG, steps.neg))
    return Counts.sum(Counts.of(kind, x.dtype, rows * n) for kind, n in parts)


def _form(
    counts: Counts, chain: int, x: Type, out: Type, scaled: Expr | None = None
) -> tuple[Irregular, tuple[Type]]:
    """Make the form, with a product for each number that is scaled, if any is."""
    if scaled is not None:
        counts, chain = counts + Counts.of(Kind.MUL, x.dtype, scaled), chain + 1
    return Irregular(counts, const(chain), (x.size,), (out.size,), _SOURCE), (out,)


def _fourier(
    x: Type, *, axes: tuple[int, ...], back: bool = False, norm: int = 0
) -> tuple[Irregular, tuple[Type]]:
    """Transform pairs along axes; `back` with the other sign, `norm` 1 by the root of n, 2 by n."""
    del back
    counts, chain = _along(x, axes, x.size / 2)
    some = norm and any(_length(x, a) > 1 for a in axes)
    return _form(counts, chain, x, x, x.size if some else None)


def _fourier_vjp(b: Builder, node: Node, gs: Sequence[Any], _: object) -> Grads:
    how = {**dict(node.attrs), "back": not node.attr("back", default=False)}
    return (fourier(b, gs[0], **how),)


def _real(
    x: Type, *, axes: tuple[int, ...], half: bool = True, norm: int = 0
) -> tuple[Irregular, tuple[Type]]:
    """Transform real numbers along the last of `axes` to pairs, and those along the others."""
    *others, axis = axes
    n = _length(x, axis)
    kept, rows, steps = n // 2 + 1, x.size / n, real_steps(n)
    counts, chain = _along(x, others, rows * kept)
    counts, chain = counts + _counts(x, steps, rows), chain + steps.chain
    if not half and n > kept:
        counts, chain = counts + Counts.of(Kind.NEG, x.dtype, rows * (n - kept)), chain + 1
    shape = (*x.shape[:axis], const(kept if half else n), *x.shape[axis + 1 :], const(2))
    some = norm and any(_length(x, a) > 1 for a in axes)
    return _form(counts, chain, x, Type(shape, x.dtype), x.size if some else None)


def _real_vjp(b: Builder, node: Node, gs: Sequence[Any], _: object) -> Grads:
    """Fill the other half with zeros, transform back, and drop what is imaginary."""
    (x,), g, axes = node.operands, gs[0], node.attr("axes")
    missing = _length(x.type, axes[-1]) - _length(g.type, axes[-1])
    if missing:
        ends = [0] * len(g.shape)
        ends[axes[-1]] = missing
        g = pad(b, g, before=(0,) * len(ends), after=tuple(ends))
    found = fourier(b, g, axes=axes, back=True, norm=node.attr("norm", 0))
    real = slice_(b, found, axis=len(x.shape), start=0, stop=1)
    return (reshape(b, real, shape=x.shape),)


def _to_real(
    x: Type, *, axes: tuple[int, ...], n: Size, norm: int = 0
) -> tuple[Irregular, tuple[Type]]:
    """Transform pairs back, along the last of `axes` from n//2 + 1 of them to n real numbers."""
    *others, axis = axes
    n = _length(Type((expr(n),), x.dtype), 0)
    if x.shape[axis] != n // 2 + 1:
        raise ShapeMismatch("fourier_to_real", f"{x} has no {n // 2 + 1} along dimension {axis}")
    rows, steps = x.size / 2 / x.shape[axis], real_steps(n, back=True)
    counts, chain = _along(x, others, x.size / 2)
    counts, chain = counts + _counts(x, steps, rows), chain + steps.chain
    out = Type((*x.shape[:axis], const(n), *x.shape[axis + 1 : -1]), x.dtype)
    some = norm and (n > 1 or any(_length(x, a) > 1 for a in others))
    return _form(counts, chain, x, out, out.size if some else None)


def _to_real_vjp(b: Builder, node: Node, gs: Sequence[Any], _: object) -> Grads:
    """Transform, and double what the other half repeated."""
    axes = node.attr("axes")
    g, axis = fourier_real(b, gs[0], axes=axes, norm=node.attr("norm", 0)), axes[-1]
    kept = _length(g.type, axis)
    twice = _length(gs[0].type, axis) - kept
    if not twice:
        return (g,)
    ends = pairwise(sorted({0, 1, 1 + twice, kept}))
    parts: list[Value] = [slice_(b, g, axis=axis, start=i, stop=k) for i, k in ends]
    parts[1] = scale(b, parts[1], by=2)
    return (concat(b, *parts, axis=axis),)


fourier = irregular("fourier", _fourier, source=_SOURCE, vjp=_fourier_vjp)
fourier_real = irregular("fourier_real", _real, source=_SOURCE, vjp=_real_vjp)
fourier_to_real = irregular("fourier_to_real", _to_real, source=_SOURCE, vjp=_to_real_vjp)
