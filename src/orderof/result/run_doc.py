"""A training run as a Doc: the total first, its formula, and what it grows with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orderof.analyses.training import BATCH, EPOCHS, EXAMPLES
from orderof.doc import (
    Block,
    Cell,
    Column,
    Doc,
    Fact,
    Facts,
    FormulaLine,
    Kind,
    Next,
    Note,
    Row,
    Section,
    Sizes,
    Table,
    figure,
)

if TYPE_CHECKING:
    from orderof.result.run import Run
    from orderof.sym import Expr


def report(found: Run, typed: str = "") -> Doc:
    """Give the report; `typed` is the model with its options as they were typed."""
    columns = (
        Column("whole run"),
        Column("FLOP (contractions)", Kind.AMOUNT),
        Column("operations", Kind.AMOUNT),
        Column("updates", Kind.EXACT),
    )
    m, e, b = (found.dims[k] for k in (EXAMPLES, EPOCHS, BATCH))
    flops: Cell = found.flops() or None
    row = Row((found.train, flops, found.ops(), found.updates()))
    formulas = Section(
        "in letters",
        (
            FormulaLine("FLOP", found.flops.expr),
            FormulaLine("operations", *_short(found)),
            FormulaLine("updates", found.updates.expr),
        ),
    )
    order = found.flops.order(EXAMPLES, EPOCHS) if flops else found.ops.order(EXAMPLES, EPOCHS)
    facts = [Fact("grows as", (f"{order} {order.regime}",))]
    if flops:
        ratio = float(found.per_parameter)
        facts.append(Fact("that is", (f"{ratio:.4g} FLOP per parameter, example and epoch",)))
    blocks: list[Block] = [Table(columns, (row,)), formulas, Facts(tuple(facts))]
    if m % b:
        blocks.append(Note(f"The last batch of every epoch has {m % b:,} examples."))
    blocks.append(Note("How many epochs a model needs follows from no count."))
    if typed:
        more = f"orderof train {typed} --examples {m} --epochs {e} --batch {2 * b}"
        blocks.append(Next((more, f"orderof {typed}")))
    others = tuple((k, n) for k, n in found.dims.items())
    return Doc(found.model, tuple(blocks), Facts((Fact("", (Sizes(others),)),)))


def _short(found: Run) -> tuple[Expr, int]:
    terms = list(found.ops.expr.terms())
    kept = found.ops.leading(_TERMS).expr if len(terms) > _MOST else found.ops.expr
    return kept, max(0, len(terms) - len(list(kept.terms())))


_MOST, _TERMS = 16, 8
"""A formula of more terms than this is not shown as a whole, and how many of them then are."""


def dumps(found: Run) -> str:
    """Write as JSON; integers beyond 2**53 as text too."""
    return json.dumps(
        {
            "model": found.model,
            "train": found.train,
            "dims": dict(found.dims),
            "updates": figure(found.updates.expr, found.dims),
            "flops": figure(found.flops.expr, found.dims),
            "ops": figure(found.ops.expr, found.dims),
        },
        indent=2,
    )
