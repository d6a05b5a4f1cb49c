"""Work and span: how much there is to do, and how long it takes with any number of processors.

Model of computation (Blelloch 1996, "Programming parallel algorithms", CACM 39(3), work and depth):

1. Every operation of any kind takes one step; views and copies take none. Processors share memory.
2. An operator starts when its operands are there. A loop nest does all its points at once, and
   what it sums up is a balanced tree: ceillog2(n) steps for n terms.
3. A loop that hands something on runs its steps one after another, any other all at once.
4. `steps` counts operators instead of operations along a chain: what a framework would launch one
   after the other, and what Vaswani et al. 2017 call sequential operations.

Of chains that no comparison decides between in letters, the one that is longest at the sizes at
hand is taken; its formula is then a lower bound at other sizes.

Brent's bound: P processors need at least max(work/P, span) and at most (work - span)/P + span steps
(Brent 1974, "The parallel evaluation of general arithmetic expressions", JACM 21(2), lemma 2).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from orderof.analyses.reach import path_length
from orderof.analyses.work import visits
from orderof.counts import Counts
from orderof.doc import figure
from orderof.errors import Error
from orderof.ir.forms import Branch, Composite, Irregular, Loop, Move, Nest, Series, View
from orderof.ir.graph import Phase, Role
from orderof.ops.work import loop_sums, over, span, sum_work, work
from orderof.sym import ONE, ZERO, Expr, bounds, maximum, symbol
from orderof.sym.sums import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from orderof.ir.graph import Graph, Node, Value
    from orderof.ops.work import Padding

PHASES = (Phase.FORWARD, Phase.LOSS, Phase.BACKWARD, Phase.RECOMPUTE, Phase.OPTIMIZER)


@dataclass(frozen=True, slots=True)
class Span:
    """Work and span of one phase."""

    phase: str
    work: Expr
    span: Expr
    steps: Expr
    exact: bool = True
    """Whether the formulas of span and steps hold at all sizes, not only at these."""

    def parallelism(self, sizes: Mapping[str, int]) -> Fraction:
        """Give the average number of operations that can be done at once: work / span."""
        return Fraction(self.work.at(sizes), max(self.span.at(sizes), 1))

    def brent(self, processors: int, sizes: Mapping[str, int]) -> tuple[Fraction, Fraction]:
        """Give between how many steps P processors need.

        >>> from orderof.sym import const
        >>> low, high = Span("forward", const(1000), const(10), const(1)).brent(50, {})
        >>> float(low), float(high)
        (20.0, 29.8)
        """
        total, chain = self.work.at(sizes), self.span.at(sizes)
        least = max(Fraction(total, processors), Fraction(chain))
        return least, Fraction(max(total - chain, 0), processors) + chain


@dataclass(frozen=True, slots=True)
class Spans:
    """Work and span of a graph by phase; with more than one phase the last row is the step."""

    model: str
    dims: tuple[tuple[str, int], ...]
    rows: tuple[Span, ...]
    unknown: int = 0
    """Operators without a rule: work and span are lower bounds where there are any."""
    paths: tuple[tuple[str, Expr], ...] = ()
    """Letters of the inputs, and the longest way between two of their places (`analyses.reach`)."""

    @property
    def total(self) -> Span:
        """All phases together."""
        return self.rows[-1]

    def descent(self) -> Span | None:
        """Descent in T steps, each of which waits for the weights of the one before.

        Its span is at most T times that of a step: the parallelism does not grow with T. None where
        nothing is updated.

        >>> from orderof.api import spans
        >>> str(spans("mlp:4-2", train="sgd").descent().span)
        'T*ceillog2(n0) + 2*T'
        """
        if not any(row.phase == Phase.OPTIMIZER for row in self.rows):
            return None
        taken = {name for name, _ in self.dims}
        turns = symbol(next(x for x in ("T", "N", "steps") if x not in taken))
        row = self.total
        each = (row.work, row.span, row.steps)
        work_, span_, steps_ = (turns * e for e in each)
        return Span("descent", work_, span_, steps_, row.exact)

    def to_json(self) -> str:
        """Write as JSON: formulas and numbers; integers beyond 2**53 as text too."""
        from json import dumps

        sizes = dict(self.dims)

        rows = [
            {
                "phase": row.phase,
                "work": figure(row.work, sizes),
                "span": figure(row.span, sizes),
                "operators": figure(row.steps, sizes),
                "parallelism": float(row.parallelism(sizes)),
                "exact": row.exact,
            }
            for row in self.rows
        ]
        return dumps(
            {
                "model": self.model,
                "dims": sizes,
                "phases": rows,
                "paths": {letter: figure(e, sizes) for letter, e in self.paths},
                "unknown": self.unknown,
            },
            indent=2,
        )


def spans(graph: Graph, padding: Padding = "full") -> Spans:
    """Measure every phase that a graph has; masks that depend on positions only are no part."""
    nodes = [n for n in graph.nodes if n.phase in PHASES]
    rows = [
        _phase(str(phase), [n for n in nodes if n.phase is phase], dict(graph.dims), padding)
        for phase in PHASES
        if any(n.phase is phase for n in nodes)
    ]
    if len(rows) > 1:
        rows.append(_phase("step", nodes, dict(graph.dims), padding))
    unknown = sum(node.op.startswith("unknown:") for node, _ in visits(graph))
    return Spans(graph.name, graph.dims, tuple(rows), unknown, tuple(_paths(graph)))


def _paths(graph: Graph) -> Iterator[tuple[str, Expr]]:
    """Give the maximum path length along every letter that is no width and can be followed."""
    widths = {x for v in graph.of_role(Role.PARAM) for n in v.shape for x in n.symbols()}
    forward = replace(graph, nodes=tuple(n for n in graph.nodes if n.phase is Phase.FORWARD))
    shapes = (n for v in graph.of_role(Role.INPUT) for n in v.shape)
    for letter in dict.fromkeys(name for n in shapes for name in sorted(n.symbols())):
        if letter != "B" and letter not in widths:  # examples do not hear of one another
            with suppress(Error):
                yield letter, path_length(forward, letter)


def _phase(name: str, nodes: Sequence[Node], sizes: Mapping[str, int], padding: Padding) -> Span:
    total = Counts.sum(_counts(node, padding) * times for node, times in _inside(nodes))
    chain, one = longest(nodes, span, sizes)
    many, other = longest(nodes, steps, sizes)
    return Span(name, settled(total.ops()), chain, many, one and other)


def _inside(nodes: Sequence[Node]) -> Iterable[tuple[Node, Expr]]:
    for node in nodes:
        if isinstance(node.form, Loop):
            yield from visits(node.form.body, node.form.trip)
        yield node, ONE


def _counts(node: Node, padding: Padding) -> Counts:
    if isinstance(node.form, Loop):
        return Counts.sum(sum_work(node.form, v) for v in loop_sums(node, node.form))
    return work(node, padding)


def steps(node: Node) -> Expr:
    """Count the operators that run one after the other in a node."""
    match node.form:
        case View() | Move():
            return ZERO
        case Nest() | Irregular():
            return ONE
        case Composite(body):
            return longest(body.nodes, steps, {})[0]
        case Loop() as loop:
            inner, _ = longest(loop.body.nodes, steps, {})
            return inner * (loop.trip if loop.carry else ONE)
        case Series() as series:
            return over(series, longest(series.body.nodes, steps, {})[0])
        case Branch(found):
            return maximum(*(longest(body.nodes, steps, {})[0] for body in found))
        case _:
            assert_never(node.form)


def longest(
    nodes: Sequence[Node], cost: Callable[[Node], Expr], sizes: Mapping[str, int]
) -> tuple[Expr, bool]:
    """Give the longest chain of nodes, and whether it is longest at all sizes."""
    ready: dict[Value, Expr] = {}
    chain, exact = ZERO, True
    for node in nodes:
        starts = {ready[v] for v in node.operands if v in ready}
        start, sure = _longer(starts, sizes)
        end = start + cost(node)
        ready.update(dict.fromkeys(node.results, end))
        # No operator costs less than nothing: what follows the longest chain makes it longer.
        chain, last = (end, True) if start == chain else _longer({chain, end}, sizes)
        exact = exact and sure and last
    return chain, exact


def _longer(chains: Iterable[Expr], sizes: Mapping[str, int]) -> tuple[Expr, bool]:
    """Take the longest, and say whether it is at all sizes."""
    best, exact = ZERO, True
    for chain in chains:
        low, high = bounds(chain - best)
        if low is not None and low >= 0:
            best = chain
        elif high is None or high > 0:
            exact = False
            if _value(chain, sizes) > _value(best, sizes):
                best = chain
    return best, exact


def _value(e: Expr, sizes: Mapping[str, int]) -> int:
    """Evaluate where there are sizes; inside of a body every letter is 1."""
    return e.at({**dict.fromkeys(e.symbols(), 1), **sizes})
