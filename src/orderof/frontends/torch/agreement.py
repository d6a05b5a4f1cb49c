"""Why our reverse mode of a recorded forward pass differs from the backward pass that autograd ran.

Multiply-adds and the set of parameter gradients agree exactly. Every other kind agrees after this
closed list. A reason looks at the nodes of our backward pass and predicts ours minus autograd's as
a formula; it predicts nothing where it does not apply.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orderof.analyses.work import count, visits
from orderof.counts import Counts, Kind
from orderof.ir.graph import Graph, Phase, Role
from orderof.transform.grad import grad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orderof.ir.graph import Node


def mean_gradient(nodes: Iterable[Node]) -> Counts:
    """Torch spreads the gradient of a mean and then divides every element; we divide first."""
    return Counts.sum(
        Counts.of(Kind.DIV, r.dtype, node.operands[-1].type.size - r.type.size)
        for node in nodes
        if node.op == "mean.backward"
        for r in node.results
    )


def rsqrt_cube(nodes: Iterable[Node]) -> Counts:
    """Torch takes the third power of 1/sqrt(x) with `pow`; we multiply twice."""
    return Counts.sum(
        Counts({(Kind.MUL, r.dtype): 2 * r.type.size, (Kind.POW, r.dtype): -r.type.size})
        for node in nodes
        if node.op == "rsqrt.d0"
        for r in node.results
    )


REASONS: dict[str, Callable[[Iterable[Node]], Counts]] = {
    "mean_gradient": mean_gradient,
    "rsqrt_cube": rsqrt_cube,
}


def our_backward(recorded: Graph) -> Graph:
    """Take the forward part of a recorded graph and differentiate it ourselves."""
    forward = tuple(n for n in recorded.nodes if n.phase in (Phase.FORWARD, Phase.MASK))
    read = {v for n in forward for v in n.operands} | {*recorded.outputs}
    inputs = tuple(i for i in recorded.inputs if i.role is not Role.INPUT or i.value in read)
    return grad(replace(recorded, nodes=forward, inputs=inputs, grads=()))


def difference(recorded: Graph) -> tuple[Counts, dict[str, Counts]]:
    """Give ours minus autograd's backward counts, and what each reason predicts of it."""
    ours = our_backward(recorded)
    total = _backward(ours) - _backward(recorded)
    nodes = [n for n, _ in visits(ours) if n.phase is Phase.BACKWARD]
    return total, {name: reason(nodes) for name, reason in REASONS.items()}


def _backward(graph: Graph) -> Counts:
    return Counts.sum(r.counts for r in count(graph).rows if r.phase is Phase.BACKWARD)
