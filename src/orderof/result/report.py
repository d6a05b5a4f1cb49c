"""A Result as a Doc: the answer first, then where it goes, then what it rests on."""

from __future__ import annotations

import math
import shlex
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.conventions import convention
from orderof.doc import (
    Amount,
    AtLeast,
    Block,
    Cell,
    Column,
    Doc,
    Fact,
    Facts,
    FormulaLine,
    Kind,
    Level,
    Next,
    Note,
    Row,
    Section,
    Share,
    Sizes,
    Table,
)
from orderof.ir.graph import Phase
from orderof.result.dims import Dims
from orderof.result.modules import dearest, module_table, of_whole
from orderof.result.tree import tree
from orderof.sym import Expr, divisible, symbol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.analyses.experts import Routing
    from orderof.result.formula import Formula
    from orderof.result.result import Cost, Result

MAC_IS = "1 MAC = 2 FLOP"
MEASURES = {"flops": "FLOP", "macs": "MAC", "orderof": "operations"}
"""What a convention's number is called; others are called by the convention."""
TERMS, LEADING = 16, 8
"""A formula of more terms than this is not shown as a whole, and how many of them then are."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How a Result is to be reported."""

    model: str = ""
    """How the model is spelled; without it no next command is named."""
    options: str = ""
    """The other options of the question."""
    depth: int | None = None
    """Levels of the module tree; by default as many as fit 40 rows."""
    top: int = 0
    """How many of the dearest modules to list in place of the tree."""
    explains: bool = True
    """Whether there is a command that explains a figure."""


def report(result: Result, ask: Ask | None = None) -> Doc:
    """Give the report of a Result."""
    ask = ask or Ask()
    blocks: list[Block] = [_phases(result), *_terms(result), *_fewer(result), *_formulas(result)]
    blocks.extend(_rounding(result))
    blocks.extend(module_table(result, measure(result), ask.depth, ask.top))
    blocks.extend((_kinds(result), _parameters(result), *_unknown(result), _basis(result)))
    blocks.extend(Note(text) for text in result.notes)
    if ask.model:
        blocks.append(_next(result, ask))
    return Doc(result.model, tuple(blocks), summary(result))


def measure(result: Result) -> str:
    """Name what the convention of a Result counts."""
    return MEASURES.get(result.as_) or f"{convention(result.as_).unit} as {result.as_}"


def costs(result: Result) -> list[tuple[str, Cost]]:
    """List the phases that a Result has, with the names of their rows; masks are no part of it."""
    found = [
        ("forward", result.forward),
        ("loss", result.loss),
        ("backward", result.backward),
        ("recompute", result.recompute),
        (f"optimizer ({result.train})" if result.train else "optimizer", result.optimizer),
        ("step", result.step),
    ]
    return [(name, cost) for name, cost in found if cost is not None]


def summary(result: Result) -> Facts:
    """Give what stands beside the title: parameters, sizes, the mode."""
    mode = f"{result.mode}, {result.train}" if result.train else result.mode
    parts: list[tuple[Cell, ...]] = [(Amount(result.params()), "parameters")]
    if result.dims:
        parts.append((Sizes(tuple(result.dims.items())),))
    parts.extend(((mode,), (MAC_IS,)))
    return Facts(tuple(Fact("", p) for p in parts))


def bound(result: Result, value: int | Expr | None) -> Cell:
    """Mark a figure as a lower bound where operators are unknown."""
    return value if value is None or result.coverage.complete else AtLeast(value)


def _phases(result: Result) -> Table:
    lines = costs(result)
    own = result.as_ != "orderof" and any(_total(cost) for _, cost in lines)
    letters = any(_formula(cost, own=own).expr.symbols() for _, cost in lines)
    columns = [Column("phase")]
    if own:
        of = " (contractions)" if result.as_ in {"flops", "macs"} else ""
        columns.append(Column(measure(result) + of, Kind.AMOUNT))
    columns.append(Column("operations", Kind.AMOUNT))
    if letters:
        columns.append(
            Column(f"{measure(result)} in letters" if own else "in letters", Kind.FORMULA)
        )
    if result.mask:
        lines.append(("masks, apart", result.mask))
    rows: list[Row] = []
    for name, cost in lines:
        cells: list[Cell] = [name]
        if own:
            cells.append(bound(result, _total(cost)))
        cells.append(bound(result, cost.ops()))
        if letters:
            cells.append(_short(result, _formula(cost, own=own).expr))
        rows.append(Row(tuple(cells), strong=name == "step"))
    return Table(tuple(columns), tuple(rows))


