"""From the cost of one step to that of an epoch and of a whole training run.

With f(B) the cost of one step at a batch of B, m examples and e epochs cost

    e * (floordiv(m, B) * f(B) + f(mod(m, B)))        where the last term is left out if B divides m

and where f(B) = a*B + c, as nearly always, e * (m*a + ceildiv(m, B)*c): the work on examples does
not depend on the batch, the updates do.
"""

from __future__ import annotations

from dataclasses import dataclass

from orderof.sym import ZERO, Expr, ceildiv, floordiv, mod, symbol
from orderof.sym.growth.order import groups_of

BATCH, EXAMPLES, EPOCHS = "B", "m", "e"


@dataclass(frozen=True, slots=True)
class Split:
    """The cost of a step as each * B + fixed."""

    each: Expr
    fixed: Expr


def split(step: Expr) -> Split | None:
    """Split the cost of a step into what each example costs and what each step does, if it can.

    >>> from orderof.sym import parse
    >>> split(parse("6*B*d + 2*d"))
    Split(each=Expr(6*d), fixed=Expr(2*d))
    """
    groups = groups_of(step.terms(), (BATCH,))
    inside = any(
        BATCH in args.symbols()
        for mono, _ in step.terms()
        for atom, _ in mono
        if not isinstance(atom, str)
        for args in atom.args
    )
    if inside or not groups.keys() <= {((0, 0),), ((1, 0),)}:
        return None
    return Split(groups.get(((1, 0),), ZERO), groups.get(((0, 0),), ZERO))


def epoch(step: Expr) -> Expr:
    """Give the cost of going through m examples once, the last batch smaller where B leaves a rest.

    >>> from orderof.sym import parse
    >>> epoch(parse("6*B*d + 2*d"))
    Expr(6*d*m + 2*d*ceildiv(m, B))
    """
    m, b = symbol(EXAMPLES), symbol(BATCH)
    parts = split(step)
    if parts is not None:
        return m * parts.each + ceildiv(m, b) * parts.fixed
    last = ceildiv(m, b) - floordiv(m, b)  # whether there is a smaller batch
    return floordiv(m, b) * step + last * step.subs({BATCH: mod(m, b)})


def training(step: Expr) -> Expr:
    """Give the cost of e epochs."""
    return symbol(EPOCHS) * epoch(step)
