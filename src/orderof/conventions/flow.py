"""Which products of a graph multiply parameters, which belong to attention, which look a table up.

1. A value that depends on no input of the network is *made of* parameters, perhaps of none.
2. A product multiplies weights if one operand is made of parameters and another depends on an
   input. What it gives is no longer made of parameters.
3. A product of the backward pass multiplies weights too if it gives the gradient of a parameter:
   through views, copies, casts and the additions that gather it. Of a parameter, that is, which a
   product of the forward pass multiplies with what depends on an input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orderof.ir.forms import Loop, Move, Nest, View
from orderof.ir.graph import Phase, Role
from orderof.ops.work import work
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orderof.ir.graph import Graph, Node, Value

    Params = frozenset[Value]

NOTHING: Params = frozenset()
ATTENTION = ("attention", "causal_attention")
_BACKWARD = ("attention.", "causal_attention.", "causal_gradient")
_WEIGHT_DIMS = 2
"""Dimensions that a weight has at least, among the operands of an operator of several products."""
_GATHERS = frozenset({"add", "cast"})


@dataclass(frozen=True, slots=True)
class Product:
    """A node with multiply-adds, how often it runs, and the weights that it multiplies."""

    node: Node
    times: Expr
    weights: Params


@dataclass(frozen=True, slots=True)
class Lookup:
    """Rows of a table that are chosen: by an input of the network, or by their place alone."""

    node: Node
    table: Params
    by_input: bool


@dataclass(slots=True)
class Flow:
    """What is known of a graph once it has been walked through."""

    products: dict[Node, Product] = field(default_factory=dict["Node", Product])
    """All but those of attention, in the order in which they run."""
    attention: list[tuple[Node, Expr]] = field(default_factory=list["tuple[Node, Expr]"])
    """Of the forward pass."""
    lookups: list[Lookup] = field(default_factory=list[Lookup])
    backward: bool = False
    """Whether there is a backward pass."""
    made: dict[Value, Params | None] = field(default_factory=dict["Value", "Params | None"])

    def forward(self) -> list[Product]:
        """List the products of the forward pass that multiply weights."""
        found = self.products.values()
        return [p for p in found if p.weights and p.node.phase is Phase.FORWARD]


def flow(graph: Graph) -> Flow:
    """Walk through a graph."""
    found = Flow()
    for given in graph.inputs:
        own = {Role.PARAM: frozenset({given.value}), Role.FROZEN: frozenset({given.value})}
        found.made[given.value] = own.get(given.role, NOTHING)
        if given.role is Role.INPUT:
            found.made[given.value] = None
    _walk(found, graph, ONE)
    goals: dict[Value, Params] = {}
    multiplied = NOTHING.union(*(p.weights for p in found.forward()))
    for param, grad in graph.grads:
        goals[grad] = goals.get(grad, NOTHING) | ({param} & multiplied)
    _aim(found, graph, goals)
    return found


def is_attention(node: Node) -> bool:
    """Whether a node is attention, or its gradient."""
    return node.op in ATTENTION or node.op.startswith(_BACKWARD)


def _walk(found: Flow, graph: Graph, times: Expr) -> None:
    made = found.made
    for node in graph.nodes:
        found.backward |= node.phase is Phase.BACKWARD
        if isinstance(node.form, Loop):
            body = node.form.body
            made |= {i.value: made[v] for i, v in zip(body.inputs, node.operands, strict=True)}
            _walk(found, body, times * node.form.trip)
            made |= {r: made[v] for r, v in zip(node.results, body.outputs, strict=True)}
            continue
        given = [made[v] for v in node.operands]
        if node.op == "gather_rows":
            found.lookups.append(Lookup(node, given[0] or NOTHING, given[1] is None))
        if is_attention(node):
            if node.op in ATTENTION and node.phase is Phase.FORWARD:
                found.attention.append((node, times))
        elif work(node).macs():
            weights = _weights(found, node) if None in given else NOTHING
            found.products[node] = Product(node, times, weights)
        made |= dict.fromkeys(node.results, _together(found, node))


def _weights(found: Flow, node: Node) -> Params:
    """Give the parameters among what a product multiplies."""
    least = 0 if isinstance(node.form, Nest) else _WEIGHT_DIMS
    parts = (found.made[v] for v in node.operands if len(v.shape) >= least)
    return NOTHING.union(*(p for p in parts if p))


def _together(found: Flow, node: Node) -> Params | None:
    """Give what the results of a node are made of."""
    if node in found.products or is_attention(node):
        return None
    if node.phase is Phase.BACKWARD and not node.operands:
        return None  # the gradient at an output stands for what a loss would make of it
    parts = [found.made[v] for v in node.operands]
    known = [p for p in parts if p is not None]
    return NOTHING.union(*known) if len(known) == len(parts) else None


def _aim(found: Flow, graph: Graph, goals: dict[Value, Params]) -> None:
    """Follow the gradients of parameters back to the products that give them."""
    for node in reversed(graph.nodes):
        if isinstance(node.form, Loop):
            body = node.form.body
            _hand(goals, zip(node.results, body.outputs, strict=True))
            _aim(found, body, goals)
            inputs = (i.value for i in body.inputs)
            _hand(goals, zip(inputs, node.operands, strict=True))
            continue
        product = found.products.get(node)
        if product is None:
            if isinstance(node.form, View | Move) or node.op in _GATHERS:
                _hand(goals, ((r, v) for r in node.results for v in node.operands))
        elif not product.weights:
            aims = NOTHING.union(*(goals.get(r, NOTHING) for r in node.results))
            found.products[node] = Product(node, product.times, aims)


def _hand(goals: dict[Value, Params], pairs: Iterable[tuple[Value, Value]]) -> None:
    for one, other in pairs:
        if aims := goals.get(one):
            goals[other] = goals.get(other, NOTHING) | aims


def projections(graph: Graph, found: Flow) -> Params:
    """Give the weights of the products whose results go into attention, or that take what it gives.

    Operators that are no products lie in between: norms, rotations, another shape.
    """
    into: dict[Value, Params] = {}
    out: set[Value] = set()
    weights: set[Value] = set()
    _project(graph, found, (into, out, weights))
    return frozenset(weights)


def _project(
    graph: Graph, found: Flow, known: tuple[dict[Value, Params], set[Value], set[Value]]
) -> None:
    into, out, weights = known
    for node in graph.nodes:
        if node.phase is not Phase.FORWARD:
            continue
        if isinstance(node.form, Loop):
            body = node.form.body
            ends = [i.value for i in body.inputs], body.outputs
            for value, other in zip(ends[0], node.operands, strict=True):
                _same(known, value, other)
            _project(body, found, known)
            for value, other in zip(node.results, ends[1], strict=True):
                _same(known, value, other)
            continue
        sources = NOTHING.union(*(into.get(v, NOTHING) for v in node.operands))
        after = any(v in out for v in node.operands)
        if node.op in ATTENTION:
            weights |= NOTHING.union(*(into.get(v, NOTHING) for v in node.operands[:3]))
            out |= {node.results[0]}
        elif product := found.products.get(node):
            weights |= product.weights if after else NOTHING
            into |= dict.fromkeys(node.results, product.weights)
        else:
            into |= dict.fromkeys(node.results, sources)
            out |= set(node.results) if after else set()


def _same(
    known: tuple[dict[Value, Params], set[Value], set[Value]], value: Value, other: Value
) -> None:
    into, out, _ = known
    into[value] = into.get(other, NOTHING)
    if other in out:
        out.add(value)
