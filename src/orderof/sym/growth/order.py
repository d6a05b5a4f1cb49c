"""The order of growth of a formula, with constants that prove it.

1. Calls are enclosed between polynomials (`enclose`), f <= high and low <= f.
2. Terms of `high` that are added are grouped by their powers of the letters that grow and of the
   logarithms of these. A group is dominated by one with larger powers; what is left is the order.
3. The upper constant is the sum of what each group holds. The lower one is what `low` holds,
   halved until the rest of `low` is not negative from some size on; without one it is O, not Theta.
4. Letters that do not grow stay in the constants, and count as 1 or more. Where the constants
   cannot be proved positive so, these letters are taken at their sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orderof.errors import Inconclusive, Indivisible
from orderof.sym.expr import ONE, ZERO, Call, Expr, symbol
from orderof.sym.functions import ceillog2
from orderof.sym.growth.enclose import Enclosure, Step, parts
from orderof.sym.growth.positive import log_of
from orderof.sym.growth.ratio import UNIT, Ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orderof.sym.expr import Atom, Mono

    Powers = tuple[tuple[int, int], ...]
    """For each letter its power, and that of its logarithm."""

_HALVINGS = 8
"""How small a part of a coefficient is tried as lower constant."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Constants that prove an order: lower * order <= formula <= upper * order.

    It holds for all sizes of `letters` from `least` on, and of all others from 1 on.
    """

    formula: Expr
    order: Expr
    letters: tuple[str, ...]
    upper: Ratio
    lower: Ratio | None
    least: int
    steps: tuple[Step, ...] = ()
    """How the rounded parts of the formula are enclosed."""
    divided: tuple[tuple[str, str], ...] = ()
    """(d, h): d is taken to be a multiple of h, and what grows from `least` on is d/h."""

    def holds(self, **sizes: int) -> bool:
        """Evaluate both inequalities at some sizes; they need not be from `least` on."""
        f, g = self.formula.at(sizes), self.order.at(sizes)
        low = self.lower.at(sizes) * g if self.lower else f
        return bool(low <= f <= self.upper.at(sizes) * g)

    @property
    def where(self) -> str:
        """For which sizes it holds."""
        by = dict(self.divided)
        letters = [f"{n}/{by[n]}" if n in by and self.least > 1 else n for n in self.letters]
        given = ", ".join(f"{n} | {m}" for m, n in self.divided)
        where = f" where {given}" if given else ""
        return f"for all {', '.join(letters)} >= {self.least}{where}" if letters else "always"

    def lines(self) -> tuple[str, ...]:
        """The proof in a few lines: how rounding is enclosed, then both bounds."""
        steps = [str(s) for s in self.steps]
        upper = f"{self.formula} <= {_times(self.upper, self.order)} {self.where}"
        if self.lower is None:
            return (*steps, upper)
        return (*steps, upper, f"{self.formula} >= {_times(self.lower, self.order)} {self.where}")

    def says(self, name: str) -> str:
        """Write both bounds in one line, with a name for the formula."""
        upper = _times(self.upper, self.order)
        if self.lower == self.upper:
            return f"{name} = {upper} {self.where}"
        lower = f"{_times(self.lower, self.order)} <= " if self.lower else ""
        return f"{lower}{name} <= {upper} {self.where}"

    def __str__(self) -> str:
        return self.says(str(self.formula))


@dataclass(frozen=True, slots=True)
class Order:
    """How a formula grows: `terms` are those that none other dominates.

    >>> from orderof.sym import parse
    >>> found = order(parse("2*S**2*d + 12*S*d**2"), ("S",))
    >>> print(found, found.certificate.upper, sep="; ")
    Theta(S**2); 12*d**2 + 2*d
    >>> print(order(parse("n**4 + n**2")).certificate)
    n**4 <= n**4 + n**2 <= 2*n**4 for all n >= 1
    """

    terms: tuple[Expr, ...]
    letters: tuple[str, ...]
    certificate: Certificate
    fixed: Mapping[str, int] = field(default_factory=dict[str, int])
    """Other letters that had to be taken at a size."""

    @property
    def expr(self) -> Expr:
        """The sum of its terms."""
        return Expr.sum(self.terms)

    @property
    def tight(self) -> bool:
        """Whether it is a lower bound too: Theta, not O."""
        return self.certificate.lower is not None

    @property
    def regime(self) -> str:
        """What grows, and what stays."""
        if not self.letters:
            return "whatever grows"
        grow = f"as {', '.join(self.letters)} grow{'s' if len(self.letters) == 1 else ''}"
        stay = ", ".join(f"{k}={n}" for k, n in self.fixed.items())
        return f"{grow}, with {stay}" if stay else grow

    def __str__(self) -> str:
        return f"{'Theta' if self.tight else 'O'}({self.expr})"


def order(
    e: Expr,
    letters: Sequence[str] = (),
    sizes: Mapping[str, int] | None = None,
    divided: Mapping[str, str] | None = None,
) -> Order:
    """Give the order of growth in some letters, by default in all.

    `sizes` are of the others, `divided` says which letter is a multiple of which. Raises
    `Inconclusive` where a bound of a part of the formula is not known.
    """
    known = e.symbols()
    names = tuple(letters) if letters else tuple(sorted(known))
    pairs = {m: n for m, n in (divided or {}).items() if {m, n} <= known & {*names}}
    try:
        found = _order(e, names, pairs)
    except Inconclusive:
        found = None
    if found is not None and found.tight:
        return found
    fixed = {k: n for k, n in (sizes or {}).items() if k in known and k not in names}
    if not fixed:
        return found or _order(e, names, pairs)
    try:
        again = _order(e.subs(fixed), names, pairs)
    except Indivisible:  # of quotients with numbers below there is no formula
        return found or _order(e, names, pairs)
    return Order(again.terms, names, again.certificate, fixed)


def _order(e: Expr, letters: tuple[str, ...], divided: Mapping[str, str]) -> Order:
    """Find it with d standing for d/h, which is a whole number; then put d/h for d."""
    whole = e
    for m, n in _outermost(divided):
        whole = whole.subs({m: symbol(n) * symbol(m)})
    found = _whole(whole, letters)
    if not divided:
        return found
    back = {m: symbol(m) / symbol(n) for m, n in divided.items()}
    c = found.certificate
    made = replace(
        c,
        formula=e,
        order=c.order.subs(back),
        upper=c.upper.subs(back),
        lower=c.lower.subs(back) if c.lower else None,
        steps=tuple(s.subs(back) for s in c.steps),
        divided=tuple(divided.items()),
    )
    return replace(found, terms=tuple(t.subs(back) for t in found.terms), certificate=made)


def _outermost(divided: Mapping[str, str]) -> list[tuple[str, str]]:
    """Multiples before what they are multiples of."""
    return sorted(divided.items(), key=lambda pair: pair[0] in divided.values())


def _whole(e: Expr, letters: tuple[str, ...]) -> Order:
    inside = Enclosure(letters)
    low, high = inside.between(e)
    groups = groups_of(parts(high.expr), letters)
    if not groups:  # nothing, whatever grows
        return Order((), letters, Certificate(e, ZERO, letters, UNIT, UNIT, 1))
    top = [p for p in groups if not any(_below(p, q) for q in groups if q != p)]
    whole = {p: _monomial(p, letters) for p in top}
    if any(log for p in groups for _, log in p):
        inside.least = max(inside.least, 2)  # where a logarithm is 1 or more
    upper = _largest(groups, top, high.over)
    g = Expr.sum(whole.values())
    in_low = groups_of(parts(low.expr), letters)
    lower = _lower(inside, low, g, [in_low.get(p) for p in top])
    made = Certificate(e, g, letters, upper, lower, inside.least, tuple(inside.steps.values()))
    return Order(tuple(whole.values()), letters, made)


def groups_of(terms: Iterable[tuple[Mono, int]], letters: tuple[str, ...]) -> dict[Powers, Expr]:
    """Group terms by powers of the letters: the coefficients in other letters."""
    found: dict[Powers, list[Expr]] = {}
    for mono, c in terms:
        powers = {name: [0, 0] for name in letters}
        rest: list[tuple[Atom, int]] = []
        for atom, n in mono:
            name = atom if isinstance(atom, str) else log_of(atom)
            if name in powers:
                powers[name][isinstance(atom, Call)] += n
            else:
                rest.append((atom, n))
        key = tuple((a, b) for a, b in powers.values())
        found.setdefault(key, []).append(Expr({tuple(rest): c}))
    return {key: Expr.sum(items) for key, items in found.items()}


def _below(p: Powers, q: Powers) -> bool:
    """Whether q grows at least as fast in every letter; a logarithm is less than its letter."""
    return all(
        (a < c and b - d <= c - a) or (a == c and b <= d)
        for (a, b), (c, d) in zip(p, q, strict=True)
    )


def _monomial(powers: Powers, letters: tuple[str, ...]) -> Expr:
    out = ONE
    for name, (n, log) in zip(letters, powers, strict=True):
        own = symbol(name)
        out = out * Expr({((name, n),): 1} if n else {(): 1}) * ceillog2(own) ** log
    return out


def _largest(groups: Mapping[Powers, Expr], top: Sequence[Powers], over: int) -> Ratio:
    """Give the upper constant: each group counts with one that is above it."""
    held: dict[Powers, list[Expr]] = {p: [] for p in top}
    for p, c in groups.items():
        above = p if p in held else next(q for q in top if _below(p, q))
        held[above].append(c)
    sums = [Expr.sum(items) for items in held.values()]
    numbers = [s.value for s in sums]
    if all(n is not None for n in numbers):
        return Ratio(Expr.sum([max(n for n in numbers if n is not None)]), over).lowest()
    return Ratio(sums[0] if len(sums) == 1 else Expr.sum(sums), over).lowest()


def _lower(inside: Enclosure, low: Ratio, g: Expr, held: Sequence[Expr | None]) -> Ratio | None:
    """Give the lower constant, and move the least size to where it holds."""
    if not g or any(c is None for c in held):
        return None
    first = held[0] if len(held) == 1 else None
    own = first if first is not None else Expr.sum([min(_least(c) for c in held if c is not None)])
    if not (_plain(own) or inside.positive(own - 1)):
        return None
    start = inside.least
    for k in range(_HALVINGS):
        c = Ratio(own, low.over * 2**k).lowest()
        if inside.from_where((low - c * Ratio(g)).expr) and (inside.least - start) <= 64 * 2**k:
            return c
        inside.least = start
    return None


def _plain(c: Expr) -> bool:
    """Whether a constant is above 0 at sight: nothing is subtracted, and a product is there."""
    terms = list(c.terms())
    products = (all(isinstance(a, str) for a, _ in m) for m, _ in terms)
    return all(k > 0 for _, k in terms) and any(products)


def _least(c: Expr) -> int:
    """Give a number that a coefficient is never below, with all letters 1 or more."""
    plain = all(n > 0 and isinstance(a, str) for m, _ in c.terms() for a, n in m)
    return sum(n for _, n in c.terms()) if plain else 0


def _times(c: Ratio, g: Expr) -> str:
    low = c.lowest()
    if low == Ratio(ONE):
        return f"({g})" if len(list(g.terms())) > 1 else str(g)
    many = len(list(g.terms())) > 1
    factor = f"({low})" if len(list(low.expr.terms())) > 1 and low.over == 1 else str(low)
    if g == ONE:
        return str(low)
    return f"{factor}*({g})" if many else f"{factor}*{g}"
