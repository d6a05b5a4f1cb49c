"""Rows for images made larger by whole factors, and for channels that become places.

nearest      x[b, c, i // f]                  each element f times, side by side
shuffle      x[b, (c f g), h, w] -> [b, c, (h f), (w g)]       Shi et al. 2016, arXiv:1609.05158
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import Indivisible, UnknownOperator
from orderof.ops import shape as s
from orderof.ops.prelu import prelu
from orderof.ops.reduce import sum_over
from orderof.ops.resample import nearest as nearest_
from orderof.ops.resample import nearest_gradient, resample, resample_gradient
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Value


def nearest(low: Lowering, x: Value, *_: Any) -> Any:
    """Repeat each place, along every dimension behind the channels; else take the one below."""
    many = low.types()[0].shape
    if not _whole(x.shape, many):
        return nearest_(low.b, x, size=many[2:])
    tiles = _tiles(low, x.shape, many)
    apart = [n for size in x.shape[2:] for n in (size, ONE)]
    seen = s.reshape(low.b, x, shape=(*x.shape[:2], *apart))
    whole = s.copy(low.b, s.expand(low.b, seen, shape=(*x.shape[:2], *tiles)))
    return s.reshape(low.b, whole, shape=many)


def nearest_backward(low: Lowering, g: Value, *_: Any) -> Any:
    """Add up what was repeated."""
    shape = low.types()[0].shape
    if not _whole(shape, g.shape):
        return nearest_gradient(low.b, g, size=shape[2:])
    tiles = _tiles(low, shape, g.shape)
    seen = s.reshape(low.b, g, shape=(*shape[:2], *tiles))
    dims = tuple(range(3, 2 + len(tiles), 2))
    return sum_over(low.b, seen, dims=dims)


def _whole(few: Sequence[Expr], many: Sequence[Expr]) -> bool:
    """Whether every dimension becomes a whole number of times as large."""
    try:
        factors = [large / n for n, large in zip(few[2:], many[2:], strict=True)]
    except Indivisible:
        return False
    return all(power > 0 for f in factors for mono, _ in f.terms() for _, power in mono)


def _linear(taps: int) -> Row:
    def row(low: Lowering, x: Value, _: Any, align: Any = False, *__: Any) -> Any:  # noqa: FBT002
        size = low.types()[0].shape[2:]
        return resample(low.b, x, size=size, taps=taps, align=bool(align))

    return row


def _linear_backward(taps: int) -> Row:
    def row(low: Lowering, g: Value, _: Any, __: Any, align: Any = False, *___: Any) -> Any:  # noqa: FBT002
        size = low.types()[0].shape[2:]
        return resample_gradient(low.b, g, size=size, taps=taps, align=bool(align))

    return row


def _tiles(low: Lowering, few: Sequence[Expr], many: Sequence[Expr]) -> list[Expr]:
    """Give (places, factor) for every dimension of an image; raises where one is not whole."""
    found: list[Expr] = []
    for n, large in zip(few[2:], many[2:], strict=True):
        try:
            found += [n, large / n]
        except Indivisible:
            assert low.call is not None  # noqa: S101 - rows run within a call
            hint = "only sizes that are multiples have a rule"
            raise UnknownOperator(low.call.name, f"makes {large} of {n}", hint) from None
    return found


def shuffle(low: Lowering, x: Value, by: int) -> Any:
    """Make places of channels."""
    b, c, h, w = x.shape
    apart = s.reshape(low.b, x, shape=(b, c / (by * by), by, by, h, w))
    moved = s.permute(low.b, apart, order=(0, 1, 4, 2, 5, 3))
    return s.reshape(low.b, s.copy(low.b, moved), shape=(b, c / (by * by), h * by, w * by))


def unshuffle(low: Lowering, x: Value, by: int) -> Any:
    """Make channels of places."""
    b, c, h, w = low.types()[0].shape
    apart = s.reshape(low.b, x, shape=(b, c / (by * by), h, by, w, by))
    moved = s.permute(low.b, apart, order=(0, 1, 3, 5, 2, 4))
    return s.reshape(low.b, s.copy(low.b, moved), shape=(b, c, h, w))


def slope(low: Lowering, x: Value, w: Value) -> Any:
    """Give x, or w * x below 0."""
    return prelu(low.b, x, w)


def slope_backward(low: Lowering, g: Value, x: Value, w: Value) -> Any:
    """Give both gradients, that of the slopes for every element: torch sums them up after it."""
    node = prelu.draft(x, s.expand(low.b, w, shape=x.shape))
    assert prelu.vjp is not None  # noqa: S101 - it has one
    return prelu.vjp(low.b, node, (g,), (True, True))


_MADE = {"linear1d": 2, "bilinear2d": 2, "trilinear3d": 2, "bicubic2d": 4}

ROWS: dict[str, Row] = {
    **{f"upsample_{name}": _linear(taps) for name, taps in _MADE.items()},
    **{f"upsample_{name}_backward": _linear_backward(taps) for name, taps in _MADE.items()},
    **{f"_upsample_nearest_exact{n}d": nearest for n in (1, 2, 3)},
    **{f"upsample_nearest{n}d": nearest for n in (1, 2, 3)},
    **{f"upsample_nearest{n}d_backward": nearest_backward for n in (1, 2, 3)},
    "pixel_shuffle": shuffle,
    "pixel_unshuffle": unshuffle,
    "_prelu_kernel": slope,
    "_prelu_kernel_backward": slope_backward,
}
