"""What each tool would say of a network, and the difference term by term.

1. A convention's figure is `each` for every multiply-add that there is, plus its terms: what it
   counts of a node less that, under the reason that the convention gives.
2. The terms of a formula of a whole network are set against the multiply-adds that they are of.
3. Two figures differ by the terms that they do not share, and by what a multiply-add is worth to
   them. So the terms of a difference add up to it exactly, in letters.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.analyses.formula import against
from orderof.analyses.told import beside
from orderof.analyses.work import tellings, visits
from orderof.conventions import convention
from orderof.errors import Unmeasured, VerifyError
from orderof.ir.graph import Phase
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.conventions.types import Convention
    from orderof.ir.graph import Graph

    Parts = defaultdict[str, defaultdict[str, list[Expr]]]

EACH = "what a multiply-add counts"


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a figure or of a difference: why, how much, and in which modules."""

    why: str
    amount: Expr
    places: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """What one convention says of a network."""

    convention: Convention
    total: Expr
    macs: Expr
    """Multiply-adds that there are."""
    terms: tuple[Term, ...]
    """What it counts besides `each` for every one of them, and what it leaves out, negative."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What conventions say of one network."""

    model: str
    dims: tuple[tuple[str, int], ...]
    phases: tuple[Phase, ...]
    """What of it there is: the forward pass, or a step of training."""
    exact: Account
    """The multiply-adds that there are."""
    accounts: tuple[Account, ...]
    unknown: int
    """Operators without a rule: every figure is a lower bound while there is one."""
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[Account, Account], ...]:
        """What is set against what: two against each other, else each against `exact`."""
        if len(self.accounts) == 2:  # noqa: PLR2004
            return ((self.accounts[0], self.accounts[1]),)
        others = (a for a in self.accounts if a.convention.name != self.exact.convention.name)
        return tuple((self.exact, found) for found in others)


def compare(graph: Graph, names: Sequence[str], others: Sequence[str] = ()) -> Comparison:
    """Let conventions speak of a graph; of `others` those that can, and a note names the rest.

    Raises `BadSpelling` for one that nobody knows, `Unmeasured` where a formula does not speak of
    such a network.
    """
    found = [account(graph, convention(name)) for name in dict.fromkeys(names)]
    silent: dict[str, list[str]] = {}
    for name in dict.fromkeys(n for n in others if n not in names):
        try:
            found.append(account(graph, convention(name)))
        except Unmeasured as error:
            silent.setdefault(error.message.partition(":")[0], []).append(name)
    left = (
        f"{', '.join(names)}: it {why}, and they do not speak of it"
        for why, names in silent.items()
    )
    nodes = [node for node, _ in visits(graph)]
    there = {node.phase for node in nodes}
    return Comparison(
        graph.name,
        tuple(graph.dims),
        tuple(p for p in Phase if p in there and p is not Phase.MASK),
        account(graph, convention("macs")),
        tuple(found),
        sum(node.op.startswith("unknown:") for node in nodes),
        (*graph.notes, *left, *beside(graph, [a.convention for a in found])),
    )


def account(graph: Graph, found: Convention) -> Account:
    """Let a convention speak of a graph.

    Raises `VerifyError` where it deviates without a reason.
    """
    told: list[Expr] = []
    macs: list[Expr] = []
    parts: Parts = defaultdict(lambda: defaultdict(list))
    if found.formula:
        total, there, deviations = against(graph, found)
        for why, place, amount in deviations:
            parts[why][place].append(amount)
        return Account(found, total, there, _terms(parts))
    for site, (amount, why), times in tellings(graph, found):
        runs = found.runs(site, times)
        told.append(amount * runs)
        macs.append(site["macs"] * times)
        if more := amount - found.each * site["macs"]:
            if not why:
                message = f"counts {amount} of {site.node.op} and gives no reason"
                raise VerifyError(found.name, message, "give its rule a `why`")
            parts[why][site.node.scope].append(more * runs)
        if less := found.each * site["macs"] * (runs - times):
            parts[found.once][site.node.scope].append(less)
    return Account(found, Expr.sum(told), Expr.sum(macs), _terms(parts))


def difference(ours: Account, theirs: Account) -> tuple[Term, ...]:
    """Say why their figure is not ours: the terms of theirs less those of ours.

    Raises `VerifyError` if they do not add up to the difference.
    """
    parts: Parts = defaultdict(lambda: defaultdict(list))
    for sign, found in ((1, theirs), (-1, ours)):
        for term in found.terms:
            for place, amount in term.places:
                parts[term.why][place].append(sign * amount)
    each = theirs.convention.each - ours.convention.each
    unit = (Term(EACH, each * ours.macs),) if each else ()
    terms = (*unit, *_terms(parts))
    if Expr.sum(t.amount for t in terms) != theirs.total - ours.total:
        names = f"{theirs.convention.name} and {ours.convention.name}"
        raise VerifyError(names, "differ by more than their terms", "please report this model")
    return terms


def _terms(parts: Parts) -> tuple[Term, ...]:
    """Add up by reason and module; what cancels is left out."""
    found: list[Term] = []
    for why, by_place in parts.items():
        sums = ((place, Expr.sum(amounts)) for place, amounts in by_place.items())
        places = tuple((place, amount) for place, amount in sums if amount)
        if places:
            found.append(Term(why, Expr.sum(amount for _, amount in places), places))
    return tuple(found)
