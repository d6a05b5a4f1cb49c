"""Ways to a gradient by count: reverse and forward mode, differences, no reuse, less memory.

With F operations forward, w parameters and one number as the cost (the loss itself is counted only
if the graph has one):

1. Reverse mode is what the graph does: F and one walk back (Griewank & Walther 2008, chapter 3).
2. Forward mode gives one directional derivative with every pass of `transform.push`: w directions
   take F once, and w times the tangents.
3. Differences run the network again for every parameter: (w + 1)*F forward, 2*w*F central; one
   addition moves a parameter, one subtraction and one division give an entry.
4. Without reuse every entry of a gradient walks its own path back: the errors between the output
   and its layer are computed again for each of the layer's parameters. In a stack of L layers the
   l-th from the end walks through l of them.
5. Checkpoints keep the input of some blocks, and run what lies between again: one input in k of L
   blocks costs L - k (Chen et al. 2016, arXiv:1604.06174, for k = sqrt(L)); with c checkpoints the
   least is r*L - C(c + r, r - 1), where C(c + r - 1, c) < L <= C(c + r, c) (Griewank & Walther
   2000, "Algorithm 799: revolve", ACM TOMS 26(1)): so often a block is run without being kept.
6. Truncated backpropagation through time (Williams & Peng 1990) walks back k of S steps: in chunks,
   or from every step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling, ModelError
from orderof.ir.forms import Composite, Loop, View
from orderof.ir.graph import Graph, Phase, Role, Value
from orderof.ops.work import loop_sums, work
from orderof.sym import ONE, ZERO, Expr, ceildiv, const, floordiv
from orderof.transform.push import push

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orderof.ir.graph import Node
    from orderof.ops.work import Padding


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the gradient: what it costs, and how many numbers it keeps where that is asked."""

    name: str
    ops: Expr
    kept: Expr | None = None
    again: int | None = None
    """How many blocks are run again, or how many steps are walked back."""


@dataclass(frozen=True, slots=True)
class Ways:
    """All of them, of one model."""

    model: str
    dims: Mapping[str, int]
    params: Expr
    forward: Expr
    gradient: tuple[Way, ...]
    layers: tuple[Way, ...] = ()
    """Of a stack of equal blocks, for a training step: which inputs are kept."""
    blocks: tuple[str, int] = ("", 0)
    """The path of these blocks and their number."""
    time: tuple[Way, ...] = ()
    """Of a loop over time, for its backward pass."""
    turns: int = 0
    unknown: int = 0
    """Operators without a rule: all figures are lower bounds where there are any."""
    notes: tuple[str, ...] = ()


def ways(
    graph: Graph,
    forward: Graph,
    *,
    checkpoints: int | None = None,
    window: int | None = None,
    padding: Padding = "full",
) -> Ways:
    """Compare them; `forward` is the graph without its backward pass, `graph` with it.

    Without the rows of forward mode where an operator has none, which a note says. Raises
    `BadSpelling` for a window or checkpoints that there cannot be.
    """
    ops, sizes = _Ops(padding), dict(graph.dims)
    w = Expr.sum(v.type.size for v in graph.of_role(Role.PARAM))
    f, b = ops(forward.nodes), ops(n for n in graph.nodes if n.phase is Phase.BACKWARD)
    pushed, notes = _pushed(ops, forward, f, w)
    found = (
        Way("reverse mode", f + b),
        *pushed,
        Way("differences, forward", (w + 1) * f + 3 * w),
        Way("differences, central", 2 * w * f + 4 * w),
        Way("chain rule without reuse", f + _alone(ops, graph)),
    )
    blocks = _longest(forward, "layers", sizes)
    turns = _longest(forward, "time", sizes)
    return Ways(
        graph.name,
        sizes,
        w,
        f,
        found,
        _layers(ops, graph, blocks, f + b, checkpoints) if blocks else (),
        (blocks.scope, _trip(blocks.loop, sizes)) if blocks else ("", 0),
        _time(ops, graph, turns, window) if turns else (),
        _trip(turns.loop, sizes) if turns else 0,
        sum(n.op.startswith("unknown:") for n in graph.nodes),
        notes,
    )


@dataclass(frozen=True, slots=True)
class _Ops:
    """Counts the operations of nodes."""

    padding: Padding

    def __call__(self, nodes: Iterable[Node]) -> Expr:
        return Expr.sum(work(n, self.padding).ops() for n in nodes)


