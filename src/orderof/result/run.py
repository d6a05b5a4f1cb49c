"""A whole training run: every epoch goes through all examples in batches, the last one smaller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.analyses.training import BATCH, EPOCHS, EXAMPLES, training
from orderof.errors import BadSpelling, UnknownDim
from orderof.result.dims import Dims
from orderof.result.formula import Formula
from orderof.sym import ceildiv, symbol

if TYPE_CHECKING:
    from fractions import Fraction

    from orderof.result.result import Result


@dataclass(frozen=True, slots=True)
class Run:
    """What a training run costs, in m examples, e epochs, a batch of B and the model's letters."""

    model: str
    train: str
    dims: Dims
    updates: Formula
    flops: Formula
    ops: Formula
    params: int

    @property
    def per_parameter(self) -> Fraction:
        """FLOP for each example, epoch and parameter: 6 where the rule C = 6*N*D holds."""
        from fractions import Fraction

        times = self.dims[EXAMPLES] * self.dims[EPOCHS]
        return Fraction(self.flops(), max(self.params * times, 1))


def run(result: Result, *, examples: int, epochs: int = 1, batch: int | None = None) -> Run:
    """Cost of a training run; by default at the batch of the analysis.

    Raises `BadSpelling` without an optimizer or for sizes below 1, `UnknownDim` where the batch is
    no letter or a letter is taken, `OutOfRange` where no formula was proved for the batch.
    """
    if result.step is None or result.train is None:
        raise BadSpelling(result.model, "is not trained", 'name an optimizer: train="adamw"')
    for name, n in (("examples", examples), ("epochs", epochs)):
        if n < 1:
            raise BadSpelling(f"{name}={n}", "is no size", "sizes are 1 or more")
    if BATCH not in result.dims:
        hint = "its batch was fixed: give the inputs a letter, B=8"
        raise UnknownDim(BATCH, "is no letter of this model", hint)
    if taken := {EXAMPLES, EPOCHS} & {*result.dims}:
        raise UnknownDim(taken.pop(), "is a letter of the model itself", "rename it")
    size = result.dims[BATCH] if batch is None else batch
    known = result.dims if isinstance(result.dims, Dims) else Dims(result.dims)
    at = known.replaced({BATCH: size})
    if rest := examples % size:
        known.replaced({BATCH: rest})
    sizes = {**at, EXAMPLES: examples, EPOCHS: epochs}
    dims = Dims(sizes, known.ranges, result.assumptions)
    return Run(
        result.model,
        result.train,
        dims,
        Formula(symbol(EPOCHS) * ceildiv(symbol(EXAMPLES), symbol(BATCH)), dims),
        Formula(training(result.step.flops.expr), dims),
        Formula(training(result.step.ops.expr), dims),
        result.params(),
    )
