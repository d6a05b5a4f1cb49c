"""Work and span as a Doc: the phases, then what P processors could make of the last of them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

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
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from orderof.analyses.span import Span, Spans

_WHOLE = 100
"""From here on a factor is shown without decimals."""
_SHORT = 400
"""A formula of more characters is left to --json."""


def report(found: Spans, model: str = "", options: str = "") -> Doc:
    """Give the report; `model` and `options` are what was typed."""
    sizes = dict(found.dims)
    blocks: list[Block] = [_table(found, sizes)]
    formulas = [
        FormulaLine(f"span, {row.phase}", row.span)
        for row in found.rows
        if row.span.symbols() and len(str(row.span)) <= _SHORT
    ]
    if formulas:
        blocks.append(Section("longest chain, in letters", tuple(formulas)))
    if found.paths:
        lines = tuple(Fact(f"along {x}", (e, "=", e.at(sizes))) for x, e in found.paths)
        title = "passes, or steps of a recurrence, until one place has seen all others"
        blocks.append(Section(title, (Facts(lines),)))
    blocks.append(_brent(found.total, sizes))
    if (descent := found.descent()) is not None and len(str(descent.span)) <= _SHORT:
        lines = (FormulaLine("work", descent.work), FormulaLine("span, at most", descent.span))
        title = "descent: every step waits for the weights of the one before"
        blocks.append(Section(title, lines))
    blocks.extend(_notes(found))
    if model:
        base = f"{shlex.quote(model)}{' ' + options if options else ''}"
        blocks.append(Next((f"orderof {base} --span --json", f"orderof growth {base}")))
    head: list[tuple[Cell, ...]] = [("work and span",)]
    if found.dims:
        head.append((Sizes(found.dims),))
    return Doc(found.model, tuple(blocks), Facts(tuple(Fact("", h) for h in head)))


def _table(found: Spans, sizes: Mapping[str, int]) -> Table:
    columns = (
        Column("phase"),
        Column("work", Kind.AMOUNT),
        Column("span", Kind.EXACT),
        Column("parallelism", Kind.EXACT),
        Column("operators in a row", Kind.EXACT),
        Column("in letters", Kind.FORMULA),
    )
    rows = [
        Row(
            (
                row.phase,
                row.work.at(sizes),
                row.span.at(sizes),
                int(row.parallelism(sizes)),
                row.steps.at(sizes),
                row.steps if row.steps.symbols() else None,
            )
        )
        for row in found.rows
    ]
    return Table(columns, tuple(rows))


def _brent(total: Span, sizes: Mapping[str, int]) -> Section:
    columns = (
        Column("processors", Kind.EXACT),
        Column("at least", Kind.EXACT),
        Column("at most", Kind.EXACT),
        Column("faster by at least"),
    )
    rows = [
        Row((p, -(-low // 1), -(-high // 1), _times(total.work.at(sizes) / high)))
        for p in _processors(total, sizes)
        for low, high in [total.brent(p, sizes)]
    ]
    name = "step" if total.phase == "step" else f"{total.phase} pass"
    return Section(f"steps that P processors need for the {name}", (Table(columns, tuple(rows)),))


def _times(x: Fraction) -> str:
    return f"{float(x):,.0f}" if x >= _WHOLE else f"{float(x):.3g}"


def _processors(total: Span, sizes: Mapping[str, int]) -> Iterator[int]:
    """Powers of ten, until nothing is gained any more."""
    p, useful = 1, total.parallelism(sizes)
    while p < 10 * useful:
        yield p
        p *= 10
    yield p


def _notes(found: Spans) -> Iterator[Block]:
    yield Note(
        "A step is one operation of any kind; what is summed up is a balanced tree; a loop that"
        " hands something on runs step after step. Bounds after Brent 1974: max(work/P, span) and"
        " (work - span)/P + span."
    )
    if not all(row.exact for row in found.rows):
        yield Note("Which chain is longest was decided at these sizes.")
