"""Exact quotients of a formula by a positive integer, as bounds need them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from orderof.sym.expr import ONE, ZERO, Expr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Ratio:
    """`expr / over`.

    >>> from orderof.sym import parse
    >>> print(Ratio(parse("2*H + 62"), 64))
    (H + 31)/32
    """

    expr: Expr
    over: int = 1

    def __add__(self, other: Ratio) -> Ratio:
        over = math.lcm(self.over, other.over)
        return Ratio(self.expr * (over // self.over) + other.expr * (over // other.over), over)

    def __mul__(self, other: Ratio) -> Ratio:
        return Ratio(self.expr * other.expr, self.over * other.over).lowest()

    def __sub__(self, other: Ratio) -> Ratio:
        return self + Ratio(-other.expr, other.over)

    def __truediv__(self, n: int) -> Ratio:
        return Ratio(self.expr, self.over * n)

    def lowest(self) -> Ratio:
        """Cancel what all coefficients and the denominator have in common."""
        by = math.gcd(self.over, *(c for _, c in self.expr.terms()))
        if by == 1:
            return self
        return Ratio(Expr({m: c // by for m, c in self.expr.terms()}), self.over // by)

    def subs(self, env: Mapping[str, Expr]) -> Ratio:
        """Put formulas for symbols."""
        return Ratio(self.expr.subs(env), self.over)

    def at(self, sizes: Mapping[str, int]) -> Fraction:
        """Evaluate exactly."""
        return Fraction(self.expr.at(sizes), self.over)

    def __str__(self) -> str:
        low = self.lowest()
        if low.over == 1:
            return str(low.expr)
        many = len(list(low.expr.terms())) > 1
        return f"({low.expr})/{low.over}" if many else f"{low.expr}/{low.over}"


NONE, UNIT = Ratio(ZERO), Ratio(ONE)


def total(items: Iterable[Ratio]) -> Ratio:
    """Add many."""
    parts = list(items)
    over = math.lcm(*(r.over for r in parts))
    return Ratio(Expr.sum(r.expr * (over // r.over) for r in parts), over)
