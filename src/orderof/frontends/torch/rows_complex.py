"""Rows where complex numbers go in or come out, as rotary embeddings have them.

A tensor of complex numbers is one of real numbers here, whose last dimension is (real, imaginary).
So nothing that looks at it costs anything, and a product of two is what the processor runs:

    (a + ib)(c + id) = (ac - bd) + i(ad + bc)         four products, a difference and a sum
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.frontends.torch.recording import Ref
from orderof.frontends.torch.rows import number
from orderof.frontends.torch.rows_move import concat, split
from orderof.frontends.torch.rows_slice import select, slice_
from orderof.ir.graph import Value
from orderof.ops import elementwise as e
from orderof.ops import shape as s

if TYPE_CHECKING:
    from orderof.frontends.torch.recording import Call
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering


def is_complex(call: Call) -> bool:
    """Whether complex numbers go in or come out: only the rows here know what these are."""
    return any(type(r) is Ref and r.dtype[0] == "c" for r in (*call.results, *call.args))


def find(name: str) -> Row | None:
    """Find the row of `aten.NAME.OVERLOAD`."""
    space, op, *_ = name.split(".")
    return ROWS.get(op) if space == "aten" else None


def same(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Look at pairs of numbers as complex ones, or the other way round."""
    return s.alias(low.b, x)


def copied(low: Lowering, x: Value, **_: Any) -> Any:
    """Copy pairs of numbers."""
    return s.copy(low.b, x)


def unsqueeze(low: Lowering, x: Value, axis: int) -> Any:
    """Insert a dimension of 1 before the pair."""
    at = axis % len(x.shape)
    return s.reshape(low.b, x, shape=(*x.shape[:at], 1, *x.shape[at:]))


def view(low: Lowering, x: Value, *_: Any) -> Any:
    """Give the same numbers in the recorded shape."""
    return s.reshape(low.b, x, shape=low.types()[0].shape)


def product(low: Lowering, x: Value, y: Any) -> Any:
    """Multiply complex numbers, or complex by real ones."""
    assert low.call is not None  # noqa: S101 - rows run within a call
    if not isinstance(y, Value):
        return e.scale(low.b, x, by=number(low, y))
    kinds = [isinstance(a, Ref) and a.dtype[0] == "c" for a in low.call.args[:2]]
    if not all(kinds):
        x, y = (_spread(low, v, whole=kind) for v, kind in zip((x, y), kinds, strict=True))
        return e.mul(low.b, x, y)
    (a, b), (c, d) = _parts(low, x), _parts(low, y)
    real = e.sub(low.b, e.mul(low.b, a, c), e.mul(low.b, b, d))
    return _pair(low, real, e.add(low.b, e.mul(low.b, a, d), e.mul(low.b, b, c)))


def polar(low: Lowering, size: Value, angle: Value) -> Any:
    """Give the numbers of some size at some angle."""
    real, imaginary = (f(low.b, angle) for f in (e.cosine, e.sine))
    made = (e.mul(low.b, _spread(low, v, whole=False), _spread(low, size, whole=False))
            for v in (real, imaginary))  # fmt: skip
    return _pair(low, *made)


def conjugate(low: Lowering, x: Value) -> Any:
    """Turn the imaginary part around."""
    real, imaginary = _parts(low, x)
    return _pair(low, real, e.neg(low.b, imaginary))


def _spread(low: Lowering, x: Value, *, whole: bool) -> Value:
    """Give a real tensor a last dimension of 1."""
    found: Value = x if whole else s.reshape(low.b, x, shape=(*x.shape, 1))
    return found


def _parts(low: Lowering, x: Value) -> tuple[Value, Value]:
    last = len(x.shape) - 1
    real, imaginary = (s.slice_(low.b, x, axis=last, start=i, stop=i + 1, step=1) for i in (0, 1))
    return real, imaginary


def _pair(low: Lowering, real: Value, imaginary: Value) -> Any:
    return s.concat(low.b, real, imaginary, axis=len(real.shape) - 1)


def _along(row: Row, place: int) -> Row:
    """Make a row of one that takes a dimension: counted from behind it is one before the pair."""

    def run(low: Lowering, x: Any, *args: Any, **kwargs: Any) -> Any:
        rank = len((x if isinstance(x, Value) else x[0]).shape) - 1
        turned = [a % rank if i == place else a for i, a in enumerate(args)]
        return row(low, x, *turned, **kwargs)

    return run


def expand(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
    """Repeat along dimensions of 1."""
    return s.expand(low.b, x, shape=low.types()[0].shape)


ROWS: dict[str, Row] = {
    "slice": _along(slice_, 0),
    "select": _along(select, 0),
    "split_with_sizes": _along(split, 1),
    "cat": _along(concat, 0),
    "expand": expand,
    "view_as_complex": same,
    "view_as_real": same,
    "alias": same,
    "detach": same,
    "clone": copied,
    "unsqueeze": unsqueeze,
    "view": view,
    "_unsafe_view": view,
    "squeeze": view,
    "mul": product,
    "polar": polar,
    "_conj": conjugate,
}
