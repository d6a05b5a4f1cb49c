"""Ways to a gradient as a Doc, and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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
    Next,
    Note,
    Row,
    Section,
    Sizes,
    Table,
    figure,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.analyses.ways import Way, Ways

_LONG = 240
"""A formula of more characters is left to --json."""


def report(found: Ways, model: str = "", options: str = "") -> Doc:
    """Give the report; `model` and `options` are what was typed."""
    sizes = dict(found.dims)
    first = found.gradient[0].ops.at(sizes)
    table = _table(found, found.gradient, "the gradient by", first)
    blocks: list[Block] = [table, _formulas(found)]
    if found.layers:
        scope, n = found.blocks
        title = f"forward and backward, keeping less of the {n} blocks {scope}"
        whole = found.layers[0].ops.at(sizes)
        blocks.append(Section(title, (_table(found, found.layers, "kept for them", whole),)))
    if found.time:
        whole = found.time[0].ops.at(sizes)
        title = f"back through {found.turns} steps of time"
        blocks.append(Section(title, (_table(found, found.time, "walked back", whole),)))
    blocks.append(Note("All operations are counted; a loss only where one is named."))
    blocks += map(Note, found.notes)
    if model:
        base = f"orderof gradient {model}{' ' + options if options else ''}"
        blocks.append(Next((f"{base} --json", f"orderof explain {model}")))
    head: list[tuple[Cell, ...]] = [("ways to the gradient",)]
    if sizes:
        head.append((Sizes(tuple(sizes.items())),))
    return Doc(found.model, tuple(blocks), Facts(tuple(Fact("", h) for h in head)))


def _table(found: Ways, ways: Sequence[Way], title: str, first: int) -> Table:
    sizes = dict(found.dims)
    counted = any(w.again is not None for w in ways)
    columns = [Column(title), Column("operations", Kind.EXACT), Column("times", Kind.EXACT)]
    if counted:
        columns += [Column("run again" if ways[0].again == 0 else "steps", Kind.EXACT)]
        columns += [Column("numbers kept", Kind.EXACT)]
    rows: list[Row] = []
    for w in ways:
        n = w.ops.at(sizes)
        cells: list[Cell] = [w.name, Amount(n), times(n, first)]
        if counted:
            cells += [w.again, None if w.kept is None else w.kept.at(sizes)]
        rows.append(Row(tuple(cells)))
    return Table(tuple(columns), tuple(rows))


def times(n: int, first: int) -> str:
    """Say how many times as much something is, to three digits."""
    if not first:
        return ""
    ratio = n / first
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"  # noqa: PLR2004


def _formulas(found: Ways) -> Section:
    lines = [FormulaLine("parameters w", found.params)]
    lines += [FormulaLine(w.name, w.ops) for w in found.gradient if len(str(w.ops)) <= _LONG]
    return Section("in letters", tuple(lines))


def dumps(found: Ways) -> str:
    """Write as JSON; integers beyond 2**53 as text too."""
    sizes = dict(found.dims)

    def way(w: Way) -> dict[str, Any]:
        more = {} if w.again is None else {"again": w.again}
        if w.kept is not None:
            more |= {"kept": w.kept.at(sizes)}
        return {"name": w.name, **figure(w.ops, sizes), **more}

    return json.dumps(
        {
            "model": found.model,
            "dims": sizes,
            "params": str(found.params),
            "gradient": list(map(way, found.gradient)),
            "blocks": dict(zip(("scope", "number"), found.blocks, strict=True)),
            "layers": list(map(way, found.layers)),
            "time": list(map(way, found.time)),
        },
        indent=2,
    )
