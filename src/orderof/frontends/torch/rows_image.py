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
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Value


def nearest(low: Lowering, x: Value, *_: Any) -> Any:
    """Repeat each place, along every dimension behind the channels."""
    many = low.types()[0].shape
    tiles = _tiles(low, x.shape, many)
    apart = [n for size in x.shape[2:] for n in (size, ONE)]
    seen = s.reshape(low.b, x, shape=(*x.shape[:2], *apart))
    whole = s.copy(low.b, s.expand(low.b, seen, shape=(*x.shape[:2], *tiles)))
    return s.reshape(low.b, whole, shape=many)


def nearest_backward(low: Lowering, g: Value, *_: Any) -> Any:
    """Add up what was repeated."""
    shape = low.types()[0].shape
    tiles = _tiles(low, shape, g.shape)
    seen = s.reshape(low.b, g, shape=(*shape[:2], *tiles))
    dims = tuple(range(3, 2 + len(tiles), 2))
    return sum_over(low.b, seen, dims=dims)


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


ROWS: dict[str, Row] = {
    **{f"upsample_nearest{n}d": nearest for n in (1, 2, 3)},
    **{f"upsample_nearest{n}d_backward": nearest_backward for n in (1, 2, 3)},
    "pixel_shuffle": shuffle,
    "pixel_unshuffle": unshuffle,
    "_prelu_kernel": slope,
    "_prelu_kernel_backward": slope_backward,
}
