"""A symbolic quantity as users hold it: an Expr and the sizes it is evaluated at by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orderof.result.dims import Dims
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        dims = {**self.dims, **other.dims}
        ranges = [d.ranges for d in (self.dims, other.dims) if isinstance(d, Dims)]
        return Formula(
            self.expr + other.expr, Dims(dims, {k: v for r in ranges for k, v in r.items()})
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.expr == other.expr

    def __hash__(self) -> int:
        return hash(self.expr)

    def __str__(self) -> str:
        return str(self.expr)

    __repr__ = __str__

    def latex(self) -> str:
        """Set as LaTeX, without dollar signs."""
        from orderof.sym.show import latex

        return latex(self.expr)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def _repr_html_(self) -> str:
        from orderof.sym.show import mathml

        return mathml(self.expr)
