"""What a claim is: as stated, what counting says, what a clock says, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from orderof.doc import Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orderof.doc import Cell

    Measured = Mapping[str, float]
    """What an experiment found: names and figures, seconds mostly."""


class Verdict(StrEnum):
    """What is to be thought of a claim."""

    TRUE = "true"
    FALSE = "false"
    DEPENDS = "it depends"
    OPEN = "open"
    """Neither counting nor measuring decides it, or not yet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is found: the verdict with its reason, and the evidence."""

    verdict: Verdict
    why: str
    counted: tuple[Fact, ...] = ()
    measured: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it is stated, and how it is answered.

    `experiment` names one of `frontends.torch.experiments`; its figures go to `answer`, None
    without it.
    """

    name: str
    stated: str
    answer: Callable[[Measured | None], Answer] = field(repr=False)
    experiment: str = ""


CLAIMS: dict[str, Claim] = {}


def claim(
    name: str, stated: str, *, experiment: str = ""
) -> Callable[[Callable[[Measured | None], Answer]], Callable[[Measured | None], Answer]]:
    """Register the function below as the answer to a claim."""

    def register(
        answer: Callable[[Measured | None], Answer],
    ) -> Callable[[Measured | None], Answer]:
        CLAIMS[name] = Claim(name, stated, answer, experiment)
        return answer

    return register


def fact(label: str, *cells: Cell) -> Fact:
    """Give a piece of evidence."""
    return Fact(label, cells)


def times(a: float, b: float) -> str:
    """Say how many times as much a is as b."""
    ratio = a / b
    return f"{ratio:,.0f} times" if ratio >= 100 else f"{ratio:.2g} times"  # noqa: PLR2004


def seconds(t: float) -> str:
    """Write a time in a unit that fits.

    >>> seconds(2.5e-6), seconds(0.0123), seconds(3.0)
    ('2.5 µs', '12.3 ms', '3 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if t >= size:
            return f"{t / size:.3g} {unit}"
    return f"{t / 1e-9:.3g} ns"


def percent(part: float) -> str:
    """Write a share."""
    return f"{100 * part:.3g} %"
