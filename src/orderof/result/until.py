"""Training until within eps: iterations by a bound, times the cost of one, with what is assumed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.analyses.training import BATCH, EXAMPLES
from orderof.doc import (
    Amount,
    Block,
    Cell,
    Column,
    Doc,
    Fact,
    Facts,
    FormulaLine,
    Kind,
    Level,
    Next,
    Note,
    Row,
    Section,
    Sizes,
    Table,
    figure,
)
from orderof.errors import BadSpelling, UnknownDim
from orderof.result.dims import Dims
from orderof.result.formula import Formula
from orderof.sym import symbol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from orderof.analyses.descent import Bound
    from orderof.result.result import Result

ITERATIONS = ("T", "N", "steps")
"""Letters for the number of iterations; the first that the model leaves free."""


@dataclass(frozen=True, slots=True)
class Until:
    """What T iterations cost, T by a bound."""

    model: str
    bound: Bound
    eps: Decimal
    given: Mapping[str, Decimal]
    dims: Dims
    flops: Formula
    ops: Formula
    convex: bool
    """Whether the cost is convex in the parameters, as far as can be read off the network."""
    letter: str = ITERATIONS[0]
    """What the number of iterations is called."""

    @property
    def iterations(self) -> int:
        """How many iterations are enough by the bound."""
        return self.dims[self.letter]

    @property
    def doubt(self) -> str:
        """What speaks against the bound; empty where nothing does."""
        if self.convex or not self.bound.convex:
            return ""
        return (
            "The bound assumes a cost that is convex in the parameters. Of this network that "
            "cannot be said (it has hidden layers, or no loss is named): this is what a convex "
            "cost with these constants would need. --descent stationary assumes no convexity."
        )


def until(
    result: Result,
    bound: Bound,
    eps: Decimal,
    given: Mapping[str, Decimal],
    *,
    examples: int,
    batch: int | None = None,
    convex: bool = False,
) -> Until:
    """Cost of descent within eps of the least cost, by a bound on its iterations.

    An iteration goes through all examples, or through a batch where the bound is of stochastic
    gradients. Raises `BadSpelling` without an optimizer or for constants that are missing,
    `UnknownDim` where the batch is no letter or T is one of the model's.
    """
    if result.step is None:
        raise BadSpelling(result.model, "is not trained", 'name an optimizer: train="sgd"')
    if BATCH not in result.dims:
        hint = "its batch was fixed: give the inputs a letter, B=8"
        raise UnknownDim(BATCH, "is no letter of this model", hint)
    if EXAMPLES in result.dims:
        raise UnknownDim(EXAMPLES, "is a letter of the model itself", "rename it")
    if batch is not None and not bound.stochastic:
        hint = "--descent stochastic takes batches"
        raise BadSpelling("the batch", "has no use: an iteration goes through all examples", hint)
    letter = next(x for x in ITERATIONS if x not in result.dims)
    known = result.dims if isinstance(result.dims, Dims) else Dims(result.dims)
    size = (batch or known[BATCH]) if bound.stochastic else examples
    sizes = known.replaced({BATCH: size})
    count, each = bound.iterations(eps, given), symbol(letter)
    put = {} if bound.stochastic else {BATCH: symbol(EXAMPLES)}
    dims = Dims({**sizes, EXAMPLES: examples, letter: count}, known.ranges, result.assumptions)
    flops, ops = (
        Formula(each * f.expr.subs(put), dims) for f in (result.step.flops, result.step.ops)
    )
    return Until(result.model, bound, eps, dict(given), dims, flops, ops, convex, letter)


def report(found: Until, typed: str = "") -> Doc:
    """Give the report; `typed` is the model with its options as they were typed."""
    b = found.bound
    within = f"until within {found.eps}" if b.convex else f"until a gradient is below {found.eps}"
    columns = (
        Column(within),
        Column("iterations", Kind.EXACT),
        Column("FLOP (contractions)", Kind.EXACT),
        Column("operations", Kind.EXACT),
    )
    flops: Cell = Amount(found.flops()) if found.flops() else None
    row = Row((b.name, found.iterations, flops, Amount(found.ops())))
    size = found.dims[BATCH] if b.stochastic else found.dims[EXAMPLES]
    constants = " ".join(f"{k}={v}" for k, v in found.given.items())
    facts = Facts((
        Fact("bound", (f"T = {b.formula}",)),
        Fact("with", (f"eps={found.eps} {constants}",)),
        Fact("assumes", (b.about,)),
        Fact("source", (b.source,)),
        Fact("iteration", (f"{size:,} examples and one update; no mean is counted",)),
    ))  # fmt: skip
    lines = (FormulaLine("FLOP", found.flops.expr), FormulaLine("operations", found.ops.expr))
    blocks: list[Block] = [Table(columns, (row,)), facts, Section("in letters", lines)]
    if found.doubt:
        blocks.append(Note(found.doubt, Level.WARNING))
    if typed:
        blocks.append(Next((f"orderof explain {typed}", f"orderof gradient {typed}")))
    sizes = tuple(found.dims.items())
    return Doc(found.model, tuple(blocks), Facts((Fact("", (Sizes(sizes),)),)))


def dumps(found: Until) -> str:
    """Write as JSON; integers beyond 2**53 as text too."""
    b = found.bound
    return json.dumps(
        {
            "model": found.model,
            "bound": {"name": b.name, "formula": b.formula, "assumes": b.about, "source": b.source},
            "eps": str(found.eps),
            "constants": {k: str(v) for k, v in found.given.items()},
            "dims": dict(found.dims),
            "iterations": found.iterations,
            "flops": figure(found.flops.expr, found.dims),
            "ops": figure(found.ops.expr, found.dims),
            "doubt": found.doubt,
        },
        indent=2,
    )