def _terms(result: Result) -> list[Block]:
    """Show a formula of the whole network term by term, over all phases."""
    if not of_whole(result):
        return []
    found: defaultdict[str, list[Expr]] = defaultdict(list)
    for row in result.rows:
        if row.told:
            found[row.op].append(row.told)
    columns = [Column("term"), Column(measure(result), Kind.AMOUNT)]
    sums = {what: Expr.sum(amounts) for what, amounts in found.items()}
    if letters := any(e.symbols() for e in sums.values()):
        columns.append(Column("in letters", Kind.FORMULA))
    rows = [
        Row((what, e.at(result.dims), *([_short(result, e)] if letters else ())))
        for what, e in sums.items()
    ]
    return [Section(f"{measure(result)}, term by term", (Table(tuple(columns), tuple(rows)),))]


def _fewer(result: Result) -> list[Block]:
    """Say why there can be fewer operations than FLOP, where that is so."""
    if result.as_ != "flops" or all(c.ops() >= c.flops() for _, c in costs(result)):
        return []
    text = "fewer operations than FLOP: a sum of n products has n - 1 additions, FLOP counts n"
    return [Note(text)]


def _total(cost: Cost) -> int | None:
    """Evaluate the convention; what it counts nothing of is left blank and is no zero."""
    return cost.total()() or None


def _formula(cost: Cost, *, own: bool) -> Formula:
    return cost.total() if own else cost.ops


def _short(result: Result, e: Expr) -> Cell:
    """Show a formula, or say how long it is; nothing for zero."""
    e = _plain(result, e)
    n = sum(1 for _ in e.terms())
    return (e if n <= TERMS else f"a sum of {n} terms") if n else None


def _formulas(result: Result) -> list[Block]:
    """Give all operations in letters, phase by phase; an unknown operator stays as a symbol."""
    lines = [(name, cost.ops.expr) for name, cost in costs(result)]
    name, last = lines[-1]
    for unknown in result.coverage.unknown:
        last += unknown.times * symbol("".join(c if c.isalnum() else "_" for c in unknown.op))
    lines[-1] = name, last
    plain = [(name, _plain(result, e)) for name, e in lines]
    shown = tuple(FormulaLine(name, *_leading(e)) for name, e in plain if e.symbols())
    if result.as_ == "orderof" or not shown:
        return []
    cut: list[Block] = [Note("--json has all terms")] if any(f.more for f in shown) else []
    return [Section("operations, in letters", (*shown, *cut))]


def _plain(result: Result, e: Expr) -> Expr:
    """Write a formula without rounding, if the sizes of this question leave no rest."""
    found, multiples = divisible(e)
    return e if any(result.dims[name] % n for name, n in multiples.items()) else found


def _rounding(result: Result) -> list[Block]:
    """Say for which sizes the formulas hold as they are shown."""
    shown = [f for _, cost in costs(result) for f in (cost.total().expr, cost.ops.expr)]
    found: dict[str, int] = {}
    for e in shown:
        plain, multiples = divisible(e)
        if multiples and _plain(result, e) == plain:
            found |= {name: math.lcm(n, found.get(name, 1)) for name, n in multiples.items()}
    if not found:
        return []
    where = " and ".join(f"{name} % {n} == 0" for name, n in sorted(found.items()))
    return [Note(f"in letters: as shown where {where}; --json has the formulas for all sizes")]


def _leading(e: Expr) -> tuple[Expr, int]:
    """Keep a short formula whole; of a long one its highest terms, and how many follow."""
    terms = list(e.terms())
    if len(terms) <= TERMS:
        return e, 0
    return Expr(dict(terms[:LEADING])), len(terms) - LEADING


