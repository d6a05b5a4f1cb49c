"""Questions about how formulas grow: where one term passes another, how steep, how far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, assert_never

from orderof.errors import Inconclusive, NoFormula
from orderof.sym.expr import ONE, Call, Expr, Fn, symbol
from orderof.sym.functions import compute
from orderof.sym.growth.order import groups_of, order
from orderof.sym.growth.ratio import Ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orderof.sym.expr import Atom

_FARTHEST = 1 << 62
"""No size beyond is looked at."""


@dataclass(frozen=True, slots=True)
class Crossover:
    """From which size on the terms with a higher power of a letter outweigh those with a lower one.

    They are equal where `letter ** power` is `above / below`.
    """

    letter: str
    power: int
    above: Expr
    below: Expr
    higher: Expr
    lower: Expr

    def at(self, sizes: Mapping[str, int]) -> float:
        """The size, as a number; 0 where the higher power is larger from the start."""
        ratio = Fraction(self.above.at(sizes), self.below.at(sizes))
        return float(max(ratio, 0)) ** (1 / self.power)

    def __str__(self) -> str:
        name = self.letter if self.power == 1 else f"{self.letter}**{self.power}"
        if self.below == ONE:
            return f"{name} = {self.above}"
        if self.below.value is not None:
            return f"{name} = {Ratio(self.above, self.below.value)}"
        above, below = (_grouped(e) for e in (self.above, self.below))
        return f"{name} = {above}/{below}"


def _grouped(e: Expr) -> str:
    plain = len(list(e.terms())) == 1 and "*" not in str(e)
    return str(e) if plain else f"({e})"


def crossovers(e: Expr, letter: str) -> tuple[Crossover, ...]:
    """Give where each power of a letter passes the next lower one, highest first.

    >>> from orderof.sym import parse
    >>> [str(c) for c in crossovers(parse("2*S**2*d + 12*S*d**2"), "S")]
    ['S = 6*d']
    """
    powers: dict[int, Expr] = {}
    for ((n, log),), c in groups_of(e.terms(), (letter,)).items():
        if log or any(letter in a.symbols() for a in map(_own, c.atoms())):
            hint = "take sizes that leave no rest"
            raise Inconclusive(str(e), f"holds {letter} inside of a function", hint)
        powers[n] = c
    steps = sorted(powers, reverse=True)
    found: list[Crossover] = []
    for high, low in pairwise(steps):
        above, below = _cancelled(powers[low], powers[high])
        if all(c < 0 for _, c in above.terms()) != all(c < 0 for _, c in below.terms()):
            continue  # what is subtracted is never passed
        own = symbol(letter)
        terms = powers[high] * own**high, powers[low] * own**low
        found.append(Crossover(letter, high - low, above, below, *terms))
    return tuple(found)


def passing(f: Expr, g: Expr, letter: str, sizes: Mapping[str, int]) -> int | None:
    """Give the first size of a letter from which on f is more than g as far as it was looked."""

    def more(n: int) -> bool:
        at = {**sizes, letter: n}
        return f.at(at) > g.at(at)

    top = 1
    while not more(top):
        top *= 2
        if top > _FARTHEST:
            return None
    return _first(more, top // 2 + 1 if top > 1 else 1, top)


def largest(e: Expr, letter: str, budget: int, sizes: Mapping[str, int]) -> int:
    """Give the largest size of a letter within a budget; 0 if there is none.

    Raises `NoFormula` where the formula does not grow with it.
    """

    def over(n: int) -> bool:
        return e.at({**sizes, letter: n}) > budget

    top = 1
    while not over(top):
        top *= 2
        if top > _FARTHEST:
            raise NoFormula(str(e), f"never passes {budget} as {letter} grows")
    return _first(over, top // 2, top) - 1


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Give the first number in a range that holds, of which the last one does."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return high


def slope(e: Expr, letter: str, sizes: Mapping[str, int]) -> float:
    """Give d log f / d log letter: by which power it grows here; rounding is left out."""
    total = e.at(sizes)
    if not total:
        return 0.0
    return sum(float(Fraction(c * _value(m, sizes), total)) * _power(m, letter, sizes)
               for m, c in e.terms())  # fmt: skip


def dominates(f: Expr, g: Expr, letters: Sequence[str] = ()) -> bool:
    """Whether g is O(f): no term of it grows faster; raises `Inconclusive`."""
    names = tuple(letters) or tuple(sorted(f.symbols() | g.symbols()))
    both = order(f, names)
    if not both.tight:
        raise Inconclusive(str(f), "has no lower bound here", "name the letters that grow")
    mine = groups_of(both.expr.terms(), names)
    theirs = groups_of(order(g, names).expr.terms(), names)
    return all(any(_least(q, p) for p in mine) for q in theirs)


def limit(f: Expr, g: Expr, letter: str) -> Ratio | tuple[Expr, Expr] | float:
    """Give the limit of f/g as a letter grows: 0, infinity, or a quotient of two formulas."""
    top = [max(groups_of(e.terms(), (letter,)).items()) for e in (f, g)]
    ((((a, la),), c), (((b, lb),), d)) = top
    if (a, la) != (b, lb):
        return math.inf if (a, la) > (b, lb) else 0.0
    above, below = _cancelled(c, d)
    return Ratio(above, below.value) if below.value else (above, below)


def _least(q: tuple[tuple[int, int], ...], p: tuple[tuple[int, int], ...]) -> bool:
    return all(a < c or (a == c and b <= d) for (a, b), (c, d) in zip(q, p, strict=True))


def _own(atom: Atom) -> Expr:
    return Expr({((atom, 1),): 1})


def _cancelled(a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """Cancel what all terms of both have in common."""
    terms = [*a.terms(), *b.terms()]
    by = math.gcd(*(c for _, c in terms))
    common = [dict(m) for m, _ in terms]
    shared = {atom: min(m.get(atom, 0) for m in common) for m in common for atom in m}
    out: list[Expr] = []
    for e in (a, b):
        kept: dict[tuple[tuple[Atom, int], ...], int] = {}
        for mono, c in e.terms():
            left = {atom: n - shared[atom] for atom, n in mono}
            left |= {atom: -n for atom, n in shared.items() if n and atom not in left}
            kept[tuple(sorted((atom, n) for atom, n in left.items() if n))] = c // by
        out.append(Expr(kept))
    return out[0], out[1]


def _value(mono: tuple[tuple[Atom, int], ...], sizes: Mapping[str, int]) -> Fraction:
    found = Fraction(1)
    for atom, n in mono:
        found *= Fraction(_own(atom).at(sizes)) ** n
    return found


def _power(mono: tuple[tuple[Atom, int], ...], letter: str, sizes: Mapping[str, int]) -> float:
    return sum(n * _elasticity(atom, letter, sizes) for atom, n in mono)


def _elasticity(atom: Atom, letter: str, sizes: Mapping[str, int]) -> float:
    """D log atom / d log letter."""
    if not isinstance(atom, Call):
        return 1.0 if atom == letter else 0.0
    if letter not in {s for a in atom.args for s in a.symbols()}:
        return 0.0
    inner = [slope(a, letter, sizes) for a in atom.args]
    match atom.fn:
        case Fn.FLOORDIV | Fn.CEILDIV:
            return inner[0] - inner[1]
        case Fn.MOD:
            return 0.0
        case Fn.MIN | Fn.MAX:
            values = [a.at(sizes) for a in atom.args]
            return inner[values.index(compute(atom.fn, *values))]
        case Fn.CEILLOG2:
            return inner[0] / math.log(max(atom.args[0].at(sizes), 2))
        case Fn.CEILPOW2:  # in steps, which on the way are as steep as its argument
            return inner[0]
        case _:
            assert_never(atom.fn)
