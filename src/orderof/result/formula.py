"""A symbolic quantity as users hold it: an Expr and the sizes it is evaluated at by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling, UnknownDim
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
        """Evaluate exactly; raises `UnknownDim` for a name that the model does not have.

        A size is 1 or more: `BadSpelling` otherwise.
        """
        for name, n in sizes.items():
            if name not in self.dims:
                hint = f"the dims are {', '.join(self.dims)}" if self.dims else "it has no dims"
                raise UnknownDim(name, "is no dim of this model", hint)
            if n < 1:
                raise BadSpelling(f"{name}={n}", "is no size", "sizes are 1 or more")
        return self.expr.at({**self.dims, **sizes})

    def __add__(self, other: Formula) -> Formula:
        return Formula(self.expr + other.expr, {**self.dims, **other.dims})

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
