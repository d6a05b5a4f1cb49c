"""Products of rows with the matrix of their group, as experts need them.

`ends` says where each of E groups of rows ends. Two forms, as torch's grouped product has them:

    (T, d) x (E, d, f) -> (T, f)      each row with the matrix of its group
    (d, T) x (T, f) -> (E, d, f)      the rows of each group, summed: a gradient of the first

Every row is multiplied once, whatever the groups: T*d*f multiply-adds. In the second form a group
of n rows takes n - 1 additions for each result, so that all of them take (T - E)*d*f if none of the
groups is empty, which is assumed. Of the matrices those are read that have a row: as many as there
are rows at most, which is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import irregular
from orderof.sym import ceillog2, minimum

if TYPE_CHECKING:
    from orderof.sym import Expr

_SOURCE = "every row is multiplied with one matrix: T*d*f products, d - 1 or n - 1 sums for each"


def _plan(left: Type, right: Type, ends: Type) -> tuple[Irregular, tuple[Type]]:
    """Multiply; the form is told by the number of dimensions of the second operand."""
    groups = ends.shape[0]
    if len(right.shape) == 3:  # noqa: PLR2004 - a matrix for each group
        rows, depth, width = left.shape[0], left.shape[1], right.shape[2]
        shape, sums, chain = (rows, width), rows * width * (depth - 1), ceillog2(depth)
        read = minimum(groups, rows) * depth * width
    else:
        depth, rows, width = left.shape[0], left.shape[1], right.shape[1]
        shape = (groups, depth, width)
        sums, chain, read = (rows - groups) * depth * width, ceillog2(rows), right.size
    points: Expr = rows * depth * width
    out = Type(shape, left.dtype)
    parts = ((Kind.MUL, points), (Kind.ADD, sums), (Kind.MAC, points))
    counts = Counts.sum(Counts.of(kind, left.dtype, n) for kind, n in parts)
    form = Irregular(counts, chain + 1, (left.size, read, ends.size), (out.size,), _SOURCE)
    return form, (out,)


grouped_product = irregular("grouped_product", _plan, source=_SOURCE)