def _kinds(result: Result) -> Section:
    lines = [(name.partition(" ")[0], cost) for name, cost in costs(result)]
    if len(lines) == 1:
        lines = [("operations", lines[0][1])]
    _, whole = lines[-1]
    found = {(k, d): f() for k, by_dtype in whole.kinds.items() for d, f in by_dtype.items()}
    dtypes = len({d for _, d in found}) > 1
    columns = [Column("kind"), *([Column("dtype")] if dtypes else ())]
    columns.extend(Column(name, Kind.AMOUNT) for name, _ in lines)
    columns.append(Column("share", Kind.SHARE))
    total = sum(found.values())
    rows: list[Row] = []
    for (kind, dtype), n in sorted(found.items(), key=lambda item: -item[1]):
        cells: list[Cell] = [kind, *([dtype] if dtypes else ())]
        for _, cost in lines:
            f = cost.kinds.get(kind, {}).get(dtype)
            cells.append(bound(result, f() if f else None))
        rows.append(Row((*cells, Share(n, total))))
    return Section("operations, by kind", (Table(tuple(columns), tuple(rows)),))


def _parameters(result: Result) -> Section:
    params = result.params
    parts = [("trainable", params.trainable), ("frozen", params.frozen)]
    parts.append(("buffers", params.buffers))
    shown = [(name, f) for name, f in parts if f.expr or name == "trainable"]
    if params.idle.expr:
        shown.append(("active for a token", params.active))
    letters = any(f.expr.symbols() for _, f in shown)
    columns = (Column("parameters"), Column("elements", Kind.EXACT))
    if letters:
        columns = (*columns, Column("in letters", Kind.FORMULA))
    rows = [Row((name, f(), *([_short(result, f.expr)] if letters else ()))) for name, f in shown]
    notes = (Note(_met(found, result.dims)) for found in result.experts)
    return Section("", (Table(columns, tuple(rows)), *notes))


def _met(found: Routing, dims: Mapping[str, int]) -> str:
    """Say how many experts are chosen, and how many a batch meets."""
    chosen, of, tokens, most = (
        e.at(dims) for e in (found.chosen, found.of, found.tokens, found.most)
    )
    text = f"{chosen} of {of} experts for each token: operations do not depend on the routing"
    if tokens == 1:
        return text
    mean = f"{float(found.expected(dims)):.4g} on average if all choices are equally likely"
    return f"{text}; {tokens} tokens meet {most} experts at most, {mean}"


def _unknown(result: Result) -> list[Block]:
    unknown = result.coverage.unknown
    if not unknown:
        return []
    columns = (Column("operator"), Column("runs", Kind.TIMES), Column("module"), Column("source"))
    runs: defaultdict[tuple[str, str, str | None], int] = defaultdict(int)
    for u in unknown:
        runs[u.op, u.scope or result.model, u.source] += u.times.at(result.dims)
    rows = tuple(Row((op, n, scope, source)) for (op, scope, source), n in runs.items())
    help_ = (
        "What these operators cost is in no figure. A rule is one declaration in orderof.ops;"
        " --strict refuses to answer without it."
    )
    title = "without a rule: every total is a lower bound"
    return [Section(title, (Table(columns, rows), Note(help_, Level.WARNING)))]


def _basis(result: Result) -> Facts:
    found = result.coverage
    every = found.ops + len(found.unknown)
    ranges = result.dims.ranges if isinstance(result.dims, Dims) else {}
    limits = [text for name, allowed in ranges.items() for text in allowed.text(name)]
    facts = [Fact("assumed", (text,)) for text in (*limits, *result.assumptions)]
    parts: tuple[Cell, ...] = (
        Share(found.ops, every),
        *("of", every, "ops counted,", found.free, "free,", len(found.unknown), "unknown"),
    )
    return Facts((*facts, Fact("coverage", parts)))


def without(options: str, *flags: str) -> str:
    """Leave out flags with their values; what is left begins with a space.

    >>> without("-d B=8 --as fvcore", "--as"), without("--as fvcore", "--as")
    (' -d B=8', '')
    """
    words = iter(shlex.split(options))
    left: list[str] = []
    for word in words:
        if word in flags:
            next(words)
        else:
            left.append(f" {shlex.quote(word)}")
    return "".join(left)


def _next(result: Result, ask: Ask) -> Next:
    options = f" {ask.options}" if ask.options else ""
    commands = [f"orderof {ask.model}{options} --json"]
    path = dearest(tree(result), *Phase)
    if not convention(result.as_).plain:
        rest = without(ask.options, "--as", "--padding", "--vary")
        commands.insert(0, f"orderof compare {ask.model}{rest} --as macs,{result.as_}")
    elif ask.explains and path:
        quoted = f"'{path}'" if "*" in path else path
        commands.insert(0, f"orderof explain {ask.model} {quoted}{options}")
    return Next(tuple(commands))
