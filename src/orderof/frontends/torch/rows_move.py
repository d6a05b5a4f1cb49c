"""Rows for views, copies and fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.frontends.torch.rows import blank, dims_of
from orderof.ir.graph import Value
from orderof.ops import shape as s
from orderof.ops.elementwise import cast
from orderof.ops.reduce import argmax, cumsum, max_over, mean, sum_over, variance
from orderof.sym import ONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.sym import Expr


def seen_as(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Give the same elements in the recorded shape."""
    t = low.types()[0]
    if t.dtype != x.dtype:
        return cast(low.b, x, dtype=t.dtype)
    return s.reshape(low.b, x, shape=t.shape)


def alias(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Give the same elements."""
    return s.alias(low.b, x)


def detach(low: Lowering, x: Value) -> Any:
    """Give the same elements, cut off from the gradient."""
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


def slice_(
    low: Lowering,
    x: Value,
    axis: int = 0,
    start: int | None = None,
    stop: int | None = None,
    step: int = 1,
) -> Any:
    """Give x[..., start:stop:step]."""
    n = x.shape[axis].value or 0
    first, last, _ = slice(start, stop, step).indices(n)
    return s.slice_(
        low.b, x, axis=axis % len(x.shape), start=first, stop=max(first, last), step=step
    )


def select(low: Lowering, x: Value, axis: int, i: int) -> Any:
    """Give x[..., i]."""
    at = axis % len(x.shape)
    i %= x.shape[at].value or 1
    one = s.slice_(low.b, x, axis=at, start=i, stop=i + 1)
    return s.reshape(low.b, one, shape=low.types()[0].shape)


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
    first, step = counted.start or 0, counted.step or 1
    return s.iota(low.b, shape=t.shape, dtype=t.dtype, start=first, step=step)


def embed_slice(  # the slice of `slice_backward`, or the index of `select_backward`
    low: Lowering,
    g: Value,
    shape: Sequence[int],
    axis: int,
    start: int,
    stop: int | None = None,
    step: int = 1,
) -> Any:
    """Put a gradient where a slice was taken, zeros elsewhere."""
    if stop is None:
        start %= shape[axis % len(shape)]
        stop = start + 1
    n = shape[axis % len(shape)]
    first, last, _ = slice(start, stop, step).indices(n)
    if len(g.shape) < len(shape):
        i = axis % len(shape)
        g = s.reshape(low.b, g, shape=(*g.shape[:i], 1, *g.shape[i:]))
    return s.embed_slice(
        low.b, g, shape=tuple(shape), axis=axis % len(shape), start=first, stop=last, step=step
    )


def pad(low: Lowering, x: Value, ends: Sequence[int], value: float = 0) -> Any:
    """Put a number around, the last dimension first in `ends`."""
    rank = len(x.shape)
    before, after = [0] * rank, [0] * rank
    for i in range(len(ends) // 2):
        before[rank - 1 - i], after[rank - 1 - i] = ends[2 * i], ends[2 * i + 1]
    return s.pad(low.b, x, before=tuple(before), after=tuple(after), value=value)


def embedding(low: Lowering, table: Value, at: Value, *_: Any) -> Any:
    """Take rows."""
    return s.gather_rows(low.b, table, at)


def embedding_backward(low: Lowering, g: Value, at: Value, rows: int, *_: Any) -> Any:
    """Add rows up where they were taken."""
    return s.scatter_rows(low.b, g, at, rows=rows)


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


def overwrite(low: Lowering, x: Value, part: Value, axis: int = 0, *at: Any) -> Any:
    """Write x[..., start:stop:step], or x[..., i]."""
    i, n = axis % len(x.shape), x.shape[axis].value or 0
    if len(part.shape) < len(x.shape):
        start = at[0] % n
        part = s.reshape(low.b, part, shape=(*part.shape[:i], 1, *part.shape[i:]))
        return s.overwrite(low.b, x, part, axis=i, start=start, stop=start + 1, step=1)
    first, last, step = slice(*at, *(None, None, 1)[len(at) :]).indices(n)
    return s.overwrite(low.b, x, part, axis=i, start=first, stop=last, step=step)


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


def maxima(low: Lowering, x: Value, dims: Any = None, keep: bool = False) -> Any:  # noqa: FBT001, FBT002
    """Give the greatest over dimensions."""
    return max_over(low.b, x, dims=dims_of(dims, len(x.shape)), keep=keep)


def max_dim(low: Lowering, x: Value, axis: Any = None, keep: bool = False) -> Any:  # noqa: FBT001, FBT002
    """Give the greatest along a dimension, and where it stands."""
    if axis is None:
        return maxima(low, x)
    at = axis % len(x.shape)
    return maxima(low, x, at, keep), argmax(low.b, x, axis=at, keep=keep)


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
    "lift_fresh": alias,
    "detach": detach,
    "detach_": detach,
    "t": transpose,
    "transpose": transpose,
    "permute": permute,
    "expand": expand,
    "slice": slice_,
    "select": select,
    "split": split,
    "split_with_sizes": split,
    "chunk": split,
    "unbind": unbind,
    "copy": copy_into,
    "cat": concat,
    "stack": stack,
    "arange": iota,
    "slice_backward": embed_slice,
    "select_backward": embed_slice,
    "constant_pad_nd": pad,
    "embedding": embedding,
    "embedding_dense_backward": embedding_backward,
    "index": index,
    "index_select": index_select,
    "gather": gather,
    "slice_scatter": overwrite,
    "select_scatter": overwrite,
    "sum": sums,
    "mean": means,
    "var": variances,
    "amax": maxima,
    "max": max_dim,
    "argmax": lambda low, x, axis=None, keep=False: argmax(low.b, x, axis=axis or 0, keep=keep),
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
