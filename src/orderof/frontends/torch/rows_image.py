"""Rows for images made larger by whole factors, and for channels that become places.

nearest      x[b, c, i // f]                  each element f times, side by side
shuffle      x[b, (c f g), h, w] -> [b, c, (h f), (w g)]       Shi et al. 2016, arXiv:1609.05158
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from orderof.errors import Indivisible, UnknownOperator, Unproved
from orderof.ops import shape as s
from orderof.ops import slide as sliding
from orderof.ops.antialias import antialias, antialias_gradient
from orderof.ops.place import place_along
from orderof.ops.prelu import prelu
from orderof.ops.reduce import sum_over
from orderof.ops.resample import nearest as nearest_
from orderof.ops.resample import nearest_gradient, resample, resample_gradient
from orderof.sym import ONE, Expr, floordiv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Value
    from orderof.ops import Operator


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


def _smooth(taps: int) -> Row:
    def row(low: Lowering, x: Value, _: Any, align: bool, *scales: Any) -> Any:  # noqa: FBT001
        size = low.types()[0].shape[2:]
        _plain_windows(low, x.shape[2:], size, scales)
        return antialias(low.b, x, size=size, taps=taps, align=bool(align))

    return row


def _smooth_backward(taps: int) -> Row:
    def row(low: Lowering, g: Value, _: Any, __: Any, align: bool, *scales: Any) -> Any:  # noqa: FBT001
        size = low.types()[0].shape[2:]
        _plain_windows(low, size, g.shape[2:], scales)
        return antialias_gradient(low.b, g, size=size, taps=taps, align=bool(align))

    return row


def _plain_windows(
    low: Lowering, few: Sequence[Expr], many: Sequence[Expr], scales: Sequence[float | None]
) -> None:
    """Refuse sizes in letters, and a scale that is not their ratio: its windows lie elsewhere."""
    if any(n.value is None for n in (*few, *many)):
        raise Unproved("antialias", "looks at windows that no formula gives")
    given = [(n, m, Fraction(f)) for n, m, f in zip(few, many, scales, strict=False) if f]
    if any(n * f.numerator != m * f.denominator for n, m, f in given):
        assert low.call is not None  # noqa: S101 - rows run within a call
        hint = "give the size, or recompute_scale_factor=True"
        raise UnknownOperator(low.call.name, f"has no rule for scales {tuple(scales)}", hint)


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


def slide(low: Lowering, x: Value, axis: int, size: int, step: int) -> Any:
    """See windows over a dimension."""
    at = axis % len(x.shape)
    return sliding.slide(low.b, x, axis=at, size=size, step=step)


def slide_backward(low: Lowering, g: Value, _: Any, axis: int, size: int, step: int) -> Any:
    """Add windows up where they were taken."""
    shape = low.types()[0].shape
    at = axis % len(shape)
    return sliding.slide_gradient(low.b, g, n=shape[at], axis=at, size=size, step=step)


def columns(
    low: Lowering,
    x: Value,
    size: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[int],
    stride: Sequence[int],
) -> Any:
    """Put every window of an image into a column: (B, C*k*k, places)."""
    _undilated(low, dilation)
    if any(padding):
        ends = (0, 0, *padding)
        x = s.pad(low.b, x, before=ends, after=ends)
    for axis in (0, 1):
        x = sliding.slide(low.b, x, axis=2 + axis, size=size[axis], step=stride[axis])
    moved = s.copy(low.b, s.permute(low.b, x, order=(0, 1, 4, 5, 2, 3)))
    return s.reshape(low.b, moved, shape=low.types()[0].shape)


def from_columns(
    low: Lowering,
    x: Value,
    image: Sequence[Any],
    size: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[int],
    stride: Sequence[int],
) -> Any:
    """Add columns up where they were taken from an image."""
    _undilated(low, dilation)
    out = low.types()[0].shape
    wide = [n + 2 * p for n, p in zip(out[2:], padding, strict=True)]
    pairs = zip(wide, size, stride, strict=True)
    places = [floordiv(n - k, step) + 1 for n, k, step in pairs]
    apart = s.reshape(low.b, x, shape=(*out[:2], *size, *places))
    g = s.permute(low.b, apart, order=(0, 1, 4, 5, 2, 3))
    for axis in (1, 0):
        how = {"axis": 2 + axis, "size": size[axis], "step": stride[axis]}
        g = sliding.slide_gradient(low.b, g, n=wide[axis], **how)
    for axis, (p, n) in enumerate(zip(padding, out[2:], strict=True), 2):
        if p:
            g = s.slice_(low.b, g, axis=axis, start=p, stop=n + p)
    return g


def _undilated(low: Lowering, dilation: Sequence[int]) -> None:
    if any(d != 1 for d in dilation):
        assert low.call is not None  # noqa: S101 - rows run within a call
        raise UnknownOperator(low.call.name, "has a rule without dilation only", "")


def _beyond(op: Operator, gradient: Operator) -> tuple[Row, Row]:
    """Make the rows of what goes on behind the edges; the last dimension is first in `ends`."""

    def row(low: Lowering, x: Value, ends: Sequence[Any]) -> Any:
        before, after = _ends(low, ends)
        return op(low.b, x, before=before, after=after)

    def backward(low: Lowering, g: Value, _: Value, ends: Sequence[Any]) -> Any:
        before, after = _ends(low, ends)
        return gradient(low.b, g, before=before, after=after)

    return row, backward


def channel_shuffle(low: Lowering, x: Value, groups: int) -> Any:
    """Deal the channels of groups out in turn."""
    b, c, *rest = x.shape
    apart = s.reshape(low.b, x, shape=(b, groups, c / groups, *rest))
    order = (0, 2, 1, *range(3, len(apart.shape)))
    return s.reshape(low.b, s.copy(low.b, s.permute(low.b, apart, order=order)), shape=x.shape)


def unpool(low: Lowering, x: Value, at: Value, *_: Any) -> Any:
    """Put what was largest back to its places, zeros elsewhere."""
    t = low.types()[0]
    lead = x.shape[:2]
    places = Expr.prod(x.shape[2:]), Expr.prod(t.shape[2:])
    blank = s.fill(low.b, shape=(*lead, places[1]), dtype=x.dtype)
    part, to = (s.reshape(low.b, v, shape=(*lead, places[0])) for v in (x, at))
    return s.reshape(low.b, place_along(low.b, blank, part, to, axis=2), shape=t.shape)


def _ends(low: Lowering, ends: Sequence[Any]) -> Any:
    sizes = [low.size(n) for n in ends]
    return tuple(sizes[-2::-2]), tuple(sizes[::-2])


def identity(low: Lowering, *_: Any, **__: Any) -> Any:
    """Fill with 1 on the diagonal."""
    t = low.types()[0]
    return sliding.eye(low.b, shape=t.shape, dtype=t.dtype)


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


_SMOOTH = {"bilinear2d": 2, "bicubic2d": 4}
_MADE = {"linear1d": 2, "bilinear2d": 2, "trilinear3d": 2, "bicubic2d": 4}

_BEYOND = {
    "reflection": _beyond(sliding.mirror, sliding.mirror_gradient),
    "replication": _beyond(sliding.stretch, sliding.stretch_gradient),
}

ROWS: dict[str, Row] = {
    **{f"upsample_{name}": _linear(taps) for name, taps in _MADE.items()},
    **{f"upsample_{name}_backward": _linear_backward(taps) for name, taps in _MADE.items()},
    **{f"_upsample_{name}_aa": _smooth(taps) for name, taps in _SMOOTH.items()},
    **{f"_upsample_{name}_aa_backward": _smooth_backward(taps) for name, taps in _SMOOTH.items()},
    **{f"_upsample_nearest_exact{n}d": nearest for n in (1, 2, 3)},
    **{f"upsample_nearest{n}d": nearest for n in (1, 2, 3)},
    **{f"upsample_nearest{n}d_backward": nearest_backward for n in (1, 2, 3)},
    **{
        f"{name}_pad{n}d{way}": row
        for name, rows in _BEYOND.items()
        for way, row in zip(("", "_backward"), rows, strict=True)
        for n in (1, 2, 3)
    },
    **{f"max_unpool{n}d": unpool for n in (2, 3)},
    "channel_shuffle": channel_shuffle,
    "unfold": slide,
    "unfold_backward": slide_backward,
    "im2col": columns,
    "col2im": from_columns,
    "eye": identity,
    "pixel_shuffle": shuffle,
    "pixel_unshuffle": unshuffle,
    "_prelu_kernel": slope,
    "_prelu_kernel_backward": slope_backward,
}
