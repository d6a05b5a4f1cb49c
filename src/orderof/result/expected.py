"""What a model costs on average, where chance decides what runs: means of several Results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from orderof.result.formula import Formula
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Callable

    from orderof.result.result import Cost, Result


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean: a formula over a whole number. Call it as a Formula, for an exact Fraction.

    >>> from orderof.sym import parse
    >>> m = Mean(Formula(parse("6*B + 9"), {"B": 1}), 10)
    >>> m, m(), m(B=11)
    ((6*B + 9)/10, Fraction(3, 2), Fraction(15, 2))
    """

    sum: Formula
    over: int

    def __call__(self, **sizes: int) -> Fraction:
        """Evaluate exactly; raises what a Formula raises."""
        return Fraction(self.sum(**sizes), self.over)

    def __str__(self) -> str:
        if self.over == 1:
            return str(self.sum)
        return f"{self.sum}/{self.over}" if self.sum.expr.value else f"({self.sum})/{self.over}"

    __repr__ = __str__


@dataclass(frozen=True)
class MeanCost:
    """The mean of some costs, each as often as it is likely."""

    costs: tuple[tuple[int, Cost], ...]
    """How many cases have which cost; those that are not here have none."""
    over: int
    """How many cases there are."""

    @property
    def macs(self) -> Mean:
        """Multiply-adds of contractions."""
        return self._mean(lambda cost: cost.macs)

    @property
    def flops(self) -> Mean:
        """Two for each multiply-add."""
        return self._mean(lambda cost: cost.flops)

    @property
    def ops(self) -> Mean:
        """Every scalar operation of every kind."""
        return self._mean(lambda cost: cost.ops)

    def total(self, as_: str | None = None) -> Mean:
        """One number under a convention, by default that of the analysis."""
        return self._mean(lambda cost: cost.total(as_))

    def by_module(self, depth: int | None = None) -> dict[str, MeanCost]:
        """{module path: mean cost of it and all below it}, down to `depth` levels."""
        found: dict[str, list[tuple[int, Cost]]] = {}
        for weight, cost in self.costs:
            for path, part in cost.by_module(depth).items():
                found.setdefault(path, []).append((weight, part))
        return {path: MeanCost(tuple(parts), self.over) for path, parts in found.items()}

    def _mean(self, get: Callable[[Cost], Formula]) -> Mean:
        (weight, first), *others = ((weight, get(cost)) for weight, cost in self.costs)
        whole = Formula(weight * first.expr, first.dims)
        for weight, part in others:
            whole += Formula(weight * part.expr, part.dims)
        return _lowest(whole, self.over)


def _lowest(whole: Formula, over: int) -> Mean:
    """Write a mean in lowest terms."""
    terms = dict(whole.expr.terms())
    common = math.gcd(over, *terms.values())
    return Mean(
        Formula(Expr({mono: n // common for mono, n in terms.items()}), whole.dims), over // common
    )


@dataclass(frozen=True, slots=True)
class Way:
    """One way through the choices."""

    taken: tuple[Literal["first", "second"], ...]
    """The function of a choice by itself, of one within its function, and so on."""
    weight: int
    """In how many cases it is taken."""
    result: Result


@dataclass(frozen=True)
class Expected:
    """What a model costs each way, and on average."""

    p: Fraction
    """With which probability a choice takes its first function."""
    over: int
    """How many equally likely cases there are."""
    ways: tuple[Way, ...]

    def probability(self, way: Way) -> Fraction:
        """Say how likely a way is."""
        return Fraction(way.weight, self.over)

    def phase(self, name: str) -> MeanCost | None:
        """Give a phase of a Result, as `forward` or `step`; None where no way has it."""
        costs = ((way.weight, getattr(way.result, name)) for way in self.ways)
        found = tuple((weight, cost) for weight, cost in costs if cost is not None)
        return MeanCost(found, self.over) if found else None

    @property
    def forward(self) -> MeanCost:
        """The forward pass."""
        return MeanCost(tuple((way.weight, way.result.forward) for way in self.ways), self.over)

    @property
    def backward(self) -> MeanCost | None:
        """The backward pass, in training."""
        return self.phase("backward")

    @property
    def step(self) -> MeanCost | None:
        """One training step: all phases."""
        return self.phase("step")

    def to_json(self) -> str:
        """Write as JSON: each way, and the means as a sum over a number."""
        from orderof.result.expected_doc import dumps

        return dumps(self)
