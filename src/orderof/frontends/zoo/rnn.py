"""One recurrent layer over S steps: LSTM (Hochreiter & Schmidhuber 1997), GRU (Cho et al. 2014).

They are torch.nn.LSTM and torch.nn.GRU with `batch_first`, without a head: two biases for each
gate, and states that start at zero. The time is a loop, so S is a factor and nothing is unrolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net
from orderof.ops.recurrent import recurrent
from orderof.ops.shape import fill, permute
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value

DIMS = {"B": 1, "S": 5, "I": 16, "d": 32}
CELLS = {"lstm": (4, 2), "gru": (3, 1)}
"""Cell -> how many gates it has, how many states it carries."""


def rnn(net: Net, dims: Mapping[str, Expr], cell: str) -> list[Value]:
    """Give all outputs (B, S, d) and the last states (1, B, d) for a sequence (B, S, I)."""
    B, S, I, d = (dims[k] for k in ("B", "S", "I", "d"))  # noqa: E741 - I is the input width
    x = permute(net, net.input("x", "float32", B, S, I), order=(1, 0, 2))
    gates, states = CELLS[cell]
    n = gates * d
    weights = [net.param("weight_ih_l0", n, I), net.param("weight_hh_l0", n, d)]
    weights += [net.param("bias_ih_l0", n), net.param("bias_hh_l0", n)]
    start = [fill(net, shape=(ONE, B, d), dtype=x.dtype) for _ in range(states)]
    y, *last = recurrent(net, x, *start, *weights, cell=cell)
    return [permute(net, y, order=(1, 0, 2)), *last]
