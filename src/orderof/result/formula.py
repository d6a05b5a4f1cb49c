"""A symbolic quantity as users hold it: an Expr and the sizes it is evaluated at by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling, UnknownDim
from orderof.result.dims import Dims
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.sym.growth import Crossover, Order


@dataclass(frozen=True, slots=True)
class Formula:
    """A symbolic integer with default sizes. Call it: `f()` at the defaults, `f(B=8)` at others.

    >>> from orderof.sym import parse
    >>> f = Formula(parse("12*B*d**2"), {"B": 1, "d": 64})
    >>> f, f(), f(B=8)
    (12*B*d**2, 49152, 393216)
    """

    expr: Expr
    dims: Mapping[str, int] = field(default_factory=dict[str, int])

    def __call__(self, **sizes: int) -> int:
        """Evaluate exactly, at other sizes where some are given.

        Raises `UnknownDim` for a name that the model does not have, `BadSpelling` for a size below
        1, `OutOfRange` for one at which the formula was not proved.
        """
        dims = self.dims if isinstance(self.dims, Dims) else Dims(self.dims)
        return self.expr.at(dims.replaced(sizes))

    def __add__(self, other: Formula) -> Formula:
        return Formula(self.expr + other.expr, _both(self.dims, other.dims))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.expr == other.expr

    def __hash__(self) -> int:
        return hash(self.expr)

    def __str__(self) -> str:
        return str(self.expr)

    __repr__ = __str__

    def order(self, *letters: str) -> Order:
        """Say how it grows in some letters, by default in all: the terms that none dominates.

        With a certificate: constants that prove it. Raises `UnknownDim`, `Inconclusive`.

        >>> from orderof.sym import parse
        >>> f = Formula(parse("2*S**2*d + 12*S*d**2"), {"S": 128, "d": 768})
        >>> print(f.order("S"), f.order())
        Theta(S**2) Theta(S**2*d + S*d**2)
        """
        from orderof.sym.growth import order

        self._known(*letters)
        divided = self.dims.divided if isinstance(self.dims, Dims) else {}
        return order(self.expr, letters, self.dims, divided)

    def leading(self, k: int = 1) -> Formula:
        """Take the k terms that are largest at the default sizes.

        >>> from orderof.sym import parse
        >>> Formula(parse("2*S**2*d + 12*S*d**2"), {"S": 128, "d": 768}).leading()
        12*S*d**2
        """
        terms = [Expr({mono: c}) for mono, c in self.expr.terms()]
        terms.sort(key=lambda e: -e.at(self.dims))
        return Formula(Expr.sum(terms[:k]), self.dims)

    def crossover(self, letter: str) -> Crossover | None:
        """Say where the highest power of a letter passes the next one; None if there is one only.

        >>> from orderof.sym import parse
        >>> f = Formula(parse("2*S**2*d + 12*S*d**2"), {"S": 128, "d": 768})
        >>> print(f.crossover("S"), f.crossover("S").at(f.dims))
        S = 6*d 4608.0
        """
        from orderof.sym.growth import crossovers

        self._known(letter)
        return next(iter(crossovers(self.expr, letter)), None)

    def passes(self, other: Formula, letter: str, **sizes: int) -> int | None:
        """Give the first size of a letter at which this is more than another; None for never."""
        from orderof.sym.growth import passing

        self._known(letter)
        return passing(self.expr, other.expr, letter, {**other.dims, **self.dims, **sizes})

    def local_slope(self, **size: int) -> float:
        """Give the power by which it grows at one size: d log f / d log S for S=8192.

        >>> from orderof.sym import parse
        >>> f = Formula(parse("2*S**2*d + 12*S*d**2"), {"S": 128, "d": 768})
        >>> f.local_slope(S=4608)
        1.5
        """
        from orderof.sym.growth import slope

        if len(size) != 1:
            raise BadSpelling(str(size), "is not one size", "write local_slope(S=8192)")
        ((letter, _),) = size.items()
        self._known(letter)
        return slope(self.expr, letter, {**self.dims, **size})

    def dominates(self, other: Formula, *letters: str) -> bool:
        """Whether the other is O(this) as letters grow, by default all. Raises `Inconclusive`."""
        from orderof.sym.growth import dominates

        return dominates(self.expr, other.expr, letters)

    def largest(self, letter: str, within: int, **sizes: int) -> int:
        """Give the largest size of a letter for which this is within a budget; 0 if there is none.

        Of a letter that stands for multiples only, the largest of these. Raises `NoFormula` where
        it never passes the budget.

        >>> from orderof.sym import parse
        >>> f = Formula(parse("2*S**2*d + 12*S*d**2"), {"S": 128, "d": 768})
        >>> n = f.largest("S", within=10**12)
        >>> n, f(S=n) <= 10**12 < f(S=n + 1)
        (23315, True)
        """
        from orderof.sym.growth import largest

        self._known(letter)
        found = largest(self.expr, letter, within, {**self.dims, **sizes})
        allowed = self.dims.ranges.get(letter) if isinstance(self.dims, Dims) else None
        if allowed is None:
            return found
        found = min(found, allowed.most or found)
        return max(found - found % allowed.multiple, 0)

    def _known(self, *letters: str) -> None:
        for letter in letters:
            if letter not in self.dims and letter not in self.expr.symbols():
                hint = f"the dims are {', '.join(self.dims)}" if self.dims else "it has no dims"
                raise UnknownDim(letter, "is no dim of this model", hint)

    def latex(self) -> str:
        """Set as LaTeX, without dollar signs."""
        from orderof.sym.show import latex

        return latex(self.expr)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def _repr_html_(self) -> str:
        from orderof.sym.show import mathml

        return mathml(self.expr)


def _both(a: Mapping[str, int], b: Mapping[str, int]) -> Dims:
    """The sizes of two formulas, with all that is known of them; both hold where each does."""
    first, second = (d if isinstance(d, Dims) else Dims(d) for d in (a, b))
    pairs = (f"{n} | {m}" for m, n in {**first.divided, **second.divided}.items())
    ranges = {**first.ranges, **second.ranges}
    for name in first.ranges.keys() & second.ranges.keys():
        ranges[name] = first.ranges[name] & second.ranges[name]
    return Dims({**first, **second}, ranges, pairs)
