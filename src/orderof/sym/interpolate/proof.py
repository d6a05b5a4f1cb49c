"""A formula is compared with what is counted at points that took no part in finding it.

1. Pairs of sizes that were guessed to divide each other are tried where they do not. What holds
   there as well, the formula does not rest on.
2. The point that was asked for, small and large sizes, and points drawn at random follow. Where
   there are pieces, each of them has points of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.sym.interpolate.model import Model
    from orderof.sym.interpolate.search import Search
    from orderof.sym.interpolate.sites import Pair, Point

DRAWN = 3
"""How many points are drawn at random."""
TRIES = 24
"""How many are drawn for that at most, as a model may refuse them."""

REACH = 64
"""How many sizes are looked through for one that does not divide."""


def prove(search: Search, model: Model) -> Point | None:
    """Give a point at which a model fails, or None and note how many were compared."""
    known = set(search.points())
    compared: set[Point] = set()
    wrong = _sift(search, model, compared)
    if wrong is not None:
        return wrong
    for point in _elsewhere(search, known | compared):
        if point in known or not search.sites.fits(point):
            continue
        found = search.box.at(point)
        if found is None:
            continue
        if model.at(point) != found:
            return point
        compared.add(point)
    search.held_out = len(compared)
    return None


def _elsewhere(search: Search, known: set[Point]) -> Iterator[Point]:
    """Give points to compare at; any of them may be refused."""
    sites = search.sites
    yield sites.asked
    yield sites.lowest(small_only=True)
    yield sites.lowest()
    for i, n in enumerate(sites.lowest()):
        if not sites.axes[i].small:
            yield from (sites.at((i, n)), sites.at((i, sites.anchor[i] + 1)))
    yield sites.doubled()
    for i, j in sites.least_pairs():
        yield sites.at((j, sites.anchor[i]))
    for i, basis in search.bases.items():
        yield from (sites.at((i, n)) for n in basis.telling(max(search.lines[i])))
    drawn = 0
    for _ in range(TRIES):
        point = sites.drawn(search.random)
        if point not in known and sites.fits(point) and search.box.at(point) is not None:
            yield point
            drawn += 1
        if drawn == DRAWN:
            return


def _sift(search: Search, model: Model, compared: set[Point]) -> Point | None:
    """Drop guesses that nothing rests on; gives a point that fails and breaks no other guess."""
    sites = search.sites
    wrong: list[Point] = []
    for i, group in _groups(sites.guessed):
        left = group & sites.guessed
        point = _broken(search, i, left) if left else None
        found = search.box.at(point) if point else None
        if point is None or found is None:
            continue
        if model.at(point) == found:
            sites.guessed -= left
            compared.add(point)
        else:
            wrong.append(point)
    return next((p for p in wrong if sites.fits(p)), None)


def _groups(pairs: set[Pair]) -> list[tuple[int, set[Pair]]]:
    """List pairs that changing one axis breaks: all with the same first, or second; then singly."""
    ends = [(end, i) for end in (0, 1) for i in sorted({pair[end] for pair in pairs})]
    several = [(i, {pair for pair in pairs if pair[end] == i}) for end, i in ends]
    return several + [(i, {pair}) for pair in sorted(pairs) for i in pair]


def _broken(search: Search, i: int, pairs: set[Pair]) -> Point | None:
    """Give a point that differs from the anchor in one axis, and breaks these pairs alone."""
    sites = search.sites
    kept = sites.pairs() - pairs
    first = 2 if any(a == i for a, _ in pairs) else sites.anchor[i] + 1
    for n in range(first, first + REACH):
        point = sites.at((i, n))
        if all(point[b] % point[a] for a, b in pairs) and sites.fits(point, kept):
            return point
    return None
