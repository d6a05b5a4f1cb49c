"""The optimizer step as nodes: one update for each parameter that has a gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling
from orderof.ir.build import Builder
from orderof.ir.graph import Graph, Input, Phase, Role, Value
from orderof.ops.optim import adamw, sgd

if TYPE_CHECKING:
    from orderof.ir.graph import Attr
    from orderof.ops import Operator


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An update rule, its settings, and how many states it keeps for each parameter."""

    name: str
    op: Operator
    states: int
    attrs: tuple[tuple[str, Attr], ...] = ()


OPTIMIZERS = {
    o.name: o
    for o in (
        Optimizer("sgd", sgd, 0),
        Optimizer("sgd-momentum", sgd, 1, (("momentum", 0.9),)),
        Optimizer("sgd-nesterov", sgd, 1, (("momentum", 0.9), ("nesterov", True))),
        Optimizer("adamw", adamw, 2),
    )
}


def optimizer(name: str) -> Optimizer:
    """Find an optimizer by name; raises `BadSpelling`."""
    try:
        return OPTIMIZERS[name]
    except KeyError:
        known = ", ".join(OPTIMIZERS)
        raise BadSpelling(name, "is not an optimizer known here", f"use one of {known}") from None


def optimize(graph: Graph, rule: Optimizer) -> Graph:
    """Add the update of every parameter that `graph.grads` has a gradient for."""
    b = Builder(phase=Phase.OPTIMIZER)
    updated: list[Value] = []
    params = {*graph.of_role(Role.PARAM)}
    for p, g in graph.grads:
        if p not in params:
            continue
        b.scope = p.name.rpartition(".")[0]
        state = [
            b.take(Value(p.type, f"{p.name}.{rule.name}.{i}"), Role.STATE)
            for i in range(rule.states)
        ]
        updated.extend(rule.op.emit(b, (p, g, *state), rule.attrs))
    inputs: tuple[Input, ...] = (*graph.inputs, *b.inputs)
    nodes = (*graph.nodes, *b.nodes)
    return replace(graph, inputs=inputs, nodes=nodes, outputs=(*graph.outputs, *updated))
