"""Rows that fold, scan, select, search, and measure between all pairs of points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import UnknownOperator
from orderof.frontends.torch.rows import as_float, dims_of
from orderof.ir.graph import Value
from orderof.ops import elementwise as e
from orderof.ops import fold as f
from orderof.ops import shape as s
from orderof.ops.contract import matmul
from orderof.ops.reduce import cumsum, sum_over
from orderof.ops.sort import kth_place, search, sort_places
from orderof.sym import ONE, floordiv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ops import Operator


def product(low: Lowering, x: Value, dims: Any = None, keep: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002
    """Multiply over a dimension, or all of them."""
    t = low.types()[0]
    x = e.cast(low.b, x, dtype=t.dtype) if x.dtype != t.dtype else x
    return f.product_over(low.b, x, dims=dims_of(dims, len(x.shape)), keep=keep)


def _scan(op: Operator) -> Row:
    def row(low: Lowering, x: Value, axis: int, **_: Any) -> Any:
        return op(low.b, as_float(low, x), axis=axis % len(x.shape))

    return row


def _running(op: Operator) -> Row:
    def row(low: Lowering, x: Value, axis: int) -> tuple[Value, Value]:
        at = op(low.b, x, axis=axis % len(x.shape))
        return s.take(low.b, x, at, axis=axis % len(x.shape)), at

    return row


def kth(low: Lowering, x: Value, k: int, axis: int = -1, keep: bool = False) -> Any:  # noqa: FBT001, FBT002
    """Give the k-th smallest along a dimension, and where it stands."""
    return _selected(low, x, low.size(k), axis, keep=keep)


def median(low: Lowering, x: Value, axis: Any = None, keep: bool = False) -> Any:  # noqa: FBT001, FBT002
    """Give the lower of the two in the middle."""
    if axis is None:
        flat = s.reshape(low.b, x, shape=(x.type.size,))
        return _selected(low, flat, floordiv(x.type.size + 1, 2), 0, keep=False)[0]
    return _selected(low, x, floordiv(x.shape[axis] + 1, 2), axis, keep=keep)


def _selected(low: Lowering, x: Value, k: Any, axis: int, *, keep: bool) -> tuple[Value, Value]:
    at = axis % len(x.shape)
    order = (*(i for i in range(len(x.shape)) if i != at), at)
    moved = s.permute(low.b, x, order=order)
    place = kth_place(low.b, moved, k=k)
    found = s.take(low.b, moved, place, axis=len(order) - 1)
    ones = (ONE,) if keep else ()
    shape = (*x.shape[:at], *ones, *x.shape[at + 1 :])
    value, where = (s.reshape(low.b, v, shape=shape) for v in (found, place))
    return value, where


def searched(low: Lowering, edges: Value, x: Any, **kw: Any) -> Any:
    """Find where numbers belong among edges that are in order."""
    if not isinstance(x, Value):
        x = s.fill(low.b, shape=(), dtype=edges.dtype, value=x)
    right = bool(kw.get("right")) or kw.get("side") == "right"
    dtype, found = low.dtype(), search(low.b, edges, x, right=right)
    return found if found.dtype == dtype else e.cast(low.b, found, dtype=dtype)


def apart(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Sort, and keep what differs from the one before; with places and counts where asked.

    The places are the numbers of changes so far, written back in the order of the sort.
    """
    types, n = low.types(), x.type.size
    flat = s.reshape(low.b, x, shape=(n,))
    order = sort_places(low.b, flat)
    return _runs(low, s.take(low.b, flat, order, axis=0), order, types)


