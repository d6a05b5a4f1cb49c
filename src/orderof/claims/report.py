"""Claims with their answers as a Doc, and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orderof.doc import (
    Amount,
    Block,
    Cell,
    Column,
    Doc,
    Fact,
    Facts,
    Next,
    Note,
    Row,
    Section,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orderof.claims.types import Answer, Claim

    Answered = Sequence[tuple[Claim, Answer]]

COUNTED, MEASURED = "by count", "by the clock"


def report(found: Answered, machine: str = "") -> Doc:
    """Give the report: all verdicts, then each claim with its evidence."""
    columns = (Column("claim"), Column("verdict"), Column("as stated"))
    rows = tuple(Row((c.name, str(a.verdict), c.stated)) for c, a in found)
    blocks: list[Block] = [Table(columns, rows)]
    blocks += [_claim(c, a) for c, a in found]
    if machine:
        blocks.append(Note(f"Times are of one machine: {machine}."))
    blocks.append(Note("Counts are exact; what is measured changes from machine to machine."))
    blocks.append(Next(("orderof claims backward", "orderof claims --format markdown")))
    return Doc("Claims about what networks cost", tuple(blocks))


def _claim(c: Claim, a: Answer) -> Section:
    blocks: list[Block] = [Facts((Fact(str(a.verdict), (a.why,)),))]
    for title, facts in ((COUNTED, a.counted), (MEASURED, a.measured)):
        if facts:
            blocks.append(Section(title, (Facts(facts),)))
    return Section(f"{c.name}: {c.stated}", tuple(blocks))


def dumps(found: Answered, machine: str, figures: Mapping[str, Mapping[str, float]]) -> str:
    """Write as JSON, with what the experiments gave."""

    def say(facts: tuple[Fact, ...]) -> list[dict[str, object]]:
        return [{"of": f.label, "is": [_plain(cell) for cell in f.parts]} for f in facts]

    answers = [
        {
            "name": c.name,
            "stated": c.stated,
            "verdict": str(a.verdict),
            "why": a.why,
            "counted": say(a.counted),
            "measured": say(a.measured),
            "figures": dict(figures.get(c.experiment, {})),
        }
        for c, a in found
    ]
    return json.dumps({"machine": machine, "claims": answers}, indent=2)


def _plain(cell: Cell) -> int | str | None:
    """Give a cell as JSON has it: a number stays one."""
    match cell:
        case int() | str() | None:
            return cell
        case Amount(value):
            return value
        case _:
            return str(cell)
