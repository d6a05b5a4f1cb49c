"""The only maker of nodes. A builder keeps the scope, phase and source line of what it emits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from orderof.ir.graph import Graph, Input, Node, Phase, Role, Type, Value, tensor
from orderof.sym import ONE, Expr, Size, expr

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from orderof.ir.forms import Form
    from orderof.ir.graph import Attr, Origin


class Builder:
    """Collects inputs and nodes, then freezes them into a Graph."""

    def __init__(self, *, scope: str = "", phase: Phase = Phase.FORWARD) -> None:
        """Start an empty graph; nodes carry `scope` and `phase` until another is entered."""
        self.scope = scope
        self.phase = phase
        self.source: str | None = None
        self.origin: Origin | None = None
        self.inputs: list[Input] = []
        self.nodes: list[Node] = []
        self.modules: dict[str, tuple[str, Expr]] = {}
        self.times: Expr = ONE

    def input(self, name: str, dtype: str, *shape: Size, role: Role = Role.INPUT) -> Value:
        """Declare an input of the graph."""
        return self.take(Value(tensor(dtype, *shape), name), role)

    def param(self, name: str, *shape: Size, dtype: str = "float32") -> Value:
        """Declare a trainable parameter of the module that is open."""
        return self.input(join(self.scope, name), dtype, *shape, role=Role.PARAM)

    def take(self, value: Value, role: Role = Role.INPUT) -> Value:
        """Make an existing value an input."""
        self.inputs.append(Input(value, role))
        return value

    def emit(
        self,
        op: str,
        form: Form,
        operands: Iterable[Value],
        types: Iterable[Type],
        attrs: tuple[tuple[str, Attr], ...] = (),
    ) -> tuple[Value, ...]:
        """Append a node and give its results."""
        results = tuple(Value(t) for t in types)
        operands = tuple(operands)
        place = self.scope, self.phase, self.source, self.origin
        self.nodes.append(Node(op, form, operands, results, attrs, *place))
        return results

    @contextlib.contextmanager
    def module(self, name: str, kind: str = "", times: Size = 1) -> Generator[None]:
        """Open a module of the tree; `times` says how many copies of it one pass runs."""
        scope, outer = self.scope, self.times
        self.scope, self.times = join(scope, name), outer * expr(times)
        self.modules.setdefault(self.scope, (kind, self.times))
        try:
            yield
        finally:
            self.scope, self.times = scope, outer

    @contextlib.contextmanager
    def during(self, phase: Phase) -> Generator[None]:
        """Emit nodes of another phase."""
        outer, self.phase = self.phase, phase
        try:
            yield
        finally:
            self.phase = outer

    def body(self, outputs: Iterable[Value]) -> Graph:
        """Freeze as the body of a region, whose modules belong to the graph around it."""
        return Graph(tuple(self.inputs), tuple(self.nodes), tuple(outputs))

    def graph(
        self, outputs: Iterable[Value], name: str = "", dims: Iterable[tuple[str, int]] = ()
    ) -> Graph:
        """Freeze."""
        modules = tuple((path, kind, times) for path, (kind, times) in self.modules.items())
        return Graph(
            tuple(self.inputs), tuple(self.nodes), tuple(outputs), name, tuple(dims), modules
        )


def join(scope: str, name: str) -> str:
    """Put a name under a scope."""
    return f"{scope}.{name}" if scope and name else scope or name
