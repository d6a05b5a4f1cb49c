"""Formulas for many counts at once, from their values at the same points.

1. Counts that are multiples of one another are one column; a column is solved once.
2. What a column may be made of is what it is made of along each letter, multiplied out; of that,
   what it is made of in the plane of every two letters.
3. Coefficients are solved for exactly; equations that contradict each other give no formula.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from orderof.sym.expr import ONE, Expr, Mono
from orderof.sym.interpolate.box import Key, Values
from orderof.sym.interpolate.exact import solve
from orderof.sym.interpolate.factors import UNIT, Factor
from orderof.sym.interpolate.written import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orderof.sym.interpolate.sites import Pair, Point

Term: TypeAlias = "tuple[Factor, ...]"
"""A function for each of some axes."""


@dataclass(slots=True)
class Column:
    """Counts that are multiples of one another: keys with their factors, values at each point."""

    values: tuple[int, ...]
    keys: list[tuple[Key, int]] = field(default_factory=list["tuple[Key, int]"])
    terms: dict[Term, Fraction] = field(default_factory=dict[Term, Fraction])

    def at(self, point: Point) -> Fraction:
        """Evaluate what was found for it."""
        return sum((c * _value(term, point) for term, c in self.terms.items()), Fraction(0))


@dataclass(frozen=True, slots=True)
class Model:
    """A formula for every count."""

    columns: tuple[Column, ...]

    def at(self, point: Point) -> dict[Key, Fraction]:
        """Evaluate all of them; zeros are left out."""
        found: dict[Key, Fraction] = {}
        for column in self.columns:
            if value := column.at(point):
                found.update((key, value * scale) for key, scale in column.keys)
        return found

    def exprs(
        self, names: Sequence[str], pairs: Sequence[Pair], points: Sequence[Point]
    ) -> Iterator[tuple[Key, Expr]]:
        """Write each of them as an Expr that is right at some points.

        `pairs` are axes of which the first divides the second.
        """
        sizes = [dict(zip(names, point, strict=True)) for point in points]
        known = [(names[i], names[j]) for i, j in pairs]
        for column in self.columns:
            terms = {_mono(term): c for term, c in column.terms.items()}
            values = [column.at(point) for point in points]
            for key, scale in column.keys:
                scaled = {mono: c * scale for mono, c in terms.items()}
                right = [(at, int(v * scale)) for at, v in zip(sizes, values, strict=True)]
                yield key, written(scaled, known, right)


def columns(points: Sequence[Point], taken: Mapping[Point, Values]) -> list[Column]:
    """Collect the counts; what is zero at all points is left out."""
    rows = [taken[p] for p in points]
    found: dict[tuple[int, ...], Column] = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        values = tuple(row.get(key, 0) for row in rows)
        scale = math.gcd(*values)
        if scale:
            plain = tuple(v // scale for v in values)
            found.setdefault(plain, Column(plain)).keys.append((key, scale))
    return list(found.values())


def candidates(sets: Sequence[Sequence[Factor]], pairs: Mapping[Pair, set[Term]]) -> list[Term]:
    """Multiply out what stands along each axis; of two axes only what stands in their plane."""
    found: list[Term] = [()]
    for j, few in enumerate(sets):
        found = [
            (*term, f)
            for term in found
            for f in few
            if all((i, j) not in pairs or (g, f) in pairs[i, j] for i, g in enumerate(term))
        ]
    return found


def plane(
    column: Column,
    inside: Sequence[int],
    points: Sequence[Point],
    sides: tuple[tuple[int, Sequence[Factor]], tuple[int, Sequence[Factor]]],
) -> set[Term] | None:
    """Find the products of two axes that a column has in their plane; None if that is not settled.

    `inside` are the places of the points in the plane, `sides` the axes with what stands there.
    """
    (i, first), (j, second) = sides
    part = Column(tuple(column.values[k] for k in inside))
    terms = tuple((f, g) for f in first for g in second)
    missing, wrong = solved([(part, terms)], [(points[k][i], points[k][j]) for k in inside])
    return None if missing or wrong else set(part.terms)


def solved(
    asked: Iterable[tuple[Column, tuple[Term, ...]]], points: Sequence[Point]
) -> tuple[int, list[Column]]:
    """Find the coefficients; gives how many points are missing, and the columns without a formula.

    There is to be one point more than unknowns at least.
    """
    groups: defaultdict[tuple[Term, ...], list[Column]] = defaultdict(list)
    for column, terms in asked:
        groups[terms].append(column)
    missing, wrong = 0, list[Column]()
    for terms, members in groups.items():
        rows = [[_value(term, p) for term in terms] for p in points]
        found = solve(rows, [c.values for c in members])
        missing = max(missing, len(terms) - found.rank, len(terms) + 1 - len(points))
        for column, answer in zip(members, found.answers, strict=True):
            if answer is None:
                wrong.append(column)
            else:
                column.terms = {t: c for t, c in zip(terms, answer, strict=True) if c}
    return missing, wrong


def _value(term: Term, point: Point) -> Fraction:
    found = Fraction(1)
    for f, n in zip(term, point, strict=True):
        if f is not UNIT:
            found *= f.at(n)
    return found


def _mono(term: Term) -> Mono:
    product = Expr.prod(Expr({f.mono: 1}) for f in term)
    ((mono, _),) = (product or ONE).terms()
    return mono
