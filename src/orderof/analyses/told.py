"""What a convention says of each node of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.conventions.site import Site

if TYPE_CHECKING:
    from orderof.conventions.types import Convention
    from orderof.counts import Counts
    from orderof.ir.graph import Graph, Node
    from orderof.sym import Expr

    Told = tuple[Expr, str]


class Places:
    """Where nodes stand: the classes of the modules around them, torch's own as nn.Linear."""

    def __init__(self, graph: Graph) -> None:
        self._classes = {path: kind for path, kind, _ in graph.modules}
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def site(self, node: Node, counts: Counts) -> Site:
        """Give a node where it stands."""
        own = node.origin.module if node.origin else ""
        key = node.scope, own
        if (around := self._known.get(key)) is None:
            around = self._known[key] = self._around(*key)
        return Site(node, counts, around)

    def _around(self, scope: str, own: str) -> tuple[str, ...]:
        parts = scope.split(".") if scope else []
        paths = ["", *(".".join(parts[: n + 1]) for n in range(len(parts)))]
        found = [self._classes.get(path, "") for path in paths]
        return (*found[:-1], _class(own) if own else f"nn.{found[-1]}")


def _class(name: str) -> str:
    return f"nn.{name.rpartition('.')[2]}" if name.startswith("torch.nn.") else name


class Teller:
    """Tells the nodes of one graph; equal operators on equal types in equal places once."""

    def __init__(self, found: Convention) -> None:
        self._convention = found
        self._known: dict[object, Told] = {}

    def tell(self, site: Site) -> Told:
        """Give what is counted of a node, and why where that is no plain count."""
        node = site.node
        types = tuple(v.type for v in node.operands), tuple(v.type for v in node.results)
        key = node.op, node.attrs, types, node.origin, site.around, node.phase
        if (told := self._known.get(key)) is None:
            told = self._known[key] = self._convention.tell(site)
        return told
