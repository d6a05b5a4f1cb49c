"""An Explanation as JSON: the same figures as its report, for programs.

1. A figure is {"value": int, "formula": text}. A value beyond 2**53, where readers that hold
   numbers as doubles lose digits, has a twin `value_exact`: the same digits as a string.
2. Counts of an operator are those of one run; `all_runs` are those of all.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orderof.ops import span, traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orderof.analyses.explain import Explanation, Gradient, Item, Part, Points
    from orderof.counts import Counts
    from orderof.sym import Expr

SCHEMA_VERSION = 1
SAFE = 2**53
"""Doubles hold every integer up to here."""

Json = dict[str, Any]


def dumps(found: Explanation) -> str:
    """Write as one JSON object."""
    dims = dict(found.dims)
    whole = {
        "schema_version": SCHEMA_VERSION,
        "model": found.model,
        "scope": found.scope,
        "kind": found.kind,
        "phase": str(found.phase),
        "dims": dims,
        **_counts(found.counts, dims),
        "operators": [_item(i, dims) for i in found.items],
        "free": list(found.free),
        "loops": [{"scope": path, "trip": _figure(n, dims)} for path, n in found.loops],
        "unknown": list(found.unknown),
        "notes": list(found.notes),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False)


def _figure(e: Expr, dims: Mapping[str, int]) -> Json:
    value = e.at(dims)
    exact = {"value_exact": str(value)} if abs(value) > SAFE else {}
    return {"value": value, **exact, "formula": str(e)}


def _counts(counts: Counts, dims: Mapping[str, int]) -> Json:
    return {"macs": _figure(counts.macs(), dims), "operations": _figure(counts.ops(), dims)}


def _item(item: Item, dims: Mapping[str, int]) -> Json:
    read, written = traffic(item.node)
    operands = zip(item.node.operands, item.names, strict=True)
    return {
        "op": item.node.op,
        "scopes": list(item.scopes),
        "rule": item.rule.where if item.rule else None,
        "source": (item.rule.source or None) if item.rule else None,
        "called_at": item.node.source,
        "operands": [{"type": str(v.type), "name": name} for v, name in operands],
        "results": [str(v.type) for v in item.node.results],
        "nest": _points(item.points, dims) if item.points else None,
        "parts": _parts(item.parts, dims),
        **_counts(item.counts, dims),
        "runs": _figure(item.times, dims),
        "all_runs": _counts(item.total, dims),
        "bytes_read": _figure(read, dims),
        "bytes_written": _figure(written, dims),
        "span": _figure(span(item.node), dims),
        "gradients": [_gradient(g, dims) for g in item.gradients],
    }


def _points(p: Points, dims: Mapping[str, int]) -> Json:
    return {
        "indices": p.signature,
        "body": p.body,
        "reduce": p.reduce,
        "axes": [{"name": name, **_figure(n, dims)} for name, n in p.axes],
        "each_point": {str(kind): n for kind, n in p.each},
        "points": _figure(p.points, dims),
        "outputs": _figure(p.outputs, dims),
        "mac": p.mac,
    }


def _parts(parts: Iterable[Part], dims: Mapping[str, int]) -> list[Json]:
    return [
        {"op": p.op, "indices": p.how, "depth": p.depth, **_counts(p.counts, dims)} for p in parts
    ]


def _gradient(g: Gradient, dims: Mapping[str, int]) -> Json:
    return {"of": list(g.operands), **_counts(g.counts, dims), "parts": _parts(g.parts, dims)}
