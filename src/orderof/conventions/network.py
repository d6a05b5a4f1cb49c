"""What the formulas of papers are made of: the sizes of a network as a whole, off its graph.

All are exact, and in letters where the graph has letters. A name that a network lacks is an error
and never 0: without tokens there is nothing to count for each of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from orderof.conventions.flow import flow, is_attention, projections
from orderof.errors import BadSpelling, Unmeasured
from orderof.ir.graph import Phase, Role
from orderof.sym import ZERO, Expr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orderof.conventions.flow import Flow, Lookup
    from orderof.ir.graph import Graph, Node, Value

NAMES = (
    "tokens", "vocabulary", "width", "params", "idle", "tables", "positions", "matmul_params",
    "head", "projections", "feed_forward", "layers", "heads", "attended", "scores", "reached",
    "length",
)  # fmt: skip


class Network:
    """A graph, measured as a whole; what it lacks raises `Unmeasured` when it is asked for.

    >>> from orderof.api import graph
    >>> found = Network(graph("zoo:gpt2"))
    >>> found.tokens, found.matmul_params - found.head, found.reached
    (Expr(B*S), Expr(12*L*d**2), Expr(L*S*d))
    """

    def __init__(self, graph: Graph, idle: Expr = ZERO) -> None:
        self.graph = graph
        self.idle = idle
        """Of parameters, what a token does not meet: the experts that are not chosen for it."""

    def value(self, e: Expr) -> Expr:
        """Evaluate an expression of the names above; raises `BadSpelling` for any other."""
        used = e.symbols()
        if wrong := used - set(NAMES):
            message = "is nothing that is measured of a network"
            raise BadSpelling(min(wrong), message, f"use {', '.join(NAMES)}")
        sizes: dict[str, Expr] = {name: getattr(self, name) for name in NAMES if name in used}
        return e.subs(sizes)

    def phases(self) -> tuple[Phase, ...]:
        """Give the phases that a formula can speak of: there is a backward pass, or there is not.

        With one there may be recomputation, which a formula knows of and a graph need not.
        """
        if not self._flow.backward:
            return (Phase.FORWARD,)
        return (Phase.FORWARD, Phase.BACKWARD, Phase.RECOMPUTE)

    def kind(self, node: Node) -> str:
        """Say what the multiply-adds of a node are: attention, head, weights, other."""
        if is_attention(node):
            return "attention"
        found = self._flow.products.get(node)
        if found is None or not found.weights:
            return "other"
        return "head" if found.weights <= self._last else "weights"

    @cached_property
    def _flow(self) -> Flow:
        return flow(self.graph)

    @cached_property
    def tokens(self) -> Expr:
        """B*S: elements of the integer input that looks rows of a table of parameters up.

        Of several tables (kinds of segments are another) the one with most rows is of tokens.
        """
        rows = self.vocabulary
        found = [x.node.operands for x in self._flow.lookups if x.by_input and x.table]
        at = {by for table, by in found if table.shape[0] == rows}
        if len(at) != 1:
            message = "takes two texts: the formulas speak of one sequence of tokens"
            raise Unmeasured(self.graph.name, message, "count its operators: --as flops")
        return at.pop().type.size

    @cached_property
    def vocabulary(self) -> Expr:
        """V: rows of the table of tokens."""
        return self._table.node.operands[0].shape[0]

    @cached_property
    def width(self) -> Expr:
        """d: how wide a row of the table of tokens is."""
        return self._table.node.operands[0].shape[-1]

    @cached_property
    def _table(self) -> Lookup:
        """The lookup of tokens."""
        found = [x for x in self._flow.lookups if x.by_input and x.table]
        if not found:
            message = "takes no tokens: no integer input of it looks a table of parameters up"
            hint = "formulas of language models do not speak of it; count its operators: --as flops"
            raise Unmeasured(self.graph.name, message, hint)
        rows = {x: x.node.operands[0].shape[0] for x in found}
        if len(set(rows.values())) == 1:
            return found[0]
        sizes = dict(self.graph.dims)
        return max(found, key=lambda x: rows[x].at(sizes))

    @cached_property
    def params(self) -> Expr:
        """N: elements of all parameters."""
        return _elements(self.graph.of_role(Role.PARAM, Role.FROZEN))

    @cached_property
    def tables(self) -> Expr:
        """Of parameters that are looked up and never multiplied: no table that is the head too."""
        return _elements(self._looked_up() - self._multiplied)

    @cached_property
    def positions(self) -> Expr:
        """Of those tables that are looked up by place, and not by an input."""
        by_input = {p for x in self._flow.lookups if x.by_input for p in x.table}
        return _elements(self._looked_up() - self._multiplied - by_input)

    def _looked_up(self) -> frozenset[Value]:
        return frozenset(p for x in self._flow.lookups for p in x.table)

    @cached_property
    def matmul_params(self) -> Expr:
        """Of parameters that products multiply with what depends on an input."""
        return _elements(self._multiplied)

    @cached_property
    def _multiplied(self) -> frozenset[Value]:
        return frozenset(p for x in self._flow.forward() for p in x.weights)

    @cached_property
    def head(self) -> Expr:
        """Of the parameters of the last of these, if it gives as many numbers as there are rows."""
        return _elements(self._last)

    @cached_property
    def _last(self) -> frozenset[Value]:
        """The parameters of the last product with weights, if it gives a number for each token."""
        last = self._flow.forward()[-1:]
        if not last or not any(x.by_input and x.table for x in self._flow.lookups):
            return frozenset()
        wide = last[0].node.results[0].shape[-1:] == (self.vocabulary,)
        return last[0].weights if wide else frozenset()

    @cached_property
    def projections(self) -> Expr:
        """Of those that lead to queries, keys and values, or take what attention gives."""
        self._sites()
        return _elements(projections(self.graph, self._flow))

    @cached_property
    def feed_forward(self) -> Expr:
        """Of those that products multiply, what belongs to neither head nor attention."""
        return self.matmul_params - self.head - self.projections

    def _sites(self) -> list[tuple[Node, Expr]]:
        if not self._flow.attention:
            message = "has no attention: no operator of it is one"
            hint = (
                "write it as scaled_dot_product_attention, or take a formula without it: --as 6nd"
            )
            raise Unmeasured(self.graph.name, message, hint)
        return self._flow.attention

    @cached_property
    def layers(self) -> Expr:
        """L: attention sites, as often as they run."""
        return Expr.sum(times for _, times in self._sites())

    @cached_property
    def heads(self) -> Expr:
        """L*H: heads of queries of all of them."""
        return Expr.sum(n.operands[0].shape[1] * times for n, times in self._sites())

    @cached_property
    def attended(self) -> Expr:
        """L*H*Q: these heads times the width of each."""
        return Expr.sum(_width(n) * times for n, times in self._sites())

    @cached_property
    def scores(self) -> Expr:
        """L*H*T: these heads times the keys that each looks at."""
        sites = self._sites()
        return Expr.sum(n.operands[0].shape[1] * _keys(n) * times for n, times in sites)

    @cached_property
    def reached(self) -> Expr:
        """L*H*Q*T: heads times width times keys."""
        return Expr.sum(_width(n) * _keys(n) * times for n, times in self._sites())

    @cached_property
    def length(self) -> Expr:
        """T: keys, where all sites have as many."""
        found = {_keys(n) for n, _ in self._sites()}
        if len(found) != 1:
            message = f"attends to {', '.join(sorted(map(str, found)))} keys: there is no length"
            raise Unmeasured(self.graph.name, message, "take a formula without it: --as palm-mfu")
        return found.pop()


def _width(node: Node) -> Expr:
    """Give the width of the queries of all heads."""
    shape = node.operands[0].shape
    return shape[1] * shape[3]


def _keys(node: Node) -> Expr:
    return node.operands[1].shape[2]


def _elements(params: Iterable[Value]) -> Expr:
    return Expr.sum(p.type.size for p in params)
