"""SqueezeNet 1.0 (Iandola et al. 2016, arXiv:1602.07360, table 1), as torchvision has it.

A Fire module squeezes to s channels by 1x1 windows and expands to twice e, half of them by 3x3
windows. The classes are 512-to-C 1x1 windows, averaged over the image: there is no dense layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import conv2d, dropout
from orderof.frontends.zoo.plain import pooled, relu
from orderof.ops.pool import adaptive_avg_pool
from orderof.ops.shape import concat, reshape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.frontends.zoo.layers import Net
    from orderof.ir.graph import Value
    from orderof.sym import Expr

DIMS = {"B": 1, "H": 224, "W": 224, "C": 1000}
FIRES = (
    (16, 64),
    (16, 64),
    (32, 128),
    (),
    (32, 128),
    (48, 192),
    (48, 192),
    (64, 256),
    (),
    (64, 256),
)
"""(s, e) of each Fire module; () is a max pooling."""


def squeezenet1_0(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the scores (B, C) of images (B, 3, H, W); H and W are at least 21."""
    x = net.input("x", "float32", dims["B"], 3, dims["H"], dims["W"])
    with net.module("features", "Sequential"):
        x = relu(net, "1", conv2d(net, "0", x, 96, 7, stride=2))
        x = pooled(net, "2", x, 3, ceil=True)
        for i, widths in enumerate(FIRES, 3):
            if not widths:
                x = pooled(net, str(i), x, 3, ceil=True)
                continue
            with net.module(str(i), "Fire"):
                x = fire(net, x, *widths)
    with net.module("classifier", "Sequential"):
        with net.module("0", "Dropout"):
            x = dropout(net, x, 0.5)
        x = relu(net, "2", conv2d(net, "1", x, dims["C"], 1))
        with net.module("3", "AdaptiveAvgPool2d"):
            x = adaptive_avg_pool(net, x, size=(1, 1))
    return [reshape(net, x, shape=x.shape[:2])]


def fire(net: Net, x: Value, s: int, e: int) -> Value:
    """Squeeze to s channels, then expand to e by 1x1 and to e by 3x3 windows, side by side."""
    x = relu(net, "squeeze_activation", conv2d(net, "squeeze", x, s, 1))
    sides: list[Value] = []
    for size in (1, 3):
        name = f"expand{size}x{size}"
        y = conv2d(net, name, x, e, size, padding=size // 2)
        sides.append(relu(net, f"{name}_activation", y))
    found: Value = concat(net, *sides, axis=1)
    return found
