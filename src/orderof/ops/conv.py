"""Convolutions in one to three dimensions, and transposed: one nest, roles exchanged.

    y[b, (g o), h] = sum over i, r of  x[b, (g i), s*h + d*r - p] * w[(g o), i, r]

The transposed convolution reads at h and writes at s*h + d*r - p: it is the gradient of the
convolution by its input (Dumoulin & Visin 2016, arXiv:1603.07285, section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.ir.scalar import Var
from orderof.ops.define import Operator, here, register
from orderof.ops.nest import concrete

if TYPE_CHECKING:
    from orderof.ir.graph import Type
    from orderof.ops.define import Made

_PLACES, _TAPS = "hwt", "rqz"


def window_numbers(
    rank: int, stride: tuple[int, ...], dilation: tuple[int, ...], padding: tuple[int, ...]
) -> dict[str, Any]:
    """Name the numbers of the windows of all dimensions: s0 d0 p0, s1 d1 p1, ..."""
    triples = zip("sdp", (stride, dilation, padding), strict=True)
    return {f"{k}{i}": values[i] for k, values in triples for i in range(rank)}


def windows(rank: int) -> str:
    """Spell the windows of all dimensions."""
    return " ".join(f"s{i}*{_PLACES[i]}+d{i}*{_TAPS[i]}-p{i}" for i in range(rank))


def _declare(rank: int, *, transposed: bool) -> Operator:
    at, taps = " ".join(_PLACES[:rank]), " ".join(_TAPS[:rank])
    if transposed:
        signature = f"b (g o) {at}, (g o) i {taps} -> b (g i) {windows(rank)}"
    else:
        signature = f"b (g i) {windows(rank)}, (g o) i {taps} -> b (g o) {at}"
    name = f"conv{'_transpose' if transposed else ''}{rank}d"
    one, none = (1,) * rank, (0,) * rank

    def make(
        x: Type,
        w: Type,
        *,
        stride: tuple[int, ...] = one,
        dilation: tuple[int, ...] = one,
        padding: tuple[int, ...] = none,
        groups: int = 1,
        extra: tuple[int, ...] = none,
    ) -> Made:
        numbers = window_numbers(rank, stride, dilation, padding)
        numbers |= {"g": groups, **{f"extra_{_PLACES[i]}": extra[i] for i in range(rank)}}
        return concrete(name, signature, (x, w), Var(0) * Var(1), "add", numbers)

    return register(Operator(name, make, None, here(1), signature=signature))


CONV = {rank: _declare(rank, transposed=False) for rank in (1, 2, 3)}
CONV_TRANSPOSE = {rank: _declare(rank, transposed=True) for rank in (1, 2, 3)}
"""`extra` is torch's output_padding: rows behind that no tap writes."""
