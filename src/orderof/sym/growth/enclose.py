"""Formulas with rounding, minima and logarithms between two that have none.

    (a - (n-1))/n <= floordiv(a, n) <= a/n          a/n <= ceildiv(a, n) <= (a + n-1)/n
    0 <= mod(a, n) <= n-1
    min(a, b) <= a, and >= c where both are         max(a, b) >= a, and <= c where both are
    ceillog2(a + b) <= 1 + max(ceillog2(a), ceillog2(b))
    ceillog2(a * b) <= ceillog2(a) + ceillog2(b)    ceillog2(a) >= ceillog2(b) where a >= b
    a <= ceilpow2(a) <= 2*a - 1 where a >= 1

A product of bounds is a bound of the product where no lower bound is negative: from which sizes on
that is so is part of the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import mul
from typing import TYPE_CHECKING, assert_never

from orderof.errors import Inconclusive
from orderof.sym.expr import ONE, Call, Expr, Fn, const, symbol
from orderof.sym.functions import ceillog2, compute
from orderof.sym.growth.positive import log_of, positive
from orderof.sym.growth.ratio import NONE, UNIT, Ratio, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orderof.sym.expr import Atom, Mono

_LARGEST = 1 << 16
"""Sizes beyond are not tried as least ones."""


@dataclass(frozen=True, slots=True)
class Step:
    """`low <= atom <= high` for all sizes from `least` on."""

    atom: Expr
    low: Ratio
    high: Ratio

    def subs(self, env: Mapping[str, Expr]) -> Step:
        """Put formulas for symbols."""
        return Step(self.atom.subs(env), self.low.subs(env), self.high.subs(env))

    def __str__(self) -> str:
        return f"{self.low} <= {self.atom} <= {self.high}"


@dataclass
class Enclosure:
    """Bounds of one formula as some letters grow from `least` on; others are 1 or more."""

    letters: tuple[str, ...]
    least: int = 1
    steps: dict[Call, Step] = field(default_factory=dict["Call", Step])

    def between(self, e: Expr) -> tuple[Ratio, Ratio]:
        """Give (low, high) without calls in the letters but their logarithms."""
        lows: list[Ratio] = []
        highs: list[Ratio] = []
        for mono, c in e.terms():
            low, high = self._term(mono)
            if c < 0:
                low, high = high, low
            lows.append(low * Ratio(const(c)))
            highs.append(high * Ratio(const(c)))
        return total(lows), total(highs)

    def positive(self, e: Expr) -> bool:
        """Whether a formula is not negative from the least sizes on."""
        return positive(e, dict.fromkeys(self.letters, self.least))

    def from_where(self, e: Expr) -> bool:
        """Find from where on a formula is not negative, and start there."""
        start, step = self.least, 1
        while not self.positive(e):
            self.least, step = self.least + step, 2 * step
            if self.least > _LARGEST:
                self.least = start
                return False
        below = max(start, self.least - step // 2)
        while below < self.least:
            good, self.least = self.least, (below + self.least) // 2
            if not self.positive(e):
                below, self.least = self.least + 1, good
        return True

    def _term(self, mono: Mono) -> tuple[Ratio, Ratio]:
        pairs = [self._power(atom, n) for atom, n in mono]
        return reduce(mul, (a for a, _ in pairs), UNIT), reduce(mul, (b for _, b in pairs), UNIT)

    def _power(self, atom: Atom, n: int) -> tuple[Ratio, Ratio]:
        if not isinstance(atom, Call) or self._stays(atom):
            own = Ratio(Expr({((atom, n),): 1}))
            return own, own
        if n < 0:
            raise Inconclusive(str(atom), "stands below: how that grows is not bounded here")
        if atom not in self.steps:
            low, high = self._call(atom)
            if not self.from_where(low.expr):
                low = NONE
            self.steps[atom] = Step(Expr({((atom, 1),): 1}), low, high)
        step = self.steps[atom]
        return reduce(mul, [step.low] * n, UNIT), reduce(mul, [step.high] * n, UNIT)

    def _stays(self, atom: Call) -> bool:
        return log_of(atom) is not None or not any(
            arg.symbols() & {*self.letters} for arg in atom.args
        )

    def _call(self, call: Call) -> tuple[Ratio, Ratio]:
        args = [self.between(a) for a in call.args]
        match call.fn:
            case Fn.FLOORDIV | Fn.CEILDIV:
                by = _inverse(call.args[1])
                less = Ratio(call.args[1] - 1)
                (low, high), _ = args
                if call.fn is Fn.FLOORDIV:
                    return (low - less) * by, high * by
                return low * by, (high + less) * by
            case Fn.MOD:
                return NONE, args[1][1] - UNIT
            case Fn.MIN:
                return self._minimum(args)
            case Fn.MAX:
                return self._maximum(args)
            case Fn.CEILLOG2:
                return self._log(*args[0])
            case Fn.CEILPOW2:
                low, high = args[0]
                if not self.from_where((low - UNIT).expr):
                    raise Inconclusive(str(call), "may be of a size below 1")
                return low, high + high - UNIT
            case _:
                assert_never(call.fn)

    def _minimum(self, args: list[tuple[Ratio, Ratio]]) -> tuple[Ratio, Ratio]:
        """Take the one that is smallest in the end; below all of them is its lower bound."""
        for low, high in args:
            if all(self.from_where((other - high).expr) for other, _ in args if other != low):
                return low, high
        return NONE, args[0][1]

    def _maximum(self, args: list[tuple[Ratio, Ratio]]) -> tuple[Ratio, Ratio]:
        for low, high in args:
            if all(self.from_where((low - other).expr) for _, other in args if other != high):
                return low, high
        return args[0][0], total(high for _, high in args)

    def _log(self, low: Ratio, high: Ratio) -> tuple[Ratio, Ratio]:
        """Bound a logarithm by those of the letters."""
        terms = [(m, c) for m, c in high.expr.terms() if c > 0]
        powers: dict[Atom, int] = {}
        for mono, _ in terms:
            for atom, n in mono:
                powers[atom] = max(powers.get(atom, 0), n)
        largest = max((-(-c // high.over) for _, c in terms), default=1)
        depth = compute(Fn.CEILLOG2, max(len(terms), 1)) + compute(Fn.CEILLOG2, largest)
        above = Expr.sum([depth, *(n * _depth(atom) for atom, n in powers.items())])
        below = [
            ceillog2(symbol(v))
            for v in self.letters
            if self.from_where(low.expr - low.over * symbol(v))
        ]
        return Ratio(Expr.sum(below), max(len(below), 1)), Ratio(above)


def _depth(atom: Atom) -> Expr:
    """The logarithm of an atom; of a logarithm at most itself."""
    own = Expr({((atom, 1),): 1})
    return own if isinstance(atom, Call) and log_of(atom) else ceillog2(own)


def _inverse(e: Expr) -> Ratio:
    """1/e for a single term."""
    terms = list(e.terms())
    if len(terms) != 1 or terms[0][1] < 0 or any(isinstance(a, Call) for a, _ in terms[0][0]):
        raise Inconclusive(str(e), "is divided by: how that grows is not bounded here")
    mono, c = terms[0]
    return Ratio(Expr({tuple((a, -n) for a, n in mono): 1}) if mono else ONE, c)


def parts(e: Expr) -> Iterator[tuple[Mono, int]]:
    """Terms of a formula that are added, not subtracted."""
    return ((m, c) for m, c in e.terms() if c > 0)
