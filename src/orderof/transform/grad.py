"""Reverse mode: a graph with its backward pass, both as graphs.

1. A value is *active* when it is a float that depends on a wanted input.
2. It is *useful* when a seeded output depends on it. Gradients flow through values that are both.
3. The nodes are walked backwards. A Nest gives its derived nest, an operator with its own `vjp`
   gives that, a Composite without one and a Loop are split into a forward and a backward body.
4. A value with k users receives k gradients, which k - 1 additions sum up.
5. What a backward body reads of its forward body is *saved*: further results of the forward node,
   in a loop stacked over the steps. Inputs that stay the same are passed again instead.
6. A loop runs backwards over its steps; it carries the gradients of the carries, stacks those of
   the slices, and sums those of the constants over the steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orderof.counts import is_float
from orderof.errors import ModelError
from orderof.ir.build import Builder
from orderof.ir.forms import Branch, Composite, Loop, Nest, Series
from orderof.ir.graph import Graph, Input, Node, Phase, Role, Type, Value
from orderof.ops import REGISTRY
from orderof.ops.derive import derive
from orderof.ops.elementwise import add
from orderof.ops.pull import pull
from orderof.ops.shape import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Split:
    """A graph as two.

    `forward` gives its outputs and then `saved`; `backward` takes what it `reads` (inputs or saved
    values of the forward graph), then one seed for each seeded output, and gives one gradient for
    each wanted input.
    """

    forward: Graph
    backward: Graph
    reads: tuple[Value, ...]
    saved: tuple[Value, ...]


def grad(graph: Graph, *, inputs: bool = False) -> Graph:
    """Add the backward pass: gradients of all trainable parameters, and of the inputs if asked.

    Every float output that depends on them is seeded by a new input. `grads` pairs each parameter
    that has a gradient with it.
    """
    wanted = [*graph.of_role(Role.PARAM)]
    if inputs:
        wanted += [v for v in graph.of_role(Role.INPUT) if is_float(v.dtype)]
    walk = _Walk(graph, wanted, graph.outputs)
    seeds = {v: Value(v.type, f"grad.{v.name or 'out'}") for v in walk.seeded}
    walk.run(seeds)
    pairs = tuple((v, g) for v in wanted if (g := walk.total(v)) is not None)
    return replace(
        graph,
        inputs=(*graph.inputs, *(Input(v) for v in seeds.values())),
        nodes=(*walk.nodes, *walk.b.nodes),
        outputs=(*graph.outputs, *(g for _, g in pairs)),
        grads=pairs,
    )


def split(graph: Graph, want: Sequence[bool], seeded: Sequence[bool]) -> Split:
    """Split a body for the inputs that want a gradient and the outputs that get one."""
    wanted = [i.value for i, w in zip(graph.inputs, want, strict=True) if w]
    outputs = [v for v, s in zip(graph.outputs, seeded, strict=True) if s]
    walk = _Walk(graph, wanted, outputs)
    seeds = [Value(v.type) for v in outputs]
    walk.run_all(outputs, seeds)
    grads = [walk.total(v) or _zeros(walk.b, v.type) for v in wanted]
    reads = reads_of(walk.b.nodes, grads, {*seeds})
    given = {i.value for i in graph.inputs}
    saved = tuple(v for v in reads if v not in given)
    forward = replace(graph, nodes=tuple(walk.nodes), outputs=(*graph.outputs, *saved))
    takes = tuple(Input(v) for v in (*reads, *seeds))
    return Split(forward, Graph(takes, tuple(walk.b.nodes), tuple(grads)), reads, saved)


def reads_of(nodes: Iterable[Node], grads: Iterable[Value], seeds: set[Value]) -> tuple[Value, ...]:
    """Give what nodes read and do not make themselves, in the order of first use."""
    made = set(seeds)
    found: dict[Value, None] = {}
    for node in nodes:
        found.update((v, None) for v in node.operands if v not in made)
        made.update(node.results)
    found.update((v, None) for v in grads if v not in made)
    return tuple(found)


class _Walk:
    """One reverse walk over the nodes of a graph."""

    def __init__(self, graph: Graph, wanted: Sequence[Value], outputs: Sequence[Value]) -> None:
        self.b = Builder(phase=Phase.BACKWARD)
        self.active = _active(graph, wanted)
        self.seeded = [v for v in dict.fromkeys(outputs) if v in self.active]
        self.useful = _useful(graph, self.seeded)
        self.gradients: dict[Value, list[Value]] = {}
        self.splits: dict[Node, Split] = {}
        self.nodes = [self._prepare(node) for node in graph.nodes]

    def flows(self, v: Value) -> bool:
        return v in self.active and v in self.useful

    def run(self, seeds: Mapping[Value, Value]) -> None:
        self.run_all(list(seeds), list(seeds.values()))

    def run_all(self, outputs: Sequence[Value], seeds: Sequence[Value]) -> None:
        for v, seed in zip(outputs, seeds, strict=True):
            self.give(v, seed)
        for node in reversed(self.nodes):
            self._reverse(node)

    def give(self, v: Value, g: Value) -> None:
        self.gradients.setdefault(v, []).append(g)

    def total(self, v: Value) -> Value | None:
        """Sum what a value received, once."""
        parts = self.gradients.get(v)
        if not parts:
            return None
        while len(parts) > 1:
            parts[:2] = [add(self.b, parts[0], parts[1])]
        return parts[0]

    def _prepare(self, node: Node) -> Node:
        """Give the forward node, with further results where its body has to save some."""
        if not any(map(self.flows, node.results)) or not any(
            v in self.active for v in node.operands
        ):
            return node
        match node.form:
            case Loop() as loop:
                prepared, parts = _split_loop(self, node, loop)
            case Composite() if not _has_vjp(node):
                want = [self.flows(v) for v in node.operands]
                prepared, parts = split_node(node, want, [self.flows(v) for v in node.results])
            case _:
                return node
        self.splits[prepared] = parts
        return prepared

    def _reverse(self, node: Node) -> None:
        if not any(v in self.gradients for v in node.results):
            return
        want = [self.flows(v) for v in node.operands]
        if not any(want):
            return
        self.b.scope, self.b.source = node.scope, node.source
        for v, g in zip(node.operands, self._gradients(node, want), strict=True):
            if g is not None and v in self.active:
                self.give(v, g)

    def _gradients(self, node: Node, want: Sequence[bool]) -> Sequence[Value | None]:
        gs = [self.total(v) for v in node.results]
        match node.form:
            case Loop() as loop:
                return _reverse_loop(self, node, loop, gs)
            case Composite() if node in self.splits:
                seeded = [self.flows(v) for v in node.results]
                return reverse_node(self.b, node, self.splits[node], gs, want, seeded)
            case _ if _has_vjp(node):
                return pull(self.b, node, gs, want)
            case Nest():
                (g,) = gs
                assert g is not None  # noqa: S101 - _reverse asked
                return [derive(self.b, node, g, j) if w else None for j, w in enumerate(want)]
            case Series() | Branch():
                hint = "record a backward pass, or write out what runs"
                raise ModelError(node.op, "has no reverse mode: it is a region that varies", hint)
            case _:
                hint = "declare its vjp beside the operator"
                raise ModelError(node.op, "has no derivative", hint)


def _has_vjp(node: Node) -> bool:
    op = REGISTRY.get(node.op)
    return op is not None and op.vjp is not None


def _active(graph: Graph, wanted: Sequence[Value]) -> set[Value]:
    """Law 1; a carry that becomes active in one step is active in all."""
    active = set(wanted)
    for node in graph.nodes:
        if node.op == "detach" or not any(v in active for v in node.operands):
            continue
        found = {*node.results}
        if isinstance(node.form, Loop):
            found = {
                v for v, a in zip(node.results, _active_results(node, active), strict=True) if a
            }
        active |= {v for v in found if is_float(v.dtype)}
    return active


def carries(node: Node, loop: Loop, active: set[Value]) -> tuple[list[bool], set[Value]]:
    """Find which carries are active, by repetition, and the active values of the body."""
    flags = [v in active for v in node.operands]
    takes = [i.value for i in loop.body.inputs]
    while True:
        inner = _active(loop.body, [v for v, a in zip(takes, flags, strict=True) if a])
        after = [
            f or v in inner for f, v in zip(flags, loop.body.outputs[: loop.carry], strict=False)
        ]
        if after == flags[: loop.carry]:
            return flags, inner
        flags[: loop.carry] = after


def _active_results(node: Node, active: set[Value]) -> list[bool]:
    loop = node.form
    assert isinstance(loop, Loop)  # noqa: S101 - callers match on the form
    _, inner = carries(node, loop, active)
    return [v in inner for v in loop.body.outputs]


def _useful(graph: Graph, seeded: Iterable[Value]) -> set[Value]:
    """Law 2."""
    useful = set(seeded)
    for node in reversed(graph.nodes):
        if any(v in useful for v in node.results):
            useful.update(node.operands)
    return useful


def split_node(node: Node, want: Sequence[bool], seeded: Sequence[bool]) -> tuple[Node, Split]:
    """Give a Composite node with what it saves as further results, and its split body."""
    body = node.form
    assert isinstance(body, Composite)  # noqa: S101 - callers match on the form
    parts = split(body.body, want, seeded)
    saved = tuple(Value(v.type) for v in parts.saved)
    return replace(node, form=Composite(parts.forward), results=(*node.results, *saved)), parts


def reverse_node(
    b: Builder,
    node: Node,
    parts: Split,
    gs: Sequence[Value | None],
    want: Sequence[bool],
    seeded: Sequence[bool],
) -> list[Value | None]:
    """Emit the backward half of a node that `split_node` gave."""
    body = node.form
    assert isinstance(body, Composite)  # noqa: S101 - callers match on the form
    outer = dict(zip((i.value for i in body.body.inputs), node.operands, strict=True))
    outer |= dict(zip(body.body.outputs, node.results, strict=True))
    gs = (*gs, *(None,) * (len(seeded) - len(gs)))
    seeds = [g or _zeros(b, v.type) for g, v, s in zip(gs, node.results, seeded, strict=False) if s]
    operands = (*(outer[v] for v in parts.reads), *seeds)
    types = [v.type for v in parts.backward.outputs]
    grads = iter(b.emit(f"{node.op}.backward", Composite(parts.backward), operands, types))
    return [next(grads) if w else None for w in want]


def _zeros(b: Builder, t: Type) -> Value:
    found: Value = fill(b, shape=t.shape, dtype=t.dtype)
    return found


def _loop_flags(walk: _Walk, node: Node, loop: Loop) -> tuple[list[bool], list[bool]]:
    """Say which body inputs want a gradient and which body outputs get one."""
    want, _ = carries(node, loop, walk.active)
    n = loop.carry
    want[n:] = [w and v in walk.useful for w, v in zip(want[n:], node.operands[n:], strict=True)]
    stacks = [walk.flows(v) for v in node.results[n : n + loop.stack]]
    return want, [*want[:n], *stacks]


def _split_loop(walk: _Walk, node: Node, loop: Loop) -> tuple[Node, Split]:
    want, seeded = _loop_flags(walk, node, loop)
    return saving(node, loop, split(loop.body, want, seeded))


def saving(node: Node, loop: Loop, parts: Split) -> tuple[Node, Split]:
    """Give a loop what its split body saves as further results, stacked over the turns."""
    stays = {i.value for i in loop.body.inputs[loop.carry :]}
    saved = tuple(v for v in parts.reads if v not in stays)
    forward = replace(parts.forward, outputs=(*loop.body.outputs, *saved))
    form = replace(loop, body=forward, stack=loop.stack + len(saved))
    results = (Value(Type((loop.trip, *v.shape), v.dtype)) for v in saved)
    new = replace(node, form=form, results=(*node.results, *results))
    return new, replace(parts, saved=saved)


def _reverse_loop(
    walk: _Walk, node: Node, loop: Loop, gs: Sequence[Value | None]
) -> list[Value | None]:
    parts = walk.splits[node]
    old = len(node.results) - len(parts.saved)
    original = replace(loop, stack=old - loop.carry)
    want, seeded = _loop_flags(walk, node, original)
    return reverse_loop(walk.b, node, loop, parts, gs, want, seeded)


def reverse_loop(
    b: Builder,
    node: Node,
    loop: Loop,
    parts: Split,
    gs: Sequence[Value | None],
    want: Sequence[bool],
    seeded: Sequence[bool],
) -> list[Value | None]:
    """Law 6. The order of the backward body: carries, constants, slices; then their gradients.

    The node is what `saving` gave. The carries that want a gradient are those that have a seed.
    """
    n, m = loop.carry, loop.carry + loop.const
    old = len(node.results) - len(parts.saved)
    outer = dict(zip((i.value for i in loop.body.inputs), node.operands, strict=True))
    consts = [v for v in parts.reads if v in {i.value for i in loop.body.inputs[n:m]}]
    slices = [v for v in parts.reads if v not in consts]
    outer |= dict(zip(parts.saved, node.results[old:], strict=True))
    seeds = parts.backward.inputs[len(parts.reads) :]
    lasts = [g or _zeros(b, v.type) for g, v, s in zip(gs, node.results, seeded, strict=False) if s]
    k = sum(want[:n])
    takes = [i.value for i in seeds[:k]], consts, [*slices, *(i.value for i in seeds[k:])]
    grads = parts.backward.outputs
    wanted_const = sum(want[n:m])
    gives = (*grads[:k], *grads[k + wanted_const :], *grads[k : k + wanted_const])
    inputs = tuple(Input(v) for group in takes for v in group)
    body = replace(parts.backward, inputs=inputs, outputs=gives)
    stack = len(grads) - k - wanted_const
    form = Loop(body, loop.trip, k, len(consts), stack, not loop.reverse, loop.label)
    operands = (*lasts[:k], *(outer[v] for v in (*consts, *slices)), *lasts[k:])
    types = [v.type for v in grads[:k]]
    types += [Type((loop.trip, *v.shape), v.dtype) for v in gives[k : k + stack]]
    types += [v.type for v in gives[k + stack :]]
    found = b.emit("loop", form, operands, types)
    order = iter((*found[:k], *found[k + stack :], *found[k : k + stack]))
    return [next(order) if w else None for w in want]
