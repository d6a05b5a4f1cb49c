"""Where a number comes from: the operators of a scope one by one, each with its rule.

1. A scope is matched part by part from the left, `*` for any: it takes in everything below it.
2. Equal operators of equal copies are one item, which costs its count times how often it runs.
3. A Nest is counted anew from what is said about it: points * body + (points - outputs) additions.
4. A Composite is listed operator by operator, and so is what reverse mode makes of an operator.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.analyses.gradient import gradients, names, reach
from orderof.analyses.work import visits
from orderof.counts import Counts
from orderof.errors import BadSpelling
from orderof.ir.access import Window, axes_of
from orderof.ir.forms import Branch, Composite, Loop, Nest, Series, View, bodies
from orderof.ir.graph import Phase
from orderof.ops import REGISTRY, work
from orderof.ops.nest import typed
from orderof.ops.work import domain, loop_sums, sum_work
from orderof.sym import ONE, ZERO, Expr

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from orderof.counts import Kind
    from orderof.ir.graph import Graph, Node, Value
    from orderof.ops import Operator
    from orderof.ops.work import Padding


UNKNOWN = "unknown:"
"""Before the name of an operator that has no rule."""
FEW = 4
"""More names than this are not listed."""


@dataclass(frozen=True, slots=True)
class Points:
    """A Nest, said so that it can be counted by hand."""

    signature: str
    """The index of each operand and of the result, made concrete."""
    body: str
    reduce: str | None
    over: tuple[str, ...]
    """What is reduced: axes, and windows of the result that meet in one element."""
    axes: tuple[tuple[str, Expr], ...]
    each: tuple[tuple[Kind, int], ...]
    """Operations of one point."""
    points: Expr
    outputs: Expr
    """Elements of the result that are reached."""
    mac: bool

    @property
    def joins(self) -> Expr:
        """Reductions: a sum of n terms takes n - 1 additions."""
        return self.points - self.outputs if self.reduce else ZERO

    @property
    def ops(self) -> Expr:
        """All operations."""
        return self.points * sum(n for _, n in self.each) + self.joins


@dataclass(frozen=True, slots=True)
class Part:
    """An operator inside another, and what all its runs cost; those below it are part of that."""

    op: str
    how: str
    """The index form of a Nest, else what kind of operator it is."""
    counts: Counts
    depth: int
    times: Expr = ONE


@dataclass(frozen=True, slots=True)
class Gradient:
    """What the gradients of some operands cost, for one run of the operator."""

    operands: tuple[int, ...]
    parts: tuple[Part, ...]
    free: tuple[str, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Item:
    """One operator of a scope."""

    node: Node
    scopes: tuple[str, ...]
    times: Expr
    """How often it runs, over all scopes."""
    counts: Counts
    """What one run costs."""
    names: tuple[str, ...]
    """What its operands are called, as far as they have names."""
    points: Points | None = None
    parts: tuple[Part, ...] = ()
    free: tuple[str, ...] = ()
    """The views among its parts."""
    gradients: tuple[Gradient, ...] = ()

    @property
    def rule(self) -> Operator | None:
        """The declaration that its count follows from; that of a derivative's operator."""
        return REGISTRY.get(self.node.op) or REGISTRY.get(derived_from(self.node.op)[0])

    @property
    def total(self) -> Counts:
        """What all its runs cost."""
        return self.counts * self.times


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of a scope in one phase."""

    model: str
    scope: str
    kind: str
    """The class of the module that the scope is, where it is one."""
    phase: Phase
    dims: tuple[tuple[str, int], ...]
    items: tuple[Item, ...]
    free: tuple[str, ...] = ()
    """Operators that are views, one name for each."""
    loops: tuple[tuple[str, Expr], ...] = ()
    """Modules that are repeated, and how often; what is in them has items of its own."""
    unknown: tuple[str, ...] = ()
    """Operators without a rule: they come on top."""
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Counts:
        """What the scope costs: the number that is explained."""
        return Counts.sum(i.total for i in self.items)


def explain(
    graph: Graph, scope: str, phase: Phase = Phase.FORWARD, padding: Padding = "full"
) -> Explanation:
    """Explain a scope of a graph in one phase; the empty scope is the whole.

    Raises `BadSpelling` where there is no such scope, or nothing of it in that phase.
    """
    asked, scope = scope, _folded(graph, scope)
    found = [(n, t) for n, t in visits(graph) if below(n.scope, scope) and n.phase is phase]
    if not found:
        raise _nothing(graph, scope, phase)
    unknown = [n.op for n, _ in found if n.op.startswith(UNKNOWN)]
    free = [n.op for n, _ in found if isinstance(n.form, View) and n.op not in unknown]
    loops = [(n.scope, n.form.trip) for n, _ in found if isinstance(n.form, Loop)]
    make = _Make(names(graph), reach(graph), padding)
    items = [make.item(group) for group in _groups(found, make.flows)]
    return Explanation(
        model=graph.name,
        scope=scope,
        kind=_kind(graph, scope),
        phase=phase,
        dims=graph.dims,
        items=tuple(items),
        free=tuple(free),
        loops=tuple(loops),
        unknown=tuple(unknown),
        notes=graph.notes if asked == scope else (f"{asked} is one of these", *graph.notes),
    )


def _folded(graph: Graph, scope: str) -> str:
    """Find a block that is no module of its own among equal ones: `h.3.attn` in `h.*.attn`."""
    paths = [path for path, _, _ in graph.modules]
    if scope in paths:
        return scope
    wanted = scope.split(".")
    alike = (p for p in paths if "*" in p and len(p.split(".")) == len(wanted))
    fits = (p for p in alike if all(map(fnmatch.fnmatchcase, wanted, p.split("."))))
    return next(fits, scope)


def below(path: str, scope: str) -> bool:
    """Whether a path is a scope or below it."""
    parts, wanted = path.split("."), scope.split(".") if scope else []
    return len(parts) >= len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def derived_from(op: str) -> tuple[str, int | None]:
    """Give the operator that `linear.d1` or `softmax.backward` is the derivative of.

    >>> derived_from("linear.d1"), derived_from("softmax.backward"), derived_from("add")
    (('linear', 1), ('softmax', None), ('', None))
    """
    match = re.fullmatch(r"(.+)\.(?:d(\d+)|backward)", op)
    if match is None:
        return "", None
    return match[1], None if match[2] is None else int(match[2])


def index_form(nest: Nest) -> str:
    """Write how a Nest reaches its operands and its result.

    >>> from orderof.ir.access import access
    >>> from orderof.ir.scalar import Var
    >>> index_form(Nest((("m", ONE),), (access("m"), access("1")), (), Var(0), "add"))
    'm, 1 -> ()'
    """
    *left, right = (" ".join(map(str, acc)) or "()" for acc in (*nest.ins, nest.out))
    return f"{', '.join(left)} -> {right}"


def _groups(
    found: Iterable[tuple[Node, Expr]], flows: set[Value]
) -> Iterable[list[tuple[Node, Expr]]]:
    """Put equal nodes together; views and loops that only repeat cost nothing themselves."""
    groups: dict[Hashable, list[tuple[Node, Expr]]] = {}
    for node, times in found:
        silent = isinstance(node.form, Loop) and not loop_sums(node, node.form)
        if not (silent or isinstance(node.form, View) or node.op.startswith(UNKNOWN)):
            groups.setdefault(_alike(node, flows), []).append((node, times))
    return groups.values()


def _alike(node: Node, flows: set[Value]) -> Hashable:
    """Give what two nodes have in common that one explanation serves: all but the copy's number."""
    values = (*node.operands, *node.results)
    types = tuple((v.type, v in flows) for v in values)
    scope = _copies(node.scope, 2)
    form = None if isinstance(node.form, Composite) else node.form
    return node.op, form, len(node.operands), types, node.attrs, scope, node.source


