"""A Result as JSON, and back. `schema/result.schema.json` describes what is written.

1. Integers are exact. One beyond 2**53, where readers that hold numbers as doubles lose digits, has
   a twin: the same digits as a string, under the same name with `_exact` behind it.
2. A formula is the text of a Python expression that `orderof.sym.parse` reads back.
3. Totals, params and modules are for readers; `rows` hold the whole count, and `loads` reads these.
4. Lists are in a fixed order. A phase that was not asked for is null. So are the MACs and FLOPs of
   an optimizer that has no contractions.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from orderof.analyses.experts import Routing
from orderof.analyses.work import Coverage, Params, Row, Unknown
from orderof.conventions import convention
from orderof.counts import Counts, Kind
from orderof.errors import BadSpelling
from orderof.ir.graph import Phase
from orderof.result.dims import Dims
from orderof.result.formula import Formula
from orderof.result.result import Cost, Module, Result
from orderof.result.version import version
from orderof.sym import Expr, Range, const, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_VERSION = 1
SAFE = 2**53
"""Doubles hold every integer up to here."""
OWN = frozenset({"flops", "macs", "orderof"})
"""Conventions that need no figure of their own: macs, flops and ops."""
TOTALS = ("forward", "loss", "backward", "recompute", "optimizer", "step", "mask")
"""The keys of `totals` and `formulas`: attributes of a Result."""

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | None"
Json: TypeAlias = dict[str, Any]
"""An object whose fields are read or written by name."""


def dumps(result: Result) -> str:
    """Write a Result as one JSON object, one entry of each long list on a line."""
    fields = ",\n".join(f"{json.dumps(k)}: {_lines(_twins(v))}" for k, v in _whole(result).items())
    return f"{{\n{fields}\n}}"


def loads(text: str) -> Result:
    """Read what `dumps` wrote; raises `BadSpelling` for anything else."""
    try:
        data: Json = json.loads(text)
        if data["schema_version"] != SCHEMA_VERSION:
            message = f"is in version {data['schema_version']} of the format, not {SCHEMA_VERSION}"
            raise BadSpelling("result", message, "read it with the orderof that wrote it")
        return _result({key: _untwined(value) for key, value in data.items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "give what `orderof MODEL --json` wrote"
        raise BadSpelling("result", f"is no JSON that orderof wrote ({error!r})", hint) from error


def _lines(value: Tree) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(json.dumps, value)) + "\n]"
    return json.dumps(value)


def _twins(value: Tree) -> Tree:
    """Give every integer beyond 2**53 its twin."""
    if isinstance(value, list):
        return [_twins(v) for v in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Tree] = {}
    for key, v in value.items():
        out[key] = _twins(v)
        if isinstance(v, int) and abs(v) > SAFE:
            out[f"{key}_exact"] = str(v)
    return out


def _untwined(value: Tree) -> Tree:
    """Take the twins out again."""
    if isinstance(value, list):
        return [_untwined(v) for v in value]
    if not isinstance(value, dict):
        return value
    twins = {f"{k}_exact" for k, v in value.items() if isinstance(v, int) and abs(v) > SAFE}
    return {k: _untwined(v) for k, v in value.items() if k not in twins}


def _whole(result: Result) -> Json:
    params = result.params
    parts = {
        "total": params.total,
        "trainable": params.trainable,
        "frozen": params.frozen,
        "buffers": params.buffers,
        "active": params.active,
    }
    costs = {name: getattr(result, name) for name in TOTALS}
    return {
        "schema_version": SCHEMA_VERSION,
        "version": version(),
        "model": result.model,
        "dims": dict(result.dims),
        "ranges": _ranges(result),
        "mode": result.mode,
        "train": result.train,
        "as": result.as_,
        "params": {name: _valued(f) for name, f in parts.items()},
        "totals": {name: _totals(name, cost) for name, cost in costs.items()},
        "formulas": {name: _formulas(name, cost) for name, cost in costs.items()},
        "modules": _modules(result, costs),
        "rows": [_row(row) for row in result.rows],
        "experts": [_routing(r) for r in result.experts],
        "coverage": _coverage(result),
        "assumptions": list(result.assumptions),
        "notes": list(result.notes),
    }


def _ranges(result: Result) -> Json:
    """Give the letters that stand for some sizes only."""
    found = result.dims.ranges if isinstance(result.dims, Dims) else {}
    return {
        name: {"multiple": r.multiple, "least": r.least, "most": r.most}
        for name, r in found.items()
    }


def _valued(f: Formula) -> Json:
    return {"value": f(), "formula": str(f)}


def _figures(name: str, cost: Cost) -> dict[str, Formula | None]:
    """Give MACs, FLOPs, all operations, and the total of a convention that is none of these."""
    blank = name == "optimizer" and not cost.macs.expr
    found: dict[str, Formula | None] = {
        "macs": None if blank else cost.macs,
        "flops": None if blank else cost.flops,
        "ops": cost.ops,
    }
    return found if cost.as_ in OWN else {**found, "total": cost.total()}


def _totals(name: str, cost: Cost | None) -> Json | None:
    if cost is None:
        return None
    kinds = {
        kind: {dtype: f() for dtype, f in by_dtype.items()} for kind, by_dtype in cost.kinds.items()
    }
    return {k: f and f() for k, f in _figures(name, cost).items()} | {"kinds": kinds}


def _formulas(name: str, cost: Cost | None) -> Json | None:
    if cost is None:
        return None
    return {k: f and str(f) for k, f in _figures(name, cost).items()}


def _modules(result: Result, costs: Mapping[str, Cost | None]) -> list[Json]:
    by_phase = {name: cost.by_module() for name, cost in costs.items() if cost}
    none = Cost((), result.dims, result.as_)
    out: list[Json] = []
    for module in result.modules:
        found = {name: costs.get(module.path, none) for name, costs in by_phase.items()}
        figures = {name: _figures(name, cost) for name, cost in found.items()}
        out.append(
            {
                "path": module.path,
                "class": module.kind,
                "count": _valued(Formula(module.count, result.dims)),
                "totals": {n: {k: f and f() for k, f in fs.items()} for n, fs in figures.items()},
                "formulas": {
                    n: {k: f and str(f) for k, f in fs.items()} for n, fs in figures.items()
                },
            }
        )
    return out


def _row(row: Row) -> Json:
    counts: dict[str, dict[str, str]] = {}
    for (kind, dtype), n in row.counts:
        counts.setdefault(str(kind), {})[dtype] = str(n)
    told = {} if row.told is None else {"as": str(row.told)}
    return {"scope": row.scope, "phase": str(row.phase), "op": row.op, "counts": counts} | told


def _routing(found: Routing) -> Json:
    parts = ("chosen", "of", "tokens", "weights")
    return {name: str(getattr(found, name)) for name in parts}


def _coverage(result: Result) -> Json:
    found = result.coverage
    return {
        "complete": found.complete,
        "ops": found.ops,
        "free": found.free,
        "unknown": [
            {
                "op": u.op,
                "scope": u.scope,
                "source": u.source,
                "times": _valued(Formula(u.times, result.dims)),
            }
            for u in found.unknown
        ],
    }


def _result(data: Json) -> Result:
    convention(data["as"])
    params = data["params"]
    return Result(
        model=data["model"],
        dims=_dims(data),
        mode=data["mode"],
        train=data["train"],
        rows=tuple(map(_read_row, data["rows"])),
        modules=tuple(
            Module(m["path"], m["class"], _read(m["count"]["formula"])) for m in data["modules"]
        ),
        coverage=_read_coverage(data["coverage"]),
        parameters=Params(
            *(_read(params[k]["formula"]) for k in ("trainable", "frozen", "buffers"))
        ),
        assumptions=tuple(data["assumptions"]),
        notes=tuple(data["notes"]),
        as_=data["as"],
        experts=tuple(Routing(**{k: _read(n) for k, n in r.items()}) for r in data["experts"]),
    )


def _read_row(data: Json) -> Row:
    counts = Counts(
        {
            (Kind(kind), dtype): _read(n)
            for kind, by_dtype in data["counts"].items()
            for dtype, n in by_dtype.items()
        }
    )
    told = _read(data["as"]) if "as" in data else None
    return Row(data["scope"], Phase(data["phase"]), data["op"], counts, told)


def _read_coverage(data: Json) -> Coverage:
    unknown = (
        Unknown(u["op"], u["scope"], u["source"], _read(u["times"]["formula"]))
        for u in data["unknown"]
    )
    return Coverage(data["ops"], data["free"], tuple(unknown))


@functools.lru_cache(maxsize=1 << 12)
def _read(text: str) -> Expr:
    """Parse a formula; most of a recorded model are integers."""
    return const(int(text)) if text.isdecimal() else parse(text)


def _dims(data: Json) -> Dims:
    ranges = {k: Range(**r) for k, r in data["ranges"].items()}
    return Dims(data["dims"], ranges, data["assumptions"])
