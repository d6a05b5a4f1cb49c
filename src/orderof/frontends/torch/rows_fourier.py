"""Rows for Fourier transforms of complex and of real numbers, back to real ones, and windows.

How many steps a transform takes follows from the prime factors of how many numbers there are, for
which there is no formula: an axis along which one goes is a number and no letter.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from orderof.errors import Unproved
from orderof.ops import elementwise as e
from orderof.ops import fourier as f
from orderof.ops import shape as s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Value
    from orderof.sym import Expr


def _numbers(sizes: Sequence[Expr]) -> None:
    for n in sizes:
        if n.value is None:
            told = "its steps follow from the prime factors of a number"
            raise Unproved(f"a Fourier transform of {n} numbers", told)


def between_pairs(low: Lowering, x: Value, dims: Sequence[int], norm: int, forward: bool) -> Any:  # noqa: FBT001
    """Transform complex numbers."""
    axes = tuple(d % (len(x.shape) - 1) for d in dims)
    _numbers([x.shape[a] for a in axes])
    return f.fourier(low.b, x, axes=axes, back=not forward, norm=norm)


def from_real(low: Lowering, x: Value, dims: Sequence[int], norm: int, half: bool) -> Any:  # noqa: FBT001
    """Transform real numbers, to all complex ones or to those that are no mirror of others."""
    axes = tuple(d % len(x.shape) for d in dims)
    _numbers([x.shape[a] for a in axes])
    return f.fourier_real(low.b, x, axes=axes, half=bool(half), norm=norm)


def to_real(low: Lowering, x: Value, dims: Sequence[int], norm: int, n: Any) -> Any:
    """Transform back to so many real numbers."""
    axes = tuple(d % (len(x.shape) - 1) for d in dims)
    last = low.types()[0].shape[axes[-1]]
    _numbers([*(x.shape[a] for a in axes[:-1]), last])
    return f.fourier_to_real(low.b, x, axes=axes, n=last, norm=norm)


def _window(alpha: float, beta: float) -> Row:
    """Make the row of alpha - beta * cos(2 pi i / n), as ATen's hamming_window runs it.

    A periodic window is made one longer, and its end cut off.
    """

    def row(low: Lowering, size: Any, periodic: bool = True, *shape: float, **_: Any) -> Any:  # noqa: FBT001, FBT002
        a, b = (*shape, *(alpha, beta)[len(shape) :])
        t = low.types()[0]
        if not isinstance(size, int):
            raise Unproved(f"a window of {t.shape[0]} numbers", "has steps that are no formula")
        if size == 1:
            return s.fill(low.b, shape=t.shape, dtype=t.dtype, value=1)
        n = size + bool(periodic)
        turn = s.iota(low.b, shape=(n,), dtype=t.dtype)
        wave = e.cosine(low.b, e.scale(low.b, turn, by=2 * math.pi / (n - 1)))
        found = e.shift(low.b, e.scale(low.b, wave, by=-b), by=a)
        return s.slice_(low.b, found, axis=0, start=0, stop=size) if periodic else found

    return row


WINDOWS: dict[str, Row] = {
    "hann_window": _window(0.5, 0.5),
    "hamming_window": _window(0.54, 0.46),
}
ROWS: dict[str, Row] = {
    "_fft_c2c": between_pairs,
    "_fft_r2c": from_real,
    "_fft_c2r": to_real,
}
