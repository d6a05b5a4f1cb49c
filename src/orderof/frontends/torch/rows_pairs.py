"""Rows that look at complex numbers and move them: what a row does to pairs of real ones.

A dimension that is counted from behind is one before the pair, and the pair moves as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.frontends.torch import rows_move, rows_place, rows_slice
from orderof.frontends.torch.recording import Ref
from orderof.frontends.torch.rows import blank
from orderof.ir.graph import Value
from orderof.ops import elementwise as e
from orderof.ops import shape as s
from orderof.sym import expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering


def is_pair(a: object) -> bool:
    """Whether a recorded operand is a tensor of complex numbers."""
    return type(a) is Ref and a.dtype[0] == "c"


def whole(low: Lowering, x: Value, at: int = 0) -> Value:
    """Give an operand that may be real as pairs, by its place among the operands."""
    assert low.call is not None  # noqa: S101 - rows run within a call
    return x if is_pair(low.call.args[at]) else pair(low, spread(low, x), None)


def spread(low: Lowering, x: Value) -> Value:
    """Give a real tensor a last dimension of 1."""
    found: Value = s.reshape(low.b, x, shape=(*x.shape, 1))
    return found


def parts(low: Lowering, x: Value) -> tuple[Value, Value]:
    """Look at the real parts, and at the imaginary ones."""
    last = len(x.shape) - 1
    real, imaginary = (s.slice_(low.b, x, axis=last, start=i, stop=i + 1, step=1) for i in (0, 1))
    return real, imaginary


def pair(low: Lowering, real: Value | None, imaginary: Value | None) -> Value:
    """Put parts together, with zeros for one that is not there, in the shape of the result."""
    shape = (*low.types()[0].shape[:-1], expr(1))
    both: list[Value] = []
    for part in (real, imaginary):
        if part is None:
            dtype = low.types()[0].dtype
            both.append(s.fill(low.b, shape=shape, dtype=dtype))
        else:
            same = part.shape == shape
            both.append(part if same else s.expand(low.b, part, shape=shape))
    found: Value = s.concat(low.b, *both, axis=len(shape) - 1)
    return found


def same(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Look at pairs of numbers as complex ones, or the other way round."""
    return s.alias(low.b, x)


