"""Whether the cost of a network is convex in its parameters, as far as that can be read off.

It is if the output is affine in the parameters and the loss is convex in the output: a network of
one trained layer. A product of two values that both depend on parameters, or a function of one that
is not linear, ends it; nothing is said then about the cost being convex by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.forms import Branch, Composite, Irregular, Loop, Nest, Series
from orderof.ir.graph import Phase, Role
from orderof.ir.scalar import adjoint, variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orderof.ir.graph import Graph, Node, Value

CONVEX = frozenset({"cross_entropy", "mse_loss"})
"""Losses that are convex in the output (Boyd & Vandenberghe 2004, sections 3.1.5 and 7.1)."""


def convex(graph: Graph) -> bool:
    """Whether the cost is convex in the parameters, for all that can be read off the graph.

    Without a loss there is no cost of which it could be said.

    >>> from orderof.api import graph
    >>> convex(graph("mlp:3-2", loss="mse")), convex(graph("mlp:3-4-2", loss="mse"))
    (True, False)
    """
    if not any(n.phase is Phase.LOSS for n in graph.nodes):
        return False
    active = {*graph.of_role(Role.PARAM)}
    forward = [n for n in graph.nodes if n.phase in (Phase.FORWARD, Phase.LOSS)]
    return _affine(forward, active)


def _affine(nodes: Iterable[Node], active: set[Value]) -> bool:
    """Follow what depends on the parameters; False where that is not affine."""
    for node in nodes:
        if not any(v in active for v in node.operands):
            continue
        if node.phase is Phase.LOSS and node.op in CONVEX:
            continue
        match node.form:
            case Nest() as nest:
                if not _linear(node, nest, active):
                    return False
                active.update(node.results)
            case Composite(body):
                outer = zip(body.inputs, node.operands, strict=True)
                inner = {i.value for i, v in outer if v in active}
                if not _affine(body.nodes, inner):
                    return False
                pairs = zip(body.outputs, node.results, strict=True)
                active.update(r for o, r in pairs if o in inner)
            case Loop() | Irregular() | Series() | Branch():
                return False
            case _:
                active.update(node.results)
    return True


def _linear(node: Node, nest: Nest, active: set[Value]) -> bool:
    """Whether a nest is affine in its active operands: no derivative depends on one."""
    if nest.reduce == "max":
        return False
    moving = {j for j, v in enumerate(node.operands) if v in active}
    parts = adjoint(nest.body, None)
    read = moving & variables(nest.body)
    return read <= parts.keys() and not any(variables(parts[j]) & moving for j in read)
