"""Rows for parts of a tensor along one dimension: x[start:stop:step], x[i], and writes to them.

Torch clamps the ends of a slice to the size of the dimension. In letters that cannot be decided by
looking at the ends; the recorded length of the part says what was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import Unproved
from orderof.frontends.torch.sizes import Varied
from orderof.ops import shape as s
from orderof.sym import ZERO, Expr, ceildiv, expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Value


def slice_(
    low: Lowering,
    x: Value,
    axis: int = 0,
    start: Any = None,
    stop: Any = None,
    step: int = 1,
) -> Any:
    """Give x[..., start:stop:step]."""
    at = axis % len(x.shape)
    first, last = _bounds(low, x.shape[at], (start, stop, step), low.extent(at))
    return s.slice_(low.b, x, axis=at, start=first, stop=last, step=step)


def select(low: Lowering, x: Value, axis: int, i: Any) -> Any:
    """Give x[..., i]."""
    at = axis % len(x.shape)
    i = _place(low, i, x.shape[at])
    one = s.slice_(low.b, x, axis=at, start=i, stop=i + 1)
    return s.reshape(low.b, one, shape=(*x.shape[:at], *x.shape[at + 1 :]))


def embed_slice(
    low: Lowering, g: Value, shape: Sequence[Any], axis: int, start: Any, stop: Any, step: int
) -> Any:
    """Put a gradient where a slice was taken, zeros elsewhere."""
    at, sizes = axis % len(shape), tuple(map(low.size, shape))
    first, last = _bounds(low, expr(sizes[at]), (start, stop, step), g.shape[at])
    return s.embed_slice(low.b, g, shape=sizes, axis=at, start=first, stop=last, step=step)


def embed_row(low: Lowering, g: Value, shape: Sequence[Any], axis: int, i: Any) -> Any:
    """Put a gradient where one index was taken, zeros elsewhere."""
    at, sizes = axis % len(shape), tuple(map(low.size, shape))
    i = _place(low, i, expr(sizes[at]))
    g = s.reshape(low.b, g, shape=(*g.shape[:at], 1, *g.shape[at:]))
    return s.embed_slice(low.b, g, shape=sizes, axis=at, start=i, stop=i + 1, step=1)


def overwrite(
    low: Lowering,
    x: Value,
    part: Value,
    axis: int = 0,
    start: Any = None,
    stop: Any = None,
    step: int = 1,
) -> Any:
    """Write x[..., start:stop:step]."""
    at = axis % len(x.shape)
    first, last = _bounds(low, x.shape[at], (start, stop, step), part.shape[at])
    return s.overwrite(low.b, x, part, axis=at, start=first, stop=last, step=step)


def overwrite_row(low: Lowering, x: Value, part: Value, axis: int, i: Any) -> Any:
    """Write x[..., i]."""
    at = axis % len(x.shape)
    i = _place(low, i, x.shape[at])
    part = s.reshape(low.b, part, shape=(*part.shape[:at], 1, *part.shape[at:]))
    return s.overwrite(low.b, x, part, axis=at, start=i, stop=i + 1, step=1)


def _bounds(low: Lowering, n: Expr, ends: tuple[Any, Any, int], length: Any) -> tuple[Any, Any]:
    """Give the first and the last index of a part of n elements that is `length` long."""
    start, stop, step = ends
    if n.value is not None and not isinstance(start, Varied) and not isinstance(stop, Varied):
        first, last, _ = slice(start, stop, step).indices(n.value)
        return first, max(first, last)
    for first in _meanings(low, n, start or 0):
        for last in _meanings(low, n, stop):
            if low.same(ceildiv(last - first, step), length):
                return first, last
    raise Unproved(f"{start}:{stop}:{step}", f"is no part of {n} elements that was understood")


def _meanings(low: Lowering, n: Expr, at: Any) -> list[Expr]:
    """List what an index into n elements may mean: itself, from the end, or clamped."""
    if at is None:
        return [n]
    found = expr(low.size(at))
    return [found, found + n, n, ZERO]


def _place(low: Lowering, i: Any, n: Expr) -> Any:
    """Give an index that counts from the end as one that counts from the start."""
    i = low.size(i)
    return i + (n.value or n) if isinstance(i, int) and i < 0 else i


ROWS: dict[str, Row] = {
    "slice": slice_,
    "select": select,
    "slice_backward": embed_slice,
    "select_backward": embed_row,
    "slice_scatter": overwrite,
    "select_scatter": overwrite_row,
}
