"""ResNets (He et al. 2016, arXiv:1512.03385, table 1) on images of any size.

A bottleneck halves the image in its 3x3 convolution, as torchvision has it ("v1.5"); the paper does
so in the 1x1 convolution before it, which is cheaper. The blocks of a stage after the first are
equal, and one region: `layer1.*`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, act, conv2d, dense, norm2d, repeat
from orderof.ops.elementwise import add
from orderof.ops.pool import adaptive_avg_pool, max_pool
from orderof.ops.shape import reshape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orderof.ir.graph import Value
    from orderof.sym import Expr

DIMS = {"B": 1, "H": 224, "W": 224, "C": 1000, "n": 64}


def resnet(
    net: Net, dims: Mapping[str, Expr], block: Callable[..., Value], blocks: Sequence[int]
) -> list[Value]:
    """Give the scores (B, C) of images (B, 3, H, W).

    The stem is n wide, and every stage twice the one before; `blocks` says how many each has.
    """
    n, kind = dims["n"], _KINDS[block]
    x = net.input("x", "float32", dims["B"], 3, dims["H"], dims["W"])
    x = conv2d(net, "conv1", x, n, 7, stride=2, padding=3, bias=False)
    x = _relu(net, norm2d(net, "bn1", x))
    with net.module("maxpool", "MaxPool2d"):
        x = max_pool(net, x, size=(3, 3), stride=(2, 2), padding=(1, 1), dilation=(1, 1))
    for i, count in enumerate(blocks):
        with net.module(f"layer{i + 1}", "Sequential"):
            width = n * 2**i
            with net.module("0", kind):
                x = block(net, x, width, stride=min(i, 1) + 1)
            again = functools.partial(block, width=width)
            x = repeat(net, "", count - 1, x, again, kind=kind)
    with net.module("avgpool", "AdaptiveAvgPool2d"):
        x = adaptive_avg_pool(net, x, size=(1, 1))
    return [dense(net, "fc", reshape(net, x, shape=x.shape[:2]), dims["C"])]


def basic(net: Net, x: Value, width: Expr, *, stride: int = 1) -> Value:
    """Give relu(x + two 3x3 convolutions of x)."""
    y = conv2d(net, "conv1", x, width, 3, stride=stride, padding=1, bias=False)
    y = _relu(net, norm2d(net, "bn1", y))
    y = conv2d(net, "conv2", y, width, 3, padding=1, bias=False)
    return _joined(net, x, norm2d(net, "bn2", y), stride)


def bottleneck(net: Net, x: Value, width: Expr, *, stride: int = 1) -> Value:
    """Give relu(x + convolutions of x): 1x1 to `width`, 3x3, 1x1 to four times that."""
    y = conv2d(net, "conv1", x, width, 1, bias=False)
    y = _relu(net, norm2d(net, "bn1", y))
    y = conv2d(net, "conv2", y, width, 3, stride=stride, padding=1, bias=False)
    y = _relu(net, norm2d(net, "bn2", y))
    y = conv2d(net, "conv3", y, 4 * width, 1, bias=False)
    return _joined(net, x, norm2d(net, "bn3", y), stride)


_KINDS = {basic: "BasicBlock", bottleneck: "Bottleneck"}
PLANS = {
    "resnet18": (basic, (2, 2, 2, 2)),
    "resnet34": (basic, (3, 4, 6, 3)),
    "resnet50": (bottleneck, (3, 4, 6, 3)),
    "resnet101": (bottleneck, (3, 4, 23, 3)),
}
"""Name -> (the block, how many in each stage)."""


def _joined(net: Net, x: Value, y: Value, stride: int) -> Value:
    """Give relu(x + y); x goes through a 1x1 convolution where y has another shape."""
    if x.shape != y.shape:
        with net.module("downsample", "Sequential"):
            x = conv2d(net, "0", x, y.shape[1], 1, stride=stride, bias=False)
            x = norm2d(net, "1", x)
    return _relu(net, add(net, y, x))


def _relu(net: Net, x: Value) -> Value:
    with net.module("relu", "ReLU"):
        return act(net, x, "relu")
