"""A power law through measured times, and whether it is the one that was derived.

log t = slope * log n + constant, by least squares, with a confidence interval of 95 % for the slope
from Student's distribution (Montgomery, Peck & Vining, "Introduction to Linear Regression
Analysis", 5th ed., section 2.4). The derived slope is that of the same line through the derived
operations at the same sizes: both see the same curvature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling

if TYPE_CHECKING:
    from collections.abc import Sequence

_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Quantiles of Student's distribution at 97.5 % for 1 to 10 degrees of freedom."""
_T_LIMIT = 2.228
_LEAST = 3
_HALF = 0.5
"""Below this part of the best rate something else than operations takes the time."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope in log-log, and half the width of its interval."""

    value: float
    margin: float

    def holds(self, other: float) -> bool:
        """Whether another slope lies in the interval."""
        return abs(self.value - other) <= self.margin


@dataclass(frozen=True, slots=True)
class Timed:
    """Measured seconds at a size, and the derived operations there."""

    size: int
    seconds: tuple[float, ...]
    operations: int

    @property
    def typical(self) -> float:
        """The median of its runs."""
        return median(self.seconds)

    @property
    def rate(self) -> float:
        """Operations per second."""
        return self.operations / self.typical


@dataclass(frozen=True, slots=True)
class Fit:
    """What a series of measurements says of a derived growth."""

    points: tuple[Timed, ...]
    measured: Slope
    derived: float
    above: Slope | None
    """The slope of the points at which operations take the time, where these are fewer."""
    derived_above: float
    overheads_below: int | None
    """Up to which size the rate is less than half of the best one."""

    @property
    def agrees(self) -> bool:
        """Whether the derived slope is in the interval, if need be without the small sizes."""
        if self.measured.holds(self.derived):
            return True
        return self.above is not None and self.above.holds(self.derived_above)


def slope(sizes: Sequence[int], values: Sequence[float]) -> Slope:
    """Fit a power law; raises `BadSpelling` for fewer than three sizes.

    >>> slope([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0])
    Slope(value=2.0, margin=0.0)
    """
    if len(sizes) < _LEAST:
        hint = "measure at three sizes or more: S=128..1024:x2"
        raise BadSpelling(str(list(sizes)), "is too few sizes for a slope", hint)
    xs, ys = [math.log(n) for n in sizes], [math.log(v) for v in values]
    count = len(xs)
    mx, my = sum(xs) / count, sum(ys) / count
    spread = sum((x - mx) ** 2 for x in xs)
    a = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / spread
    rest = sum((y - my - a * (x - mx)) ** 2 for x, y in zip(xs, ys, strict=True))
    free = count - 2
    t = _T95[free - 1] if free <= len(_T95) else _T_LIMIT
    return Slope(round(a, 9), round(t * math.sqrt(rest / free / spread), 9))


def fit(points: Sequence[Timed]) -> Fit:
    """Compare measured times with derived operations."""
    ordered = tuple(sorted(points, key=lambda p: p.size))
    sizes, operations = [p.size for p in ordered], [float(p.operations) for p in ordered]
    measured = slope(sizes, [p.typical for p in ordered])
    derived = slope(sizes, operations).value
    best = max(p.rate for p in ordered)
    slow = [p.size for p in ordered if p.rate < _HALF * best and p.size < _peak(ordered)]
    last = max(slow, default=None)
    rest = [p for p in ordered if last is None or p.size > last]
    if last is None or len(rest) < _LEAST:
        return Fit(ordered, measured, derived, None, derived, last)
    above = slope([p.size for p in rest], [p.typical for p in rest])
    there = slope([p.size for p in rest], [float(p.operations) for p in rest]).value
    return Fit(ordered, measured, derived, above, there, last)


def _peak(points: Sequence[Timed]) -> int:
    return max(points, key=lambda p: p.rate).size
