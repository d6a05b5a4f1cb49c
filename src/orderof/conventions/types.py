"""A convention as data: what a tool or a paper counts of each node, and why it differs.

Convention   a name, its source, and rules; the first rule that speaks of a node counts it
Rule         which nodes it speaks of, an expression of their sizes, and the reason for it
Whole        what is counted of a network as a whole: the formulas of papers
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling
from orderof.ir.graph import Phase
from orderof.sym import ZERO, Expr, floordiv, minimum, mod

if TYPE_CHECKING:
    from orderof.conventions.site import Site
    from orderof.counts import Counts

STEP = tuple(p for p in Phase if p is not Phase.MASK)
PHASES = (Phase.FORWARD, Phase.LOSS)
"""What a tool sees that runs a model once; it runs the building of masks too."""

KINDS = frozenset({"attention", "head", "weights", "other"})
"""Of which multiply-adds a term of a formula can be."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How the nodes that a rule speaks of are counted; a list that is empty says nothing."""

    count: Expr
    """In the names that `site.Site` explains."""
    why: str
    """What makes it differ from the multiply-adds that there are."""
    op: tuple[str, ...] = ()
    """Patterns of our operators."""
    origin: tuple[str, ...] = ()
    """Patterns of the framework's operations: aten.addmm."""
    function: tuple[str, ...] = ()
    """Patterns of the functions that a model calls: F.linear; x + y is Tensor.__add__."""
    module: tuple[str, ...] = ()
    """Patterns of the class of the module around it: nn.Linear, *.Conv1D."""
    within: tuple[str, ...] = ()
    """Patterns of the class of any module around it, or of its name alone: Attention."""
    param: tuple[str, ...] = ()
    """Patterns of the names of parameters, one of which it reads: weight, in_proj_*."""
    after: tuple[str, ...] = ()
    """Patterns of the operator that made the first operand for this node: ours, or aten.relu."""
    phase: tuple[str, ...] = ()
    where: tuple[tuple[Expr, Expr | str], ...] = ()
    """Expressions with the values that they must have; of an attribute also as a text: lstm."""
    digits: int = 0
    """How many digits the tool keeps, where it reads a number that was printed; 0 is all."""
    over: int = 1
    """What the tool divides that by, and drops the rest."""

    def speaks_of(self, site: Site) -> bool:
        """Whether the rule counts a node."""
        node, around = site.node, site.place.around
        return (
            _fits(self.op, node.op)
            and _fits(self.origin, node.origin.op if node.origin else "")
            and _fits(self.function, node.origin.function if node.origin else "")
            and _fits(self.module, around[-1] if around else "")
            and (not self.within or any(_is_a(self.within, cls) for cls in around))
            and (not self.param or any(_fits(self.param, name) for name, _ in site.place.reads))
            and (not self.after or any(_fits(self.after, name) for name in site.place.after))
            and _fits(self.phase, node.phase)
            and all(site.holds(e, value) for e, value in self.where)
        )

    def tell(self, site: Site) -> Expr:
        """Count a node."""
        found = site.value(self.count)
        return floordiv(significant(found, self.digits), self.over) if self.digits else found


def _fits(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, p) for p in patterns)


def _is_a(patterns: tuple[str, ...], cls: str) -> bool:
    return _fits(patterns, cls) or _fits(patterns, cls.rpartition(".")[2])


def significant(e: Expr, digits: int) -> Expr:
    """Round a size below 10**18 to some significant digits, half to even, as %e prints it.

    >>> from orderof.sym import const
    >>> [significant(const(n), 4).value for n in (262145, 12345, 12355, 999)]
    [262100, 12340, 12360, 999]
    """
    found = before = e
    for power in range(digits, 18):
        step = 10 ** (power - digits + 1)
        odd = mod(floordiv(e, step), 2)
        after = step * floordiv(e + (step // 2 - 1) + odd, step)
        found += minimum(1, floordiv(e, 10**power)) * (after - before)
        before = after
    return found


@dataclass(frozen=True, slots=True)
class Whole:
    """A term of a formula about a whole network, in the names that `network` explains."""

    count: Expr
    what: str
    phase: Phase = Phase.FORWARD
    of: tuple[str, ...] = ()
    """Of which multiply-adds it is to be the number: attention, head, weights, other; or of none.

    Those that no term is of are left out by the formula.
    """
    why: str = ""
    """What makes it differ from these, where it does."""


@dataclass(frozen=True, slots=True)
class Convention:
    """How a tool or a paper counts."""

    name: str
    about: str
    """In one line."""
    source: str
    """Where it is written down: a version, a file, a paper."""
    otherwise: Expr
    """What is counted of a node that no rule speaks of."""
    why: str = ""
    """What makes that differ from the multiply-adds that there are."""
    each: int = 1
    """What one multiply-add counts."""
    unit: str = "MAC"
    phases: tuple[Phase, ...] = PHASES
    """What is counted at all."""
    rules: tuple[Rule, ...] = ()
    formula: tuple[Whole, ...] = field(default=())
    once: str = ""
    """Why the body of a loop counts once, where it does: of one that the model has itself."""
    products: str = ""
    """Why each product of sizes of tensors counts 1 besides, where it does."""

    @property
    def plain(self) -> bool:
        """Whether it is one expression of Counts, and needs to see no node."""
        counts = self.otherwise.symbols() <= {"macs", "ops"}
        more = self.rules or self.formula or self.once or self.products
        return counts and not more and {*STEP} <= {*self.phases}

    @property
    def by_origin(self) -> bool:
        """Whether a rule asks what a node was in its framework."""
        return any((*r.origin, *r.function, *r.module, *r.within) for r in self.rules)

    def names(self) -> set[str]:
        """Collect what its rules are made of, as `site.Site` explains it."""
        made = (rule.count.symbols() for rule in self.rules)
        asked = (name for rule in self.rules for e, _ in rule.where for name in e.symbols())
        return {*self.otherwise.symbols(), *asked, *(name for names in made for name in names)}

    def total(self, counts: Counts) -> Expr:
        """Make one number of Counts; raises `BadSpelling` for what has to see the nodes."""
        if not self.plain:
            hint = f'ask for it at once: --as {self.name}, or analyze(..., as_="{self.name}")'
            raise BadSpelling(self.name, "counts operators and not kinds of operations", hint)
        own = {"macs": counts.macs(), "ops": counts.ops()}
        return self.otherwise.subs(own)

    def runs(self, site: Site, times: Expr) -> Expr:
        """Say how often a node counts that runs some times."""
        return site.written if self.once else times

    def tell(self, site: Site) -> tuple[Expr, str]:
        """Count a node as the convention does; with the reason where that is no plain count."""
        if site.node.phase not in self.phases:
            return ZERO, f"{site.node.phase} is not counted"
        for rule in self.rules:
            if rule.speaks_of(site):
                return rule.tell(site), rule.why
        return site.value(self.otherwise), self.why
