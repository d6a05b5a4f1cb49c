"""Where the operations are: one row for each module, phase and operator.

1. Every node of a graph is visited once; a loop multiplies what is inside it by its trip count.
2. A Composite is one row under its own name; what it consists of is shown by `explain`.
3. A row's counts cover all copies and all executions.
4. Coverage tells nodes that are counted, nodes that are views and cost nothing, and nodes whose
   operator has no rule; while there is one of these, every total is a lower bound.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orderof.analyses.experts import experts
from orderof.analyses.places import Places
from orderof.analyses.told import Teller, network, whole
from orderof.counts import NONE, Counts
from orderof.ir.forms import Loop, View
from orderof.ir.graph import Graph, Node, Phase, Role
from orderof.ops.work import loop_sums, sum_work, work
from orderof.sym import ONE, ZERO, Expr, assumptions, const

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orderof.analyses.experts import Routing
    from orderof.analyses.told import Told
    from orderof.conventions.site import Site
    from orderof.conventions.types import Convention
    from orderof.counts import Key
    from orderof.ops.work import Padding

    Place = tuple[str, Phase, str]


@dataclass(frozen=True, slots=True)
class Row:
    """What one operator costs in one module and phase."""

    scope: str
    phase: Phase
    op: str
    counts: Counts
    told: Expr | None = None
    """What the convention that was asked for counts of it, unless that follows from `counts`."""

    def under(self, found: Convention) -> Expr:
        """Give what the convention counts that was asked for."""
        return found.total(self.counts) if self.told is None else self.told


@dataclass(frozen=True, slots=True)
class Unknown:
    """An operator without a rule: where it stands and how often it runs."""

    op: str
    scope: str
    source: str | None
    times: Expr


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a graph is counted."""

    ops: int
    """Nodes that are counted, copies included in their trip counts and not here."""
    free: int
    """Nodes that are views."""
    unknown: tuple[Unknown, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether no operator lacks a rule."""
        return not self.unknown


@dataclass(frozen=True, slots=True)
class Params:
    """Elements of parameters and buffers."""

    trainable: Expr
    frozen: Expr
    buffers: Expr

    @property
    def total(self) -> Expr:
        """Trainable and frozen parameters."""
        return self.trainable + self.frozen


@dataclass(frozen=True, slots=True)
class WorkReport:
    """The whole count of a graph."""

    rows: tuple[Row, ...]
    coverage: Coverage
    params: Params
    assumptions: tuple[str, ...]
    experts: tuple[Routing, ...] = ()


def visits(graph: Graph, times: Expr = ONE) -> Iterator[tuple[Node, Expr]]:
    """Iterate over the nodes with the number of times that each runs; loops come as their body."""
    for node in graph.nodes:
        if isinstance(node.form, Loop):
            yield from visits(node.form.body, times * node.form.trip)
        yield node, times


def trips(graph: Graph) -> tuple[str, ...]:
    """Give the letters that say how often loops run and are no dims yet, in their order."""
    loops = (node.form for node, _ in visits(graph) if isinstance(node.form, Loop))
    found = dict.fromkeys(s for form in loops for s in sorted(form.trip.symbols()))
    known = {name for name, _ in graph.dims}
    return tuple(name for name in found if name not in known)


def count(graph: Graph, padding: Padding = "full", found: Convention | None = None) -> WorkReport:
    """Count everything; by a convention that is not plain too, if one is given."""
    rows, coverage = counted(graph, padding)
    if found and not found.plain:
        rows = tell(graph, rows, found)
    return WorkReport(rows, coverage, parameters(graph), _assumed(graph), experts(graph))


def tell(graph: Graph, rows: tuple[Row, ...], found: Convention) -> tuple[Row, ...]:
    """Put into each row what a convention counts of it; terms of a formula are rows of their own.

    These stand in no module. Raises `Unmeasured` where a formula does not speak of such a network.
    """
    if found.formula:
        terms = whole(network(graph), found)
        own = (Row("", term.phase, term.what, NONE, amount) for term, amount in terms)
        return (*(replace(r, told=ZERO) for r in rows), *own)
    parts: defaultdict[Place, list[Expr]] = defaultdict(list)
    for site, (amount, _), times in tellings(graph, found):
        node = site.node
        parts[node.scope, node.phase, node.op].append(amount * found.runs(site, times))
    return tuple(replace(r, told=Expr.sum(parts.get((r.scope, r.phase, r.op), ()))) for r in rows)


def tellings(graph: Graph, found: Convention) -> Iterator[tuple[Site, Told, Expr]]:
    """Iterate over the nodes that cost something: what a convention says, how often each runs."""
    places, teller = Places(graph), Teller(found)
    for node, times in visits(graph):
        if not isinstance(node.form, View) and not node.op.startswith("unknown:"):
            site = places.site(node, _own(node, "full"))
            yield site, teller.tell(site), times
            sizes = node.origin.products if node.origin and node.phase in found.phases else 0
            if sizes and found.products:
                yield places.site(node, NONE), (const(sizes), found.products), times


def counted(graph: Graph, padding: Padding = "full") -> tuple[tuple[Row, ...], Coverage]:
    """Count the operators alone."""
    parts: defaultdict[Place, list[tuple[Counts, Expr]]] = defaultdict(list)
    ops = free = 0
    unknown: list[Unknown] = []
    for node, times in visits(graph):
        if isinstance(node.form, View):
            free += 1
            continue
        if node.op.startswith("unknown:"):
            name = node.op.removeprefix("unknown:")
            unknown.append(Unknown(name, node.scope, node.source, times))
            continue
        ops += 1
        parts[node.scope, node.phase, node.op].append((_own(node, padding), times))
    rows = tuple(Row(*key, Counts.dot(items)) for key, items in parts.items())
    return rows, Coverage(ops, free, tuple(unknown))


def counted_at(graph: Graph, sizes: Mapping[str, int]) -> dict[Place, dict[Key, int]]:
    """Count the operators at some sizes, without what is zero there.

    As `counted` and then each row evaluated; but equal nodes, whose counts are one object, are
    evaluated once, and what is added is numbers.
    """
    found: defaultdict[Place, Counter[Key]] = defaultdict(Counter)
    known: dict[int, tuple[Counts, dict[Key, int]]] = {}
    for node, times in visits(graph):
        if isinstance(node.form, View):
            continue
        own = _own(node, "full")
        _, numbers = known.get(id(own)) or known.setdefault(id(own), (own, own.at(**sizes)))
        if not numbers:
            continue
        row, n = found[node.scope, node.phase, node.op], 1 if times is ONE else times.at(sizes)
        for key, each in numbers.items():
            row[key] += n * each
    rows = {place: {k: n for k, n in row.items() if n} for place, row in found.items()}
    return {place: row for place, row in rows.items() if row}


def _own(node: Node, padding: Padding) -> Counts:
    """Count a node itself: of a loop only the sums over its steps, its body has rows of its own."""
    if isinstance(node.form, Loop):
        return Counts.sum(sum_work(node.form, v) for v in loop_sums(node, node.form))
    return work(node, padding)


def parameters(graph: Graph) -> Params:
    """Add up the elements of what a graph is given besides its inputs."""
    trainable, frozen, buffers = (
        Expr.sum(v.type.size for v in graph.of_role(role))
        for role in (Role.PARAM, Role.FROZEN, Role.BUFFER)
    )
    return Params(trainable, frozen, buffers)


def _assumed(graph: Graph) -> tuple[str, ...]:
    """Collect the divisibilities that the shapes rest on."""
    shapes = {n for node, _ in visits(graph) for v in node.results for n in v.shape}
    return tuple(sorted({a for n in shapes for a in assumptions(n)}))
