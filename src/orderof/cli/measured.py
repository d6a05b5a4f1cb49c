"""What was measured beside what was derived, as a Doc and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orderof.doc import (
    Block,
    Cell,
    Column,
    Doc,
    Fact,
    Facts,
    Kind,
    Next,
    Note,
    Row,
    Sizes,
    Table,
)

if TYPE_CHECKING:
    from orderof.analyses.fit import Fit, Slope
    from orderof.result import Result


def report(result: Result, letter: str, found: Fit, typed: str) -> Doc:
    """Give the report: the verdict first, then the points."""
    facts = [
        Fact("measured", (f"time grows as {letter}**{_slope(found.measured)}",)),
        Fact("derived", (f"operations grow as {letter}**{found.derived:.3g} over these sizes",)),
    ]
    if found.above is not None:
        text = (
            f"time grows as {letter}**{_slope(found.above)}, operations as "
            f"{letter}**{found.derived_above:.3g}"
        )
        facts.append(Fact(f"above {found.overheads_below}", (text,)))
    facts.append(Fact("verdict", (_verdict(found, letter),)))
    blocks: list[Block] = [Facts(tuple(facts)), _points(found, letter)]
    blocks.append(
        Note(
            "The median of the runs, the first of which is left out; the interval is of 95 %."
            " Times are of this machine, with whatever else runs on it."
        )
    )
    blocks.append(Next((f"orderof growth {typed} --in {letter} --operations",)))
    others = tuple((k, n) for k, n in result.dims.items() if k != letter)
    head: list[tuple[Cell, ...]] = [(f"{letter} varied on the CPU",)]
    if others:
        head.append((Sizes(others),))
    return Doc(result.model, tuple(blocks), Facts(tuple(Fact("", h) for h in head)))


def _slope(found: Slope) -> str:
    return f"{found.value:.3g} ± {found.margin:.2g}"


def _verdict(found: Fit, letter: str) -> str:
    below = found.overheads_below
    rule = f"; up to {letter} = {below:,} constant overheads rule" if below is not None else ""
    if found.agrees:
        return f"they agree{rule}"
    measured = found.above or found.measured
    derived = found.derived_above if found.above else found.derived
    way = "less" if measured.value < derived else "more"
    return f"they do not agree: time grows {way} than operations do{rule}"


def _points(found: Fit, letter: str) -> Table:
    columns = (
        Column(letter, Kind.EXACT),
        Column("time"),
        Column("runs", Kind.EXACT),
        Column("operations", Kind.AMOUNT),
        Column("operations per second", Kind.AMOUNT),
    )
    rows = [
        Row((p.size, f"{p.typical:.4g} s", len(p.seconds), p.operations, int(p.rate)))
        for p in found.points
    ]
    return Table(columns, tuple(rows))


def dumps(result: Result, letter: str, found: Fit) -> str:
    """Write as JSON."""
    slopes = {"measured": found.measured, "above": found.above}
    data = {
        "model": result.model,
        "letter": letter,
        "dims": dict(result.dims),
        **{k: s and {"slope": s.value, "margin": s.margin} for k, s in slopes.items()},
        "derived": found.derived,
        "derived_above": found.derived_above,
        "overheads_below": found.overheads_below,
        "agrees": found.agrees,
        "points": [
            {"size": p.size, "seconds": list(p.seconds), "operations": p.operations}
            for p in found.points
        ],
    }
    return json.dumps(data, indent=2)
