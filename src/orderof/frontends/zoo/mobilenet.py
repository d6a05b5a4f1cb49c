"""MobileNet (Howard et al. 2017, arXiv:1704.04861, table 1) with its two multipliers as letters.

The width multiplier alpha is n/32, where n is the width of the stem: all other widths are multiples
of n. The resolution multiplier is H/224 and W/224. The paper writes stride 2 at its last depthwise
layer too, which works on 7x7 places and leaves 7x7: here that stride is 1. Behind every convolution
stand a batch normalisation and a ReLU.

Table 4 compares with full convolutions (`separable=False`), table 5 with a network that lacks the
five equal layers on 14x14 places (`shallow=True`).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, conv2d, dense, norm2d, repeat
from orderof.frontends.zoo.plain import relu
from orderof.ops.pool import adaptive_avg_pool
from orderof.ops.shape import reshape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value
    from orderof.sym import Expr, Size

DIMS = {"B": 1, "H": 224, "W": 224, "C": 1000, "n": 32}
LAYERS = (
    (2, 1, 1), (4, 2, 1), (4, 1, 1), (8, 2, 1), (8, 1, 1), (16, 2, 1), (16, 1, 5), (32, 2, 1),
    (32, 1, 1),
)  # fmt: skip
"""(width in n, stride, how many such layers)."""

VARIANTS: dict[str, tuple[str, dict[str, bool]]] = {
    "mobilenet_v1": ("MobileNet on colour images, width multiplier n/32", {}),
    "mobilenet_v1_conv": ("MobileNet with full 3x3 convolutions (table 4)", {"separable": False}),
    "mobilenet_v1_shallow": (
        "MobileNet without its five equal layers (table 5)",
        {"shallow": True},
    ),
}
"""Name -> (one line about it, what is different)."""


def mobilenet_v1(
    net: Net, dims: Mapping[str, Expr], *, separable: bool = True, shallow: bool = False
) -> list[Value]:
    """Give the scores (B, C) of images (B, 3, H, W)."""
    n = dims["n"]
    block, kind = (separated, "Separable") if separable else (full, "Conv")
    x = net.input("x", "float32", dims["B"], 3, dims["H"], dims["W"])
    with net.module("stem", "Conv"):
        x = full(net, x, n, stride=2)
    for i, (width, stride, count) in enumerate(LAYERS, 1):
        again = functools.partial(block, width=width * n)
        if count == 1:
            with net.module(f"layer{i}", kind):
                x = again(net, x, stride=stride)
        elif not shallow:
            x = repeat(net, f"layer{i}", count, x, again, kind=kind)
    with net.module("avgpool", "AdaptiveAvgPool2d"):
        x = adaptive_avg_pool(net, x, size=(1, 1))
    return [dense(net, "fc", reshape(net, x, shape=x.shape[:2]), dims["C"])]


def full(
    net: Net, x: Value, width: Expr, *, stride: int = 1, size: int = 3, groups: Size = 1
) -> Value:
    """Give relu(norm(convolution of x))."""
    x = conv2d(
        net, "conv", x, width, size, stride=stride, padding=size // 2, bias=False, groups=groups
    )
    return relu(net, "relu", norm2d(net, "bn", x))


def separated(net: Net, x: Value, width: Expr, *, stride: int = 1) -> Value:
    """Look at 3x3 places of each channel alone, then at all channels of each place."""
    c = x.shape[1]
    with net.module("depthwise", "Conv"):
        x = full(net, x, c, stride=stride, groups=c)
    with net.module("pointwise", "Conv"):
        return full(net, x, width, size=1)
