"""A black box that is asked for counts: each answer is kept, and a refusal is an answer too."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from orderof.errors import Inconclusive, Indivisible, ModelError, NoFormula
from orderof.sym.expr import Expr, Mono, const

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from orderof.sym.interpolate.sites import Axis, Point

Answer: TypeAlias = "int | Expr | Mapping[Hashable, int | Expr]"
Asked: TypeAlias = "Callable[[dict[str, int]], Answer]"
Key: TypeAlias = "tuple[Hashable, Mono]"
"""A key of the answer, and a monomial of other letters whose coefficient is asked for."""
Values: TypeAlias = "Mapping[Key, int]"

LIMIT = 400
"""How many points are asked at most."""
ALONE = ""
"""The key of an answer that is one number."""


@dataclass(slots=True)
class Box:
    """What was asked, and what was answered."""

    f: Asked
    axes: tuple[Axis, ...]
    taken: dict[Point, Values] = field(default_factory=dict["Point", "Values"])
    refused: dict[Point, Exception] = field(default_factory=dict["Point", Exception])

    def at(self, point: Point) -> Values | None:
        """Ask once; None where there is no model of these sizes."""
        if point not in self.taken and point not in self.refused:
            try:
                self.taken[point] = self._ask(point)
            except NoFormula:
                raise
            except (ModelError, Inconclusive, Indivisible) as error:
                self.refused[point] = error
        return self.taken.get(point)

    def must(self, point: Point) -> Values:
        """Ask where there has to be an answer."""
        found = self.at(point)
        if found is None:
            raise self.refused[point]
        return found

    def _ask(self, point: Point) -> Values:
        if len(self.taken) + len(self.refused) >= LIMIT:
            names = ", ".join(a.name for a in self.axes)
            raise NoFormula(names, f"is not settled by {LIMIT} points", "vary fewer sizes at once")
        return flat(self.f(self.named(point)))

    def named(self, point: Point) -> dict[str, int]:
        """Give a point by letter."""
        return {a.name: n for a, n in zip(self.axes, point, strict=True)}

    def text(self, point: Point) -> str:
        """Write a point."""
        return ", ".join(f"{name}={n}" for name, n in self.named(point).items())


def flat(answer: Answer) -> dict[Key, int]:
    """Give the coefficients of an answer, by key and monomial; zeros are left out.

    >>> from orderof.sym import symbols
    >>> B, S = symbols("B S")
    >>> flat({"mul": 3 * B * S + 2})
    {('mul', (('B', 1), ('S', 1))): 3, ('mul', ()): 2}
    """
    if isinstance(answer, int | Expr):
        answer = {ALONE: answer}
    found: dict[Key, int] = {}
    for key, value in answer.items():
        e = value if isinstance(value, Expr) else const(value)
        found.update({(key, mono): c for mono, c in e.terms()})
    return found


def spoken(key: Key) -> str:
    """Name a count in front of a sentence about it; what is alone has no name."""
    return f"{key[0]} " if key[0] != ALONE else ""


def joined(parts: Iterable[tuple[Key, Expr]]) -> dict[Hashable, Expr]:
    """Put coefficients, which have become formulas, back before their monomials."""
    found: defaultdict[Hashable, list[Expr]] = defaultdict(list)
    for (key, mono), e in parts:
        found[key].append(e * Expr({mono: 1}))
    return {key: Expr.sum(terms) for key, terms in found.items()}
