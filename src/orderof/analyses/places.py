"""Where the nodes of a graph stand, as conventions ask for it.

1. The classes of the modules around a node: torch's own as nn.Linear, others with where they are
   defined, those that run nothing themselves by their name alone.
2. What the innermost module gives is what a result becomes before it is left: a product is
   reshaped, and has its bias added. Where a parameter is read again, the module is called again.
3. A node reads a parameter through views and copies of it.
4. What depends on a trained parameter has a gradient.
5. What depends on an input of the network varies; so does all that a loop hands on which takes it,
   and what is read again after a view of it was written: the graph has lost what that was.
6. A node stands after another that made its first operand for it alone: no other operator of the
   forward pass reads it, and it is no output. A copy in between is none.
7. A node is live if it leads to a result, makes a mask, or writes in place, which a view may read.
8. The same operator of the same operands gives the same values again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.conventions.context import Context
from orderof.conventions.site import Place, Site
from orderof.ir.forms import Loop, View
from orderof.ir.graph import Role

if TYPE_CHECKING:
    from orderof.counts import Counts
    from orderof.ir.graph import Graph, Node, Value
    from orderof.sym import Expr

    Reads = tuple[tuple[str, Expr], ...]

_COPIES = frozenset({"copy", "cast"})
"""What hands a parameter on besides views."""
_PARTS = frozenset({"slice", "split"})
"""Of these, what gives some of its elements; the others give all, some of them several times."""


class Places:
    """The places of all nodes, inside of loops too."""

    def __init__(self, graph: Graph) -> None:
        self._context = Context(graph)
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
        learned = self._context.learned
        learns = tuple(n for n, v in enumerate(node.operands) if v in learned)
        varies = not self._context.varying.isdisjoint(node.operands)
        after, back = self._context.after(node), self._context.trained
        again, live = node in self._context.repeated, node in self._context.live
        seen = varies, again, node.scope in self._context.masked, live
        place = Place(around, leaf, out, reads, learns, back, after, *seen)
        return Site(node, counts, place, self._context)

    def _walk(self, graph: Graph, params: frozenset[str]) -> None:
        named = {i.value: (i.value.name, i.value.type.size) for i in graph.inputs}
        named = {v: found for v, found in named.items() if found[0] in params}
        chain = _Chain()
        for node in graph.nodes:
            if node.origin is not None:
                self._classes[node.scope] = _class(node.origin.module)
            if isinstance(node.form, Loop):
                self._walk(node.form.body, params)
                continue  # its body reads what it is given
            reads = [named[v] for v in node.operands if v in named]
            if reads and (isinstance(node.form, View) or node.op in _COPIES):
                name, size = reads[0]
                part = node.op in _PARTS
                named |= {v: (name, v.type.size if part else size) for v in node.results}
                continue
            self._reads[node] = tuple((name.rpartition(".")[2], size) for name, size in reads)
            chain.add(node, {name for name, _ in reads})
        self._out |= chain.ends(graph)

    def _around(self, scope: str, own: str) -> tuple[str, ...]:
        parts = scope.split(".") if scope else []
        paths = ["", *(".".join(parts[: n + 1]) for n in range(len(parts)))]
        found = [self._classes.get(path, "") for path in paths]
        return (*found[:-1], _class(own) if own else f"nn.{found[-1]}")


class _Chain:
    """Which node takes the result of which, in one call of a module."""

    def __init__(self) -> None:
        self._makers: dict[Value, Node] = {}
        self._heirs: dict[Node, Node] = {}
        self._read: dict[Node, set[str]] = {}

    def add(self, node: Node, read: set[str]) -> None:
        """Take in the next node, with the parameters that it reads."""
        for maker in (self._makers[v] for v in node.operands if v in self._makers):
            if maker.scope == node.scope and not self._read[maker] & read:
                self._heirs[maker] = node
                read |= self._read[maker]
        self._read[node] = read
        if node.results:
            self._makers[node.results[0]] = node

    def ends(self, graph: Graph) -> dict[Node, tuple[Expr, ...]]:
        """Give the shape that the first result of each node has in the end."""
        found: dict[Node, tuple[Expr, ...]] = {}
        for node in reversed(graph.nodes):
            if node.results:
                heir = self._heirs.get(node)
                found[node] = found[heir] if heir in found else node.results[0].shape
        return found


def _class(name: str) -> str:
    return f"nn.{name.rpartition('.')[2]}" if name.startswith("torch.nn.") else name
