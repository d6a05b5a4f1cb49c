"""Networks that enlarge grey images: VDSR, FSRCNN and ESPCN.

VDSR    Kim et al. 2016, arXiv:1511.04587: it corrects an image that is already enlarged, H x W
FSRCNN  Dong et al. 2016, arXiv:1608.00367: it enlarges H x W by a transposed convolution at its end
ESPCN   Shi et al. 2016, arXiv:1609.05158: it makes r*r numbers of each of H x W places, and
        lays them out as r x r places

L is the number of equal 3x3 layers in the middle: 18 of VDSR's 20, and the paper's m of FSRCNN.
FSRCNN's window moves by its scale, so the scale is a number there; ESPCN's r is a letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, act, conv2d, repeat
from orderof.frontends.zoo.plain import relu
from orderof.ops.conv import CONV_TRANSPOSE
from orderof.ops.elementwise import add
from orderof.ops.prelu import prelu
from orderof.ops.shape import copy, permute, reshape
from orderof.sym import ONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value
    from orderof.sym import Expr

VDSR = {"B": 1, "H": 41, "W": 41, "d": 64, "L": 18}
"""The paper trains on patches of 41 x 41."""
FSRCNN = {"B": 1, "H": 100, "W": 100, "d": 56, "s": 12, "L": 4}
SCALES = {"fsrcnn": 3, "fsrcnn_x2": 2, "fsrcnn_x4": 4}
"""Name -> how many times higher and wider an FSRCNN of the paper makes an image."""
ESPCN = {"B": 1, "H": 100, "W": 100, "n1": 64, "n2": 32, "r": 3}


def vdsr(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give x + what 3x3 convolutions of width d say about x (B, 1, H, W), enlarged before."""
    x = net.input("x", "float32", dims["B"], 1, dims["H"], dims["W"])
    y = relu(net, "relu", conv2d(net, "input", x, dims["d"], 3, padding=1))
    y = repeat(net, "residual_layer", dims["L"], y, _again, kind="ConvReLU")
    return [add(net, conv2d(net, "output", y, 1, 3, padding=1), x)]


def _again(net: Net, x: Value) -> Value:
    return relu(net, "relu", conv2d(net, "conv", x, x.shape[1], 3, padding=1))


def fsrcnn(net: Net, dims: Mapping[str, Expr], scale: int) -> list[Value]:
    """Give (B, 1, scale*H, scale*W) for x (B, 1, H, W).

    d features are shrunk to s, mapped L times, expanded to d again: figure 2 of the paper. Behind
    every convolution stands a PReLU with a slope for each channel.
    """
    d, s = dims["d"], dims["s"]
    x = net.input("x", "float32", dims["B"], 1, dims["H"], dims["W"])
    x = _sloped(net, "feature", x, d, 5)
    x = _sloped(net, "shrink", x, s, 1)
    x = repeat(net, "map", dims["L"], x, lambda b, y: _sloped(b, "", y, s, 3), kind="ConvPReLU")
    x = _sloped(net, "expand", x, d, 1)
    with net.module("deconv", "ConvTranspose2d"):
        w = net.param("weight", d, 1, 9, 9)
        extra = {"padding": (4, 4), "extra": (scale - 1,) * 2}
        x = CONV_TRANSPOSE[2](net, x, w, stride=(scale,) * 2, **extra)
        return [add(net, x, reshape(net, net.param("bias", 1), shape=(ONE,) * 3))]


def _sloped(net: Net, name: str, x: Value, width: Expr, size: int) -> Value:
    """Give prelu(convolution of x)."""
    with net.module(name, "ConvPReLU"):
        x = conv2d(net, "conv", x, width, size, padding=size // 2)
        with net.module("prelu", "PReLU"):
            slope = reshape(net, net.param("weight", width), shape=(width, ONE, ONE))
            found: Value = prelu(net, x, slope)
            return found


def espcn(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give (B, 1, r*H, r*W) for x (B, 1, H, W), by 5x5, 3x3 and 3x3 windows with tanh between."""
    B, H, W, r = (dims[k] for k in "BHWr")
    x = net.input("x", "float32", B, 1, H, W)
    for i, size in ((1, 5), (2, 3)):
        x = conv2d(net, f"conv{i}", x, dims[f"n{i}"], size, padding=size // 2)
        with net.module(f"act{i}", "Tanh"):
            x = act(net, x, "tanh")
    x = conv2d(net, "conv3", x, r * r, 3, padding=1)
    with net.module("shuffle", "PixelShuffle"):
        x = permute(net, reshape(net, x, shape=(B, r, r, H, W)), order=(0, 3, 1, 4, 2))
        return [reshape(net, copy(net, x), shape=(B, ONE, r * H, r * W))]
