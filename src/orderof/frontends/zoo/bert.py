"""BERT (Devlin et al. 2018, arXiv:1810.04805), as `BertModel` of transformers builds it.

A post-norm encoder and its pooler, without a head: what people fine-tune, and what the published
109,482,240 parameters are of. The heads that it was pretrained with, for masked words and for the
next sentence, are not part of it. Neither an attention mask nor token types are given: every token
is seen, and is of the first of two types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.frontends.zoo.layers import Net, act, dense, dropout, layer_norm, repeat
from orderof.ops.attention import attention
from orderof.ops.elementwise import add
from orderof.ops.shape import copy, expand, gather_rows, permute, reshape, slice_, take

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value
    from orderof.sym import Expr, Size

DIMS = {"B": 1, "S": 512, "d": 768, "h": 12, "f": 3072, "L": 12, "V": 30522, "P": 512}
DROPOUT = 0.1
EPS = 1e-12


def bert(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the states (B, S, d) of tokens (B, S), and what is pooled from the first of them."""
    B, S, d, h, f, L, V, P = (dims[k] for k in ("B", "S", "d", "h", "f", "L", "V", "P"))
    tokens = net.input("tokens", "int64", B, S)
    with net.module("embeddings", "BertEmbeddings"):
        x = embed(net, tokens, d, V, P)
    with net.module("encoder", "BertEncoder"):
        x = repeat(net, "layer", L, x, lambda b, y: encode(b, y, h, f), kind="BertLayer")
    with net.module("pooler", "BertPooler"):
        first = reshape(net, slice_(net, x, axis=1, stop=1), shape=(B, d))
        y = dense(net, "dense", first, d)
        with net.module("activation", "Tanh"):
            return [x, act(net, y, "tanh")]


def embed(net: Net, tokens: Value, d: Expr, V: Expr, P: Expr) -> Value:
    """Add the rows of words, token types and positions (B, S, d), then normalise."""
    places, types = (net.frozen(name, 1, P, dtype="int64") for name in _BUFFERS)
    places = slice_(net, places, axis=1, stop=tokens.shape[1])
    types = expand(net, take(net, types, places, axis=1), shape=tokens.shape)
    x = add(net, _rows(net, "word", tokens, V, d), _rows(net, "token_type", types, 2, d))
    x = add(net, x, _rows(net, "position", places, P, d))
    x = layer_norm(net, "LayerNorm", x, eps=EPS)
    with net.module("dropout", "Dropout"):
        return dropout(net, x, DROPOUT)


def encode(net: Net, x: Value, h: Expr, f: Expr) -> Value:
    """Give y = norm(x + attention(x)), then norm(y + W2 gelu(W1 y))."""
    with net.module("attention", "BertAttention"):
        x = _output(net, "BertSelfOutput", attend(net, x, h), x)
    with net.module("intermediate", "BertIntermediate"):
        y = dense(net, "dense", x, f)
        with net.module("intermediate_act_fn", "GELUActivation"):
            y = act(net, y, "gelu")
    return _output(net, "BertOutput", y, x)


def attend(net: Net, x: Value, h: Expr) -> Value:
    """Attend from every token to every token, in h heads."""
    B, S, d = x.shape
    with net.module("self", "BertSelfAttention"):
        heads: list[Value] = []
        for name in ("query", "key", "value"):
            seen = reshape(net, dense(net, name, x, d), shape=(B, S, h, d / h))
            heads.append(permute(net, seen, order=(0, 2, 1, 3)))
        p: dict[str, Any] = {"dropout_p": DROPOUT} if net.train else {}
        y = copy(net, permute(net, attention(net, *heads, **p)[0], order=(0, 2, 1, 3)))
        found: Value = reshape(net, y, shape=(B, S, d))
        return found


_BUFFERS = ("position_ids", "token_type_ids")


def _rows(net: Net, name: str, at: Value, n: Size, d: Expr) -> Value:
    """Look up the rows of a table of n."""
    with net.module(f"{name}_embeddings", "Embedding"):
        found: Value = gather_rows(net, net.param("weight", n, d), at)
        return found


def _output(net: Net, kind: str, y: Value, x: Value) -> Value:
    """Give norm(x + dropout(W y + b))."""
    with net.module("output", kind):
        y = dense(net, "dense", y, x.shape[2])
        with net.module("dropout", "Dropout"):
            y = dropout(net, y, DROPOUT)
        return layer_norm(net, "LayerNorm", add(net, y, x), eps=EPS)
