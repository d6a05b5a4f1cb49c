"""An Explanation as a Doc: what is counted, formula before number, then what it adds up to."""

from __future__ import annotations

import shlex
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from orderof.analyses.explain import derived_from
from orderof.conventions import convention
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
)
from orderof.errors import BadSpelling
from orderof.ir.forms import Branch, Composite, Irregular, Loop, Move, Series
from orderof.ir.graph import Phase
from orderof.ops import span, traffic
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orderof.analyses.explain import Explanation, Gradient, Item, Part, Points
    from orderof.counts import Counts

WORDS = {"add": "sum", "max": "maximum"}
"""What a reduction makes of the points that meet in one element."""
PLAIN_RATIO = 10
"""An intensity from here on is also given rounded to an integer."""


def report(found: Explanation, model: str = "", options: str = "", as_: str = "flops") -> Doc:
    """Give the report.

    `model` and `options` are what was typed, without the phase; without a model no next command is
    named. `as_` is a convention whose number is given as well.
    """
    say = _Say(found, as_)
    blocks: list[Block] = []
    if len(found.items) > 1:
        blocks.append(say.summary())
    numbered = len(found.items) > 1
    for n, item in enumerate(found.items, 1):
        blocks.append(Section(say.title(item, n if numbered else 0), tuple(say.item(item))))
    blocks.extend(say.notes())
    if model:
        blocks.append(_next(found, model, options))
    head = [(found.kind,)] if found.kind else []
    head += [(f"{found.phase} of {found.model}",)]
    facts: list[tuple[Cell, ...]] = [*head]
    if found.dims:
        facts.append((Sizes(found.dims),))
    facts.append(("1 MAC = 2 FLOP",))
    return Doc(found.scope or found.model, tuple(blocks), Facts(tuple(Fact("", p) for p in facts)))


