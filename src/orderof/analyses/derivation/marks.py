"""Which values of a backward pass are contributions to the gradient of a parameter.

These are the gradients, what is added up to them, and views of either; all others are errors: what
the cost changes by when a value inside the network does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.forms import Composite, Loop, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orderof.ir.graph import Graph, Node, Value


def contributions(graph: Graph) -> set[Value]:
    """Find them, those in regions too."""
    found = {g for _, g in graph.grads}
    _mark(graph.nodes, found)
    return found


def _mark(nodes: Sequence[Node], found: set[Value]) -> None:
    users: dict[Value, int] = {}
    for node in nodes:
        for v in node.operands:
            users[v] = users.get(v, 0) + 1
    for node in reversed(nodes):
        flags = [v in found for v in node.results]
        if not any(flags):
            continue
        match node.form:
            case Composite(body):
                _inside(body, flags, found)
            case Loop(body=body, carry=carry):
                _inside(body, [f and i >= carry for i, f in enumerate(flags)], found)
            case View():
                found.update(v for v in node.operands if users[v] == 1)
            case _ if node.op == "add":
                found.update(v for v in node.operands if users[v] == 1)
            case _:
                continue


def _inside(body: Graph, flags: Iterable[bool], found: set[Value]) -> None:
    found.update(v for v, flag in zip(body.outputs, flags, strict=True) if flag)
    _mark(body.nodes, found)