def _pushed(ops: _Ops, forward: Graph, f: Expr, w: Expr) -> tuple[tuple[Way, ...], tuple[str, ...]]:
    """Forward mode, where tangents are added once for each direction, or why it is not told."""
    try:
        tangents = ops(push(forward).nodes) - f
    except ModelError as error:
        return (), (f"no figure for forward mode: {error}",)
    one = Way("forward mode, one direction", f + tangents)
    return (one, Way("forward mode, the whole gradient", f + w * tangents)), ()


def _alone(ops: _Ops, graph: Graph) -> Expr:
    """Law 4, by operator: what is walked through to a gradient is paid for each of its entries."""
    flat = inlined(n for n in graph.nodes if n.phase is Phase.BACKWARD)
    names = flat.names
    made = {v: n for n in flat.nodes for v in n.results}
    total: list[Expr] = []
    own: dict[Node, Expr] = {}
    for p, given in graph.grads:
        g = names.get(given, given)
        while (node := made.get(g)) is not None and isinstance(node.form, View):
            g = node.operands[0]  # a view of a gradient is the gradient
        if node is None:
            continue
        before = ops(n for n in _cone(node, made) if n is not node)
        walked, both, last = _inside(ops, node, g)
        trip = node.form.trip if isinstance(node.form, Loop) else ONE
        entries = p.type.size / trip if _stacked(node, g) else p.type.size
        if _stacked(node, g):  # of layer l from the end, l turns are walked through to its own
            through = walked * floordiv(trip * (trip - 1), 2)
            total.append(entries * (trip * before + through + both[0] * trip))
        else:
            total.append(entries * (before + both[1] * trip))
        own[node] = own.get(node, ZERO) + last
    return Expr.sum((*total, *own.values()))


@dataclass(frozen=True, slots=True)
class Flat:
    """Nodes without composites, and what the results of these are called now."""

    nodes: tuple[Node, ...]
    names: Mapping[Value, Value]


def inlined(nodes: Iterable[Node]) -> Flat:
    """Put the bodies of composites in their place."""
    names: dict[Value, Value] = {}
    out: list[Node] = []
    for node in nodes:
        operands = tuple(names.get(v, v) for v in node.operands)
        if not isinstance(node.form, Composite):
            out.append(replace(node, operands=operands))
            continue
        body = node.form.body
        fresh = {v: Value(v.type, v.name) for n in body.nodes for v in n.results}
        fresh |= dict(zip((i.value for i in body.inputs), operands, strict=True))
        inner = inlined(
            replace(
                n,
                operands=tuple(fresh.get(v, v) for v in n.operands),
                results=tuple(fresh[v] for v in n.results),
            )
            for n in body.nodes
        )
        out.extend(inner.nodes)
        ends = (fresh.get(v, v) for v in body.outputs)
        names.update(zip(node.results, (inner.names.get(v, v) for v in ends), strict=True))
    return Flat(tuple(out), names)


def _cone(node: Node, made: Mapping[Value, Node]) -> list[Node]:
    """List the backward nodes that a node depends on, with itself, each once."""
    found: dict[Node, None] = {node: None}
    for one in found.copy():
        waiting = [one]
        while waiting:
            for v in waiting.pop().operands:
                if (before := made.get(v)) is not None and before not in found:
                    found[before] = None
                    waiting.append(before)
    return list(found)


def _stacked(node: Node, g: Value) -> bool:
    """Whether a gradient is the stack of those of a loop's turns."""
    if not isinstance(node.form, Loop):
        return False
    place = node.results.index(g)
    return node.form.carry <= place < node.form.carry + node.form.stack


def _inside(ops: _Ops, node: Node, g: Value) -> tuple[Expr, tuple[Expr, Expr], Expr]:
    """Of a loop: the errors of a turn, those up to a gradient without and with them, its work."""
    if not isinstance(node.form, Loop):
        return ZERO, (ZERO, ZERO), ops((node,))
    loop = node.form
    end = loop.body.outputs[node.results.index(g)]
    made = {v: n for n in loop.body.nodes for v in n.results}
    last = made.get(end)
    if last is None:
        return ZERO, (ZERO, ZERO), ZERO
    cone = {n for n in _cone(last, made) if n is not last}
    ends = [made[v] for v in loop.body.outputs[: loop.carry] if v in made]
    walked = {n for end in ends for n in _cone(end, made)}
    return ops(walked), (ops(cone), ops(walked | cone)), ops((last,)) * loop.trip


@dataclass(frozen=True, slots=True)
class _Found:
    """A loop, in a node of the graph that it is or is in, and where."""

    loop: Loop
    node: Node
    scope: str


def _loops(nodes: Iterable[Node], top: Node | None = None) -> Iterator[_Found]:
    for node in nodes:
        outer = top or node
        match node.form:
            case Loop() as loop:
                yield _Found(loop, outer, node.scope or outer.scope)
                yield from _loops(loop.body.nodes, outer)
            case Composite(body):
                yield from _loops(body.nodes, outer)
            case _:
                continue


