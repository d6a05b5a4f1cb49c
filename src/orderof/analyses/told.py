"""What a convention says of each node of a graph, or of the graph as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.analyses.experts import experts
from orderof.conventions.network import Network
from orderof.conventions.site import looks_back
from orderof.ir.graph import Phase
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orderof.conventions.site import Site
    from orderof.conventions.types import Convention, Whole
    from orderof.ir.graph import Graph

    Told = tuple[Expr, str]


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


def beside(graph: Graph, asked: Iterable[Convention]) -> tuple[str, ...]:
    """Name the conventions that ask for functions and modules, where a network has none of them."""
    if any(node.origin for node in graph.nodes if node.phase is Phase.FORWARD):
        return ()
    names = [found.name for found in asked if found.by_origin]
    text = "of a network that calls no functions of PyTorch, operators alone are told"
    return (f"{', '.join(names)}: {text}",) if names else ()


def network(graph: Graph) -> Network:
    """Give a graph to measure as a whole; experts that are not chosen for a token are idle."""
    return Network(graph, Expr.sum(r.idle for r in experts(graph)))


def whole(of: Network, found: Convention) -> list[tuple[Whole, Expr]]:
    """Evaluate the terms of a formula, of the phases that there are; raises `Unmeasured`."""
    phases = of.phases()
    return [(term, of.value(term.count)) for term in found.formula if term.phase in phases]
