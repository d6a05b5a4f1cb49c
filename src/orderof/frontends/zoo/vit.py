"""The Vision Transformer (Dosovitskiy et al. 2021, arXiv:2010.11929), as torchvision builds it.

Pre-norm blocks over the patches of an image and one token more, from which the classes are read.
The sizes are those of ViT-B/16. Any image is taken that is made of whole patches; torchvision takes
square ones. As there, nothing is dropped in training.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, act, dense, layer_norm, repeat
from orderof.ops.attention import attention
from orderof.ops.contract import linear
from orderof.ops.elementwise import add
from orderof.ops.shape import concat, copy, expand, permute, reshape, slice_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value
    from orderof.sym import Expr

DIMS = {"B": 1, "H": 224, "W": 224, "k": 16, "d": 768, "h": 12, "f": 3072, "L": 12, "C": 1000}
EPS = 1e-6


def vit(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the scores (B, C) of images (B, 3, H, W), cut into patches of k x k."""
    B, d = dims["B"], dims["d"]
    x = patches(net, net.input("x", "float32", B, 3, dims["H"], dims["W"]), dims["k"], d)
    first = expand(net, net.param("class_token", 1, 1, d), shape=(B, 1, d))
    x = concat(net, first, x, axis=1)
    with net.module("encoder", "Encoder"):
        x = add(net, x, net.param("pos_embedding", 1, x.shape[1], d))
        with net.module("layers", "Sequential"):
            again = functools.partial(block, h=dims["h"], f=dims["f"])
            x = repeat(net, "encoder_layer_*", dims["L"], x, again, kind="EncoderBlock")
        x = layer_norm(net, "ln", x, eps=EPS)
    x = reshape(net, slice_(net, x, axis=1, stop=1), shape=(B, d))
    with net.module("heads", "Sequential"):
        return [dense(net, "head", x, dims["C"])]


def patches(net: Net, x: Value, k: Expr, d: Expr) -> Value:
    """Project every patch to d channels: (B, 3, H, W) to (B, (H/k)*(W/k), d).

    It is a convolution whose windows do not overlap, hence a product.
    """
    B, c, H, W = x.shape
    with net.module("conv_proj", "Conv2d"):
        x = reshape(net, x, shape=(B, c, H / k, k, W / k, k))
        x = permute(net, x, order=(0, 2, 4, 1, 3, 5))
        x = reshape(net, x, shape=(B, (H / k) * (W / k), c * k * k))
        w = reshape(net, net.param("weight", d, c, k, k), shape=(d, c * k * k))
        found: Value = add(net, linear(net, x, w), net.param("bias", d))
        return found


def block(net: Net, x: Value, *, h: Expr, f: Expr) -> Value:
    """Give y = x + attention(norm(x)), then y + mlp(norm(y))."""
    x = add(net, attend(net, layer_norm(net, "ln_1", x, eps=EPS), h), x)
    y = layer_norm(net, "ln_2", x, eps=EPS)
    with net.module("mlp", "MLPBlock"):
        y = dense(net, "0", y, f)
        with net.module("1", "GELU"):
            y = act(net, y, "gelu")
        y = dense(net, "3", y, x.shape[2])
    found: Value = add(net, x, y)
    return found


def attend(net: Net, x: Value, h: Expr) -> Value:
    """Attend from every place to every place, by one packed projection."""
    B, S, d = x.shape
    with net.module("self_attention", "MultiheadAttention"):
        w, bias = net.param("in_proj_weight", 3 * d, d), net.param("in_proj_bias", 3 * d)
        y = reshape(net, add(net, linear(net, x, w), bias), shape=(B, S, 3, h, d / h))
        y = copy(net, permute(net, y, order=(2, 0, 3, 1, 4)))
        parts = (slice_(net, y, axis=0, start=i, stop=i + 1) for i in range(3))
        heads = [reshape(net, part, shape=(B, h, S, d / h)) for part in parts]
        y = copy(net, permute(net, attention(net, *heads)[0], order=(0, 2, 1, 3)))
        return dense(net, "out_proj", reshape(net, y, shape=(B, S, d)), d)