def copied(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Copy pairs of numbers."""
    return s.copy(low.b, x)


def view(low: Lowering, x: Value, *_: Any) -> Any:
    """Give the same numbers in the recorded shape."""
    return s.reshape(low.b, x, shape=low.types()[0].shape)


def cast(low: Lowering, x: Value, **_: Any) -> Any:
    """Give real numbers an imaginary part of 0, take the real ones, or change the dtype."""
    t = low.types()[0]
    assert low.call is not None  # noqa: S101 - rows run within a call
    if is_pair(low.call.args[0]) and not is_pair(low.call.results[0]):
        x = s.reshape(low.b, parts(low, x)[0], shape=t.shape)
    if x.dtype != t.dtype:
        x = e.cast(low.b, x, dtype=t.dtype)
    if not is_pair(low.call.args[0]):
        return pair(low, spread(low, x), None)
    return s.copy(low.b, x)


def together(low: Lowering, real: Value, imaginary: Value) -> Any:
    """Make complex numbers of two real ones."""
    return pair(low, spread(low, real), spread(low, imaginary))


def written(low: Lowering, x: Value, y: Any, *_: Any) -> Any:
    """Write numbers over complex ones, or complex ones over what is real: their real parts."""
    assert low.call is not None  # noqa: S101 - rows run within a call
    if not is_pair(low.call.args[0]):
        y = s.reshape(low.b, parts(low, y)[0], shape=y.shape[:-1])
        return rows_move.copy_into(low, x, y)
    return rows_move.copy_into(low, x, whole(low, y, 1))


def filled(low: Lowering, *args: Any, **_: Any) -> Any:
    """Fill with a number, which may be in a tensor."""
    t, given = low.types()[0], args[-1]
    if isinstance(given, Value):
        given = whole(low, given, len(args) - 1)
        return s.copy(low.b, s.expand(low.b, given, shape=t.shape))
    shape, number = (*t.shape[:-1], 1), complex(given)
    values = number.real, number.imag
    both = (s.fill(low.b, shape=shape, dtype=t.dtype, value=v) for v in values)
    return s.concat(low.b, *both, axis=len(shape) - 1)


def permute(low: Lowering, x: Value, order: Sequence[int]) -> Any:
    """Reorder dimensions."""
    n = len(order)
    return s.permute(low.b, x, order=(*(d % n for d in order), n))


def transpose(low: Lowering, x: Value, i: int = 0, j: int = 1) -> Any:
    """Exchange two dimensions; fewer than two stay as they are."""
    rank = len(x.shape) - 1
    order = list(range(rank))
    if rank > 1:
        order[i % rank], order[j % rank] = order[j % rank], order[i % rank]
    return s.permute(low.b, x, order=(*order, rank))


def expand(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Repeat along dimensions of 1."""
    return s.expand(low.b, x, shape=low.types()[0].shape)


def unsqueeze(low: Lowering, x: Value, axis: int) -> Any:
    """Insert a dimension of 1 before the pair."""
    at = axis % len(x.shape)
    return s.reshape(low.b, x, shape=(*x.shape[:at], 1, *x.shape[at:]))


def stacked(low: Lowering, xs: Sequence[Value], axis: int = 0) -> Any:
    """Put side by side along a new dimension."""
    return rows_move.stack(low, xs, axis % len(xs[0].shape))


def pad(low: Lowering, x: Value, ends: Sequence[int], value: float = 0) -> Any:
    """Put a number around, the last dimension first in `ends`."""
    return rows_move.pad(low, x, (0, 0, *ends), value)


def gather(low: Lowering, x: Value, axis: int, at: Value, **_: Any) -> Any:
    """Pick along one dimension."""
    return rows_move.gather(low, x, axis % (len(x.shape) - 1), _twice(low, at))


def scatter_add(low: Lowering, x: Value, axis: int, at: Value, part: Value) -> Any:
    """Add along a dimension where indices say."""
    return rows_place.scatter_add(low, x, axis % (len(x.shape) - 1), _twice(low, at), part)


def _twice(low: Lowering, at: Value) -> Value:
    """Give an index for both parts."""
    found: Value = s.expand(low.b, spread(low, at), shape=(*at.shape, 2))
    return found


def chosen(low: Lowering, c: Value, x: Value, y: Value) -> Any:
    """Choose pairs."""
    x, y = whole(low, x, 1), whole(low, y, 2)
    return e.where(low.b, spread(low, c), x, y)


def masked(low: Lowering, x: Value, mask: Value, value: float) -> Any:
    """Put a real number where a mask holds."""
    both = (s.fill(low.b, shape=(1,), dtype=x.dtype, value=v) for v in (value, 0))
    return e.where(low.b, spread(low, mask), s.concat(low.b, *both, axis=0), x)


def embedded(row: Row) -> Row:
    """Make a row that puts a gradient where something was taken, of a shape without the pair."""

    def run(low: Lowering, g: Value, shape: Sequence[Any], axis: int, *args: Any) -> Any:
        return row(low, g, (*shape, 2), axis % len(shape), *args)

    return run


def along(row: Row, place: int) -> Row:
    """Make a row of one that takes dimensions: counted from behind they are before the pair."""

    def run(low: Lowering, x: Any, *args: Any, **kwargs: Any) -> Any:
        rank = len((x if isinstance(x, Value) else x[0]).shape) - 1
        turned = [_before(a, rank) if i == place else a for i, a in enumerate(args)]
        turned += [0] if len(args) <= place and place == 0 else []
        return row(low, x, *turned, **kwargs)

    return run


def _before(dims: Any, rank: int) -> Any:
    if dims is None or dims == ():
        return tuple(range(rank))
    return dims % rank if isinstance(dims, int) else tuple(d % rank for d in dims)


def over(row: Row) -> Row:
    """Make a row that goes over all dimensions where none are said."""

    def run(low: Lowering, x: Value, dims: Any = None, *args: Any, **kwargs: Any) -> Any:
        return row(low, x, _before(dims, len(x.shape) - 1), *args, **kwargs)

    return run


def zeros(low: Lowering, *_: Any, **__: Any) -> Any:
    """Fill with 0; what torch leaves empty is filled too."""
    return blank(low)


def reread(low: Lowering, old: Value, _: Any) -> Any:
    """Follow a write through another view."""
    return s.alias(low.b, old)


_ZEROS = (
    "zeros", "empty", "zeros_like", "empty_like", "new_zeros", "new_empty", "zero",
    "empty_strided", "new_empty_strided",
)  # fmt: skip
_FULL = ("full", "full_like", "new_full", "scalar_tensor", "fill")
_SEEN = ("view", "_unsafe_view", "reshape", "squeeze", "flatten")

ROWS: dict[str, Row] = {
    **dict.fromkeys(_ZEROS, zeros),
    **dict.fromkeys(_SEEN, view),
    **dict.fromkeys(("view_as_complex", "view_as_real", "alias", "detach", "lift_fresh"), same),
    **dict.fromkeys(("clone", "roll", "flip", "resolve_conj", "contiguous"), copied),
    **dict.fromkeys(_FULL, filled),
    "slice": along(rows_slice.slice_, 0),
    "select": along(rows_slice.select, 0),
    "slice_backward": embedded(rows_slice.embed_slice),
    "select_backward": embedded(rows_slice.embed_row),
    "split": along(rows_move.split, 1),
    "split_with_sizes": along(rows_move.split, 1),
    "unbind": along(rows_move.unbind, 0),
    "cat": along(rows_move.concat, 0),
    "stack": stacked,
    "expand": expand,
    "permute": permute,
    "transpose": transpose,
    "t": transpose,
    "unsqueeze": unsqueeze,
    "constant_pad_nd": pad,
    "index": rows_move.index,
    "index_put": rows_place.index_put,
    "gather": gather,
    "scatter_add": scatter_add,
    "where": chosen,
    "masked_fill": masked,
    "copy": written,
    "_to_copy": cast,
    "complex": together,
    "orderof.reread": reread,
}
