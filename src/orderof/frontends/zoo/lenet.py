"""LeNet-5 (LeCun et al. 1998), in the form that is taught today.

The paper pads its 28x28 digits to 32x32; here the first convolution does. Against the paper: every
map of the second convolution sees all maps below it (the paper leaves out 36 of 96 connections),
pooling is a plain average without a coefficient and a bias of its own, and the output is a dense
layer in place of distances to templates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, act, conv2d, dense
from orderof.ops.pool import avg_pool
from orderof.ops.shape import reshape
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value

DIMS = {"B": 1, "H": 28, "W": 28, "n1": 6, "n2": 16, "n3": 120, "n4": 84, "C": 10}


def lenet(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the scores (B, C) of grey images (B, 1, H, W); n1 .. n4 are the widths between.

    The convolutions leave (H//4 - 2) x (W//4 - 2) places, so H and W are at least 12.
    """
    x = net.input("x", "float32", dims["B"], 1, dims["H"], dims["W"])
    x = _pooled(net, 1, conv2d(net, "conv1", x, dims["n1"], 5, padding=2))
    x = _pooled(net, 2, conv2d(net, "conv2", x, dims["n2"], 5))
    x = reshape(net, x, shape=(x.shape[0], Expr.prod(x.shape[1:])))
    for i in (1, 2):
        x = dense(net, f"fc{i}", x, dims[f"n{i + 2}"])
        with net.module(f"act{i + 2}", "Tanh"):
            x = act(net, x, "tanh")
    return [dense(net, "fc3", x, dims["C"])]


def _pooled(net: Net, i: int, x: Value) -> Value:
    """Apply tanh, then average 2x2 places into one."""
    with net.module(f"act{i}", "Tanh"):
        x = act(net, x, "tanh")
    with net.module(f"pool{i}", "AvgPool2d"):
        found: Value = avg_pool(net, x, size=(2, 2), stride=(2, 2), padding=(0, 0))
        return found
