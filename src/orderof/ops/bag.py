"""Bags of rows: of a table, those that each of B bags names, joined into one row for each bag.

T indices stand side by side; `starts` says where each bag begins. With rows of d numbers,

    sum       T - B sums of rows                         with weights also T products of a row
    mean      the same, and one division for each element of a bag
    max       T - B comparisons of rows, which say what is largest and where it stands

if no bag is empty, which is assumed. A sum with weights is T*d multiply-adds: a product of a sparse
matrix, which has T entries in B rows, with the table. The gradient scales what arrives at a bag for
each of its indices (mean: one division for the scale) and adds it to that row of the table; of a
weight it is the product of two rows; of a maximum it goes where that stood (ATen, EmbeddingBag.cpp,
_embedding_bag_dense_backward_cpu_sum_mean).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.counts import NONE, Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import irregular
from orderof.ops.shape import put
from orderof.sym import ONE, ZERO, ceillog2, expr, minimum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node
    from orderof.ops.define import Grads
    from orderof.sym import Expr, Size

_SOURCE = "T - B joins of rows, as ATen's EmbeddingBag.cpp, if no bag is empty"


def _weighted(dtype: str, points: Expr) -> Counts:
    return Counts({(Kind.MUL, dtype): points, (Kind.MAC, dtype): points})


def _named(table: Type, at: Type) -> Expr:
    """Count the elements of rows that are named: those of all indices, or of the whole table."""
    return minimum(table.shape[0], at.size) * table.shape[1]


def _bag(
    table: Type, at: Type, starts: Type, *weights: Type, mode: str = "sum"
) -> tuple[Irregular, tuple[Type, ...]]:
    """Join the rows of each bag; `max` gives their places too."""
    d, bags = table.shape[1], starts.shape[0]
    out = Type((bags, d), table.dtype)
    points, longest = at.size * d, at.size - bags + 1
    join = Kind.CMP if mode == "max" else Kind.ADD
    counts = Counts.of(join, table.dtype, points - out.size)
    chain = ceillog2(longest)
    if weights:
        counts, chain = counts + _weighted(table.dtype, points), chain + 1
    if mode == "mean":
        counts, chain = counts + Counts.of(Kind.DIV, table.dtype, out.size), chain + 1
    types = (out, Type(out.shape, "int64")) if mode == "max" else (out,)
    reads = _named(table, at), at.size, starts.size, *(w.size for w in weights)
    return Irregular(counts, chain, reads, tuple(t.size for t in types), _SOURCE), types


def _vjp(b: Builder, node: Node, gs: Sequence[Any], want: Sequence[bool]) -> Grads:
    table, at, starts, *weights = node.operands
    grads: list[Any] = [None] * len(node.operands)
    rows = table.shape[0]
    if want[0] and node.attr("mode", "sum") == "max":
        grads[0] = put(b, gs[0], node.results[1], shape=table.shape, axis=0)
    elif want[0]:
        grads[0] = bag_gradient(b, gs[0], at, starts, *weights, rows=rows, **dict(node.attrs))
    if weights and want[3]:
        grads[3] = bag_weights_gradient(b, gs[0], table, at, starts)
    return grads


def _gradient(
    g: Type, at: Type, starts: Type, *weights: Type, rows: Size, mode: str = "sum"
) -> tuple[Irregular, tuple[Type]]:
    """Add what arrives at a bag to each of its rows."""
    out = Type((expr(rows), g.shape[1]), g.dtype)
    points, mean = at.size * g.shape[1], mode == "mean"
    counts, chain = Counts.of(Kind.ADD, g.dtype, points), ceillog2(at.size + 1)
    scales = Counts.of(Kind.DIV, g.dtype, at.size) if mean else NONE
    if weights or mean:
        counts = counts + scales + Counts.of(Kind.MUL, g.dtype, points)
        chain = chain + 1 + (ONE if mean else ZERO)
    reads = g.size, at.size, starts.size, *(w.size for w in weights)
    return Irregular(counts, chain, reads, (out.size,), _SOURCE), (out,)


def _weights_gradient(
    g: Type, table: Type, at: Type, starts: Type
) -> tuple[Irregular, tuple[Type]]:
    """Multiply what arrives at a bag with each of its rows."""
    d, out = table.shape[1], Type(at.shape, g.dtype)
    points = at.size * d
    counts = _weighted(g.dtype, points) + Counts.of(Kind.ADD, g.dtype, points - at.size)
    reads = g.size, _named(table, at), at.size, starts.size
    return Irregular(counts, 1 + ceillog2(d), reads, (out.size,), _SOURCE), (out,)


bag = irregular("bag", _bag, source=_SOURCE, vjp=_vjp)
bag_gradient = irregular("bag_gradient", _gradient, source=_SOURCE)
bag_weights_gradient = irregular("bag_weights_gradient", _weights_gradient, source=_SOURCE)
