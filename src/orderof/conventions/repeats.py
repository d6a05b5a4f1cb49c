"""Which nodes of a graph compute what another one computed: equal operators on equal values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.forms import Loop

if TYPE_CHECKING:
    from orderof.ir.graph import Graph, Node, Value

_MADE = frozenset({"fill", "iota"})
"""What gives the same values every time though it has no operand."""


def repeats(graph: Graph) -> frozenset[Node]:
    """Find the nodes that an elimination of common subexpressions would drop."""
    found = _Numbers()
    found.walk(graph)
    return frozenset(found.again)


class _Numbers:
    """Numbers for values, equal ones alike."""

    def __init__(self) -> None:
        self.again: set[Node] = set()
        self._same: dict[object, int] = {}
        self._numbers: dict[Value, int] = {}

    def walk(self, graph: Graph) -> None:
        """Go through the nodes; what stays the same in a loop is what it is outside."""
        for node in graph.nodes:
            if isinstance(node.form, Loop):
                form = node.form
                pairs = list(zip(form.body.inputs, node.operands, strict=True))
                stay = pairs[form.carry : form.carry + form.const]
                self._numbers |= {i.value: self._number(v) for i, v in stay}
                self.walk(form.body)
            elif node.operands or node.op in _MADE:
                self._look(node)

    def _look(self, node: Node) -> None:
        if node.op == "alias" and node.origin is not None and node.origin.op == "orderof":
            return  # what was written through another view is not followed
        types = tuple(v.type for v in node.results)
        key = node.op, node.attrs, types, node.phase, tuple(map(self._number, node.operands))
        if key in self._same:
            self.again.add(node)
        first = self._same.setdefault(key, len(self._same))
        for place, value in enumerate(node.results):
            self._numbers[value] = self._same.setdefault((first, place), len(self._same))

    def _number(self, value: Value) -> int:
        if value not in self._numbers:
            self._numbers[value] = self._same.setdefault(value, len(self._same))
        return self._numbers[value]
