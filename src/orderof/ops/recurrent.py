"""Recurrent layers as loops over time: LSTM, GRU and the plain tanh or relu network.

Time is the first dimension: x (S, B, I), states (B, H). Gates stand side by side in the weights, in
the order i f g o (LSTM) and r z n (GRU), as in torch.nn.

    LSTM   c' = f*c + i*g;  h' = o*tanh(c')                  Hochreiter & Schmidhuber 1997
    GRU    n = tanh(Wx + b + r*(Uh + c));  h' = n + z*(h - n)     Cho et al. 2014, arXiv:1406.1078
    plain  h' = tanh(Wx + b + Uh + c)                        Elman 1990
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from orderof.ops.contract import linear
from orderof.ops.define import composite
from orderof.ops.elementwise import add, hyperbolic_tangent, mul, relu, sigmoid, sub
from orderof.ops.random import dropout
from orderof.ops.region import loop
from orderof.ops.shape import concat, reshape, slice_, split
from orderof.sym import ONE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Value
    from orderof.sym import Expr

    Values = Sequence[Value]


def _affine(b: Builder, x: Value, w: Value, bias: Value | None) -> Value:
    y = linear(b, x, w)
    return add(b, y, bias) if bias is not None else y


def _parts(b: Builder, x: Value, n: int, width: Expr) -> Sequence[Value]:
    found: Sequence[Value] = split(b, x, axis=1, sizes=(width,) * n)
    return found


def _both(b: Builder, x: Value, h: Value, weights: Values) -> tuple[Value, Value]:
    """Give (W x + b, U h + c)."""
    w, u, *biases = weights
    bias, c = biases or (None, None)
    return _affine(b, x, w, bias), _affine(b, h, u, c)


def lstm_step(b: Builder, x: Value, state: Values, weights: Values) -> tuple[Value, ...]:
    """Give (h', c')."""
    h, c = state
    gates = add(b, *_both(b, x, h, weights))
    i, f, g, o = _parts(b, gates, 4, h.shape[1])
    kept = mul(b, sigmoid(b, f), c)
    c = add(b, kept, mul(b, sigmoid(b, i), hyperbolic_tangent(b, g)))
    return mul(b, sigmoid(b, o), hyperbolic_tangent(b, c)), c


def gru_step(b: Builder, x: Value, state: Values, weights: Values) -> tuple[Value, ...]:
    """Give (h',)."""
    (h,) = state
    mine, theirs = _both(b, x, h, weights)
    rx, zx, nx = _parts(b, mine, 3, h.shape[1])
    rh, zh, nh = _parts(b, theirs, 3, h.shape[1])
    r, z = sigmoid(b, add(b, rx, rh)), sigmoid(b, add(b, zx, zh))
    n = hyperbolic_tangent(b, add(b, nx, mul(b, r, nh)))
    return (add(b, n, mul(b, z, sub(b, h, n))),)


def plain_step(
    b: Builder, x: Value, state: Values, weights: Values, *, act: Callable[..., Value]
) -> tuple[Value, ...]:
    """Give (h',)."""
    return (act(b, add(b, *_both(b, x, state[0], weights))),)


STEPS = {
    "lstm": (lstm_step, 2),
    "gru": (gru_step, 1),
    "rnn_tanh": (functools.partial(plain_step, act=hyperbolic_tangent), 1),
    "rnn_relu": (functools.partial(plain_step, act=relu), 1),
}
"""Cell -> (its step, how many states it carries)."""


def layer(
    b: Builder, cell: str, x: Value, state: Values, weights: Values, *, reverse: bool = False
) -> tuple[Value, Values]:
    """Run one layer in one direction; gives (all outputs, last state)."""
    step, n = STEPS[cell]

    def body(c: Builder, carry: Values, const: Values, slices: Values) -> tuple[Values, Values]:
        after = step(c, slices[0], carry, const)
        return after, after[:1]

    found = loop(
        b, x.shape[0], body, carry=state, const=weights, scan=[x], reverse=reverse, label="time"
    )
    return found[n], found[:n]


def _pick(b: Builder, state: Value, i: int) -> Value:
    one = slice_(b, state, axis=0, start=i, stop=i + 1)
    return reshape(b, one, shape=state.shape[1:])


@composite("recurrent", source="torch.nn.LSTM, GRU and RNN")
def recurrent(
    b: Builder,
    x: Value,
    *rest: Value,
    cell: str,
    layers: int = 1,
    bidirectional: bool = False,
    bias: bool = True,
    dropout_p: float = 0.0,
) -> tuple[Value, ...]:
    """Run a stack of layers; operands x, states (L*D, B, H), then the weights of each direction.

    Gives (outputs, last states).
    """
    _, n = STEPS[cell]
    states, weights = rest[:n], rest[n:]
    ways, each = 1 + bidirectional, 4 if bias else 2
    last: list[Values] = []
    for i in range(layers):
        outs: list[Value] = []
        for j in range(ways):
            at = i * ways + j
            start = [_pick(b, s, at) for s in states]
            mine = weights[at * each : (at + 1) * each]
            out, end = layer(b, cell, x, start, mine, reverse=bool(j))
            outs.append(out)
            last.append(end)
        x = concat(b, *outs, axis=2) if ways > 1 else outs[0]
        if dropout_p and i < layers - 1:
            x, _ = dropout(b, x, p=dropout_p)
    ends = [[reshape(b, e[k], shape=(ONE, *e[k].shape)) for e in last] for k in range(n)]
    return x, *(concat(b, *e, axis=0) if len(e) > 1 else e[0] for e in ends)
