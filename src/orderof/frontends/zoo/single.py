"""Single layers, for their derivations: a convolution, and self-attention with its projections.

Convolution: y = x * W + b with windows of k by k, no padding, stride 1 (Dumoulin & Visin 2016,
arXiv:1603.07285). Attention: h heads, four projections with biases, scores for all pairs of places
(Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2); it has no masks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, dense
from orderof.ops.attention import attention as attend
from orderof.ops.conv import CONV
from orderof.ops.elementwise import add
from orderof.ops.shape import copy, permute, reshape
from orderof.sym import Expr, expr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value

CONV_DIMS = {"B": 1, "C0": 3, "C1": 16, "H": 32, "W": 32, "k": 3}
ATTENTION_DIMS = {"B": 1, "S": 128, "d": 512, "h": 8}


def conv(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the image (B, C1, H, W) that C1 windows make of (B, C0, H + k - 1, W + k - 1)."""
    B, C0, C1, H, W, k = (dims[x] for x in ("B", "C0", "C1", "H", "W", "k"))
    x = net.input("x", "float32", B, C0, H + k - 1, W + k - 1)
    y = CONV[2](net, x, net.param("weight", C1, C0, k, k))
    bias = reshape(net, net.param("bias", C1), shape=(C1, expr(1), expr(1)))
    return [add(net, y, bias)]


def attention(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give what every place of (B, S, d) takes from all others: (B, S, d)."""
    B, S, d, h = (dims[x] for x in ("B", "S", "d", "h"))
    x = net.input("x", "float32", B, S, d)
    heads: list[Value] = []
    for name in ("query", "key", "value"):
        seen = reshape(net, dense(net, name, x, d), shape=(B, S, h, d / h))
        heads.append(permute(net, seen, order=(0, 2, 1, 3)))
    y = copy(net, permute(net, attend(net, *heads)[0], order=(0, 2, 1, 3)))
    return [dense(net, "out", reshape(net, y, shape=(B, S, d)), d)]