def _copies(path: str, n: int) -> str:
    """Write a path of several copies with `*` for their numbers."""
    return re.sub(r"(?<![^.])\d+(?![^.])", "*", path) if n > 1 else path


@dataclass(frozen=True, slots=True)
class _Make:
    """Makes items; `known` are the names of values, `flows` those that gradients flow through."""

    known: Mapping[Value, str]
    flows: set[Value]
    padding: Padding

    def item(self, group: Sequence[tuple[Node, Expr]]) -> Item:
        node = group[0][0]
        scopes = tuple(dict.fromkeys(n.scope for n, _ in group))
        operands = zip(*(n.operands for n, _ in group), strict=True)
        return Item(
            node=node,
            scopes=scopes,
            times=Expr.sum(t for _, t in group),
            counts=self.own(node),
            names=tuple(self.name(values, len(scopes)) for values in operands),
            points=self.points(node),
            parts=self.parts(_opened((node,))) if isinstance(node.form, Composite) else (),
            free=tuple(dict.fromkeys(_views(_opened((node,))))),
            gradients=tuple(
                Gradient(
                    operands=of,
                    parts=self.parts(_opened(nodes)),
                    free=tuple(dict.fromkeys(_views(_opened(nodes)))),
                    counts=Counts.sum(work(n, self.padding) for n in nodes),
                )
                for of, nodes in gradients(node, self.flows)
            ),
        )

    def name(self, values: Iterable[Value], copies: int) -> str:
        """Name the operand of all nodes of a group."""
        found = dict.fromkeys(_copies(self.known.get(v, ""), copies) for v in values)
        few = [name for name in found if name]
        return ", ".join(few if len(few) <= FEW else (few[0], "…", few[-1]))

    def own(self, node: Node) -> Counts:
        """Count a node itself; the body of a loop has items of its own."""
        if isinstance(node.form, Loop):
            return Counts.sum(sum_work(node.form, v) for v in loop_sums(node, node.form))
        return work(node, self.padding)

    def points(self, node: Node) -> Points | None:
        nest = node.form
        if not isinstance(nest, Nest):
            return None
        ins, out = tuple(v.type for v in node.operands), node.results[0].type
        kinds, _ = typed(nest.body, tuple(t.dtype for t in ins), cast=out.dtype)
        points, outputs = domain(nest, ins, out, self.padding)
        written = {a for i in nest.out for a in axes_of(i)}
        meet = ("windows that meet",) if any(isinstance(i, Window) for i in nest.out) else ()
        return Points(
            signature=index_form(nest),
            body=str(nest.body),
            reduce=nest.reduce,
            over=(*(a for a, _ in nest.axes if a not in written), *meet),
            axes=nest.axes,
            each=tuple(Counter(kind for kind, _ in kinds).items()),
            points=points,
            outputs=outputs,
            mac=nest.mac,
        )

    def parts(self, nodes: Iterable[Node], times: Expr = ONE, depth: int = 0) -> tuple[Part, ...]:
        """List what nodes consist of, those inside others one deeper."""
        return tuple(
            p for n in nodes if not isinstance(n.form, View) for p in self.part(n, times, depth)
        )

    def part(self, node: Node, times: Expr, depth: int) -> Iterator[Part]:
        whole = work(node, self.padding) * times
        match node.form:
            case Nest() as nest:
                yield Part(node.op, index_form(nest), whole, depth, times)
            case Composite(body):
                yield Part(node.op, "", whole, depth, times)
                yield from self.parts(body.nodes, times, depth + 1)
            case Loop(body=body, trip=trip):
                yield Part(node.op, f"{trip} steps", whole, depth, times)
                yield from self.parts(body.nodes, times * trip, depth + 1)
                if added := self.own(node):
                    yield Part("sum over the steps", "", added * times, depth + 1, times)
            case Branch(found):
                yield Part(node.op, f"one of {len(found)} bodies", whole, depth, times)
            case Series(_, index, last):
                yield Part(node.op, f"{index} = 1 .. {last}", whole, depth, times)
            case form:
                yield Part(node.op, type(form).__name__.lower(), whole, depth, times)