def apart_in_order(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Keep what differs from the one before."""
    flat = s.reshape(low.b, x, shape=(x.type.size,))
    return _runs(low, flat, None, low.types())


def _runs(low: Lowering, x: Value, order: Value | None, types: Sequence[Any]) -> Any:
    n = x.shape[0]
    later = s.slice_(low.b, x, axis=0, start=1, stop=n)
    earlier = s.slice_(low.b, x, axis=0, start=0, stop=n - 1)
    changed = e.unequal(low.b, later, earlier)
    kept = s.index(low.b, x, changed, shape=types[0].shape, dims=(0,))
    rest: list[Value | None] = []
    for t in types[1:]:
        empty = t.size == 0
        rest.append(None if empty else _numbered(low, changed, order, t))
    return kept, *rest


def _numbered(low: Lowering, changed: Value, order: Value | None, t: Any) -> Value:
    """Give the number of its run to each element, or what runs are long."""
    runs = cumsum(low.b, e.cast(low.b, changed, dtype=t.dtype), axis=0)
    padded = s.pad(low.b, runs, before=(1,), after=(0,))
    if t.size != padded.type.size:  # counts: as often as each number stands there
        one = s.fill(low.b, shape=padded.shape, dtype=t.dtype, value=1)
        found: Value = s.put(low.b, one, padded, shape=t.shape, axis=0)
        return found
    if order is not None:
        blank = s.fill(low.b, shape=padded.shape, dtype=t.dtype)
        from orderof.ops.place import place_along

        padded = place_along(low.b, blank, padded, order, axis=0)
    seen: Value = s.reshape(low.b, padded, shape=t.shape)
    return seen


_JOINS = {"prod": "mul", "amax": "max", "amin": "min"}


def scattered(
    low: Lowering, x: Value, axis: int, at: Value, part: Value, how: str, **_: Any
) -> Any:
    """Join elements with what stands where indices say; sums are additions."""
    at_axis = axis % len(x.shape)
    if part.shape != at.shape:
        for i, n in enumerate(at.shape):
            part = s.slice_(low.b, part, axis=i, start=0, stop=n)
    if how == "sum":
        return e.add(low.b, x, s.put(low.b, part, at, shape=x.shape, axis=at_axis))
    if how not in _JOINS:
        hint = "sum, prod, amax and amin have one"
        raise UnknownOperator("aten.scatter_reduce.two", f"has no rule for {how}", hint)
    return f.combine_along(low.b, x, part, at, axis=at_axis, by=_JOINS[how])


def between(low: Lowering, x: Value, y: Value, order: float, _: Any = None) -> Any:
    """Measure between every two points, in a norm."""
    named = {1: "sizes", 2: "squares", float("inf"): "largest"}
    if order not in named:
        hint = "norms of order 1, 2 and infinity have one"
        raise UnknownOperator("aten._cdist_forward", f"has no rule for order {order}", hint)
    lead = low.types()[0].shape[:-2]
    x, y = (s.expand(low.b, v, shape=(*lead, *v.shape[-2:])) for v in (x, y))
    found = f.distances(low.b, x, y, by=named[order])
    return e.root(low.b, found) if order == 2 else found  # noqa: PLR2004 - squares


def between_backward(
    low: Lowering, g: Value, x: Value, y: Value, order: float, found: Value
) -> Any:
    """Give g / distance times the difference, summed over the other points; 0 at distance 0."""
    if order != 2:  # noqa: PLR2004 - Euclid's
        raise UnknownOperator("aten._cdist_backward", f"has no rule for order {order}", "")
    zero = s.fill(low.b, shape=(), dtype=g.dtype)
    near = e.compare(low.b, found, fn="eq", by=0)
    return f.pulled(low.b, e.where(low.b, near, zero, e.div(low.b, g, found)), x, y)


def between_by_product(low: Lowering, x: Value, y: Value) -> Any:
    """Give the root of x*x - 2*x*y + y*y, all of it one product of matrices, as ATen does."""
    left, right = (_squared(low, v) for v in (x, y))
    one = s.fill(low.b, shape=left.shape, dtype=x.dtype, value=1)
    other = s.fill(low.b, shape=right.shape, dtype=y.dtype, value=1)
    last = len(x.shape) - 1
    a = s.concat(low.b, e.scale(low.b, x, by=-2), left, one, axis=last)
    b = s.concat(low.b, y, other, right, axis=last)
    order = (*range(last - 1), last, last - 1)
    found = matmul(low.b, a, s.permute(low.b, b, order=order))
    zero = s.fill(low.b, shape=(), dtype=found.dtype)
    return e.root(low.b, e.max_of(low.b, found, zero))


def _squared(low: Lowering, v: Value) -> Value:
    found: Value = sum_over(low.b, e.mul(low.b, v, v), dims=(len(v.shape) - 1,), keep=True)
    return found


def products(low: Lowering, x: Value, w: Value, y: Value, *how: Any) -> Any:
    """Multiply three tensors that are given dimensions, and add up over some."""
    *given, gone = how[:4]
    rank = len(x.shape) + len(given[0])
    names = "abcdefgh"[:rank]
    parts = [" ".join(n for i, n in enumerate(names) if i not in out) for out in given]
    kept = " ".join(n for i, n in enumerate(names) if i not in gone)
    return f.trilinear(low.b, x, w, y, by=f"{', '.join(parts)} -> {kept}")


ROWS: dict[str, Row] = {
    "prod": product,
    "cumprod": _scan(f.running_product),
    "_logcumsumexp": _scan(f.running_log_sum),
    "logcumsumexp": _scan(f.running_log_sum),
    "cummax": _running(f.running_largest),
    "cummin": _running(f.running_smallest),
    "kthvalue": kth,
    "median": median,
    "searchsorted": searched,
    "bucketize": lambda low, x, edges, **kw: searched(low, edges, x, **kw),
    "_unique2": apart,
    "unique_consecutive": apart_in_order,
    "scatter_reduce": scattered,
    "_cdist_forward": between,
    "_cdist_backward": between_backward,
    "_euclidean_dist": between_by_product,
    "_trilinear": products,
}
