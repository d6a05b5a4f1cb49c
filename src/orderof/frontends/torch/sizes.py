"""Which formula a number of a recording is.

A model is recorded at several *points*: sizes for its letters. A number that is the same at all of
them is that number; one that varies is, in this order,

1. a letter, or a size that the shape rules of our operators gave before;
2. c*p, c*p*q, c*p*q*r for such sizes and an integer c;
3. an exact quotient p/q, or a*p + b;
4. floordiv(p + b, n), or n*ceildiv(p, n) - p, which is what padding to a multiple adds.

At a single point, whose sizes are primes, a number is what it says when it is divided by them.
A last point may be held out of the search: the formula that the others lead to must hold there.
Where it does not and another one does, `settled` is false, and one more recording has to prove it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from orderof.errors import Indivisible, Unproved
from orderof.sym import ONE, Expr, ceildiv, const, floordiv, symbol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Values = tuple[int, ...]

_DIVISORS = range(2, 65)
_SURE = 3
"""How many points a formula with two free numbers has to go through."""


@dataclass(frozen=True, slots=True)
class Varied:
    """A number that differs between recordings: its value at each point.

    Where a row counts with one that it takes as it is (an axis), there is no formula.
    """

    values: tuple[int, ...]

    def _refuse(self, *_: object) -> NoReturn:
        at = ", ".join(map(str, self.values))
        raise Unproved(f"a setting of {at}", "differs between sizes and is no size")

    __index__ = __mod__ = __add__ = __radd__ = __sub__ = __rsub__ = _refuse
    __neg__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse


class Sizes:
    """The sizes of one model that are known as formulas, by their values at the points."""

    def __init__(
        self,
        points: Sequence[Mapping[str, int]],
        steps: Mapping[str, int] | None = None,
        *,
        held_out: bool = True,
    ) -> None:
        """Start from the letters; one with a step is written as a multiple of it."""
        self.points = tuple(dict(p) for p in points)
        self._used = len(self.points) - held_out
        self.settled = True
        self._known: dict[Values, Expr] = {}
        self._values: dict[Expr, Values] = {}
        for name in self.points[0] if self.points else ():
            letter = _multiple(symbol(name), (steps or {}).get(name, 1))
            self._known.setdefault(tuple(p[name] for p in self.points), letter)

    def find(self, n: int | Varied) -> Expr:
        """Give the formula of a number; raises `Unproved`."""
        if isinstance(n, int):
            return const(n)
        found = self._known.get(n.values)
        if found is None:
            found = self._known[n.values] = self._search(n.values)
        return found

    def holds(self, e: Expr, n: int | Varied) -> bool:
        """Whether a formula is a number at all points; if so it is kept."""
        if e.value is not None:
            return e.value == n
        values = self._values.get(e)
        if values is None:
            values = self._values[e] = self._at(e)
        if isinstance(n, int):
            return all(v == n for v in values)
        if values == n.values:
            self._known.setdefault(values, e)
        return values == n.values

    def equal(self, a: Expr, b: Expr) -> bool:
        """Whether two formulas are the same number at all points; there must be one."""
        return bool(self.points) and self._at(a) == self._at(b) != ()

    def _at(self, e: Expr) -> Values:
        try:
            return tuple(e.at(point) for point in self.points)
        except Indivisible:
            return ()

    def _search(self, values: Values) -> Expr:
        for e, sure in self._candidates(values):
            found = self._at(e)
            if found == values:
                self.settled = self.settled and (sure or self._used >= _SURE)
                return e
            if found[: self._used] == values[: self._used]:
                self.settled = False
        at = ", ".join(map(str, values))
        raise Unproved(f"a size of {at}", "follows no formula in the sizes of the inputs")

    def _candidates(self, values: Values) -> Iterator[tuple[Expr, bool]]:
        """Formulas that may have these values, simple ones first, and whether two points do."""
        if len(self.points) == 1:
            yield self._factored(values[0]), True
            return
        values = values[: self._used]
        known = [(e, v[: self._used]) for v, e in self._known.items()]
        known = [(e, v) for e, v in known if len({*v}) > 1]
        for factors in (1, 2, 3):
            yield from ((e, True) for e in _products(values, known, ONE, factors))
        for e, v in known:
            if (rest := _ratio(v, values)) is not None:
                yield from ((q, True) for q in _divided(e, rest, known))
        for e, v in known:
            yield from ((line, False) for line in _affine(e, v, values))
        for e, v in known:
            yield from ((q, False) for q in _rounded(e, v, values))

    def _factored(self, n: int) -> Expr:
        """Give a number as a product of letters that are primes, and of what is left."""
        e = ONE
        for name, prime in self.points[0].items():
            while n % prime == 0:
                e, n = e * symbol(name), n // prime
        return e * n


def _multiple(e: Expr, step: int) -> Expr:
    """Write a size that is a multiple so that it can be divided: step * (e // step)."""
    return step * floordiv(e, step)


_Known = list[tuple[Expr, "Values"]]


def _ratio(a: Values, b: Values) -> Values | None:
    """The quotients, where all are exact."""
    if any(y == 0 or x % y for x, y in zip(a, b, strict=True)):
        return None
    return tuple(x // y for x, y in zip(a, b, strict=True))


def _products(values: Values, known: _Known, front: Expr, factors: int) -> Iterator[Expr]:
    """Front * c * p * q ... with so many sizes."""
    if not factors:
        if len({*values}) == 1:
            yield front * values[0]
        return
    for i, (e, v) in enumerate(known):
        if (rest := _ratio(values, v)) is not None:
            yield from _products(rest, known[i:], front * e, factors - 1)


def _divided(e: Expr, rest: Values, known: _Known) -> Iterator[Expr]:
    """e/q for a known q, or e/q divided by a number."""
    for q, v in known:
        many = _ratio(rest, v)
        if many is None or len({*many}) > 1:
            continue
        try:
            yield floordiv(e / q, many[0]) if many[0] > 1 else e / q
        except Indivisible:
            continue


def _affine(e: Expr, v: Values, values: Values) -> Iterator[Expr]:
    """a*e + b through the first two points at which e differs."""
    i = next(k for k in range(len(v)) if v[k] != v[0])
    a, rest = divmod(values[i] - values[0], v[i] - v[0])
    if a and not rest:
        yield a * e + (values[0] - a * v[0])


def _rounded(e: Expr, v: Values, values: Values) -> Iterator[Expr]:
    """Rounded quotients by a small number, and what is missing to a multiple of one."""
    pairs = list(zip(values, v, strict=True))
    for n in _DIVISORS:
        low, high = max(n * x - y for x, y in pairs), min(n * x + n - 1 - y for x, y in pairs)
        for b in dict.fromkeys((0, n - 1, low, high)):
            if low <= b <= high and abs(b) < 2 * n:
                yield floordiv(e + b, n)
        yield n * ceildiv(e, n) - e
        yield e - n * floordiv(e, n)
