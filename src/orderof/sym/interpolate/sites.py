"""Where a black box of sizes is asked, so that few answers tell much.

1. Answers lie on lines through one point, the anchor, along each letter. Small sizes (layers,
   heads) are near 1 there, where they cost little, and large ones (widths) near what was asked.
2. Some sizes divide others (heads a width). Pairs that divide each other where it was asked for are
   taken to be such until a point shows otherwise, so that no point is drawn that cannot be had.
3. A formula is proved at points drawn elsewhere, under those relations only that were seen to hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import TYPE_CHECKING, TypeAlias

from orderof.errors import BadSpelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

Point: TypeAlias = tuple[int, ...]
"""A size for each axis, in their order."""
Pair: TypeAlias = tuple[int, int]
"""Axes of which the first divides the second."""

SMALL = 64
"""Sizes up to here are counted from 1 on, larger ones near what was asked for."""
FIRST = 2
"""Where small sizes begin at the anchor: there may be something special about 1."""
ROUND = 12
"""What is divided is a multiple of this, so that there are several sizes which divide it."""
FAR = (*range(1, 9), 16, 24, 32, 40, 48, 64, 96, 128, 160, 192, 256, 384, 512)
"""How many units from the anchor a large size is tried: some must be multiples of a power of 2."""


@dataclass(slots=True)
class Axis:
    """A letter: the size that was asked for, and the sizes to use if the caller names them."""

    name: str
    asked: int
    given: tuple[int, ...] = ()
    least: int = 1
    multiple: int = 1

    @property
    def small(self) -> bool:
        """Whether it is counted from 1 on."""
        return self.asked <= SMALL

    def holds(self, n: int) -> bool:
        """Whether a size is one that the formula is for."""
        return n >= self.least and n % self.multiple == 0 and (not self.given or n in self.given)


@dataclass(slots=True)
class Sites:
    """The axes, what divides what, and the anchor."""

    axes: tuple[Axis, ...]
    divides: set[Pair] = field(default_factory=set[Pair])
    guessed: set[Pair] = field(default_factory=set[Pair])
    """Pairs taken to divide each other until a point shows otherwise."""
    strict: set[Pair] = field(default_factory=set[Pair])
    """Pairs of which the first is also less than the second."""
    wary: bool = False
    """Whether small sizes were guessed to divide small ones."""
    aside: bool = False
    """Whether the anchor is another one: at the first, terms may have cancelled."""
    near: bool = False
    """Whether the anchor is the point that was asked for."""
    anchor: Point = ()

    @property
    def asked(self) -> Point:
        """The point that was asked for."""
        return tuple(a.asked for a in self.axes)

    def pairs(self) -> set[Pair]:
        """All pairs of which the first divides the second."""
        return self.divides | self.guessed

    def least_pairs(self) -> list[Pair]:
        """List the pairs, without those that follow from two others."""
        every = self.pairs()
        follow = {(a, d) for a, b in every for c, d in every if b == c}
        return sorted(every - follow)

    def fits(self, point: Point, pairs: set[Pair] | None = None) -> bool:
        """Whether a point is one that the formula is for; `pairs` in place of all those known."""
        held = all(a.holds(n) for a, n in zip(self.axes, point, strict=True))
        known = self.pairs() if pairs is None else pairs
        return (
            held
            and all(point[j] % point[i] == 0 for i, j in known)
            and all(point[j] > point[i] for i, j in self.strict)
        )

    def guess(self, *, small: bool = False) -> bool:
        """Take what was asked for to say which sizes divide which large ones, or small ones too.

        Tells whether that is more than was known.
        """
        found = {
            (i, j)
            for i, a in enumerate(self.axes)
            for j, b in enumerate(self.axes)
            if a.small and b.small <= small and 1 < a.asked < b.asked and b.asked % a.asked == 0
        }
        self.wary |= small
        more = found - self.pairs()
        self.guessed |= more
        return bool(more)

    def on_line(self, j: int, point: Point) -> bool:
        """Whether a point differs from the anchor along one axis only."""
        return point == self.at((j, point[j])) != self.anchor

    def in_plane(self, point: Point, pair: Pair) -> bool:
        """Whether a point differs from the anchor along two axes at most."""
        return point == self.at(*((k, point[k]) for k in pair))

    def settle(self) -> None:
        """Choose the anchor."""
        found = dict(enumerate(self.asked))
        for j in self.order():
            axis = self.axes[j]
            if not self.near and not axis.given:
                unit = math.lcm(axis.multiple, *(found[i] for i in self._below(j)))
                found[j] = self._place(axis, unit, parted=bool(self._below(j)))
        self.anchor = tuple(found[i] for i in range(len(self.axes)))

    def _place(self, axis: Axis, unit: int, *, parted: bool) -> int:
        """Choose the size of an axis at the anchor, a multiple of a unit."""
        unit *= ROUND if parted else 1
        if not axis.small:
            return (-(-axis.asked // unit) + self.aside) * unit
        first = 1 if parted or unit > 1 else FIRST
        return unit * (max(-(-axis.least // unit), first) + 3 * self.aside)

    def _below(self, j: int) -> list[int]:
        """List the axes that divide one."""
        return [i for i, k in self.pairs() if k == j]

    def order(self) -> list[int]:
        """List the axes, each behind those that divide it."""
        found: list[int] = []
        while len(found) < len(self.axes):
            free = (
                j
                for j in range(len(self.axes))
                if j not in found and all(i in found for i in self._below(j))
            )
            if (j := next(free, None)) is None:
                names = ", ".join(a.name for a in self.axes)
                raise BadSpelling(names, "divide each other in a circle")
            found.append(j)
        return found

    def at(self, *changes: tuple[int, int]) -> Point:
        """Give the anchor with other sizes at some axes."""
        found = list(self.anchor)
        for i, n in changes:
            found[i] = n
        return tuple(found)

    def unit(self, j: int, lines: Mapping[int, Sequence[int]] | None = None) -> int:
        """Give what the sizes of an axis are multiples of, at the anchor or along `lines`."""
        found = lines or {}
        below = (found.get(i, (self.anchor[i],)) for i in self._below(j))
        return math.lcm(self.axes[j].multiple, *chain.from_iterable(below))

    def values(self, j: int, lines: Mapping[int, Sequence[int]]) -> Iterator[int]:
        """Iterate over sizes of an axis that fit the anchor, first those that fit all `lines`."""
        units = dict.fromkeys((self.unit(j, lines), self.unit(j)))
        found = chain.from_iterable(self._spread(j, unit) for unit in units)
        here = self.anchor[j]
        return (n for n in dict.fromkeys(found) if n != here and self.fits(self.at((j, n))))

    def _spread(self, j: int, unit: int) -> Iterator[int]:
        """Iterate over multiples of a unit, small ones or those near the anchor."""
        axis = self.axes[j]
        if axis.given:
            yield from axis.given
        elif axis.small:
            yield from (unit * k for k in chain(range(2, SMALL), (1,)))
        else:
            first = -(-self.anchor[j] // unit) * unit
            yield from (first + unit * k for k in FAR)
            yield from (axis.asked * k for k in range(1, 9))

    def run(self, j: int, most: int) -> Iterator[int]:
        """Iterate over neighbouring sizes of an axis that fit the anchor."""
        axis, unit = self.axes[j], self.unit(j)
        first = unit if axis.small else self.anchor[j]
        found = iter(axis.given) if axis.given else count(first, unit)
        return (n for n in islice(found, most) if self.fits(self.at((j, n))))

    def lowest(self, *, small_only: bool = False) -> Point:
        """Give a point of small sizes."""
        found: dict[int, int] = {}
        for j in self.order():
            axis = self.axes[j]
            unit = math.lcm(axis.multiple, *(found[i] for i in self._below(j)))
            if axis.given:
                found[j] = min(axis.given)
            elif small_only and not axis.small:
                found[j] = self.anchor[j]
            else:
                found[j] = unit * max(-(-axis.least // unit), 1 if axis.small else 2)
        return tuple(found[i] for i in range(len(self.axes)))

    def doubled(self) -> Point:
        """Give a point of sizes twice as large as what was asked for."""
        return tuple(max(a.given) if a.given else 2 * a.asked for a in self.axes)

    def drawn(self, random: Random) -> Point:
        """Draw a point that the relations allow: small sizes as often as large ones."""
        found: dict[int, int] = {}
        for j in self.order():
            axis = self.axes[j]
            if axis.given:
                found[j] = random.choice(axis.given)
                continue
            unit = math.lcm(axis.multiple, *(found[i] for i in self._below(j)))
            least = max(-(-axis.least // unit), 1 if axis.small else 2)
            most = max(2 * max(axis.asked, ROUND) // unit, least)
            found[j] = unit * int(math.exp(random.uniform(math.log(least), math.log(most + 1))))
        return tuple(found[i] for i in range(len(self.axes)))
