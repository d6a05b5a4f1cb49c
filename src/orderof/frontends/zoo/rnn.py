"""One recurrent layer over S steps: LSTM (Hochreiter & Schmidhuber 1997), GRU (Cho et al. 2014).

They are torch.nn.LSTM and torch.nn.GRU with `batch_first`, without a head: two biases for each
gate, and states that start at zero. The time is a loop, so S is a factor and nothing is unrolled.
A bidirectional layer (Schuster & Paliwal 1997) is two, one of which reads from the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net
from orderof.ops.recurrent import recurrent
from orderof.ops.shape import fill, permute
from orderof.sym import Expr, const

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value

DIMS = {"B": 1, "S": 5, "I": 16, "d": 32}
CELLS = {"lstm": (4, 2), "gru": (3, 1)}
"""Cell -> how many gates it has, how many states it carries."""


def rnn(
    net: Net, dims: Mapping[str, Expr], cell: str, *, bidirectional: bool = False
) -> list[Value]:
    """Give all outputs (B, S, d) and the last states (1, B, d) for a sequence (B, S, I).

    In both directions it is (B, S, 2*d), with the first direction in front, and (2, B, d).
    """
    B, S, I, d = (dims[k] for k in ("B", "S", "I", "d"))  # noqa: E741 - I is the input width
    x = permute(net, net.input("x", "float32", B, S, I), order=(1, 0, 2))
    y, *last = both_ways(net, x, d, cell) if bidirectional else one_way(net, x, d, cell)
    return [permute(net, y, order=(1, 0, 2)), *last]


def one_way(net: Net, x: Value, d: Expr, cell: str) -> tuple[Value, ...]:
    """Give the outputs (S, B, d) and last states (1, B, d) for x (S, B, I)."""
    start = _start(net, 1, x, d, cell)
    found: tuple[Value, ...] = recurrent(net, x, *start, *_weights(net, x, d, cell), cell=cell)
    return found


def both_ways(net: Net, x: Value, d: Expr, cell: str) -> tuple[Value, ...]:
    """Give the outputs (S, B, 2*d) and last states (2, B, d) for x (S, B, I)."""
    start = _start(net, 2, x, d, cell)
    weights = [*_weights(net, x, d, cell), *_weights(net, x, d, cell, "_reverse")]
    found: tuple[Value, ...] = recurrent(net, x, *start, *weights, cell=cell, bidirectional=True)
    return found


def _start(net: Net, ways: int, x: Value, d: Expr, cell: str) -> list[Value]:
    _, states = CELLS[cell]
    return [fill(net, shape=(const(ways), x.shape[1], d), dtype=x.dtype) for _ in range(states)]


def _weights(net: Net, x: Value, d: Expr, cell: str, way: str = "") -> list[Value]:
    n = CELLS[cell][0] * d
    names = (("weight_ih_l0", (n, x.shape[2])), ("weight_hh_l0", (n, d)))
    biases = (("bias_ih_l0", (n,)), ("bias_hh_l0", (n,)))
    return [net.param(name + way, *shape) for name, shape in (*names, *biases)]