def _longest(graph: Graph, label: str, sizes: Mapping[str, int]) -> _Found | None:
    loops = (x for x in _loops(graph.nodes) if x.loop.label == label and x.loop.carry)
    found = [x for x in loops if _trip(x.loop, sizes) > 1]
    return max(found, key=lambda x: _trip(x.loop, sizes), default=None)


def _trip(loop: Loop, sizes: Mapping[str, int]) -> int:
    return loop.trip.at(sizes)


def _kept(graph: Graph, found: _Found) -> Expr:
    """How many numbers of one turn the backward pass reads."""
    used = {v for n in graph.nodes if n.phase is Phase.BACKWARD for v in n.operands}
    nodes = (n for n in graph.nodes if n.phase is Phase.FORWARD and n.scope == found.node.scope)
    first = (found.loop.trip,)
    stacks = {v for n in nodes for v in n.results if v in used and v.shape[:1] == first}
    return Expr.sum(Expr.prod(v.shape[1:]) for v in stacks)


def _layers(
    ops: _Ops, graph: Graph, found: _Found, both: Expr, checkpoints: int | None
) -> tuple[Way, ...]:
    """Law 5, of forward and backward; only numbers kept for these blocks are compared."""
    n = _trip(found.loop, dict(graph.dims))
    each, saved = ops(found.loop.body.nodes), _kept(graph, found)
    start = Expr.sum(i.value.type.size for i in found.loop.body.inputs[: found.loop.carry])
    k = math.isqrt(n - 1) + 1 if n > 1 else 1
    c = checkpoints or ceildiv(n, k).at()
    if not 1 <= c <= n:
        raise BadSpelling(f"{c} checkpoints", f"are none that {n} blocks can have", f"1 to {n}")

    def way(name: str, again: int, inputs: int, blocks: int) -> Way:
        kept = inputs * start + blocks * saved
        return Way(name, both + again * each, kept, again)

    return (
        way("keep everything", 0, 0, n),
        way("keep the input of every block", n - 1, n, 1),
        way(f"keep one input in {k} (sqrt)", n - (n - 1) % k - 1, math.ceil(n / k), min(k, n)),
        way(f"{c} checkpoints, placed best", revolve(n, c), c, 1),
        way("keep the first input alone", n * (n - 1) // 2, 1, 1),
    )


def revolve(blocks: int, checkpoints: int) -> int:
    """Give the least number of blocks to be run again, with so many inputs kept at a time.

    >>> revolve(10, 1), revolve(10, 3), revolve(10, 10)
    (45, 15, 9)
    """
    r = 0
    while math.comb(checkpoints + r, checkpoints) < blocks:
        r += 1
    return r * blocks - math.comb(checkpoints + r, r - 1) if r else 0


def _time(ops: _Ops, graph: Graph, found: _Found, window: int | None) -> tuple[Way, ...]:
    """Law 6, of the backward pass of the loop alone."""
    sizes = dict(graph.dims)
    n = _trip(found.loop, sizes)
    k = window or math.isqrt(n - 1) + 1
    if not 1 <= k <= n:
        raise BadSpelling(f"a window of {k}", f"is none of {n} steps", f"1 to {n}")
    back = _backward(graph, found)
    if back is None:
        return ()
    node, loop = back
    each, added = ops(loop.body.nodes), Expr.sum(v.type.size for v in loop_sums(node, loop))
    saved, s, w = _kept(graph, found), loop.trip, const(k)
    pairs = w * s - k * (k - 1) // 2
    return (
        Way("all of time", s * each + (s - 1) * added, s * saved, n),
        Way(f"chunks of {k}", s * each + (s - ceildiv(s, w)) * added, w * saved, n),
        Way(
            f"{k} steps from every step", pairs * each + (pairs - s) * added, w * saved,
            pairs.at(sizes),
        ),
    )  # fmt: skip


def _backward(graph: Graph, found: _Found) -> tuple[Node, Loop] | None:
    """Find the loop that walks back through another."""
    for node, loop in _backward_loops(n for n in graph.nodes if n.phase is Phase.BACKWARD):
        if loop.label == found.loop.label and loop.trip == found.loop.trip:
            return node, loop
    return None


def _backward_loops(nodes: Iterable[Node]) -> Iterator[tuple[Node, Loop]]:
    for node in nodes:
        match node.form:
            case Loop() as loop:
                yield node, loop
                yield from _backward_loops(loop.body.nodes)
            case Composite(body):
                yield from _backward_loops(body.nodes)
            case _:
                continue