def _opened(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Give what a single Composite consists of."""
    if len(nodes) == 1 and isinstance(nodes[0].form, Composite):
        return nodes[0].form.body.nodes
    return nodes


def _views(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node.form, View):
            yield node.op
        for body in bodies(node.form):
            yield from _views(body.nodes)


def _kind(graph: Graph, scope: str) -> str:
    """Give the class of the modules that a scope is, where it is one class."""
    depth = scope.count(".")
    found = {k for p, k, _ in graph.modules if p.count(".") == depth and below(p, scope)}
    return found.pop() if len(found) == 1 and scope else ""


def _nothing(graph: Graph, scope: str, phase: Phase) -> BadSpelling:
    """Say what there is instead: the phases of the scope, or the paths that look like it."""
    nodes = [n for n, _ in visits(graph)]
    here = [p for p in Phase if any(below(n.scope, scope) and n.phase is p for n in nodes)]
    if here:
        hint = f"it has some in {', '.join(here)}"
        return BadSpelling(scope or "the model", f"has no operators in phase {phase}", hint)
    paths = dict.fromkeys(p for p, _, _ in graph.modules)
    paths |= dict.fromkeys(n.scope for n in nodes if n.scope)
    close = difflib.get_close_matches(scope, paths, n=3, cutoff=0.5)
    close += [p for p in paths if scope and p.rpartition(".")[2] == scope.rpartition(".")[2]][:3]
    top = [p for p in paths if "." not in p or p.endswith(".*")]
    near = list(dict.fromkeys(close))[:3] or top[:8]
    hint = f"the closest are {', '.join(near)}" if close else f"there are {', '.join(near)}"
    return BadSpelling(scope, "is no module of this model", hint)
