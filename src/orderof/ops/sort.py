"""Selection: the places of the k largest of n numbers, in no order.

A knockout of n - k + 2 of the numbers is played; its winner is among the k - 1 largest, so it is
taken out and one of the k - 2 others takes its place, and in the end the winner of what is left is
the k-th. Each of these k - 1 replays runs along one path of the tree:

    n - k + (k - 1) * ceillog2(n - k + 2)  comparisons at most

(Hadian & Sobel 1969; Knuth, TAOCP vol. 3, section 5.3.3, where it bounds V_t(n)). It is the
worst case that is counted: another order of the numbers may need fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import NONE, Counts, Kind
from orderof.errors import ShapeMismatch
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import irregular
from orderof.sym import ONE, ZERO, Expr, ceillog2, expr, minimum

if TYPE_CHECKING:
    from orderof.sym import Size

_KNOCKOUT = "Hadian & Sobel 1969, in Knuth, TAOCP vol. 3, section 5.3.3"


def comparisons(n: Expr, k: Expr) -> Expr:
    """Count the comparisons that find the k largest of n numbers, in the worst case."""
    return n - k + (k - 1) * ceillog2(n - k + 2)


def _top_plan(x: Type, *, k: Size, largest: bool = True) -> tuple[Irregular, tuple[Type]]:
    """Select along the last dimension; the replays wait for one another."""
    del largest
    n, k = x.shape[-1], expr(k)
    if n.value is not None and k.value is not None and k.value > n.value:
        raise ShapeMismatch(str(x), f"has no {k} largest in its last dimension")
    out = Type((*x.shape[:-1], k), "int64")
    found = comparisons(n, k)
    counts = Counts.of(Kind.CMP, x.dtype, x.size / n * found)
    chain = minimum(found, k * ceillog2(n - k + 2))
    return Irregular(counts, chain, (x.size,), (out.size,), _KNOCKOUT), (out,)


top_k = irregular("top_k", _top_plan, source=_KNOCKOUT)


def _sort_plan(x: Type, *, descending: bool = False) -> tuple[Irregular, tuple[Type]]:
    """Order along the last dimension; merges wait for those below, which are half as long."""
    del descending
    n = x.shape[-1]
    counts = Counts.of(Kind.CMP, x.dtype, x.size * ceillog2(n))
    out = Type(x.shape, "int64")
    return Irregular(counts, 2 * (n - 1), (x.size,), (out.size,), _MERGES), (out,)


_MERGES = "n*ceillog2(n) comparisons at most by merging, Knuth, TAOCP vol. 3, section 5.2.4"
sort_places = irregular("sort_places", _sort_plan, source=_MERGES)


def _nonzero_plan(x: Type, *, found: Size) -> tuple[Irregular, tuple[Type]]:
    """Find the places of what is not 0; booleans say it themselves."""
    counts = Counts.of(Kind.CMP, x.dtype, x.size) if x.dtype != "bool" else NONE
    out = Type((expr(found), expr(len(x.shape))), "int64")
    chain = ONE if x.dtype != "bool" else ZERO
    return Irregular(counts, chain, (x.size,), (out.size,), _AGAINST_ZERO), (out,)


_AGAINST_ZERO = "every number is compared with 0"
nonzero = irregular("nonzero", _nonzero_plan, source=_AGAINST_ZERO)
"""The places of the elements that are not 0, of which there are `found`."""


def _runs_plan(repeats: Type, *, total: Size) -> tuple[Irregular, tuple[Type]]:
    """Write i as often as repeats[i] says: where each run starts is the sum of those before."""
    out = Type((expr(total),), repeats.dtype)
    counts = Counts.of(Kind.ADD, repeats.dtype, repeats.size - 1)
    chain = repeats.size - 1
    return Irregular(counts, chain, (repeats.size,), (out.size,), _RUNNING_SUM), (out,)


_RUNNING_SUM = "a running sum of the repeats, n - 1 additions"
repeated_places = irregular("repeated_places", _runs_plan, source=_RUNNING_SUM)
"""0 as often as the first of some repeats, 1 as often as the second, ...: `total` in all."""


def _kth_plan(x: Type, *, k: Size) -> tuple[Irregular, tuple[Type]]:
    """Find the k-th smallest of the last dimension: the last winner of a selection."""
    n, k = x.shape[-1], expr(k)
    found = comparisons(n, k)
    out = Type((*x.shape[:-1], ONE), "int64")
    counts = Counts.of(Kind.CMP, x.dtype, x.size / n * found)
    chain = minimum(found, k * ceillog2(n - k + 2))
    return Irregular(counts, chain, (x.size,), (out.size,), _KNOCKOUT), (out,)


kth_place = irregular("kth_place", _kth_plan, source=_KNOCKOUT)


def _search_plan(edges: Type, x: Type, *, right: bool = False) -> tuple[Irregular, tuple[Type]]:
    """Say before which of n ordered edges each number belongs: one of n + 1 answers."""
    del right
    depth = ceillog2(edges.shape[-1] + 1)
    counts = Counts.of(Kind.CMP, edges.dtype, x.size * depth)
    form = Irregular(counts, depth, (edges.size, x.size), (x.size,), _BISECTION)
    return form, (Type(x.shape, "int64"),)


_BISECTION = "ceillog2(n + 1) comparisons at most by halving, Knuth, TAOCP vol. 3, section 6.2.1"
search = irregular("search", _search_plan, source=_BISECTION)
"""Where numbers belong in an ordered vector, or each row of them in a row of edges."""
