"""A comparison of conventions as a Doc, and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orderof.analyses.compare import difference
from orderof.doc import (
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
    Sizes,
    Table,
    figure,
)
from orderof.ir.graph import Phase

if TYPE_CHECKING:
    from orderof.analyses.compare import Account, Comparison, Term
    from orderof.sym import Expr

_LONG = 80
"""A formula of more characters is left to --json."""


def report(found: Comparison, model: str = "", options: str = "") -> Doc:
    """Give the report; `model` and `options` are what was typed."""
    sizes = dict(found.dims)
    blocks: list[Block] = [_figures(found)]
    blocks += [_section(found, ours, theirs) for ours, theirs in found.pairs]
    if found.unknown:
        text = f"{found.unknown} operators have no rule here: every figure is a lower bound"
        blocks.append(Note(text, Level.WARNING))
    blocks += map(Note, found.notes)
    if model:
        base = f"orderof compare {model}{' ' + options if options else ''}"
        names = ",".join(a.convention.name for a in found.accounts)
        blocks.append(Next((f"{base} --as {names} --json", f"{base} --as all")))
    step = found.phases != (Phase.FORWARD,)
    head: list[tuple[Cell, ...]] = [("a step of training" if step else "the forward pass",)]
    if sizes:
        head.append((Sizes(tuple(sizes.items())),))
    return Doc(found.model, tuple(blocks), Facts(tuple(Fact("", h) for h in head)))


def _figures(found: Comparison) -> Table:
    """Give the figure of each, and what it is."""
    sizes = dict(found.dims)
    exact = found.exact.total.at(sizes)
    columns = (
        Column("as"),
        Column("figure", Kind.EXACT),
        Column("in"),
        Column("of all multiply-adds", Kind.EXACT),
        Column("what it counts"),
    )
    rows = [
        Row((a.convention.name, n, a.convention.unit, _ratio(n, exact), a.convention.about))
        for a in found.accounts
        for n in (a.total.at(sizes),)
    ]
    first = Row(("macs", exact, "MAC", _ratio(exact, exact), found.exact.convention.about))
    named = any(a.convention.name == "macs" for a in found.accounts)
    return Table(columns, tuple(rows if named else [first, *rows]))


def _ratio(n: int, exact: int) -> str:
    return f"{n / exact:,.4f}" if exact else ""


def _section(found: Comparison, ours: Account, theirs: Account) -> Section:
    """Say term by term why two figures differ; the rows add up to the last one."""
    sizes = dict(found.dims)
    a, b = ours.convention, theirs.convention
    terms = difference(ours, theirs)
    title = f"{b.name} less {a.name}"
    if not terms:
        return Section(title, (Note(f"{b.name} and {a.name} say the same of it"),))
    total = theirs.total - ours.total
    letters = bool(total.symbols() or any(t.amount.symbols() for t in terms))
    columns = [Column("why"), Column("where"), Column("amount", Kind.EXACT)]
    columns += [Column("in letters", Kind.FORMULA)] if letters else []
    rows = [
        Row((t.why, _where(t, a, b), t.amount.at(sizes), *([_short(t.amount)] if letters else ())))
        for t in terms
    ]
    last = (title, "", total.at(sizes), *([_short(total)] if letters else ()))
    return Section(title, (Table(tuple(columns), (*rows, Row(last, strong=True))),))


def _where(term: Term, ours: Any, theirs: Any) -> str:  # noqa: ANN401
    """Name the module that causes a term, or how many do."""
    if not term.places:
        return f"{theirs.each} {theirs.unit} and {ours.each} {ours.unit}"
    first, more = term.places[0][0] or "the network itself", len(term.places) - 1
    return f"{first} and {more} more" if more else first


def _short(e: Expr) -> Cell:
    return e if len(str(e)) <= _LONG else "--json has it"


def dumps(found: Comparison) -> str:
    """Write as JSON; integers beyond 2**53 as text too."""
    sizes = dict(found.dims)

    def term(t: Term) -> dict[str, Any]:
        places = [{"module": path, **figure(e, sizes)} for path, e in t.places]
        return {"why": t.why, **figure(t.amount, sizes), "places": places}

    def one(a: Account) -> dict[str, Any]:
        c = a.convention
        about = {"unit": c.unit, "about": c.about, "source": c.source}
        return {"name": c.name, **figure(a.total, sizes), **about}

    return json.dumps(
        {
            "model": found.model,
            "dims": sizes,
            "phases": list(map(str, found.phases)),
            "macs": figure(found.exact.total, sizes),
            "figures": list(map(one, found.accounts)),
            "differences": [
                {
                    "from": a.convention.name,
                    "to": b.convention.name,
                    **figure(b.total - a.total, sizes),
                    "terms": list(map(term, difference(a, b))),
                }
                for a, b in found.pairs
            ],
            "notes": list(found.notes),
        },
        indent=2,
    )