class _Say:
    """Says what is to be said at the default sizes of an Explanation."""

    def __init__(self, found: Explanation, as_: str) -> None:
        self.found = found
        self.convention = convention(as_)
        if not self.convention.plain:
            hint = f"`orderof compare MODEL --as {as_}` says what it counts, term by term"
            raise BadSpelling(as_, "counts operators and not kinds of operations", hint)
        self.dims = dict(found.dims)

    def title(self, item: Item, number: int) -> str:
        """Name an item: its number, operator and modules."""
        places = item.scopes
        at = places[0] if len(places) == 1 else f"{places[0]} … {places[-1]}"
        start = f"{number}. " if number else ""
        return f"{start}{item.node.op}" + (f" · {at}" if at and at != self.found.scope else "")

    def equals(self, *cells: Cell) -> tuple[Cell, ...]:
        """Put signs of equality between cells; a formula without letters is its number."""
        out: list[Cell] = []
        for cell in cells:
            shown = cell.value if isinstance(cell, Expr) and cell.value is not None else cell
            if not out or shown != out[-1]:
                out.extend(("=", shown) if out else (shown,))
        return tuple(out)

    def worth(self, e: Expr) -> tuple[Cell, ...]:
        """Give a formula and its number."""
        return self.equals(e, e.at(self.dims))

    def product(self, factors: Sequence[Expr]) -> tuple[Cell, ...]:
        """Multiply factors: in letters, in numbers, the product."""
        letters = _between("*", [_factor(f) for f in factors])
        numbers = _between("*", [f.at(self.dims) for f in factors])
        whole = Expr.prod(factors).at(self.dims)
        if len(factors) < 2:  # noqa: PLR2004 - no product
            return self.worth(Expr.prod(factors))
        parts = [*letters, "=", *numbers] if any(f.symbols() for f in factors) else [*numbers]
        return (*parts, "=", whole)

    def summary(self) -> Section:
        """List the items with what all their runs cost, and the sum that is explained."""
        modules = {s for i in self.found.items for s in i.scopes} != {self.found.scope}
        columns = [Column("operator"), *([Column("module")] if modules else ())]
        columns += [Column("runs", Kind.TIMES), *_amounts()]
        rows: list[Row] = []
        for n, item in enumerate(self.found.items, 1):
            name = self.title(item, n).partition(" · ")
            cells: list[Cell] = [name[0], *([name[2]] if modules else ())]
            cells += [item.times.at(self.dims), *self.amounts(item.total)]
            rows.append(Row(tuple(cells)))
        blank: list[Cell] = ["total", *([""] if modules else ()), 1]
        rows.append(Row((*blank, *self.amounts(self.found.counts)), strong=True))
        title = f"{len(self.found.items)} operators, all their runs"
        return Section(title, (_table(columns, rows),))

    def amounts(self, counts: Counts) -> tuple[Cell, Cell]:
        """Give MACs, blank for none, and operations."""
        return counts.macs().at(self.dims) or None, counts.ops().at(self.dims)

    def item(self, item: Item) -> Iterator[Block]:
        """Say all about one operator."""
        facts = [*self.rule(item), *self.types(item)]
        if item.points is not None:
            facts += self.points(item.points)
        elif not item.parts:
            facts += self.given(item)
        if item.parts:
            yield Facts(tuple(facts))
            yield self.parts(item)
            facts = []
        facts += self.totals(item)
        facts += self.bytes(item)
        yield Facts(tuple(facts))
        if item.gradients:
            yield self.gradients(item)

    def rule(self, item: Item) -> Iterator[Fact]:
        """Say where the rule stands and what it is."""
        op, (base, operand), rule = item.node.op, derived_from(item.node.op), item.rule
        where = (f"({rule.where})",) if rule and rule.where else ()
        if operand is not None:
            says = f"{base} with its result and operand x{operand} exchanged"
        elif base:
            says = f"the gradients of {base}, all at once"
        elif isinstance(item.node.form, Composite):
            says = f"{op}, made of other operators"
        else:
            says = f'{op} "{rule.signature}"' if rule and rule.signature else op
        yield Fact("rule", (says, *where))
        by_hand = isinstance(item.node.form, Irregular)
        if rule and rule.source and not by_hand:
            yield Fact("source", (rule.source,))
        if item.node.source:
            yield Fact("called at", (item.node.source,))

    def types(self, item: Item) -> Iterator[Fact]:
        """Say what goes in and what comes out."""
        _, operand = derived_from(item.node.op)
        names, made = list(item.names), ""
        if operand is not None and names:
            names[:1], made = ["g, the gradient of its result"], f"the gradient of its x{operand}"
        for j, (v, name) in enumerate(zip(item.node.operands, names, strict=True)):
            yield Fact(f"x{j}", (str(v.type), *([name] if name else ())))
        many = len(item.node.results) > 1
        for j, v in enumerate(item.node.results):
            yield Fact(f"y{j}" if many else "y", (str(v.type), *([made] if made else ())))

    def points(self, p: Points) -> Iterator[Fact]:
        """Count a Nest by hand."""
        yield Fact("indices", (p.signature,))
        over = f" over {', '.join(p.over)}" if p.over else ""
        joined = f"y = {WORDS[p.reduce]} of {p.body}{over}" if p.reduce else f"y = {p.body}"
        yield Fact("a point", (joined,))
        for name, n in p.axes:
            yield Fact(f"axis {name}", self.worth(n))
        if p.points == Expr.prod(n for _, n in p.axes):
            yield Fact("points", self.product([n for _, n in p.axes]))
        else:
            yield Fact("points", (*self.worth(p.points), "inside the tensor"))
        if p.reduce:
            yield Fact("outputs", self.worth(p.outputs))
        costs = [", ".join(f"{n} {kind}" for kind, n in p.each)] if p.each else []
        costs += [f"1 {p.reduce} for each but the first of an output"] if p.reduce else []
        yield Fact("each point", ("; ".join(costs),))
        for kind, n in p.each:
            start = "points" if n == 1 else f"{n} * points"
            yield Fact(kind, self.equals(start, p.points * n, (p.points * n).at(self.dims)))
        if p.reduce:
            more = "more " if any(k == p.reduce for k, _ in p.each) else ""
            joins = self.equals("points - outputs", p.joins, p.joins.at(self.dims))
            yield Fact(f"{more}{p.reduce}", joins)

    def given(self, item: Item) -> Iterator[Fact]:
        """Say what is counted where there are no points."""
        match item.node.form:
            case Move(reads, writes):
                read, written = Expr.sum(reads), Expr.sum(writes)
                into = ("into", *self.worth(written)) if read != written else ()
                copied = (*self.worth(read), "elements", *into) if read else ()
                filled = () if read else (*self.worth(written), "elements")
                label = "copies" if read else "fills"
                yield Fact(label, (*copied, *filled, "and computes nothing"))
            case Irregular(source=source):
                yield Fact("by hand", (source,))
            case Loop(trip=trip):
                yield Fact("adds up", ("trip - 1 additions for each element; trip", "=", trip))
            case Series(_, index, last):
                yield Fact("adds up", (f"a step for each {index} from 1 to", last))
            case Branch(bodies):
                yield Fact("one of", (f"{len(bodies)} bodies; the most of each kind counts",))
            case _:
                return
        for (kind, _), n in item.counts:
            yield Fact(kind, self.worth(n))

    def parts(self, item: Item) -> Table:
        """List what a Composite consists of, and the sum."""
        rows = [Row(_part(self, p), p.depth) for p in item.parts]
        rows.append(Row(("total", "", *self.amounts(item.counts)), strong=True))
        return _table([Column("operator", Kind.TREE), Column("indices"), *_amounts()], rows)

    def totals(self, item: Item) -> Iterator[Fact]:
        """Say what one run costs, how often it runs, and what all runs cost."""
        macs, ops = item.counts.macs(), item.counts.ops()
        if ops:
            yield Fact("operations", self.worth(ops))
        if macs:
            start = ("points",) if item.points else ()
            yield Fact("MAC", self.equals(*start, macs, macs.at(self.dims)))
            yield Fact("FLOP", self.equals("2 * MAC", 2 * macs, (2 * macs).at(self.dims)))
        if self.convention.name not in {"flops", "macs", "orderof"}:
            yield Fact(self.convention.name, self.worth(self.convention.total(item.counts)))
        if item.times == ONE:
            yield Fact("runs", ("once",))
            return
        yield Fact("runs", (*self.worth(item.times), "times"))
        times, label = item.times.at(self.dims), "in all"
        for name, n in (("MAC", macs), ("operations", ops)):
            if n:
                number = n.at(self.dims)
                yield Fact(label, (times, "*", number, "=", times * number, name))
                label = ""

    def bytes(self, item: Item) -> Iterator[Fact]:
        """Say what memory is read and written, and how much is computed for it."""
        read, written = traffic(item.node)
        alone = ", each operator by itself" if item.parts else ""
        yield Fact("reads", (*self.worth(read), f"bytes{alone}"))
        yield Fact("writes", (*self.worth(written), f"bytes{alone}"))
        total = (read + written).at(self.dims)
        macs, ops = item.counts.macs().at(self.dims), item.counts.ops().at(self.dims)
        done, unit = (2 * macs, "FLOP") if macs else (ops, "operations")
        if done and total:
            ratio = Fraction(done, total)
            cells: list[Cell] = [ratio.numerator, "/", ratio.denominator, f"{unit} per byte"]
            if ratio.denominator == 1:
                cells[1:3] = []
            elif ratio >= PLAIN_RATIO:
                cells += ["= about", round(ratio)]
            yield Fact("intensity", tuple(cells))
        if chain := span(item.node):
            unit = "operation" if chain.at(self.dims) == 1 else "operations in a row"
            yield Fact("span", (*self.worth(chain), unit))

    def gradients(self, item: Item) -> Section:
        """List what the operator's gradients cost."""
        rows = [row for g in item.gradients for row in self.gradient(item, g)]
        if sum(bool(g.parts) for g in item.gradients) > 1:
            total = self.amounts(_sum(g.counts for g in item.gradients))
            rows.append(Row(("total", "", *total), strong=True))
        columns = [Column("gradient of", Kind.TREE), Column("indices"), *_amounts()]
        title = "gradients, for one run; g, the gradient of y, is the first operand"
        return Section(title, (_table(columns, rows),))

    def gradient(self, item: Item, g: Gradient) -> Iterator[Row]:
        """Give the rows of the gradients that are made together."""
        of = ", ".join(f"x{j}" for j in g.operands)
        if not g.parts:
            by = f"{', '.join(g.free)} of g" if g.free else "g, as it is"
            yield Row((of, by, None, 0))
        elif len(g.parts) == 1:
            yield Row((of, *_part(self, g.parts[0])[1:]))
        else:
            yield Row((of, f"{item.node.op}.backward", *self.amounts(g.counts)))
            yield from (Row(_part(self, p), p.depth + 1) for p in g.parts)

    def notes(self) -> Iterator[Note]:
        """Name what is free, what is repeated, and what has no rule."""
        if self.found.free:
            views = Counter(self.found.free)
            names = ", ".join(f"{n} {op}" if n > 1 else op for op, n in views.items())
            yield Note(f"free, as views move nothing: {names}")
        for path, trip in self.found.loops:
            number = trip.at(self.dims)
            steps = f"{trip} = {number} steps" if trip.symbols() else f"{number} steps"
            steps = "1 step" if number == 1 else steps
            yield Note(f"{path or 'a loop'} runs for {steps}: its operators are counted so often")
        yield from map(Note, self.found.notes)
        for op in self.found.unknown:
            name = op.removeprefix("unknown:")
            yield Note(f"{name} has no rule: what it costs comes on top", Level.WARNING)


