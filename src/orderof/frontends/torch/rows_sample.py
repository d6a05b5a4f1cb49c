"""Rows for what is read between pixels: at the places of a grid, in regions of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.ops.boxes import read_regions, suppress
from orderof.ops.sample import sample, sample_gradient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Value

_MODES = ("linear", "nearest", "cubic")
_PADDINGS = ("zeros", "border", "reflection")


def _how(mode: int, padding: int, align: bool) -> dict[str, Any]:  # noqa: FBT001
    """Read the settings of a call."""
    return {"mode": _MODES[mode], "padding": _PADDINGS[padding], "align": bool(align)}


def grid(low: Lowering, x: Value, at: Value, *how: Any) -> Any:
    """Read an image where a grid says."""
    return sample(low.b, x, at, **_how(*how))


def grid_backward(
    low: Lowering, g: Value, x: Value, at: Value, *how: Any
) -> tuple[Value, ...] | Value:
    """Give the gradients of the image and of the grid, as far as they are wanted."""
    *settings, want = how
    wanted: Sequence[bool] = tuple(map(bool, want))
    found: Any = sample_gradient(low.b, g, x, at, want=wanted, **_how(*settings))
    return found


def regions(low: Lowering, x: Value, boxes: Value, *, ratio: int, aligned: bool, **_: Any) -> Any:
    """Read regions of an image; where they lie in it changes no count."""
    h, w = (n.at() for n in low.types()[0].shape[2:])
    return read_regions(low.b, x, boxes, size=(h, w), ratio=ratio, aligned=aligned)


def aligned(low: Lowering, x: Value, boxes: Value, _: float, *how: Any) -> Any:
    """Read regions as torchvision's operator: (height, width, places, half a pixel off)."""
    h, w, ratio, half = how
    size = (low.size(h), low.size(w))
    return read_regions(low.b, x, boxes, size=size, ratio=ratio, aligned=bool(half))


def suppressed(low: Lowering, *operands: Value, most: Any, threshold: float) -> Any:
    """Compare boxes of a group with one another."""
    return suppress(low.b, *operands, most=low.size(most), threshold=threshold)


ROWS: dict[str, Row] = {
    "orderof.suppress": suppressed,
    "orderof.read_regions": regions,
    "torchvision.roi_align": aligned,
    **{f"grid_sampler_{n}d": grid for n in (2, 3)},
    **{f"grid_sampler_{n}d_backward": grid_backward for n in (2, 3)},
}
