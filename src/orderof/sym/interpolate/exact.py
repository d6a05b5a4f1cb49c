"""Linear equations over the rationals, solved exactly.

>>> rows = [[Fraction(1), Fraction(1)], [Fraction(1), Fraction(2)], [Fraction(1), Fraction(3)]]
>>> solve(rows, [(5, 7, 9), (5, 7, 8)])
Solved(rank=2, answers=((Fraction(3, 1), Fraction(2, 1)), None))
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Solved:
    """What equations say of their unknowns."""

    rank: int
    """How many are independent; if these are fewer than the unknowns, there are more answers."""
    answers: tuple[tuple[Fraction, ...] | None, ...]
    """For each right-hand side the unknowns, or None where the equations contradict each other."""


def solve(rows: Sequence[Sequence[Fraction]], sides: Sequence[Sequence[int]]) -> Solved:
    """Solve rows * unknowns = side for several sides at once, by elimination."""
    unknowns = len(rows[0])
    left = [[*row, *(Fraction(side[i]) for side in sides)] for i, row in enumerate(rows)]
    pivots: list[int] = []
    for column in range(unknowns):
        done = len(pivots)
        found = next((i for i in range(done, len(left)) if left[i][column]), None)
        if found is not None:
            left[done], left[found] = left[found], left[done]
            _eliminate(left, done, column)
            pivots.append(column)
    answers: list[tuple[Fraction, ...] | None] = []
    for side in range(unknowns, unknowns + len(sides)):
        values = dict(zip(pivots, (row[side] for row in left), strict=False))
        wrong = any(row[side] for row in left[len(pivots) :])
        answers.append(
            None if wrong else tuple(values.get(i, Fraction(0)) for i in range(unknowns))
        )
    return Solved(len(pivots), tuple(answers))


def _eliminate(rows: list[list[Fraction]], pivot: int, column: int) -> None:
    """Make the pivot 1 and all else in its column 0."""
    top = rows[pivot]
    scale = top[column]
    top[:] = [x / scale if x else x for x in top]
    used = [(i, x) for i, x in enumerate(top) if x]
    for i, row in enumerate(rows):
        by = row[column]
        if by and i != pivot:
            for k, x in used:
                row[k] -= by * x