def _part(say: _Say, p: Part) -> tuple[Cell, ...]:
    return p.op, p.how, *say.amounts(p.counts)


def _factor(f: Expr) -> Cell:
    """Put a sum in brackets."""
    return f"({f})" if sum(1 for _ in f.terms()) > 1 else f


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    """Make a table without the columns that are blank in every row."""
    kept = [i for i in range(len(columns)) if any(r.cells[i] is not None for r in rows)]
    picked = (Row(tuple(r.cells[i] for i in kept), r.depth, r.strong) for r in rows)
    return Table(tuple(columns[i] for i in kept), tuple(picked))


def _amounts() -> tuple[Column, Column]:
    return Column("MAC", Kind.EXACT), Column("operations", Kind.EXACT)


def _sum(items: Iterable[Counts]) -> Counts:
    first, *rest = items
    return sum(rest, first)


def _between(sign: str, items: Sequence[Cell]) -> list[Cell]:
    out: list[Cell] = []
    for item in items:
        out.extend((sign, item) if out else (item,))
    return out


def _next(found: Explanation, model: str, options: str) -> Next:
    """Offer the other direction, and the whole."""
    other = Phase.FORWARD if found.phase is not Phase.FORWARD else Phase.BACKWARD
    words = [shlex.quote(found.scope), *([options] if options else ())]
    words += [f"--phase {other}"] if other is not Phase.FORWARD else []
    whole = " ".join(("orderof", model, *([options] if options else ())))
    return Next((" ".join(("orderof explain", model, *words)), whole))
