"""What a graph says of its nodes as a whole: who made a value, what depends on parameters."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from orderof.conventions.repeats import repeats
from orderof.ir.forms import Loop
from orderof.ir.graph import Phase, Role
from orderof.sym import ONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orderof.ir.graph import Graph, Node, Value
    from orderof.sym import Expr

_OPENING = 5
_BLOCKS = "layers"
"""The label of a loop that equal blocks were made, which the model writes out."""
_KEPT = frozenset({Phase.MASK, Phase.LOSS})
"""What no result of a graph reads, though it is there for one."""
_LATER = frozenset({Phase.BACKWARD, Phase.RECOMPUTE, Phase.OPTIMIZER})


class Context:
    """A graph as rules look at it; each part is found when a rule first asks for it."""

    def __init__(self, graph: Graph | None = None) -> None:
        self._graph = graph

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes in order, those of loops before the loop."""
        return tuple(_nodes(self._graph)) if self._graph else ()

    @cached_property
    def makers(self) -> dict[Value, Node]:
        """The node that made a value."""
        return {value: node for node in self.nodes for value in node.results}

    @cached_property
    def trained(self) -> bool:
        """Whether the network is trained."""
        return any(node.phase == Phase.BACKWARD for node in self.nodes)

    @cached_property
    def learned(self) -> frozenset[Value]:
        """The values that depend on a parameter that can be trained."""
        found: set[Value] = set()
        if self._graph:
            found.update(self._graph.of_role(Role.PARAM))
            _learn(self._graph, found)
        return frozenset(found)

    @cached_property
    def varying(self) -> frozenset[Value]:
        """The values that depend on an input of the network, and not on parameters alone."""
        found: set[Value] = set()
        if self._graph:
            found.update(self._graph.of_role(Role.INPUT))
            _vary(self._graph, found)
        return frozenset(found)

    @cached_property
    def live(self) -> frozenset[Node]:
        """The nodes that lead to a result of the network, or write to what others read."""
        found: set[Node] = set()
        if self._graph:
            _reach(self._graph, set(self._graph.outputs), found)
        return frozenset(found)

    @cached_property
    def masked(self) -> frozenset[str]:
        """The paths of modules that attend with a mask."""
        return frozenset(node.scope for node in self.nodes if _masks(node))

    @cached_property
    def repeated(self) -> frozenset[Node]:
        """The nodes that compute what another one computed."""
        return repeats(self._graph) if self._graph else frozenset()

    @cached_property
    def written(self) -> dict[Node, Expr]:
        """How often a node stands in the program: the body of a loop once, every equal block."""
        return dict(_written(self._graph, ONE)) if self._graph else {}

    @cached_property
    def readers(self) -> Counter[Value]:
        """How often values are read by operators of the forward pass, or given."""
        return Counter(_read(self._graph, self.nodes) if self._graph else ())

    def after(self, node: Node) -> tuple[str, ...]:
        """Name what made the first operand, for this node alone: our operator, the framework's."""
        while node.operands and self.readers[node.operands[0]] == 1:
            maker = self.makers.get(node.operands[0])
            if maker is None:
                break
            if maker.op != "copy":
                return maker.op, maker.origin.op if maker.origin else ""
            node = maker
        return ()

    @cached_property
    def openings(self) -> dict[str, str]:
        """What a module begins with: the functions of its first operations, by its path."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for node in self.nodes:
            parts = node.scope.split(".") if node.scope else []
            function = node.origin.function if node.origin else ""
            for n in range(len(parts) + 1) if function else ():
                begun = found[".".join(parts[:n])]
                if len(begun) < _OPENING:
                    begun.append(function)
        return {path: " ".join(functions) for path, functions in found.items()}


def _nodes(graph: Graph) -> Iterator[Node]:
    for node in graph.nodes:
        if isinstance(node.form, Loop):
            yield from _nodes(node.form.body)
        yield node


def _written(graph: Graph, times: Expr) -> Iterator[tuple[Node, Expr]]:
    for node in graph.nodes:
        if isinstance(node.form, Loop):
            copies = node.form.trip if node.form.label == _BLOCKS else ONE
            yield from _written(node.form.body, times * copies)
        yield node, times


def _read(graph: Graph, nodes: Sequence[Node]) -> Iterator[Value]:
    yield from graph.outputs
    for node in nodes:
        if isinstance(node.form, Loop):
            yield from node.form.body.outputs
        if node.op != "detach" and node.phase not in _LATER:
            yield from node.operands


def _vary(graph: Graph, found: set[Value]) -> None:
    """Follow what is given through the nodes; in a loop all that is handed on, once any is."""
    for node in graph.nodes:
        if node.op == "alias" and node.origin is not None and node.origin.op == "orderof":
            found.update(node.results)  # what was written through another view is not followed
        if found.isdisjoint(node.operands):
            continue
        found.update(node.results)
        if isinstance(node.form, Loop):
            pairs = zip(node.form.body.inputs, node.operands, strict=True)
            found.update(i.value for i, v in pairs if v in found)
            found.update(i.value for i in node.form.body.inputs[: node.form.carry])
            _vary(node.form.body, found)


def _masks(node: Node) -> bool:
    if node.op in ("attention", "causal_attention"):
        return len(node.operands) > len("qkv") or bool(node.attr("masked"))
    return node.origin is not None and node.origin.op == "aten.baddbmm"


def _reach(graph: Graph, wanted: set[Value], found: set[Node]) -> None:
    """Follow results back; what one turn of a loop makes is wanted if any of it is."""
    for node in reversed(graph.nodes):
        writes = node.origin is not None and node.origin.op.endswith("_")
        kept = writes or node.phase in _KEPT
        if not kept and wanted.isdisjoint(node.results):
            continue
        found.add(node)
        wanted.update(node.operands)
        if isinstance(node.form, Loop):
            body = node.form.body
            _reach(body, wanted | {*body.outputs}, found)


def _learn(graph: Graph, found: set[Value]) -> None:
    """Follow what is learned through the nodes, and through one step of the loops."""
    for node in graph.nodes:
        learned = [v in found for v in node.operands]
        if isinstance(node.form, Loop):
            body = node.form.body
            inner = (i.value for i in body.inputs)
            found.update(v for v, yes in zip(inner, learned, strict=True) if yes)
            _learn(body, found)
            outer = zip(node.results, body.outputs, strict=True)
            found.update(result for result, value in outer if value in found)
        elif any(learned) and node.op != "detach":
            found.update(v for v in node.results if "float" in v.dtype)
