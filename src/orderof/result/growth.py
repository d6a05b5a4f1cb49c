"""How a Result grows, as a Doc: the order in each letter, where terms cross, and the proof."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orderof.doc import (
    Block,
    Cell,
    Column,
    Doc,
    Fact,
    Facts,
    FormulaLine,
    Next,
    Note,
    Row,
    Section,
    Sizes,
    Table,
)
from orderof.errors import Error, Indivisible, UnknownDim
from orderof.result.dims import Dims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.result.formula import Formula
    from orderof.result.result import Cost, Result
    from orderof.sym.growth import Order


_LONG = 4
"""Constants of more terms are given as numbers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be said of a growth."""

    letters: tuple[str, ...] = ()
    """In which letters; by default in each."""
    within: int | None = None
    """A budget, for the largest size of each letter."""
    operations: bool = False
    """Of all operations, not of the contractions."""
    model: str = ""
    options: str = ""


def growth(result: Result, asked: Asked | None = None) -> Doc:
    """Give the report: of the step where the model is trained, else of the forward pass.

    Raises `UnknownDim` for a letter that the model does not have.
    """
    asked = asked or Asked()
    name, cost = (
        ("step", result.step) if result.step is not None else ("forward pass", result.forward)
    )
    f, of = _formula(cost, asked.operations)
    letters = asked.letters or tuple(x for x in result.dims if x in f.expr.symbols())
    for letter in letters:
        if letter not in result.dims:
            hint = f"the dims are {', '.join(result.dims) or 'none'}"
            raise UnknownDim(letter, "is no dim of this model", hint)
    orders = {letter: _order(f, letter) for letter in letters}
    blocks: list[Block] = [_table(f, orders, asked.within)]
    if len(letters) > 1:
        together = _order(f, *letters)
        orders[", ".join(letters)] = together
        blocks.append(FormulaLine("in all of them", together.expr))
    blocks.append(_proofs(f, orders))
    if asked.model:
        blocks.append(_next(asked, letters))
    head: list[tuple[Cell, ...]] = [(f"{of} of the {name}",)]
    if result.dims:
        head.append((Sizes(tuple(result.dims.items())),))
    return Doc(result.model, tuple(blocks), Facts(tuple(Fact("", h) for h in head)))


def _formula(cost: Cost, operations: bool) -> tuple[Formula, str]:  # noqa: FBT001
    if operations or not cost.flops.expr:
        return cost.ops, "operations"
    return cost.flops, "FLOP"


def _order(f: Formula, *letters: str) -> Order:
    """Find an order; where its constants are long, for the other letters at their sizes."""
    found = f.order(*letters)
    if len(list(found.certificate.upper.expr.terms())) <= _LONG:
        return found
    fixed = {k: n for k, n in f.dims.items() if k not in letters and k in f.expr.symbols()}
    try:
        other = replace(f, expr=f.expr.subs(fixed)).order(*letters)
    except Indivisible:  # of quotients with numbers below there is no formula
        return found
    return replace(other, fixed=fixed)


def _table(f: Formula, orders: dict[str, Order], within: int | None) -> Table:
    columns = [
        Column("in"),
        Column("grows as"),
        Column("power here"),
        Column("its highest power passes the next where"),
    ]
    if within is not None:
        columns.append(Column(f"largest within {within:,}"))
    rows: list[Row] = []
    for letter, found in orders.items():
        at = {letter: f.dims[letter]}
        cells: list[Cell] = [letter, str(found), f"{f.local_slope(**at):.3g}", _crossing(f, letter)]
        if within is not None:
            cells.append(_largest(f, letter, within))
        rows.append(Row(tuple(cells)))
    return Table(tuple(columns), tuple(rows))


def _crossing(f: Formula, letter: str) -> str | None:
    """Where the highest power of a letter outweighs the next; None where it never does."""
    try:
        found = f.crossover(letter)
    except Error:
        return None
    if found is None:
        return None
    n, text = found.at(f.dims), str(found)
    if len(list(found.above.terms())) + len(list(found.below.terms())) > _LONG:
        text = letter
    return f"{text} = {n:,.6g}" if n >= 1 else f"{text} = {n:.3g}"


def _largest(f: Formula, letter: str, within: int) -> str:
    try:
        return f"{letter} = {f.largest(letter, within=within):,}"
    except Error:
        return "any"


def _proofs(f: Formula, orders: dict[str, Order]) -> Section:
    facts = [Fact(letters, _proof(found)) for letters, found in orders.items()]
    steps = dict.fromkeys(str(s) for o in orders.values() for s in o.certificate.steps)
    where: list[Fact] = [Fact("where", ("f =", f.expr))]
    where += [Fact("", (step,)) for step in steps]
    note = Note("Letters that do not grow stay in the constants, and are 1 or more.")
    return Section("proof", (Facts((*facts, *where)), note, *_ranges(f)))


def _proof(found: Order) -> tuple[Cell, ...]:
    if not found.fixed:
        return (found.certificate.says("f"),)
    return (found.certificate.says("f"), "with", Sizes(tuple(found.fixed.items())))


def _ranges(f: Formula) -> Sequence[Block]:
    ranges = f.dims.ranges if isinstance(f.dims, Dims) else {}
    limits = [text for name, allowed in ranges.items() for text in allowed.text(name)]
    return [Note(f"The formula holds where {' and '.join(limits)}.")] if limits else []


def _next(asked: Asked, letters: Sequence[str]) -> Next:
    options = f" {asked.options}" if asked.options else ""
    base = f"orderof growth {asked.model}{options}"
    more = [f"{base} --operations"] if not asked.operations else []
    if letters and asked.within is None:
        more.append(f"{base} --in {letters[-1]} --within 1e15")
    return Next((*more, f"orderof {asked.model}{options} --json"))
