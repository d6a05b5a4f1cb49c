"""A Derivation as JSON: every step with its equation and counts, every sum with its order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orderof.doc import figure
from orderof.written.notation import TEXT, write

if TYPE_CHECKING:
    from orderof.analyses.derivation.types import Chapter, Derivation, Layer, Step
    from orderof.sym import Expr
    from orderof.sym.growth import Order


def dumps(found: Derivation) -> str:
    """Write as JSON; integers beyond 2**53 as text too."""
    dims = found.dims
    return json.dumps(
        {
            "model": found.model,
            "train": found.train,
            "dims": dims,
            "letters": [{"name": x.name, "size": x.size, "is": x.meaning} for x in found.letters],
            "given": [
                {"symbol": g.symbol, "is": g.what, "role": g.role, "shape": _texts(g.shape)}
                for g in found.given
            ],
            "chapters": [_chapter(c, dims) for c in found.chapters],
            "sums": [
                {"of": w.name, "written": write(w.written, TEXT), **figure(w.value, dims),
                 "order": _order(w.order)}
                for w in found.wholes
            ],
            "essay": [
                {"of": c.what, "counted": str(c.counted), "essay": str(c.essay), "why": c.why}
                for c in found.contrasts
            ],
            "unknown": list(found.unknown),
            "notes": list(found.notes),
        },
        indent=2,
    )  # fmt: skip


def _texts(sizes: tuple[Expr, ...]) -> list[str]:
    return list(map(str, sizes))


def _order(found: Order | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"is": str(found), "proof": list(found.certificate.lines())}


def _chapter(c: Chapter, dims: dict[str, int]) -> dict[str, Any]:
    return {
        "of": c.part,
        "layers": [_layer(x, dims) for x in c.layers],
        "kinds": {k: figure(n, dims) for k, n in c.kinds.items()},
        "operations": figure(c.total, dims),
        "order": _order(c.order),
        "cases": [
            {"if": x.says, "formula": str(x.value), "order": _order(x.order)} for x in c.cases
        ],
    }


def _layer(x: Layer, dims: dict[str, int]) -> dict[str, Any]:
    like = x.like.steps[0].number if x.like else None
    steps = [_step(s, dims) for s in x.steps]
    return {
        "scope": x.scope, "kind": x.kind, "like": like, "steps": steps,
        "operations": figure(x.ops, dims), "order": _order(x.order),
    }  # fmt: skip


def _step(s: Step, dims: dict[str, int]) -> dict[str, Any]:
    return {
        "number": s.number,
        "op": s.op,
        "defines": {name: _texts(sizes) for name, sizes in s.defines},
        "uses": list(s.uses),
        "equation": write(s.equation, TEXT) if s.equation is not None else s.says,
        "where": {name: write(stands, TEXT) for name, stands in s.where},
        "ranges": {name: str(n) for name, n in s.ranges},
        "turns": {t.index: str(t.trip) for t in s.turns},
        "counts": [
            {"kind": c.kind, "written": write(c.written, TEXT), **figure(c.value, dims)}
            for c in s.counts
        ],
    }
