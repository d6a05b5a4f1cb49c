"""Mixtures of experts: how many are chosen for a token, and which parameters it never meets.

A grouped product multiplies every row once, whichever expert it goes to: operations do not depend
on the routing. Two things do:

    idle       of E experts a token meets k; the weights of the others, (E - k)/E of them, are idle
    met        experts that a batch of T tokens meets: min(E, k*T) at most; if all choices of k are
               equally likely, whatever other tokens choose, E*(1 - (1 - k/E)**T) on average

k is read off the selection whose k*T places are the rows of the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from orderof.ir.forms import Loop
from orderof.ir.graph import Phase
from orderof.sym import ONE, ZERO, Expr, expr, minimum

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orderof.ir.graph import Graph, Node, Value

_STACKED = 3
"""Dimensions of the weights of all experts: E matrices."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Of so many experts some are chosen for every token; `weights` are elements in all layers."""

    chosen: Expr
    of: Expr
    tokens: Expr
    weights: Expr

    @property
    def idle(self) -> Expr:
        """Elements of the weights that one token does not meet."""
        return self.weights / self.of * (self.of - self.chosen)

    @property
    def most(self) -> Expr:
        """Experts that all tokens together meet at most."""
        return minimum(self.of, self.chosen * self.tokens)

    def expected(self, sizes: Mapping[str, int]) -> Fraction:
        """Experts that all tokens together meet on average, if all choices are equally likely."""
        k, n, tokens = (e.at(sizes) for e in (self.chosen, self.of, self.tokens))
        return n * (1 - (1 - Fraction(k, n)) ** tokens)


def experts(graph: Graph) -> tuple[Routing, ...]:
    """Find the mixtures of experts in a forward pass, those of one routing together."""
    found: dict[tuple[Expr, Expr, Expr], Expr] = {}
    for body, times in _bodies(graph):
        seen: set[Value] = set()
        for node in body.nodes:
            key = _routed(node, body)
            if key is None or node.operands[1] in seen:
                continue
            seen.add(node.operands[1])
            found[key] = found.get(key, ZERO) + node.operands[1].type.size * times
    return tuple(Routing(*key, weights) for key, weights in found.items())


def _bodies(graph: Graph, times: Expr = ONE) -> Iterator[tuple[Graph, Expr]]:
    """Give a graph and the bodies of its loops, with the number of their parameters' copies."""
    yield graph, times
    for node in graph.nodes:
        if isinstance(node.form, Loop):
            yield from _bodies(node.form.body, times * node.form.trip)


def _routed(node: Node, body: Graph) -> tuple[Expr, Expr, Expr] | None:
    """Give (chosen, of, tokens) of a product with experts; None where nothing chooses its rows."""
    if node.op != "grouped_product" or node.phase is not Phase.FORWARD:
        return None
    rows, weights = (v.shape for v in node.operands[:2])
    if len(weights) != _STACKED:
        return None
    for other in body.nodes:
        if other.op == "top_k" and other.operands[0].shape[-1] == weights[0]:
            chosen = expr(other.attr("k"))
            tokens = other.operands[0].type.size / weights[0]
            if tokens * chosen == rows[0]:
                return chosen, weights[0], tokens
    return None
