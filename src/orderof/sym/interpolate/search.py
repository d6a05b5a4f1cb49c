"""The search for a formula: lines, corners, a proof, and what to do where it fails."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from itertools import combinations, islice, permutations, product
from typing import TYPE_CHECKING

from orderof.errors import NoFormula
from orderof.sym.interpolate.box import Box, spoken
from orderof.sym.interpolate.factors import Basis, Factor, fitted, powers
from orderof.sym.interpolate.model import Column, Model, candidates, columns, plane, solved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orderof.sym.interpolate.model import Term
    from orderof.sym.interpolate.sites import Pair, Point, Sites

FEW, MANY = 4, 8
"""How many points a line has at least, and at most while powers are looked for."""
REFUSALS = 16
"""How many sizes in a row may be refused before a line is given up."""
CORNERS = 36
"""How many pairs of sizes are tried for the corners of a plane."""
TRIES = 200
"""How many points are drawn for each one that is missing."""


class Restart(Exception):
    """Something was learnt that changes the points to ask."""


class Unfit(Exception):
    """Along an axis not all counts are sums of what may stand there."""

    def __init__(self, axis: int) -> None:
        super().__init__(axis)
        self.axis = axis


@dataclass(slots=True)
class Search:
    """What is known so far."""

    box: Box
    sites: Sites
    lines: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    """The sizes asked along each axis, with the others at the anchor."""
    bases: dict[int, Basis] = field(default_factory=dict[int, Basis])
    """What may stand along an axis, where it is not powers."""
    pieces: dict[int, str] = field(default_factory=dict[int, str])
    """What that is, in words."""
    corners: dict[Pair, list[Point]] = field(default_factory=dict["Pair", "list[Point]"])
    """Points that differ from the anchor in two axes."""
    short: set[Pair] = field(default_factory=set["Pair"])
    """Planes that cannot have more corners."""
    more: list[Point] = field(default_factory=list["Point"])
    """Further points from which coefficients are solved."""
    broad: bool = False
    """Whether every product of what stands along the axes is a candidate."""
    held_out: int = 0
    """How many points the last proof had."""
    random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311

    def forget(self) -> None:
        """Drop what rests on an anchor; answers are kept."""
        self.lines.clear()
        self.corners.clear()
        self.short.clear()
        self.more.clear()

    def begin(self, *, near: bool = False) -> None:
        """Begin again, perhaps around the point that was asked for."""
        self.sites.near, self.broad = near, False
        self.sites.strict.clear()
        for axis in self.sites.axes:
            axis.least = axis.multiple = 1
        self.bases.clear()
        self.pieces.clear()
        self.forget()

    def names(self) -> str:
        """Name the axes."""
        return ", ".join(a.name for a in self.sites.axes)

    def misfit(self, i: int, values: Iterable[int], basis: Basis | None = None) -> str:
        """Show counts along an axis that are no sum of what may stand there; "" if all are."""
        xs = tuple(sorted(values))
        points = [self.sites.at((i, x)) for x in xs]
        for column in columns(points, self.box.taken):
            if fitted(basis or self.basis(i), xs, column.values) is None:
                (key, scale), *_ = column.keys
                shown = ", ".join(str(v * scale) for v in column.values)
                where = ", ".join(map(str, xs))
                return f"{spoken(key)}is {shown} at {self.sites.axes[i].name}={where}"
        return ""

    def basis(self, i: int) -> Basis:
        """Give what may stand along an axis."""
        return self.bases.get(i) or powers(self.sites.axes[i].name)

    def model(self) -> Model:
        """Find formulas for what was asked so far, and ask what that takes."""
        if not self.lines:
            self._settle()
        for i in self.sites.order():
            if i not in self.lines:
                self._line(i)
        while True:
            points = self.points()
            found = columns(points, self.box.taken)
            sets = self._sets(found, points)
            if self._add_corners(sets):
                continue
            asked = [(c, self._terms(c, s, points)) for c, s in zip(found, sets, strict=True)]
            missing, wrong = solved(asked, points)
            if missing:
                self._fill(missing)
            elif not wrong:
                return Model(tuple(found))
            elif self.broad:
                raise self._no_formula(wrong[0])
            else:
                self.broad = True

    def _settle(self) -> None:
        """Choose the anchor; where something is not there that was asked for, take that point."""
        self.sites.settle()
        found = self.box.at(self.sites.anchor)
        asked = self.box.must(self.sites.asked)
        if not self.sites.near and (found is None or asked.keys() - found.keys()):
            self.begin(near=True)
            self.sites.settle()

    def _line(self, i: int) -> None:
        """Ask along an axis until what is found has points to spare."""
        values, refused = [self.sites.anchor[i]], 0
        for n in self.sites.values(i, self.lines):
            if len(values) >= FEW and not self.misfit(i, values):
                break
            if len(values) == MANY or refused == REFUSALS:
                break
            if self.box.at(self.sites.at((i, n))) is None:
                refused += 1
            else:
                values.append(n)
                refused = 0
        self.lines[i] = sorted(values)
        if len(values) < FEW:
            self._starved(i)
        if self.misfit(i, values):
            raise Unfit(i)

    def _starved(self, i: int) -> None:
        """Find out why most sizes are refused: another one may have to divide them."""
        name = self.sites.axes[i].name
        line = [p for p in self.box.refused if self.sites.on_line(i, p)]
        found = {
            (a, b)
            for a, b in permutations(range(len(self.sites.axes)), 2)
            if i in (a, b)
            and line
            and all(p[b] % p[a] for p in line)
            and all(p[b] % p[a] == 0 for p in self.box.taken)
        }
        if found - self.sites.pairs():
            self.sites.guessed |= found
            raise Restart
        why = f": {self.box.refused[line[-1]]}" if line else ""
        message = f"has {len(self.lines[i])} sizes that can be counted, and {FEW} are needed{why}"
        raise NoFormula(name, message, HINT)

    def points(self) -> list[Point]:
        """List the points from which coefficients are solved."""
        lines = (self.sites.at((i, n)) for i, values in self.lines.items() for n in values)
        corners = (p for few in self.corners.values() for p in few)
        every = (self.sites.anchor, *lines, *corners, *self.more)
        return [p for p in dict.fromkeys(every) if self.sites.fits(p)]

    def _sets(self, found: list[Column], points: list[Point]) -> list[list[Sequence[Factor]]]:
        """For each column and axis, what stands along it; all that does anywhere where it is 0."""
        index = {p: k for k, p in enumerate(points)}
        sets: list[list[Sequence[Factor]]] = [[] for _ in found]
        for i, xs in sorted(self.lines.items()):
            at = [index[self.sites.at((i, x))] for x in xs]
            each = [tuple(c.values[k] for k in at) for c in found]
            fits = [fitted(self.basis(i), tuple(xs), ys) or () for ys in map(_plain, each)]
            every = tuple(dict.fromkeys(f for few in fits for f in few))
            for mine, few in zip(sets, fits, strict=True):
                mine.append(few or every)
        return sets

    def _add_corners(self, sets: list[list[Sequence[Factor]]]) -> bool:
        """Ask where two letters change at once, as often as there may be terms with both."""
        more = False
        for i, j in combinations(range(len(self.sites.axes)), 2):
            needed = max(((len(s[i]) - 1) * (len(s[j]) - 1) for s in sets), default=0)
            known = self.corners.setdefault((i, j), [])
            if needed > len(known) and (i, j) not in self.short:
                found = list(islice(self._corners(i, j), needed))
                more |= found != known
                self.corners[i, j] = found
                if len(found) < needed:
                    self.short.add((i, j))
        return more

    def _corners(self, i: int, j: int) -> Iterator[Point]:
        here = self.sites.anchor
        sides = [[n for n in self.lines[k] if n != here[k]] for k in (i, j)]
        places = product(*(range(len(side)) for side in sides))
        for a, b in islice(sorted(places, key=max), CORNERS):
            p = self.sites.at((i, sides[0][a]), (j, sides[1][b]))
            if self.sites.fits(p) and self.box.at(p) is not None:
                yield p

    def _terms(
        self, column: Column, sets: list[Sequence[Factor]], points: list[Point]
    ) -> tuple[Term, ...]:
        """List the terms that a column may have."""
        pairs: dict[Pair, set[Term]] = {}
        for i, j in self.corners:
            if not self.broad and len(sets[i]) > 1 < len(sets[j]):
                inside = [k for k, p in enumerate(points) if self.sites.in_plane(p, (i, j))]
                found = plane(column, inside, points, ((i, sets[i]), (j, sets[j])))
                if found:
                    pairs[i, j] = found
        return tuple(candidates(sets, pairs))

    def _fill(self, missing: int) -> None:
        """Ask at so many points more, with any of the sizes that lines have."""
        known = set(self.points())
        for _ in range(missing * TRIES):
            p = tuple(self.random.choice(self.lines[i]) for i in range(len(self.sites.axes)))
            if p not in known and self.sites.fits(p) and self.box.at(p) is not None:
                self.more.append(p)
                known.add(p)
                missing -= 1
            if not missing:
                return
        raise NoFormula(self.names(), "cannot have enough sizes at once", HINT)

    def _no_formula(self, column: Column) -> NoFormula:
        """Show some of the counts that no formula fits."""
        (key, scale), *_ = column.keys
        shown = list(zip(self.points(), column.values, strict=True))[-3:]
        text = ", ".join(f"{v * scale} at {self.box.text(p)}" for p, v in shown)
        return NoFormula(self.names(), f"{spoken(key)}follows no formula: {text}", HINT)


HINT = "give the sizes to count at, as in n_layer=(2, 4, 6, 8), or vary fewer at once"


def _plain(values: tuple[int, ...]) -> tuple[int, ...]:
    scale = math.gcd(*values) or 1
    return tuple(v // scale for v in values)
