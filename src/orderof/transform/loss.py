"""A loss on the first float output.

For a graph that is still to be differentiated, or for one that was recorded with its backward pass.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orderof.counts import is_float
from orderof.errors import BadSpelling, ModelError
from orderof.ir.build import Builder
from orderof.ir.graph import Graph, Input, Node, Phase, Type, Value
from orderof.ops.softmax import cross_entropy, mse_loss
from orderof.transform.grad import grad

if TYPE_CHECKING:
    from collections.abc import Callable

LOSSES: dict[str, Callable[[Builder, Value], Value]] = {
    "cross_entropy": lambda b, x: cross_entropy(b, x, _target(b, Type(x.shape[:-1], "int64"))),
    "mse": lambda b, x: mse_loss(b, x, _target(b, x.type)),
}
"""Losses by name; each declares its target as an input. Classes stand in the last axis."""


def _target(b: Builder, t: Type) -> Value:
    return b.take(Value(t, "target"))


def add_loss(graph: Graph, name: str) -> Graph:
    """Put a loss on the first float output, which becomes the only output of the graph."""
    b, loss = _loss(_output(graph), name)
    return replace(
        graph,
        inputs=(*graph.inputs, *b.inputs),
        nodes=(*graph.nodes, *b.nodes),
        outputs=(loss,),
    )


def reseed(graph: Graph, name: str) -> Graph:
    """Put a loss into a recorded graph: its gradient takes the place of the output's seed."""
    output = _output(graph)
    at = next((i for i, n in enumerate(graph.nodes) if _is_seed(n, output.type)), None)
    if at is None:
        raise ModelError(graph.name, "no gradient starts at its first float output")
    b, loss = _loss(output, name)
    small = Graph((Input(output), *b.inputs), tuple(b.nodes), (loss,))
    joint = grad(small, inputs=True)
    seed, found = graph.nodes[at].results[0], dict(joint.grads)[output]
    rest = [
        replace(n, operands=tuple(found if v is seed else v for v in n.operands))
        for n in graph.nodes[at + 1 :]
    ]
    inputs = (*graph.inputs, *(i for i in joint.inputs if i.value is not output))
    return replace(graph, inputs=inputs, nodes=(*graph.nodes[:at], *joint.nodes, *rest))


def _loss(output: Value, name: str) -> tuple[Builder, Value]:
    if name not in LOSSES:
        hint = f"use one of {', '.join(LOSSES)}"
        raise BadSpelling(name, "is not a loss known here", hint)
    b = Builder(scope="loss", phase=Phase.LOSS)
    return b, LOSSES[name](b, output)


def _output(graph: Graph) -> Value:
    found = next((v for v in graph.outputs if is_float(v.dtype)), None)
    if found is None:
        raise ModelError(graph.name, "has no float output to put a loss on")
    return found


def _is_seed(node: Node, t: Type) -> bool:
    return node.phase is Phase.BACKWARD and node.op == "fill" and node.results[0].type == t
