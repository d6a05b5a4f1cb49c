"""What reverse mode makes of a single operator: the gradients that a backward pass asks for.

An operand has a gradient when it is a float that a parameter comes through, and a result receives
one when, besides, an output of the model depends on it. So the gradients of all operators of a
network and the additions where a value has several users are its backward pass.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orderof.counts import is_float
from orderof.ir.forms import Loop, Nest, View
from orderof.ir.graph import Graph, Input, Phase, Role, Value
from orderof.transform.grad import grad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.ir.graph import Node

FORWARD = (Phase.FORWARD, Phase.LOSS)


def gradients(node: Node, flows: set[Value]) -> Iterator[tuple[tuple[int, ...], tuple[Node, ...]]]:
    """Iterate over (operands, nodes that make their gradients); `flows` is what `reach` gives.

    The gradients of a Nest are made one by one, those of others all together.
    """
    wanted = tuple(j for j, v in enumerate(node.operands) if v in flows)
    seeded = tuple(v for v in node.results if v in flows)
    if node.phase not in FORWARD or isinstance(node.form, View | Loop) or not seeded:
        return
    alone = isinstance(node.form, Nest)
    for group in [(j,) for j in wanted] if alone else filter(None, [wanted]):
        yield group, _backward(node, group, seeded)


def _backward(node: Node, group: tuple[int, ...], seeded: tuple[Value, ...]) -> tuple[Node, ...]:
    """Differentiate a graph of this one node by some of its operands."""
    fresh = tuple(Value(v.type, v.name) for v in node.operands)
    roles = (Role.PARAM if j in group else Role.FROZEN for j in range(len(fresh)))
    inputs = tuple(map(Input, fresh, roles))
    small = Graph(inputs, (replace(node, operands=fresh, phase=Phase.FORWARD),), seeded)
    return tuple(n for n in grad(small).nodes if n.phase is Phase.BACKWARD)


def reach(graph: Graph) -> set[Value]:
    """Find the values that gradients flow through, those inside loops included."""
    active = {*graph.of_role(Role.PARAM)}
    _spread(graph, active)
    useful = {*graph.outputs}
    _gather(graph, useful)
    return active & useful


def _spread(graph: Graph, active: set[Value]) -> None:
    """Add the floats that depend on an active value."""
    for node in graph.nodes:
        if node.op == "detach" or not any(v in active for v in node.operands):
            continue
        found = node.results
        if isinstance(node.form, Loop):
            inner = _spread_loop(node, node.form, active)
            found = (v for v, i in zip(node.results, inner, strict=True) if i)
        active.update(v for v in found if is_float(v.dtype))


def _spread_loop(node: Node, loop: Loop, active: set[Value]) -> list[bool]:
    """Say which outputs are active; a carry that becomes so in one step is so in all."""
    takes = [i.value for i in loop.body.inputs]
    active.update(v for v, outer in zip(takes, node.operands, strict=True) if outer in active)
    while True:
        _spread(loop.body, active)
        flags = [v in active for v in loop.body.outputs]
        fresh = [
            v for v, f in zip(takes, flags[: loop.carry], strict=False) if f and v not in active
        ]
        if not fresh:
            return flags
        active.update(fresh)


def _gather(graph: Graph, useful: set[Value]) -> None:
    """Add what a useful value depends on by operators of the forward pass."""
    for node in reversed(graph.nodes):
        if node.phase not in FORWARD or not any(v in useful for v in node.results):
            continue
        useful.update(node.operands)
        if isinstance(node.form, Loop):
            pairs = zip(node.form.body.outputs, node.results, strict=True)
            ends = (v for i, (v, r) in enumerate(pairs) if i < node.form.carry or r in useful)
            useful.update(ends)
            _gather(node.form.body, useful)


def names(graph: Graph) -> dict[Value, str]:
    """Give the names of values; a view, and what a loop takes, is called as what it is made of."""
    found = {i.value: i.value.name for i in graph.inputs if i.value.name}
    found |= {v: v.name for n in graph.nodes for v in n.results if v.name}
    for node in graph.nodes:
        if isinstance(node.form, View) and node.operands[0] in found:
            found |= {v: found[node.operands[0]] for v in node.results if v not in found}
        elif isinstance(node.form, Loop):
            inner = names(node.form.body)
            for given, outer in zip(node.form.body.inputs, node.operands, strict=True):
                inner[given.value] = inner.get(given.value) or found.get(outer, "")
            found |= inner
    return found
