"""Rows for views, copies and fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import Indivisible
from orderof.frontends.torch.rows import blank, dims_of
from orderof.ir.graph import Value
from orderof.ops import shape as s
from orderof.ops.elementwise import cast
from orderof.ops.fold import min_over
from orderof.ops.reduce import argmax, argmin, cumsum, max_over, mean, sum_over, variance
from orderof.ops.slide import strided as windows
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Type
    from orderof.ops.define import Operator


def seen_as(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Give the same elements in the recorded shape."""
    if low.dtype() != x.dtype:
        x = cast(low.b, x, dtype=low.dtype())
    return s.reshape(low.b, x, shape=_factored(x, low.types()[0]))


def _factored(x: Value, t: Type) -> tuple[Expr, ...]:
    """Give a shape as many elements as x has, where one size has a form that does not cancel."""
    if t.size == x.type.size:
        return t.shape
    for i in range(len(t.shape)):
        try:
            rest = x.type.size / Expr.prod((*t.shape[:i], *t.shape[i + 1 :]))
        except Indivisible:
            continue
        return (*t.shape[:i], rest, *t.shape[i + 1 :])
    return t.shape


def alias(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Give the same elements."""
    return s.alias(low.b, x)


def strided(low: Lowering, x: Value, _: Any, strides: Sequence[Any], offset: Any = 0) -> Any:
    """Give the same elements in the recorded shape, or windows of them by strides."""
    t, step = low.types()[0], ONE
    in_order = low.same(t.size, x.type.size) and not offset
    for n, stride in zip(reversed(t.shape), reversed(strides), strict=True):
        in_order = in_order and (n == 1 or low.same(step, stride))
        step = step * n
    if not in_order:
        apart = tuple(map(low.size, strides))
        return windows(low.b, x, shape=t.shape, strides=apart, offset=low.size(offset))
    return s.reshape(low.b, x, shape=_factored(x, t))


def detach(low: Lowering, x: Value) -> Any:
    """Give the same elements, cut off from the gradient."""
    (source,) = low.ids(0)
    low.detached[low.results()[0].id] = source
    return s.detach(low.b, x)


def permute(low: Lowering, x: Value, order: Sequence[int]) -> Any:
    """Reorder dimensions."""
    return s.permute(low.b, x, order=tuple(d % len(order) for d in order))


def transpose(low: Lowering, x: Value, i: int = 0, j: int = 1) -> Any:
    """Exchange two dimensions; fewer than two stay as they are."""
    rank = len(x.shape)
    order = list(range(rank))
    if rank > 1:
        order[i % rank], order[j % rank] = order[j % rank], order[i % rank]
    return s.permute(low.b, x, order=tuple(order))


def expand(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Repeat without copying."""
    return s.expand(low.b, x, shape=low.types()[0].shape)


def split(low: Lowering, x: Value, _: Any, axis: int = 0) -> Any:
    """Cut into parts, of the recorded sizes."""
    at = axis % len(x.shape)
    return _cut(low, x, at, [t.shape[at] for t in low.types()])


def unbind(low: Lowering, x: Value, axis: int = 0) -> Any:
    """Cut into slices of one element, and drop the dimension."""
    types = low.types()
    parts = _cut(low, x, axis % len(x.shape), [ONE] * len(types))
    return [s.reshape(low.b, v, shape=t.shape) for v, t in zip(parts, types, strict=True)]


def _cut(low: Lowering, x: Value, axis: int, sizes: Sequence[Expr]) -> Sequence[Value]:
    found = s.split(low.b, x, axis=axis, sizes=tuple(sizes))
    return (found,) if isinstance(found, Value) else found


def copy(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Copy the elements."""
    return s.copy(low.b, x)


def copy_into(low: Lowering, x: Value, y: Any, *_: Any) -> Any:
    """Write y over x, broadcast and cast to it."""
    if y.shape != x.shape:
        y = s.expand(low.b, y, shape=x.shape)
    return cast(low.b, y, dtype=x.dtype) if y.dtype != x.dtype else s.copy(low.b, y)


def concat(low: Lowering, xs: Sequence[Value], axis: int = 0) -> Any:
    """Put side by side; torch skips empty vectors."""
    xs = [x for x in xs if not (len(x.shape) == 1 and x.shape[0] == 0)]
    return s.concat(low.b, *xs, axis=axis % len(xs[0].shape))


def stack(low: Lowering, xs: Sequence[Value], axis: int = 0) -> Any:
    """Put side by side along a new dimension."""
    at = axis % (len(xs[0].shape) + 1)
    rows = [s.reshape(low.b, x, shape=(*x.shape[:at], 1, *x.shape[at:])) for x in xs]
    return s.concat(low.b, *rows, axis=at)


def filled(low: Lowering, *_: Any, **__: Any) -> Any:
    """Fill with 0; what torch leaves empty is filled too."""
    return blank(low)


def ones(low: Lowering, *_: Any, **__: Any) -> Any:
    """Fill with 1."""
    return blank(low, 1)


def full(low: Lowering, *args: Any, **_: Any) -> Any:
    """Fill with the last of the arguments: a number, or a tensor of one."""
    if isinstance(args[-1], Value):
        return s.copy(low.b, expand(low, args[-1]))
    return blank(low, args[-1])


def iota(low: Lowering, *bounds: Any, **_: Any) -> Any:
    """Count up: (end), (start, end) or (start, end, step)."""
    t = low.types()[0]
    counted = slice(*bounds)
    first, step = low.size(counted.start or 0), low.size(counted.step or 1)
    return s.iota(low.b, shape=t.shape, dtype=t.dtype, start=first, step=step)


def pad(low: Lowering, x: Value, around: Sequence[int], value: float = 0) -> Any:
    """Put a number around, the last dimension first in `around`."""
    rank = len(x.shape)
    before: list[Any] = [0] * rank
    after: list[Any] = [0] * rank
    ends: list[Any] = [low.size(n) for n in around]
    for i in range(len(ends) // 2):
        at = rank - 1 - i
        before[at], after[at] = ends[2 * i], ends[2 * i + 1]
        less = [-n if isinstance(n, int) and n < 0 else 0 for n in (before[at], after[at])]
        if any(less):  # what is less than nothing around is cut off
            before[at], after[at] = before[at] + less[0], after[at] + less[1]
            x = s.slice_(low.b, x, axis=at, start=less[0], stop=x.shape[at] - less[1])
    return s.pad(low.b, x, before=tuple(before), after=tuple(after), value=value)


def embedding(low: Lowering, table: Value, at: Value, *_: Any) -> Any:
    """Take rows."""
    return s.gather_rows(low.b, table, at)


def embedding_backward(low: Lowering, g: Value, at: Value, rows: int, *_: Any) -> Any:
    """Add rows up where they were taken."""
    return s.scatter_rows(low.b, g, at, rows=low.size(rows))


def index(low: Lowering, x: Value, at: Sequence[Value | None]) -> Any:
    """Pick elements by tensors."""
    dims = tuple(d for d, i in enumerate(at) if i is not None)
    found = [i for i in at if i is not None]
    return s.index(low.b, x, *found, shape=low.types()[0].shape, dims=dims)


def index_select(low: Lowering, x: Value, axis: int, at: Value) -> Any:
    """Pick along one dimension."""
    return index(low, x, [*(None,) * (axis % len(x.shape)), at])


def gather(low: Lowering, x: Value, axis: int, at: Value, **_: Any) -> Any:
    """Pick along one dimension."""
    return s.take(low.b, x, at, axis=axis)


def sums(low: Lowering, x: Value, dims: Any = None, keep: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002
    """Add up over dimensions."""
    t = low.types()[0]
    if x.dtype != t.dtype:
        x = cast(low.b, x, dtype=t.dtype)
    return sum_over(low.b, x, dims=dims_of(dims, len(x.shape)), keep=keep)


def means(low: Lowering, x: Value, dims: Any = None, keep: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002
    """Average over dimensions."""
    return mean(low.b, x, dims=dims_of(dims, len(x.shape)), keep=keep)


def variances(low: Lowering, x: Value, dims: Any = None, **kw: Any) -> Any:
    """Give the variance over dimensions."""
    correction = kw.get("correction", 1)
    keep = bool(kw.get("keepdim"))
    dims = dims_of(dims, len(x.shape))
    return variance(low.b, x, dims=dims, correction=correction, keep=keep)


def _extremes(over: Operator, place: Operator) -> tuple[Row, Row]:
    """Make the rows of an extreme over dimensions, and along one with the place where it stands."""

    def whole(low: Lowering, x: Value, dims: Any = None, keep: bool = False) -> Any:  # noqa: FBT001, FBT002
        return over(low.b, x, dims=dims_of(dims, len(x.shape)), keep=keep)

    def along(low: Lowering, x: Value, axis: Any = None, keep: bool = False) -> Any:  # noqa: FBT001, FBT002
        if axis is None:
            return whole(low, x)
        at = axis % len(x.shape)
        return whole(low, x, at, keep), place(low.b, x, axis=at, keep=keep)

    return whole, along


_MAXIMA, _MINIMA = _extremes(max_over, argmax), _extremes(min_over, argmin)


def _extreme_place(op: Operator) -> Row:
    def row(low: Lowering, x: Value, axis: Any = None, keep: bool = False) -> Any:  # noqa: FBT001, FBT002
        if axis is None:  # of all elements
            x, axis = s.reshape(low.b, x, shape=(x.type.size,)), 0
            return s.reshape(low.b, op(low.b, x, axis=axis), shape=low.types()[0].shape)
        return op(low.b, x, axis=axis, keep=keep)

    return row


def cumulate(low: Lowering, x: Value, axis: int, **_: Any) -> Any:
    """Add up along a dimension, keeping every partial sum."""
    t = low.types()[0]
    if x.dtype != t.dtype:
        x = cast(low.b, x, dtype=t.dtype)
    return cumsum(low.b, x, axis=axis % len(x.shape))


_SEEN = ("view", "_unsafe_view", "reshape", "unsqueeze", "squeeze", "flatten", "view_as")
_ZEROS = (
    "zeros", "empty", "zeros_like", "empty_like", "new_zeros", "new_empty", "zero",
    "empty_strided", "new_empty_strided",
)  # fmt: skip
_ONES = ("ones", "ones_like", "new_ones")
_FULL = ("full", "full_like", "new_full", "scalar_tensor", "fill")
_COPIES = ("clone", "contiguous", "lift_fresh_copy", "_reshape_copy", "roll", "flip")

ROWS: dict[str, Row] = {
    **dict.fromkeys(_SEEN, seen_as),
    **dict.fromkeys(_ZEROS, filled),
    **dict.fromkeys(_ONES, ones),
    **dict.fromkeys(_FULL, full),
    **dict.fromkeys(_COPIES, copy),
    "repeat": lambda low, x, *_: s.copy(low.b, expand_to(low, x)),
    "alias": alias,
    "as_strided": strided,
    "lift_fresh": alias,
    "_local_scalar_dense": lambda *_: (),  # a number is read, which no tensor becomes
    "detach": detach,
    "detach_": detach,
    "t": transpose,
    "transpose": transpose,
    "permute": permute,
    "expand": expand,
    "split": split,
    "split_with_sizes": split,
    "unsafe_split": split,
    "chunk": split,
    "unbind": unbind,
    "copy": copy_into,
    "cat": concat,
    "stack": stack,
    "arange": iota,
    "constant_pad_nd": pad,
    "embedding": embedding,
    "embedding_dense_backward": embedding_backward,
    "index": index,
    "index_select": index_select,
    "gather": gather,
    "sum": sums,
    "mean": means,
    "var": variances,
    "amax": _MAXIMA[0],
    "max": _MAXIMA[1],
    "amin": _MINIMA[0],
    "min": _MINIMA[1],
    "argmax": _extreme_place(argmax),
    "argmin": _extreme_place(argmin),
    "cumsum": cumulate,
    "orderof.reread": lambda low, old, written: alias(low, old),
}


def expand_to(low: Lowering, x: Value) -> Value:
    """Repeat x to the recorded shape: whole copies, side by side."""
    t = low.types()[0]
    copies = t.size / x.type.size
    many: Value = s.expand(low.b, x, shape=(copies, *x.shape))
    found: Value = s.reshape(low.b, many, shape=t.shape)
    return found
