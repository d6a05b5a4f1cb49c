"""Feed-forward networks: any widths and activations, and the essay's network.

Bias as addition: y = act(W x + b). Bias as a unit: element 0 of each layer's input is 1, so W has
one column more and the bias costs one multiplication and one addition inside the product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, act, dense
from orderof.ops.contract import linear
from orderof.ops.shape import concat, fill
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orderof.ir.graph import Value

DIMS = {"B": 1, "n0": 784, "n1": 300, "n2": 100, "n3": 10}


def mlp(
    net: Net,
    dims: Mapping[str, Expr],
    acts: Sequence[str] = ("relu", "relu", ""),
    bias: str = "add",
) -> list[Value]:
    """Give the output of layers n0 -> n1 -> ...; an activation "" is none.

    `bias` is "add", "unit" or "none".
    """
    widths = [dims[f"n{i}"] for i in range(len(acts) + 1)]
    x = net.input("x", "float32", dims["B"], widths[0])
    for i, (n, name) in enumerate(zip(widths[1:], acts, strict=True)):
        with net.module(f"layer{i + 1}", "Layer"):
            if bias == "unit":
                x = _with_unit(net, x, n)
            else:
                x = dense(net, "linear", x, n, bias=bias == "add")
            if name:
                with net.module("act", name):
                    x = act(net, x, name)
    return [x]


def _with_unit(net: Net, x: Value, out: Expr) -> Value:
    one = fill(net, shape=(x.shape[0], ONE), dtype=x.dtype, value=1)
    x = concat(net, one, x, axis=1)
    with net.module("linear", "Linear"):
        return linear(net, x, net.param("weight", out, x.shape[1]))
