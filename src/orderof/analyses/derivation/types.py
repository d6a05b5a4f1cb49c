"""What a derivation is made of: letters, what is given, and steps in layers in chapters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling, VerifyError
from orderof.ir.graph import Phase
from orderof.sym import ONE, Expr
from orderof.written import Product, Written, worth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.analyses.derivation.essay import Contrast
    from orderof.counts import Kind
    from orderof.sym.growth import Order

    Defined = tuple[str, tuple[Expr, ...]]


class Part(StrEnum):
    """What a step is for, in the order in which it is told."""

    FORWARD = "forward"
    MASK = "mask"
    LOSS = "loss"
    RECOMPUTE = "recompute"
    ERROR = "errors"
    WEIGHT = "weight gradients"
    UPDATE = "update"


PHASES = {
    Part.FORWARD: Phase.FORWARD,
    Part.MASK: Phase.MASK,
    Part.LOSS: Phase.LOSS,
    Part.RECOMPUTE: Phase.RECOMPUTE,
    Part.ERROR: Phase.BACKWARD,
    Part.WEIGHT: Phase.BACKWARD,
    Part.UPDATE: Phase.OPTIMIZER,
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A size: where it stands first, what it is called, how large it is by default."""

    name: str
    meaning: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Given:
    """A tensor that the network is given."""

    symbol: str
    what: str
    shape: tuple[Expr, ...]
    role: str


@dataclass(frozen=True, slots=True)
class Count:
    """Operations of one kind: as they follow from the equation, and simplified."""

    kind: Kind
    written: Written
    value: Expr

    def __post_init__(self) -> None:
        """Hold one to the other."""
        if worth(self.written) != self.value:
            raise VerifyError(str(self.written), f"is not {self.value}", "please report it")


@dataclass(frozen=True, slots=True)
class Turn:
    """A loop that a step stands in: its index, how often it turns."""

    index: str
    trip: Expr
    label: str
    reverse: bool = False
    """Whether the last is the first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operator: an equation, or words where there is none."""

    op: str
    part: Part
    scope: str
    defines: tuple[Defined, ...]
    uses: tuple[str, ...]
    equation: Written | None = None
    where: tuple[tuple[str, Written], ...] = ()
    """Names within the equation, each with what it stands for."""
    says: str = ""
    ranges: tuple[tuple[str, Expr], ...] = ()
    """The indices of the equation and how many values each has."""
    counts: tuple[Count, ...] = ()
    turns: tuple[Turn, ...] = ()
    number: int = 0

    @property
    def times(self) -> Expr:
        """How often it runs."""
        return Expr.prod(t.trip for t in self.turns)

    @property
    def ops(self) -> Expr:
        """All its operations, in all its runs."""
        return Expr.sum(c.value for c in self.counts) * self.times

    def of(self, kind: Kind) -> Expr:
        """Its operations of one kind, in all its runs."""
        return Expr.sum(c.value for c in self.counts if c.kind is kind) * self.times


@dataclass(frozen=True, slots=True)
class Layer:
    """Steps of one module, one after the other; `like` is an earlier layer with the same steps."""

    scope: str
    kind: str
    steps: tuple[Step, ...]
    like: Layer | None = None
    order: Order | None = None
    """How its operations grow."""
    equal: Expr | None = None
    """Its operations where all widths are equal, if they were put so."""

    @property
    def ops(self) -> Expr:
        """All its operations."""
        return Expr.sum(s.ops for s in self.steps)

    @property
    def uses(self) -> tuple[str, ...]:
        """What it reads that it does not define, in order."""
        own = {name for s in self.steps for name, _ in s.defines}
        return tuple(dict.fromkeys(u for s in self.steps for u in s.uses if u not in own))

    @property
    def defines(self) -> tuple[Defined, ...]:
        """What its steps define, in order."""
        return tuple(d for s in self.steps for d in s.defines)


@dataclass(frozen=True, slots=True)
class Case:
    """The sum in a special case: what is put for what, and what it then is."""

    says: str
    puts: tuple[tuple[str, str], ...]
    value: Expr
    order: Order


@dataclass(frozen=True, slots=True)
class Chapter:
    """All layers of one part, the sum of what they cost and how it grows."""

    part: Part
    layers: tuple[Layer, ...]
    order: Order | None
    cases: tuple[Case, ...] = ()

    @property
    def total(self) -> Expr:
        """All its operations."""
        return Expr.sum(x.ops for x in self.layers)

    @property
    def kinds(self) -> dict[Kind, Expr]:
        """Its operations by kind."""
        kinds = dict.fromkeys(c.kind for x in self.layers for s in x.steps for c in s.counts)
        found = {k: Expr.sum(s.of(k) for x in self.layers for s in x.steps) for k in kinds}
        return {k: n for k, n in found.items() if n}


@dataclass(frozen=True, slots=True)
class Whole:
    """A sum over chapters, or over the steps of a training run."""

    name: str
    written: Written
    value: Expr
    order: Order | None

    def __post_init__(self) -> None:
        """Hold one to the other."""
        if worth(self.written) != self.value:
            raise VerifyError(self.name, f"is not {self.value}", "please report it")


@dataclass(frozen=True, slots=True)
class Derivation:
    """How the cost of a network follows from its equations."""

    model: str
    letters: tuple[Letter, ...]
    given: tuple[Given, ...]
    chapters: tuple[Chapter, ...]
    wholes: tuple[Whole, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    """Of a feed-forward network: what an essay in circulation counts."""
    train: str | None = None
    mode: str = "eval"
    unknown: tuple[str, ...] = ()
    """Operators without a rule: what they cost comes on top."""
    notes: tuple[str, ...] = ()
    dims: dict[str, int] = field(default_factory=dict[str, int])

    def only(self, phase: str) -> Derivation:
        """Keep the chapters of one phase; what they read of others is given.

        Raises `BadSpelling` where there is none.
        """
        chapters = tuple(c for c in self.chapters if PHASES[c.part] == phase)
        if not chapters:
            known = ", ".join(dict.fromkeys(str(PHASES[c.part]) for c in self.chapters))
            raise BadSpelling(phase, "is no phase of this derivation", f"it has {known}")
        steps = [s for c in chapters for x in c.layers for s in x.steps]
        own = {name for s in steps for name, _ in s.defines}
        read = {name for s in steps for name in s.uses} - own
        others = (d for s in self.steps() for d in s.defines)
        found = [Given(n, "from another chapter", sizes, "") for n, sizes in others if n in read]
        given = (*(g for g in self.given if g.symbol in read), *found)
        letters = tuple(x for x in self.letters if x.name in self.dims)
        return replace(
            self, chapters=chapters, wholes=(), contrasts=(), given=given, letters=letters
        )

    def steps(self) -> Iterator[Step]:
        """Iterate over all steps."""
        for chapter in self.chapters:
            for layer in chapter.layers:
                yield from layer.steps


def times(factors: tuple[Written, ...]) -> Written:
    """Write a product; factors of one are left out."""
    kept = tuple(f for f in factors if f != ONE)
    return kept[0] if len(kept) == 1 else Product(kept) if kept else ONE
