"""Systems of linear equations with a triangular matrix, by substitution.

With n unknowns each right side costs n*(n-1)/2 products and as many differences, and n divisions
where the diagonal is not 1 (Golub & Van Loan, Matrix Computations, 4th ed., section 3.1). As soon
as one unknown is known, what it adds to all the others is taken off at once. The matrix is read
whole, as it lies in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import NONE, Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ops.define import irregular
from orderof.sym import ZERO, floordiv

if TYPE_CHECKING:
    from orderof.ir.graph import Type

_SOURCE = "Golub & Van Loan, Matrix Computations, 4th ed., section 3.1"


def _substitution(
    a: Type, b: Type, *, upper: bool, left: bool = True, unit: bool = False
) -> tuple[Irregular, tuple[Type]]:
    """Solve a x = b for every column of b, or x a = b for every row; leading axes are alike."""
    del upper, left
    n = a.shape[-1]
    sides = b.size / n
    pairs = sides * floordiv(n * n - n, 2)
    divided = Counts.of(Kind.DIV, b.dtype, b.size) if not unit else NONE
    counts = Counts({(Kind.MUL, b.dtype): pairs, (Kind.ADD, b.dtype): pairs}) + divided
    chain = 2 * (n - 1) + (ZERO if unit else n)
    return Irregular(counts, chain, (a.size, b.size), (b.size,), _SOURCE), (b,)


solve_triangular = irregular("solve_triangular", _substitution, source=_SOURCE)
