"""What the user gets: formulas that are called with sizes, phases, modules, coverage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from orderof.analyses.work import Coverage, Params, Row
from orderof.conventions import convention
from orderof.counts import Counts, Kind
from orderof.ir.graph import Phase
from orderof.result.formula import Formula
from orderof.sym import Expr, Size, expr

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orderof.analyses.experts import Routing

STEP = (Phase.FORWARD, Phase.LOSS, Phase.BACKWARD, Phase.RECOMPUTE, Phase.OPTIMIZER)
"""The phases that make up one training step; masks are built outside."""


@dataclass(frozen=True)
class Cost:
    """The cost of a phase, a module or an operator: a view of its rows."""

    rows: tuple[Row, ...]
    dims: Mapping[str, int]
    as_: str = "flops"

    @cached_property
    def counts(self) -> Counts:
        """Operations by kind and dtype."""
        return Counts.sum(r.counts for r in self.rows)

    @cached_property
    def macs(self) -> Formula:
        """Multiply-adds of contractions."""
        return self._formula(self.counts.macs())

    @property
    def flops(self) -> Formula:
        """Two for each multiply-add: what the field calls FLOPs."""
        return self._formula(2 * self.counts.macs())

    @cached_property
    def ops(self) -> Formula:
        """Every scalar operation of every kind."""
        return self._formula(self.counts.ops())

    @property
    def kinds(self) -> dict[str, dict[str, Formula]]:
        """{kind: {dtype: formula}}, without the mark for multiply-adds."""
        found: dict[str, dict[str, Formula]] = {}
        for (kind, dtype), n in self.counts:
            if kind is not Kind.MAC:
                found.setdefault(str(kind), {})[dtype] = self._formula(n)
        return found

    def total(self, as_: str | None = None) -> Formula:
        """One number under a convention, by default that of the analysis.

        Raises `BadSpelling` for one that counts operators, and was not asked for at once.
        """
        found = convention(as_ or self.as_)
        if found.plain or (as_ or self.as_) != self.as_:
            return self._formula(found.total(self.counts))
        return self._formula(Expr.sum(r.under(found) for r in self.rows))

    def by_module(self, depth: int | None = None) -> dict[str, Cost]:
        """{module path: cost of it and all below it}, down to `depth` levels; "" is the whole."""
        groups: dict[str, list[Row]] = {"": []}
        for row in self.rows:
            parts = row.scope.split(".") if row.scope else []
            for n in range(len(parts) + 1):
                if depth is None or n <= depth:
                    groups.setdefault(".".join(parts[:n]), []).append(row)
        return self._costs(groups)

    def by_op(self) -> dict[str, Cost]:
        """{operator: its cost}, the dearest first."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row.op, []).append(row)
        costs = self._costs(groups)
        return dict(sorted(costs.items(), key=lambda item: -item[1].ops()))

    def _costs(self, groups: Mapping[str, list[Row]]) -> dict[str, Cost]:
        return {name: Cost(tuple(rows), self.dims, self.as_) for name, rows in groups.items()}

    def _formula(self, e: Size) -> Formula:
        return Formula(expr(e), self.dims)


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the tree: its class and how many copies of it run."""

    path: str
    kind: str
    count: Expr


@dataclass(frozen=True, slots=True, repr=False)
class ParamCount:
    """Parameters as formulas; calling it gives their total."""

    trainable: Formula
    frozen: Formula
    buffers: Formula
    idle: Formula
    """Of experts that a token does not meet."""

    @property
    def total(self) -> Formula:
        """Trainable and frozen."""
        return self.trainable + self.frozen

    @property
    def active(self) -> Formula:
        """Those that one token meets: all but the experts that are not chosen for it."""
        return Formula(self.total.expr - self.idle.expr, self.total.dims)

    def __call__(self, **sizes: int) -> int:
        """Evaluate the total."""
        return self.total(**sizes)

    def __str__(self) -> str:
        return str(self.total)

    __repr__ = __str__


@dataclass(frozen=True)
class Result:
    """The answer to one question about one model."""

    model: str
    dims: Mapping[str, int]
    mode: str
    train: str | None
    rows: tuple[Row, ...]
    modules: tuple[Module, ...]
    coverage: Coverage
    parameters: Params
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    as_: str = "flops"
    experts: tuple[Routing, ...] = ()

    def phase(self, *phases: Phase) -> Cost:
        """The cost of some phases together."""
        return Cost(tuple(r for r in self.rows if r.phase in phases), self.dims, self.as_)

    @cached_property
    def forward(self) -> Cost:
        """The forward pass."""
        return self.phase(Phase.FORWARD)

    @cached_property
    def loss(self) -> Cost | None:
        """The loss, where one was named."""
        return self._optional(Phase.LOSS)

    @cached_property
    def mask(self) -> Cost | None:
        """The construction of masks that depend on positions only; outside every other total."""
        return self._optional(Phase.MASK)

    @cached_property
    def backward(self) -> Cost | None:
        """The backward pass, in training, or where the function that was analysed has one."""
        return self.phase(Phase.BACKWARD) if self.train else self._optional(Phase.BACKWARD)

    @cached_property
    def recompute(self) -> Cost | None:
        """What checkpointing computes again."""
        return self._optional(Phase.RECOMPUTE)

    @cached_property
    def optimizer(self) -> Cost | None:
        """One update of all parameters, in training."""
        return self.phase(Phase.OPTIMIZER) if self.train else self._optional(Phase.OPTIMIZER)

    @cached_property
    def step(self) -> Cost | None:
        """One training step: all phases."""
        return self.phase(*STEP) if self.train or self.backward else None

    @property
    def params(self) -> ParamCount:
        """Parameters: `r.params()` is their number."""
        p = self.parameters
        idle = Expr.sum(r.idle for r in self.experts)
        return ParamCount(
            *(Formula(e, self.dims) for e in (p.trainable, p.frozen, p.buffers, idle))
        )

    def _optional(self, phase: Phase) -> Cost | None:
        found = self.phase(phase)
        return found if found.rows else None

    def to_json(self) -> str:
        """Write as JSON: see schema/result.schema.json."""
        from orderof.result.serial import dumps

        return dumps(self)

    @staticmethod
    def from_json(text: str | Path) -> Result:
        """Read what `to_json` wrote, from a text or a file."""
        from orderof.result.serial import loads

        return loads(text if isinstance(text, str) else text.read_text())
