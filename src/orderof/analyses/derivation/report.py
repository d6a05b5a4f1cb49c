"""A Derivation as a Doc: what is given, then every step, every sum, every order with its proof."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from orderof.analyses.derivation.types import Part, times
from orderof.counts import Kind as Op
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
from orderof.sym import Expr
from orderof.written import Apply, Entry, Equal, Total

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orderof.analyses.derivation.types import Chapter, Derivation, Layer, Step, Turn, Whole
    from orderof.sym.growth import Order
    from orderof.written import Written

TITLES = {
    Part.FORWARD: "forward: from the input to the output",
    Part.MASK: "masks of positions, which are part of no sum",
    Part.LOSS: "the loss",
    Part.RECOMPUTE: "what is computed again",
    Part.ERROR: "backward: the errors",
    Part.WEIGHT: "backward: the gradients of the parameters",
    Part.UPDATE: "one update",
}
_SAYS = {
    Part.ERROR: "The error of a value is what the cost changes by when the value does. It goes "
    "from the output back, layer by layer, through the weights that the value went through.",
    Part.WEIGHT: "The gradient of a weight is the error behind it times the value before it, "
    "summed over all examples and places where the weight was used.",
    Part.UPDATE: "Every parameter moves against its gradient; the numbers are settings of the "
    "optimizer, its learning rate among them (and of Adam the corrections of a step).",
}
WORDS = {
    Op.ADD: "additions",
    Op.MUL: "multiplications",
    Op.DIV: "divisions",
    Op.NEG: "negations",
    Op.ABS: "absolute values",
    Op.MAX: "maxima",
    Op.CMP: "comparisons",
    Op.SELECT: "choices",
    Op.LOGIC: "logic",
    Op.EXP: "exponentials",
    Op.LOG: "logarithms",
    Op.SQRT: "square roots",
    Op.RSQRT: "inverse roots",
    Op.POW: "powers",
    Op.SIN: "sines",
    Op.TANH: "tanh",
    Op.ERF: "erf",
    Op.ROUND: "roundings",
    Op.CAST: "casts",
    Op.RNG: "random numbers",
    Op.INT: "index operations",
}
_MOST = 12
"""A sum of more terms is given without them: they stand above it."""
_RULES = (
    "Indices count from 0. A sum of n terms takes n - 1 additions; a product of matrices is taken "
    "as it is defined, term by term. All operations count alike. What lies outside a tensor is 0 "
    "or, in a maximum, less than all, and is counted like the rest. Where indices that are summed "
    "over stand on the left, a term is added at the place that they name."
)


def report(found: Derivation, model: str = "", options: str = "") -> Doc:
    """Give the report; `model` and `options` are what was typed."""
    say = _Say(found.dims)
    blocks: list[Block] = [_letters(found), _given(found), Note(_RULES)]
    blocks += [say.chapter(n, c, found.train) for n, c in enumerate(found.chapters, 1)]
    start = len(found.chapters) + 1
    blocks += [say.whole(n, w) for n, w in enumerate(found.wholes, start)]
    blocks += _contrasts(found)
    blocks += [
        Note(f"{op} has no rule: what it costs comes on top", Level.WARNING) for op in found.unknown
    ]
    blocks += map(Note, found.notes)
    if model:
        blocks.append(_next(found, model, options))
    head: list[tuple[Cell, ...]] = [("what it costs, derived",), (found.mode,)]
    if found.dims:
        head.append((Sizes(tuple(found.dims.items())),))
    return Doc(found.model, tuple(blocks), Facts(tuple(Fact("", h) for h in head)))


def _letters(found: Derivation) -> Section:
    columns = (Column("letter"), Column("size", Kind.EXACT), Column("what it is"))
    rows = tuple(Row((x.name, x.size, x.meaning)) for x in found.letters)
    return Section("letters", (Table(columns, rows),) if rows else (Note("none"),))


def _given(found: Derivation) -> Section:
    columns = (Column("symbol"), Column("shape"), Column("what it is"))
    rows = tuple(Row((g.symbol, shape(g.shape), _what(g.what, g.role))) for g in found.given)
    return Section("given", (Table(columns, rows),))


def _what(name: str, role: str) -> str:
    if name == "grad.out":
        return "the output error: what the cost changes by when the output does"
    return f"{name}, {role}" if role not in {"input", ""} else name


def shape(sizes: Iterable[Expr]) -> str:
    """Write a shape; that of a single number has no sizes."""
    return " × ".join(f"({n})" if len(list(n.terms())) > 1 else str(n) for n in sizes) or "1"


class _Say:
    """Says what is to be said at some sizes."""

    def __init__(self, dims: Mapping[str, int]) -> None:
        self.dims = dims

    def number(self, e: Expr) -> tuple[Cell, ...]:
        """Give a number, if the letters have sizes and there are letters."""
        if e.value is not None or not e.symbols() <= self.dims.keys():
            return ()
        return ("=", e.at(self.dims))

    def worth(self, w: Written, e: Expr) -> tuple[Cell, ...]:
        """Give a count as it is written, simplified, and as a number."""
        return (Equal((w, e)), *self.number(e))

    def chapter(self, n: int, c: Chapter, train: str | None) -> Section:
        """Say a chapter: its layers, their sum, special cases, the order."""
        blocks: list[Block] = [Note(_SAYS[c.part])] if c.part in _SAYS else []
        blocks += [Section(_title(x), tuple(self.layer(x))) for x in c.layers]
        blocks.append(Section(f"{c.part} in all", tuple(self.sums(c))))
        by = f": {train}" if c.part is Part.UPDATE and train else ""
        return Section(f"{n}. {TITLES[c.part]}{by}", tuple(blocks))

    def layer(self, x: Layer) -> Iterator[Block]:
        """Say the steps of a layer, or which earlier layer has the same."""
        if x.like is not None:
            yield Facts(tuple(self.again(x)))
            return
        facts: list[Fact] = []
        turns: tuple[Turn, ...] = ()
        for step in x.steps:
            if step.turns != turns:
                turns = step.turns
                facts.append(_turning(turns))
            facts += self.step(step)
        facts += self.whole_layer(x)
        facts += self.growth(x)
        yield Facts(tuple(facts))

    def again(self, x: Layer) -> Iterator[Fact]:
        """Refer to a layer with the same steps."""
        first = x.like or x
        start, end = first.steps[0].number, first.steps[-1].number
        where = f"({start})" if start == end else f"({start}) to ({end})"
        defined = ", ".join(name for name, _ in x.defines)
        label = f"({x.steps[0].number})" if len(x.steps) == 1 else ""
        label = label or f"({x.steps[0].number})-({x.steps[-1].number})"
        yield Fact(label, (f"{defined} from {', '.join(x.uses)} as in {where}",))
        yield Fact("in all", self.worth(x.ops, x.ops))

    def step(self, s: Step) -> Iterator[Fact]:
        """Say one step: its equation, the ranges of its indices, a line for each count."""
        yield Fact(f"({s.number})", tuple(_equation(s)))
        for name, stands in s.where:
            yield Fact("where", (Equal((Entry(name), stands)),))
        for c in s.counts:
            each = tuple(t.trip for t in s.turns)
            yield Fact(WORDS[c.kind], self.worth(times((*each, c.written)), c.value * s.times))

    def whole_layer(self, x: Layer) -> Iterator[Fact]:
        """Add up a layer."""
        terms = [c.value * s.times for s in x.steps for c in s.counts]
        if not terms:
            yield Fact("in all", ("no operations",))
        elif len(terms) > 1:
            yield Fact("in all", self.worth(_total(terms), x.ops))

    def growth(self, x: Layer) -> Iterator[Fact]:
        """Say what a layer costs at equal widths, and its order with the proof."""
        if x.equal is not None:
            letter = next(iter(x.equal.symbols() - x.ops.symbols()))
            yield Fact(f"all widths {letter}", (x.equal,))
        if x.order is not None:
            yield Fact("grows as", (_grows(x.order),))
            yield Fact("proof", (x.order.certificate.says("sum"),))

    def sums(self, c: Chapter) -> Iterator[Block]:
        """Add up a chapter: by layer, by kind, in special cases; say how it grows."""
        facts = [Fact(_title(x), self.worth(x.ops, x.ops)) for x in c.layers if x.ops]
        if len(facts) < 2:  # noqa: PLR2004
            facts = []
        terms = [x.ops for x in c.layers if x.ops]
        facts.append(Fact("sum", self.worth(_total(terms), c.total)))
        kinds = c.kinds
        if len(kinds) > 1:
            facts += [Fact(WORDS[k], self.worth(n, n)) for k, n in kinds.items()]
        yield Facts(tuple(facts))
        if c.order is not None:
            yield Facts(tuple(_order(c.order)))
        for case in c.cases:
            puts = ", ".join(f"{a} = {b}" for a, b in case.puts)
            lines = [Fact("put", (puts,)), Fact("then", (case.value,)), *_order(case.order)]
            yield Section(f"special case: {case.says}", (Facts(tuple(lines)),))

    def whole(self, n: int, w: Whole) -> Section:
        """Say a sum of chapters."""
        facts = [Fact("sum", self.worth(w.written, w.value))]
        facts += _order(w.order) if w.order else []
        return Section(f"{n}. {w.name}", (Facts(tuple(facts)),))


def _contrasts(found: Derivation) -> Iterator[Block]:
    """Put an essay's convention beside this one, each with where they part."""
    if not found.contrasts:
        return
    columns = (
        Column("quantity"),
        Column("counted here", Kind.FORMULA),
        Column("in the essay", Kind.FORMULA),
        Column("where they part"),
    )
    rows = tuple(Row((c.what, c.counted, c.essay, c.why)) for c in found.contrasts)
    orders = tuple(
        Fact(c.what, (ours, "against", theirs))
        for c in found.contrasts
        for ours, theirs in (tuple(map(_grows, c.orders)),)
        if c.orders[0].terms != c.orders[1].terms
    )
    note = Note(
        'The essay is "Computational Complexity of Neural Networks" (kasperfred.com). It takes '
        "activations to be matrices as wide as weights, which gives O(n**4) forward and O(n**5) "
        "for training; both take products of matrices as they are defined."
    )
    yield Section(
        "the same network as an essay in circulation counts it",
        (Table(columns, rows), Facts(orders), note),
    )


