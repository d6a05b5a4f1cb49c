"""Numbered modules one after the other, as torch's Sequential has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, act, conv2d, dense, dropout
from orderof.ops.adaptive import adaptive_mean
from orderof.ops.pool import max_pool
from orderof.ops.shape import reshape
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.graph import Value

Conv = tuple[int, int, int, int]
"""Channels, size of the window, stride, padding."""
DROP = -1
"""Stands for a dropout among the widths of a classifier."""


def relu(net: Net, name: str, x: Value) -> Value:
    """Apply ReLU as a module."""
    with net.module(name, "ReLU"):
        return act(net, x, "relu")


def pooled(net: Net, name: str, x: Value, size: int, *, ceil: bool = False) -> Value:
    """Take the greatest of each window; windows stand 2 apart."""
    with net.module(name, "MaxPool2d"):
        pair = {"size": (size,) * 2, "stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}
        found: Value = max_pool(net, x, **pair, ceil=ceil)
        return found


def features(net: Net, x: Value, plan: Sequence[Conv | int]) -> Value:
    """Run convolutions, each with a ReLU behind it; an int is a max pooling of that size."""
    with net.module("features", "Sequential"):
        i = 0
        for step in plan:
            if isinstance(step, int):
                x = pooled(net, str(i), x, step)
                i += 1
            else:
                out, size, stride, padding = step
                x = conv2d(net, str(i), x, out, size, stride=stride, padding=padding)
                x = relu(net, str(i + 1), x)
                i += 2
    return x


def averaged(net: Net, x: Value, parts: int) -> Value:
    """Average into parts x parts places, and see them and the channels as one dimension."""
    with net.module("avgpool", "AdaptiveAvgPool2d"):
        x = adaptive_mean(net, x, size=(parts, parts))
    return reshape(net, x, shape=(x.shape[0], Expr.prod(x.shape[1:])))


def classifier(net: Net, x: Value, plan: Sequence[int | Expr]) -> Value:
    """Run dense layers with a ReLU behind each but the last; `DROP` is a dropout of a half."""
    last = len(plan) - 1
    with net.module("classifier", "Sequential"):
        i = 0
        for at, width in enumerate(plan):
            if width == DROP:
                with net.module(str(i), "Dropout"):
                    x = dropout(net, x, 0.5)
                i += 1
                continue
            x = dense(net, str(i), x, width)
            if at < last:
                x = relu(net, str(i + 1), x)
            i += 2
    return x
