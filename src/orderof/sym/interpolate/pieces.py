"""A closer look along an axis where counts are no sum of powers.

1. Steps: things that come every m-th time, sizes that are rounded to multiples of m.
2. A cut: one polynomial up to a size and another one beyond it. Where only one or two sizes lie
   below, the formula is for the others.
3. Multiples: a formula for the multiples of m only, of which the size that was asked for is one.

Every piece has points of its own that took no part in finding it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from orderof.errors import NoFormula
from orderof.sym.interpolate.factors import Basis, cut, powers, steps
from orderof.sym.interpolate.search import HINT, Restart, Search

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RUN = 18
"""How many neighbouring sizes are asked: two of each class for periods up to 8, and two more."""
PERIODS = range(2, 9)
LEAST = 3
"""How many sizes a piece must have."""
BEYOND = 6
"""How many sizes are asked beyond a cut that lies outside the run."""
MULTIPLES = (2, 4, 8, 16, 32, 64, 128)
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Found:
    """What stands along an axis, the sizes it was found from, and what it is in words."""

    basis: Basis
    values: list[int]
    text: str = ""


def look_closer(search: Search, i: int, wrong: int | None = None) -> None:
    """Find what stands along an axis; `wrong` is a size at which the formula fails.

    Raises `NoFormula`, and `Restart` where the formula is for some sizes only.
    """
    axis = search.sites.axes[i]
    values: list[int] = sorted({*search.lines[i], *([wrong] if wrong else [])})
    if axis.multiple == 1:
        run = _asked(search, i, search.sites.run(i, RUN))
        values = sorted({*values, *run})
        found = _steps(search, i, values) or _cut(search, i, run, values)
        if found:
            search.lines[i], search.bases[i] = found.values, found.basis
            if found.text:
                search.pieces[i] = found.text
            return
    _multiples(search, i, values)


def _asked(search: Search, i: int, values: Iterable[int]) -> list[int]:
    """Keep the sizes that are not refused."""
    return [n for n in values if search.box.at(search.sites.at((i, n))) is not None]


def _steps(search: Search, i: int, values: list[int]) -> Found | None:
    """Look for powers again, now that there are more points, and for steps."""
    name, unit = search.sites.axes[i].name, search.sites.unit(i)
    if not search.misfit(i, values, powers(name)):
        return Found(powers(name), values)
    for period in PERIODS:
        basis = steps(name, unit, period)
        if _whole(values, unit, period) and not search.misfit(i, values, basis):
            return Found(basis, values, f"goes in steps of {unit * period}")
    return None


def _whole(values: Iterable[int], unit: int, period: int) -> bool:
    """Whether there are two sizes of each class: a step that few sizes tell could be any.

    >>> _whole(range(1, 7), 1, 3), _whole([2, 4, 8, 16, 32, 64], 1, 3)
    (True, False)
    """
    classes = Counter(n // unit % period for n in values)
    return len(classes) == period and min(classes.values()) > 1


def _cut(search: Search, i: int, run: list[int], values: list[int]) -> Found | None:
    """Look for two pieces; raises `Restart` where the lower one is too short to be one."""
    name = search.sites.axes[i].name
    if search.misfit(i, run, powers(name)):
        return _cut_inside(search, i, run, values)
    outside = (n for n in values if n not in run and search.misfit(i, [*run, n], powers(name)))
    wrong = next(outside, None)
    if wrong is None:
        return None
    good, bad = _halved(search, i, run, wrong)
    beyond = _beyond(search, i, good, bad)
    if len(beyond) < LEAST:
        _start_at(search, i, good)
    values = sorted({*values, *beyond})
    return (
        _two(search, i, (good, good), values)
        or _two(search, i, (bad, bad), values)
        or _two(search, i, (good, bad), values)
    )


def _cut_inside(search: Search, i: int, run: list[int], values: list[int]) -> Found | None:
    joined = ((n, n) for n in run)
    parted = pairwise(run)
    for low, high in (*joined, *parted):
        if found := _two(search, i, (low, high), values):
            return found
    for least in run[1:LEAST]:
        above = [n for n in values if n >= least]
        if not search.misfit(i, above, powers(search.sites.axes[i].name)):
            _start_at(search, i, least)
    return None


def _two(search: Search, i: int, ends: tuple[int, int], values: list[int]) -> Found | None:
    """Try two pieces, of which one ends where the other begins."""
    name = search.sites.axes[i].name
    low, high = sorted(ends)
    basis = cut(name, low, high)
    if search.misfit(i, values, basis):
        return None
    text = f"has one formula for {name} <= {low}, another for {name} >= {high}"
    return Found(basis, values, text)


def _halved(search: Search, i: int, run: list[int], wrong: int) -> tuple[int, int]:
    """Find neighbours of which one still follows the powers of the run."""
    name, unit = search.sites.axes[i].name, search.sites.unit(i)
    good = run[0] if wrong < run[0] else run[-1]
    while abs(wrong - good) > unit:
        middle = good + (wrong - good) // unit // 2 * unit
        asked = _asked(search, i, [middle])
        if asked and not search.misfit(i, [*run, middle], powers(name)):
            good = middle
        else:
            wrong = middle
    return good, wrong


def _beyond(search: Search, i: int, good: int, bad: int) -> list[int]:
    """Ask on the far side of a cut."""
    step = search.sites.unit(i) * (1 if bad > good else -1)
    far = (bad + step * k for k in range(4 * BEYOND))
    fits = (n for n in far if n > 0 and search.sites.fits(search.sites.at((i, n))))
    return list(islice(_each(search, i, fits), BEYOND))


def _each(search: Search, i: int, values: Iterable[int]) -> Iterator[int]:
    for n in values:
        yield from _asked(search, i, [n])


def _start_at(search: Search, i: int, least: int) -> None:
    """Leave out the smallest sizes: too few to prove a formula for them."""
    axis = search.sites.axes[i]
    if least > axis.asked:
        return
    axis.least = least
    search.pieces[i] = f"follows no formula below {least}"
    raise Restart


def _multiples(search: Search, i: int, values: list[int]) -> None:
    """Go on with the multiples of a larger number."""
    axis = search.sites.axes[i]
    for multiple in MULTIPLES:
        if multiple > axis.multiple and axis.asked % multiple == 0 and not axis.given:
            axis.multiple = multiple
            search.bases.pop(i, None)
            search.pieces[i] = f"has a formula for its multiples of {multiple} only"
            raise Restart
    axis.multiple = 1
    shown = search.misfit(i, values[:SHOWN]) or search.misfit(i, values)
    raise NoFormula(axis.name, f"{shown}, which follows no formula", HINT)