def _title(x: Layer) -> str:
    name = x.scope or "the network itself"
    return f"{name} · {x.kind}" if x.kind else name


def _equation(s: Step) -> Iterator[Cell]:
    """Give the equation and the ranges of its indices, or the words for it."""
    if isinstance(s.equation, Equal):
        yield s.equation
        if s.ranges:
            yield "for " + ", ".join(f"{i} < {n}" for i, n in s.ranges)
        return
    names = ", ".join(f"{name} ({shape(sizes)})" for name, sizes in s.defines)
    verb = "are the parts of" if len(s.defines) > 1 else "is"
    yield f"{names} {verb} {s.says}" if names else s.says


def _turning(turns: tuple[Turn, ...]) -> Fact:
    if not turns:
        return Fact("after it", ("once",))
    says = " and ".join(
        f"every {t.index} from {t.trip - 1} down to 0"
        if t.reverse
        else f"every {t.index} < {t.trip}"
        for t in turns
    )
    return Fact("in turn", (f"for {says}, one after the other",))


def _total(terms: list[Expr]) -> Written:
    if not 1 < len(terms) <= _MOST:
        return Expr.sum(terms)
    return Total(tuple(terms))


def _grows(found: Order) -> Equal:
    """Write an order."""
    name = "Theta" if found.tight else "O"
    return Equal((Apply(name, (Total(found.terms),)),))


def _order(found: Order) -> Iterator[Fact]:
    yield Fact("grows as", (_grows(found), found.regime))
    for step in found.certificate.steps:
        yield Fact("as", (str(step),))
    yield Fact("proof", (found.certificate.says("sum"),))


def _next(found: Derivation, model: str, options: str) -> Next:
    more = f" {options}" if options else ""
    last = next((c.layers[-1].scope for c in found.chapters if c.layers[-1].scope), "")
    first = [f"orderof explain {model} {shlex.quote(last)}{more}"] if last else []
    return Next(
        (*first, f"orderof explain {model}{more} --exercise", f"orderof growth {model}{more}")
    )
