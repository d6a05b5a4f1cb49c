"""What a convention says of each node of a graph, or of the graph as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.analyses.experts import experts
from orderof.conventions.network import Network
from orderof.conventions.site import Place, Site, looks_back
from orderof.ir.forms import Loop, View
from orderof.ir.graph import Phase, Role
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.conventions.types import Convention, Whole
    from orderof.counts import Counts
    from orderof.ir.graph import Graph, Node, Value

    Told = tuple[Expr, str]
    Reads = tuple[tuple[str, Expr], ...]

_COPIES = frozenset({"copy", "cast"})
"""What hands a parameter on besides views."""
_PARTS = frozenset({"slice", "split"})
"""Of these, what gives some of its elements; the others give all, some of them several times."""


class Places:
    """Where nodes stand: after which others, in which modules, and the parameters they read.

    Classes of modules are torch's own as nn.Linear, others with where they are defined. What a
    module gives is what its first result becomes before it is left: a product is reshaped, and has
    its bias added. Where a parameter is read again, the module is called again.
    """

    def __init__(self, graph: Graph) -> None:
        nodes = list(_nodes(graph))
        self._makers = {value: node for node in nodes for value in node.results}
        self._trained = any(node.phase == Phase.BACKWARD for node in nodes)
        self._classes = {path: kind for path, kind, _ in graph.modules}
        self._inner = {path.rpartition(".")[0] for path in self._classes if path}
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._reads: dict[Node, Reads] = {}
        self._out: dict[Node, tuple[Expr, ...]] = {}
        self._walk(graph, frozenset(v.name for v in graph.of_role(Role.PARAM, Role.FROZEN)))

    def site(self, node: Node, counts: Counts) -> Site:
        """Give a node where it stands."""
        own = node.origin.module if node.origin else ""
        key = node.scope, own
        if (around := self._known.get(key)) is None:
            around = self._known[key] = self._around(*key)
        leaf = node.scope not in self._inner
        reads, out = self._reads.get(node, ()), self._out.get(node, ())
        return Site(node, counts, Place(around, leaf, out, reads, self._trained), self._makers)

    def _walk(self, graph: Graph, params: frozenset[str]) -> None:
        """Follow parameters to who reads them, and results to where they leave a module."""
        named = {i.value: (i.value.name, i.value.type.size) for i in graph.inputs}
        named = {v: found for v, found in named.items() if found[0] in params}
        makers: dict[Value, Node] = {}
        heirs: dict[Node, Node] = {}
        read: dict[Node, set[str]] = {}
        for node in graph.nodes:
            if isinstance(node.form, Loop):
                self._walk(node.form.body, params)
            reads = [named[v] for v in node.operands if v in named]
            if reads and (isinstance(node.form, View) or node.op in _COPIES):
                name, size = reads[0]
                part = node.op in _PARTS
                named |= {v: (name, v.type.size if part else size) for v in node.results}
                continue
            self._reads[node] = tuple((name.rpartition(".")[2], size) for name, size in reads)
            read[node] = {name for name, _ in reads}
            for maker in (makers[v] for v in node.operands if v in makers):
                if maker.scope == node.scope and not read[maker] & read[node]:
                    heirs[maker] = node
                    read[node] |= read[maker]
            if node.results:
                makers[node.results[0]] = node
        for node in reversed(graph.nodes):
            if node.results:
                heir = heirs.get(node)
                self._out[node] = self._out[heir] if heir in self._out else node.results[0].shape

    def _around(self, scope: str, own: str) -> tuple[str, ...]:
        parts = scope.split(".") if scope else []
        paths = ["", *(".".join(parts[: n + 1]) for n in range(len(parts)))]
        found = [self._classes.get(path, "") for path in paths]
        return (*found[:-1], _class(own) if own else f"nn.{found[-1]}")


def _nodes(graph: Graph) -> Iterator[Node]:
    for node in graph.nodes:
        if isinstance(node.form, Loop):
            yield from _nodes(node.form.body)
        yield node


def _class(name: str) -> str:
    return f"nn.{name.rpartition('.')[2]}" if name.startswith("torch.nn.") else name


class Teller:
    """Tells the nodes of one graph; equal operators on equal types in equal places once."""

    def __init__(self, found: Convention) -> None:
        self._convention = found
        self._looks_back = any(map(looks_back, found.names()))
        self._known: dict[object, Told] = {}

    def tell(self, site: Site) -> Told:
        """Give what is counted of a node, and why where that is no plain count."""
        node = site.node
        types = tuple(v.type for v in node.operands), tuple(v.type for v in node.results)
        past = site.past if self._looks_back else ()
        key = node.op, node.attrs, types, node.origin, site.place, node.phase, past
        if (told := self._known.get(key)) is None:
            told = self._known[key] = self._convention.tell(site)
        return told


def network(graph: Graph) -> Network:
    """Give a graph to measure as a whole; experts that are not chosen for a token are idle."""
    return Network(graph, Expr.sum(r.idle for r in experts(graph)))


def whole(of: Network, found: Convention) -> list[tuple[Whole, Expr]]:
    """Evaluate the terms of a formula, of the phases that there are; raises `Unmeasured`."""
    phases = of.phases()
    return [(term, of.value(term.count)) for term in found.formula if term.phase in phases]
