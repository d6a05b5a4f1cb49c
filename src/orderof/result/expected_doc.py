"""What a model costs on average as a Doc: the means first, then each way through the choices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orderof.doc import (
    AtLeast,
    Block,
    Cell,
    Column,
    Doc,
    Fact,
    Facts,
    Kind,
    Level,
    Next,
    Note,
    Row,
    Section,
    Table,
    figure,
)
from orderof.result.dims import Dims
from orderof.result.report import TERMS, costs, measure, summary
from orderof.result.serial import OWN, TOTALS

if TYPE_CHECKING:
    from fractions import Fraction

    from orderof.result.expected import Expected, Mean, Way
    from orderof.result.result import Cost, Result

ASKED = "as was asked for"
"""With this ends the note of a choice, which the name of a way says as well."""


def report(found: Expected, typed: str = "", options: str = "") -> Doc:
    """Give the report; `typed` is the model and `options` the others, as they were typed."""
    first = found.ways[0].result
    blocks: list[Block] = [_means(found), _ways(found), Note(_chance(found)), *_unknown(found)]
    if assumed := _assumed(found):
        blocks.append(Facts(tuple(Fact("assumed", (text,)) for text in assumed)))
    blocks.extend(Note(text) for text in _notes(found))
    if typed:
        rest = f" {options}" if options else ""
        commands = (f"orderof {typed}{rest} --cond {name}" for name in ("first", "second"))
        blocks.append(Next(tuple(commands)))
    return Doc(first.model, tuple(blocks), summary(first))


def _means(found: Expected) -> Table:
    """Give the mean of every phase; in letters as a sum and the number it is divided by."""
    rows: list[Row] = []
    means: list[Mean] = []
    for name, attribute in _phases(found).items():
        cost = found.phase(attribute)
        if cost is None:
            continue
        total, ops = cost.total(), cost.ops
        means.append(total)
        figures = [_bound(found, total() or None), _bound(found, ops())]
        cells = (name, *figures[_own(found) :], *_formula(total))
        rows.append(Row(cells, strong=name == "step"))
    columns = [Column("on average"), *_amounts(found)]
    if any(mean.sum.expr.symbols() for mean in means):
        columns.append(Column("in letters", Kind.FORMULA))
        columns.extend([Column("over", Kind.EXACT)] if any(m.over > 1 for m in means) else ())
    cut = (Row(row.cells[: len(columns)], strong=row.strong) for row in rows)
    return Table(tuple(columns), tuple(cut))


def _own(found: Expected) -> int:
    """Where figures begin: a convention that counts all operations has no column of its own."""
    return 1 if found.ways[0].result.as_ == "orderof" else 0


def _amounts(found: Expected) -> list[Column]:
    names = [measure(found.ways[0].result), "operations"]
    return [Column(name, Kind.AMOUNT) for name in names[_own(found) :]]


def _formula(mean: Mean) -> tuple[Cell, Cell]:
    n = sum(1 for _ in mean.sum.expr.terms())
    if not n:
        return None, None
    return mean.sum.expr if n <= TERMS else f"a sum of {n} terms", mean.over


def _phases(found: Expected) -> dict[str, str]:
    """Give the phases that any way has, as they are shown, with the attributes that hold them."""
    shown = {name: None for way in found.ways for name, _ in costs(way.result)}
    return {name: name.partition(" ")[0] for name in sorted(shown, key=_place)}


def _place(name: str) -> int:
    return TOTALS.index(name.partition(" ")[0])


def _ways(found: Expected) -> Section:
    rows: list[Row] = []
    for way in found.ways:
        whole = _whole(way.result)
        figures = [whole.total()() or None, whole.ops()]
        rows.append(Row((_taken(way), found.probability(way), *figures[_own(found) :])))
    columns = (Column("torch.cond takes its"), Column("probability", Kind.EXACT), *_amounts(found))
    of = "one step" if found.step else "the forward pass"
    return Section(f"each way, {of}", (Table(columns, tuple(rows)),))


def _taken(way: Way) -> str:
    return ", then within it ".join(way.taken)


def _whole(result: Result) -> Cost:
    return result.step or result.forward


def _chance(found: Expected) -> str:
    within = ", independently of the one it stands in" if len(found.ways[0].taken) > 1 else ""
    return (
        f"every torch.cond that values decide takes its first function with probability {found.p}"
        f"{within}"
    )


def _bound(found: Expected, value: int | Fraction | None) -> Cell:
    whole = all(way.result.coverage.complete for way in found.ways)
    return value if value is None or whole else AtLeast(value)


def _unknown(found: Expected) -> list[Block]:
    """Name the operators without a rule of any way."""
    ways = (way.result.coverage.unknown for way in found.ways)
    names = dict.fromkeys(u.op for unknown in ways for u in unknown)
    text = f"without a rule: {', '.join(names)}; every figure is a lower bound"
    return [Note(text, Level.WARNING)] if names else []


def _assumed(found: Expected) -> list[str]:
    """Say for which sizes the means hold: where all ways do."""
    dims = found.forward.ops.sum.dims
    ranges = dims.ranges if isinstance(dims, Dims) else {}
    limits = (text for name, allowed in ranges.items() for text in allowed.text(name))
    rest = (text for way in found.ways for text in way.result.assumptions)
    return list(dict.fromkeys((*limits, *rest)))


def _notes(found: Expected) -> list[str]:
    """Give the notes that hold for every way, then those of single ways; which is which is said."""
    first, *others = (way.result.notes for way in found.ways)
    shared = [text for text in first if all(text in notes for notes in others)]
    own = (
        f"{_taken(way)}: {text}"
        for way in found.ways
        for text in way.result.notes
        if text not in shared and not text.endswith(ASKED)
    )
    if len({way.result.rows for way in found.ways}) == 1:
        shared.append("every way costs the same: no torch.cond is left open, or it does not matter")
    return [*shared, *own]


def dumps(found: Expected) -> str:
    """Write as JSON; integers beyond 2**53 as text too."""
    first = found.ways[0].result
    data = {
        "model": first.model,
        "dims": dict(first.dims),
        "mode": first.mode,
        "train": first.train,
        "as": first.as_,
        "probability": str(found.p),
        "expected": {name: _means_of(found, name) for name in TOTALS},
        "ways": [_way(found, way) for way in found.ways],
        "complete": all(way.result.coverage.complete for way in found.ways),
        "assumed": _assumed(found),
        "notes": _notes(found),
    }
    return json.dumps(data, indent=2)


def _means_of(found: Expected, name: str) -> dict[str, Any] | None:
    cost = found.phase(name)
    if cost is None:
        return None
    figures = {"macs": cost.macs, "flops": cost.flops, "ops": cost.ops}
    if found.ways[0].result.as_ not in OWN:
        figures["total"] = cost.total()
    return {key: _mean(mean) for key, mean in figures.items()}


def _mean(mean: Mean) -> dict[str, Any]:
    """Write a mean as what is divided, and by what."""
    return {**figure(mean.sum.expr, mean.sum.dims), "over": mean.over}


def _way(found: Expected, way: Way) -> dict[str, Any]:
    whole, dims = _whole(way.result), way.result.dims
    return {
        "takes": list(way.taken),
        "probability": str(found.probability(way)),
        "total": figure(whole.total().expr, dims),
        "macs": figure(whole.macs.expr, dims),
        "ops": figure(whole.ops.expr, dims),
    }
