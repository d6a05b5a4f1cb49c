"""Boxes in images: which of those that overlap stay, and what lies inside of each.

suppress      n boxes in the order of their scores; every two of a group are compared. The worst
              case is counted: nothing is suppressed, and groups are as large as they may be
read_regions  each of (h, w) bins of a box is the mean of s x s places between pixels
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import Counts, Kind
from orderof.errors import UnknownOperator
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import irregular
from orderof.sym import Expr, ceillog2, const, expr, floordiv

if TYPE_CHECKING:
    from orderof.sym import Size

_GREEDY = "torchvision, csrc/ops/cpu/nms_kernel.cpp, with every pair; merge sort of the scores"
_AREA = {Kind.ADD: 2, Kind.MUL: 1}
_PAIR = {Kind.MAX: 6, Kind.ADD: 4, Kind.MUL: 1, Kind.DIV: 1, Kind.CMP: 1}
"""Corners, sides that are not below 0, their product, the union, the share, the threshold."""


def _each(kinds: dict[Kind, int], n: Expr, dtype: str) -> Counts:
    return Counts({(kind, dtype): n * k for kind, k in kinds.items()})


def _suppress(
    boxes: Type, scores: Type, groups: Type, *, most: Size, threshold: float
) -> tuple[Irregular, tuple[Type]]:
    """Give the places of the boxes that stay: all."""
    del threshold
    n, m = boxes.shape[0], expr(most)
    full = floordiv(n, m)
    rest = n - full * m
    pairs = full * floordiv(m * m - m, 2) + floordiv(rest * rest - rest, 2)
    counts = _each(_AREA, n, boxes.dtype) + _each(_PAIR, pairs, boxes.dtype)
    counts = counts + Counts.of(Kind.CMP, scores.dtype, n * ceillog2(n))
    reads = boxes.size, scores.size, groups.size
    return Irregular(counts, counts.ops(), reads, (n,), _GREEDY), (Type((n,), "int64"),)


suppress = irregular("suppress", _suppress, source=_GREEDY)

_ALIGN = "torchvision, csrc/ops/cpu/roi_align_common.h and roi_align_kernel.cpp"
_ROW = {Kind.MUL: 2, Kind.DIV: 1, Kind.ADD: 3}
"""Where a row or a column of places lies: start + bin * size + (i + 1/2) * size / s."""
_PLACE = {
    Kind.CMP: 4 + 2, Kind.LOGIC: 3, Kind.MAX: 2, Kind.ROUND: 2, Kind.ADD: 4, Kind.MUL: 4,
}  # fmt: skip
"""Whether a place is outside, or at the end; its pixel, the distances to four, four weights."""


def _read(
    x: Type, boxes: Type, *, size: tuple[int, int], ratio: int, aligned: bool = False
) -> tuple[Irregular, tuple[Type]]:
    """Give (K, C, h, w) of K boxes (image, x, y, x, y)."""
    if ratio < 1:
        hint = "sampling_ratio=2 says how many places a bin has; else the boxes do"
        raise UnknownOperator("torchvision::roi_align", "has places by the size of a box", hint)
    k, (h, w) = boxes.shape[0], size
    out = Type((k, x.shape[1], const(h), const(w)), x.dtype)
    box = {Kind.MUL: 4, Kind.ADD: 2 + 4 * aligned, Kind.DIV: 2, Kind.MAX: 0 if aligned else 2}
    places = k * (h * w * ratio * ratio)
    taps = 4 * ratio * ratio
    counts = _each(box, k, x.dtype)
    counts = counts + _each(_ROW, k * (h * ratio) + places, x.dtype)
    kinds = {kind: n for kind, n in _PLACE.items() if kind is not Kind.LOGIC}
    counts = counts + _each(kinds, places, x.dtype) + Counts.of(Kind.LOGIC, "bool", places * 3)
    each = {Kind.MUL: taps, Kind.ADD: taps - 1, Kind.DIV: 1}
    counts = counts + _each(each, out.size, x.dtype)
    chain = const(14 + 2) + ceillog2(const(taps))
    return Irregular(counts, chain, (x.size, boxes.size), (out.size,), _ALIGN), (out,)


read_regions = irregular("read_regions", _read, source=_ALIGN)
