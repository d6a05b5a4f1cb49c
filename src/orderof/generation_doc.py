"""A generation as a Doc: what it costs together, then its prompt and its steps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orderof.doc import (
    Block,
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
from orderof.sym import const

if TYPE_CHECKING:
    from orderof.generation import Generation


def report(found: Generation, typed: str = "") -> Doc:
    """Give the report; `typed` is the model with its options as they were typed."""
    columns = (
        Column("pass"),
        Column("tokens", Kind.EXACT),
        Column("FLOP (contractions)", Kind.AMOUNT),
        Column("operations", Kind.AMOUNT),
    )
    prompt, whole = found.prefill.forward, (2 * found.macs(), found.ops())
    first = (2 * prompt.macs(), prompt.ops())
    rows = [
        Row(("prompt", found.prompt, *first)),
        Row(("steps", found.tokens - 1, *(b - a for a, b in zip(first, whole, strict=True)))),
        Row(("together", found.prompt + found.tokens, *whole), strong=True),
    ]
    blocks: list[Block] = [Table(columns, tuple(rows)), _letters(found)]
    blocks.append(Note("The pass over the prompt gives the first new token; each step one more."))
    if found.beams > 1:
        blocks.append(Note(f"{found.beams} beams: every sequence is run as often, its prompt too."))
    if typed:
        last = found.prompt + found.tokens - 1
        blocks.append(Next((f"orderof {typed} --decode {last}", f"orderof {typed} --prefill")))
    sizes = tuple((k, n) for k, n in found.prefill.dims.items())
    return Doc(found.prefill.model, tuple(blocks), Facts((Fact("", (Sizes(sizes),)),)))


def _letters(found: Generation) -> Section:
    lines = [FormulaLine("one step, FLOP", found.step.forward.flops.expr)]
    if found.tokens > 1 and "T" in found.step.dims:
        lines.append(FormulaLine("all steps, FLOP", 2 * found.formula()))
    return Section("in letters: T tokens in the cache, P of the prompt, n new ones", tuple(lines))


def dumps(found: Generation) -> str:
    """Write as JSON; integers beyond 2**53 as text too."""
    return json.dumps(
        {
            "model": found.prefill.model,
            "prompt": found.prompt,
            "tokens": found.tokens,
            "beams": found.beams,
            "dims": dict(found.prefill.dims),
            "flops": figure(const(2 * found.macs()), {}),
            "ops": figure(const(found.ops()), {}),
            "prefill_flops": figure(const(2 * found.prefill.forward.macs()), {}),
            "step_flops": figure(found.step.forward.flops.expr, dict(found.step.dims)),
        },
        indent=2,
    )
