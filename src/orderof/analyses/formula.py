"""The formula of a paper, set against the multiply-adds that there are, phase by phase.

1. A term says of which multiply-adds it is to be the number: of weights, of the head, of attention,
   of none. What it counts more or less than these stands under its reason.
2. A term of none stands for itself.
3. Multiply-adds that no term is of are left out, in the modules where they are.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from orderof.analyses.told import network, whole
from orderof.analyses.work import tellings
from orderof.errors import VerifyError
from orderof.sym import Expr

if TYPE_CHECKING:
    from orderof.conventions.types import Convention, Whole
    from orderof.ir.graph import Graph

    Part = tuple[str, str, Expr]
    Kind = tuple[str, str]

_LEFT = {
    "attention": "leaves out the products of attention",
    "head": "leaves out the head",
    "weights": "leaves out the products with weights",
    "other": "leaves out products of neither weights nor attention",
}


def against(graph: Graph, found: Convention) -> tuple[Expr, Expr, list[Part]]:
    """Give what a formula counts, all multiply-adds, and why they differ: (why, where, how much).

    Raises `VerifyError` where a term deviates without a reason, `Unmeasured` where the formula does
    not speak of such a network.
    """
    of = network(graph)
    told = whole(of, found)
    ours: defaultdict[Kind, list[tuple[str, Expr]]] = defaultdict(list)
    for site, _, times in tellings(graph, found):
        if n := site["macs"] * times:
            ours[site.node.phase, of.kind(site.node)].append((site.node.scope, n))
    macs = Expr.sum(n for places in ours.values() for _, n in places)
    parts = [(term.what, "", amount) for term, amount in told if not term.of]
    for (phase, kinds), terms in _together(told).items():
        there = [n for kind in kinds for _, n in ours.pop((phase, kind), ())]
        counted = Expr.sum(amount for _, amount in terms)
        if more := counted - Expr.sum(there) * found.each:
            parts.append((_why(found, [term for term, _ in terms]), "", more))
    for (phase, kind), places in ours.items():
        why = _LEFT[kind] if phase in found.phases else f"{phase} is not counted"
        parts.extend((why, scope, -n * found.each) for scope, n in places)
    return Expr.sum(amount for _, amount in told), macs, parts


def _together(
    told: list[tuple[Whole, Expr]],
) -> dict[tuple[str, tuple[str, ...]], list[tuple[Whole, Expr]]]:
    """Put the terms together that are of the same multiply-adds."""
    found: defaultdict[tuple[str, tuple[str, ...]], list[tuple[Whole, Expr]]] = defaultdict(list)
    for term, amount in told:
        if term.of:
            found[term.phase, term.of].append((term, amount))
    return found


def _why(found: Convention, terms: list[Whole]) -> str:
    for term in terms:
        if term.why:
            return term.why
    message = f"counts other than there is of {', '.join(terms[0].of)}, and gives no reason"
    raise VerifyError(found.name, message, "give its term a `why`")
