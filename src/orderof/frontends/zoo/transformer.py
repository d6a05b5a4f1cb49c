"""The Transformer (Vaswani et al. 2017, arXiv:1706.03762): encoder, decoder, one tied embedding.

The stacks are those of torch.nn.Transformer: each ends with a layer norm of its own (the paper
has none there), the three projections of an attention are one packed weight with biases (the
paper has no biases there), and in training dropout also stands behind the softmax and inside the
feed-forward layer. As in section 3.4 of the paper, source, target and logits share one table, which
is scaled by d**0.5 on the way in. The sinusoids are a buffer: nobody computes them in a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.frontends.zoo.layers import Net, act, dense, dropout, layer_norm, repeat
from orderof.ir.scalar import Power
from orderof.ops.attention import attention
from orderof.ops.contract import linear
from orderof.ops.elementwise import add, scale
from orderof.ops.shape import copy, gather_rows, permute, reshape, slice_, split
from orderof.sym import Expr, maximum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value

DIMS = {"B": 1, "S": 128, "T": 128, "d": 512, "h": 8, "f": 2048, "L": 6, "V": 37000}
DROPOUT = 0.1


def transformer(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the logits (B, T, V) of a target (B, T), read so far, for a source (B, S).

    Both stacks have L layers of h heads and of hidden width f; T is the length of the target.
    """
    B, S, T, d, h, f, L, V = (dims[k] for k in ("B", "S", "T", "d", "h", "f", "L", "V"))
    source, target = net.input("source", "int64", B, S), net.input("target", "int64", B, T)
    with net.module("embedding", "Embedding"):
        table = net.param("weight", V, d)
    places = net.frozen("positions", maximum(S, T), d)
    x, y = _embed(net, table, places, source), _embed(net, table, places, target)
    with net.module("encoder", "TransformerEncoder"):
        kind = "TransformerEncoderLayer"
        x = repeat(net, "layers", L, x, lambda b, u: encode(b, u, h, f), kind=kind)
        x = layer_norm(net, "norm", x)
    with net.module("decoder", "TransformerDecoder"):
        kind = "TransformerDecoderLayer"
        y = repeat(net, "layers", L, y, lambda b, u, m: decode(b, u, m, h, f), x, kind=kind)
        y = layer_norm(net, "norm", y)
    with net.module("head", "Linear"):
        return [linear(net, y, table)]


def encode(net: Net, x: Value, h: Expr, f: Expr) -> Value:
    """Give y = norm(x + attention(x)), then norm(y + feed_forward(y))."""
    x = _joined(net, 1, x, attend(net, "self_attn", x, x, h))
    return _joined(net, 2, x, feed_forward(net, x, f))


def decode(net: Net, x: Value, memory: Value, h: Expr, f: Expr) -> Value:
    """Attend to what was written so far, then to the memory, then feed forward."""
    x = _joined(net, 1, x, attend(net, "self_attn", x, x, h, masked="causal"))
    x = _joined(net, 2, x, attend(net, "multihead_attn", x, memory, h))
    return _joined(net, 3, x, feed_forward(net, x, f))


def attend(net: Net, name: str, x: Value, memory: Value, h: Expr, *, masked: str = "") -> Value:
    """Attend from x to a memory, which may be x itself."""
    B, T, d = x.shape
    with net.module(name, "MultiheadAttention"):
        w, bias = net.param("in_proj_weight", 3 * d, d), net.param("in_proj_bias", 3 * d)
        if memory is x:
            q, k, v = _projected(net, x, w, bias, h)
        else:
            ws, biases = (split(net, p, axis=0, sizes=(d, 2 * d)) for p in (w, bias))
            (q,) = _projected(net, x, ws[0], biases[0], h)
            k, v = _projected(net, memory, ws[1], biases[1], h)
        p: dict[str, Any] = {"dropout_p": DROPOUT} if net.train else {}
        y = attention(net, q, k, v, masked=masked, **p)[0]
        y = copy(net, permute(net, y, order=(0, 2, 1, 3)))
        return dense(net, "out_proj", reshape(net, y, shape=(B, T, d)), d)


def feed_forward(net: Net, x: Value, f: Expr) -> Value:
    """Give W2 relu(W1 x + b1) + b2."""
    y = act(net, dense(net, "linear1", x, f), "relu")
    with net.module("dropout", "Dropout"):
        y = dropout(net, y, DROPOUT)
    return dense(net, "linear2", y, x.shape[2])


def _embed(net: Net, table: Value, places: Value, tokens: Value) -> Value:
    """Look tokens up, scale them, add the sinusoids of their places."""
    with net.module("embedding", "Embedding"):
        x = gather_rows(net, table, tokens)
    x = scale(net, x, by=Power(x.shape[2], 0.5))
    x = add(net, x, slice_(net, places, axis=0, stop=tokens.shape[1]))
    return dropout(net, x, DROPOUT)


def _projected(net: Net, x: Value, w: Value, bias: Value, h: Expr) -> list[Value]:
    """Project x by each (d, d) of the packed weights; gives (B, h, T, d / h) for each."""
    B, T, d = x.shape
    y = add(net, linear(net, x, w), bias)
    n = (y.shape[2] / d).at()
    if n > 1:
        y = copy(net, permute(net, reshape(net, y, shape=(B, T, n, d)), order=(2, 0, 1, 3)))
    heads: list[Value] = []
    for i in range(n):
        one = slice_(net, y, axis=0, start=i, stop=i + 1) if n > 1 else y
        seen = reshape(net, one, shape=(B, T, h, d / h))
        heads.append(permute(net, seen, order=(0, 2, 1, 3)))
    return heads


def _joined(net: Net, i: int, x: Value, y: Value) -> Value:
    """Give norm(x + dropout(y)), the i-th of a layer."""
    with net.module(f"dropout{i}", "Dropout"):
        y = dropout(net, y, DROPOUT)
    return layer_norm(net, f"norm{i}", add(net, x, y))
