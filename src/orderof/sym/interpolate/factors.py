"""What a count may be along one letter: powers, steps, and powers on either side of a cut.

A count that is no polynomial in a letter can be one in further functions of it:

    floordiv(x + j, m)    things that come every m-th time, or sizes that are rounded to m
    min(x, c)             another polynomial from c on

A function whose differences repeat with period m is a sum of such steps, and any two polynomials
below and above c are one polynomial in x, min(x, c) and min(x, c + 1).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations
from typing import TYPE_CHECKING

from orderof.sym.expr import Expr, Mono, symbol
from orderof.sym.functions import compute, floordiv, minimum
from orderof.sym.interpolate.exact import solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXPONENTS = (0, 1, 2, -1, 3, -2, 4, -3, -4)
"""Powers that are tried; the first are the likelier ones."""
MOST = 4
"""Terms that a count may have along one letter, besides those of a whole set."""
SPARE = 2
"""How many points more than unknowns a fit must have."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A product of powers of functions of one letter.

    >>> x = symbol("x")
    >>> factor(x / x**3), factor(x / x**3).at(5)
    (Factor(1/x**2), Fraction(1, 25))
    """

    mono: Mono

    def at(self, n: int) -> Fraction:
        """Give its value where the letter is n."""
        return _value(self.mono, n)

    def __repr__(self) -> str:
        return f"Factor({Expr({self.mono: 1})})"


@functools.lru_cache(maxsize=1 << 14)
def _value(mono: Mono, n: int) -> Fraction:
    found = Fraction(1)
    for atom, k in mono:
        if isinstance(atom, str):
            found *= Fraction(n) ** k
        else:
            inner = compute(atom.fn, *(a.at(dict.fromkeys(a.symbols(), n)) for a in atom.args))
            if not inner:
                return Fraction(0)
            found *= Fraction(inner) ** k
    return found


def factor(e: Expr) -> Factor:
    """Take a product of powers, with 1 in front, as a Factor."""
    ((mono, _),) = e.terms()
    return Factor(mono)


UNIT = Factor(())


@dataclass(frozen=True, slots=True)
class Basis:
    """Functions of one letter that a count may be a sum of."""

    families: tuple[tuple[Factor, ...], ...]
    """Of each of these, sets of a few are tried; the first functions are the likelier ones."""
    wholes: tuple[tuple[Factor, ...], ...] = ()
    """These are tried as they are."""
    ends: tuple[int, int] | None = None
    """Where the lower one of two pieces ends, and where the upper one begins."""
    period: int = 0
    """After how many sizes steps repeat."""

    def sets(self, most: int) -> Iterator[tuple[Factor, ...]]:
        """Iterate over sets of at most so many functions, the simpler ones first."""
        found = chain.from_iterable(_subsets(f, min(most, MOST)) for f in self.families)
        yield from (few for _, few in sorted(found, key=lambda pair: pair[0]))
        yield from (whole for whole in self.wholes if len(whole) <= most)

    def telling(self, beyond: int) -> list[int]:
        """List sizes at which pieces show: one of each class beyond a size, some of either side."""
        found = [beyond + k for k in range(1, self.period + 1)]
        if self.ends:
            low, high = self.ends
            found.extend((-(-low // 2), low - 1, high + 1, high + 2, 2 * high + 1))
        return [n for n in found if n > 0]


@functools.cache
def _subsets(
    family: tuple[Factor, ...], most: int
) -> tuple[tuple[tuple[int, int], tuple[Factor, ...]], ...]:
    """List the sets of a family, with their size and the sum of their places in it."""
    places = range(len(family))
    return tuple(
        ((size, sum(few)), tuple(family[i] for i in few))
        for size in range(1, most + 1)
        for few in combinations(places, size)
    )


@functools.cache
def powers(name: str) -> Basis:
    """Powers of a letter, also negative ones."""
    return Basis((tuple(factor(symbol(name) ** n) for n in EXPONENTS),))


@functools.cache
def steps(name: str, unit: int, period: int) -> Basis:
    """Rounded quotients by `period * unit`, for sizes that are multiples of `unit`."""
    x = symbol(name)
    quotients = [floordiv(x + unit * j, unit * period) for j in range(period)]
    families = ((x**0, x, q, x**2, x * q, q**2) for q in quotients)
    whole = (x**0, x, *quotients[:-1])  # the last one is what the others leave of x
    return Basis(tuple(map(_factors, families)), (_factors(whole),), period=unit * period)


@functools.cache
def cut(name: str, low: int, high: int) -> Basis:
    """Powers up to `low` and others from `high` on; if these are the same, both hold there."""
    x = symbol(name)
    below = [minimum(x, c) for c in dict.fromkeys((low, high)) if c > 1]
    one = [(x**0, x, m, x**2, x * m, m**2) for m in below]
    two = [(x**0, x, m, n, x * m, x * n, x**2) for m, n in combinations(below, 2)]
    return Basis(tuple(map(_factors, (*one, *two))), ends=(low, high))


def _factors(exprs: Iterable[Expr]) -> tuple[Factor, ...]:
    return tuple(map(factor, exprs))


@functools.lru_cache(maxsize=1 << 14)
def fitted(basis: Basis, xs: tuple[int, ...], ys: tuple[int, ...]) -> tuple[Factor, ...] | None:
    """Find the fewest functions whose sum, with some coefficients, is y at every x.

    There must be two points more than functions, and one more on either side of a cut. Two sums of
    t powers that agree at 2*t points are the same, as one of t powers vanishes at t - 1 positive
    points at most (Descartes' rule of signs).

    >>> fitted(powers("x"), (1, 2, 3, 4), (5, 11, 17, 23))
    (Factor(1), Factor(x))
    >>> fitted(powers("x"), (1, 2, 3, 4), (1, 2, 3, 5)) is None
    True
    """
    for few in basis.sets(len(xs) - SPARE):
        first = len(few) + 1
        if _answer(few, xs[:first], ys[:first]) and (answer := _answer(few, xs, ys)):
            found = tuple(f for f, c in zip(few, answer, strict=True) if c)
            if found and all(_to_spare(found, piece) for piece in _pieces(basis, xs)):
                return found
    return None


def _answer(
    few: tuple[Factor, ...], xs: tuple[int, ...], ys: tuple[int, ...]
) -> tuple[Fraction, ...] | None:
    (answer,) = solve([[f.at(x) for f in few] for x in xs], [ys]).answers
    return answer


def _pieces(basis: Basis, xs: tuple[int, ...]) -> Iterator[list[int]]:
    if basis.ends:
        low, high = basis.ends
        yield [x for x in xs if x <= low]
        yield [x for x in xs if x >= high]


def _to_spare(few: tuple[Factor, ...], xs: list[int]) -> bool:
    """Whether some functions are settled by fewer points than these."""
    return bool(xs) and solve([[f.at(x) for f in few] for x in xs], []).rank < len(xs)
