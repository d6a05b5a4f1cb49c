"""The optimizer step as nodes: one update for each parameter that has a gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling
from orderof.ir.build import Builder
from orderof.ir.graph import Graph, Input, Phase, Role, Value
from orderof.ops.muon import muon
from orderof.ops.optim import adam, adamax, adamw, lion, nadam, radam, sgd
from orderof.ops.optim_rates import adadelta, adagrad, rmsprop, rprop

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
    others: Optimizer | None = None
    """What updates the parameters that are no matrices, where this one takes no others."""

    def of(self, p: Value) -> Optimizer:
        """Give the rule for a parameter."""
        return self.others if self.others and len(p.shape) != _MATRIX else self


_MATRIX = 2


OPTIMIZERS = {
    o.name: o
    for o in (
        Optimizer("sgd", sgd, 0),
        Optimizer("sgd-momentum", sgd, 1, (("momentum", 0.9),)),
        Optimizer("sgd-nesterov", sgd, 1, (("momentum", 0.9), ("nesterov", True))),
        Optimizer("adam", adam, 2),
        Optimizer("adamw", adamw, 2),
        Optimizer("nadam", nadam, 2),
        Optimizer("radam", radam, 2),
        Optimizer("adamax", adamax, 2),
        Optimizer("adagrad", adagrad, 1),
        Optimizer("adadelta", adadelta, 2),
        Optimizer("rmsprop", rmsprop, 1),
        Optimizer("rmsprop-momentum", rmsprop, 2, (("momentum", 0.9),)),
        Optimizer("rprop", rprop, 2),
        Optimizer("lion", lion, 1),
        Optimizer("muon", muon, 1, others=Optimizer("adamw", adamw, 2)),
    )
}


def optimizer(name: str) -> Optimizer:
    """Find an optimizer by name; raises `BadSpelling`."""
    try:
        return OPTIMIZERS[name]
    except KeyError:
        known = ", ".join(OPTIMIZERS)
        why = _REFUSED.get(name, "is not an optimizer known here")
        raise BadSpelling(name, why, f"use one of {known}") from None


_REFUSED = {
    "lbfgs": "runs the model as often as its line search asks: there is no count of one step",
    "sparseadam": "updates the rows of an embedding that a batch reads: only data tells which",
}


def optimize(graph: Graph, rule: Optimizer) -> Graph:
    """Add the update of every parameter that `graph.grads` has a gradient for."""
    b = Builder(phase=Phase.OPTIMIZER)
    updated: list[Value] = []
    params = {*graph.of_role(Role.PARAM)}
    for p, g in graph.grads:
        if p not in params:
            continue
        b.scope = p.name.rpartition(".")[0]
        own = rule.of(p)
        state = [
            b.take(Value(p.type, f"{p.name}.{own.name}.{i}"), Role.STATE) for i in range(own.states)
        ]
        updated.extend(own.op.emit(b, (p, g, *state), own.attrs))
    inputs: tuple[Input, ...] = (*graph.inputs, *b.inputs)
    nodes = (*graph.nodes, *b.nodes)
    notes = graph.notes
    if rule.others and any(rule.of(p) is not rule for p, _ in graph.grads):
        notes += (f"{rule.name} updates the matrices, {rule.others.name} all other parameters",)
    outputs = (*graph.outputs, *updated)
    return replace(graph, inputs=inputs, nodes=nodes, outputs=outputs, notes=notes)
