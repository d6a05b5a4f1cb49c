"""GPT-2 (Radford et al. 2019), as the published code builds it: pre-norm blocks, tied head."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orderof.frontends.zoo.layers import Net, dropout, layer_norm, project, repeat
from orderof.ops.attention import attention
from orderof.ops.contract import linear
from orderof.ops.elementwise import add, hyperbolic_tangent, mul, raise_to, scale, shift
from orderof.ops.shape import copy, gather_rows, iota, permute, reshape, split
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value

DIMS = {"B": 1, "S": 1024, "d": 768, "h": 12, "L": 12, "V": 50257, "P": 1024}
DROPOUT = 0.1


def gpt2(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the logits (B, S, V) for tokens (B, S); P is the number of positions learnt."""
    B, S, d, h, L, V, P = (dims[k] for k in ["B", "S", "d", "h", "L", "V", "P"])
    tokens = net.input("tokens", "int64", B, S)
    positions = iota(net, shape=(ONE, S), dtype="int64")
    with net.module("wte", "Embedding"):
        wte = net.param("weight", V, d)
        x = gather_rows(net, wte, tokens)
    with net.module("wpe", "Embedding"):
        where = gather_rows(net, net.param("weight", P, d), positions)
    x = dropout(net, add(net, x, where), DROPOUT)
    x = repeat(net, "h", L, x, lambda inner, y: block(inner, y, h))
    x = layer_norm(net, "ln_f", x)
    with net.module("lm_head", "Linear"):
        return [linear(net, x, wte)]


def block(net: Net, x: Value, h: Expr) -> Value:
    """Give x + attention(norm(x)), then that + mlp(norm(that))."""
    x = add(net, x, self_attention(net, layer_norm(net, "ln_1", x), h))
    y = layer_norm(net, "ln_2", x)
    with net.module("mlp", "MLP"):
        y = project(net, "c_fc", y, 4 * x.shape[2])
        with net.module("act", "NewGELU"):
            y = new_gelu(net, y)
        y = project(net, "c_proj", y, x.shape[2])
        with net.module("dropout", "Dropout"):
            y = dropout(net, y, DROPOUT)
    return add(net, x, y)


def new_gelu(net: Net, x: Value) -> Value:
    """Give GELU by tanh as the published code writes it, one operation after the other.

    0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))); Hendrycks & Gimpel 2016, arXiv:1606.08415.
    """
    inner = add(net, x, scale(net, raise_to(net, x, by=3.0), by=0.044715))
    curve = hyperbolic_tangent(net, scale(net, inner, by=math.sqrt(2 / math.pi)))
    found: Value = mul(net, scale(net, x, by=0.5), shift(net, curve, by=1.0))
    return found


def self_attention(net: Net, x: Value, h: Expr) -> Value:
    """Attend causally: one projection makes queries, keys and values of all heads."""
    B, S, d = x.shape
    with net.module("attn", "Attention"):
        qkv = project(net, "c_attn", x, 3 * d)
        heads: list[Value] = []
        for part in split(net, qkv, axis=2, sizes=(d, d, d)):
            seen = reshape(net, part, shape=(B, S, h, d / h))
            heads.append(permute(net, seen, order=(0, 2, 1, 3)))
        p = {"dropout_p": DROPOUT} if net.train else {}
        y = attention(net, *heads, masked="causal", **p)[0]
        y = copy(net, permute(net, y, order=(0, 2, 1, 3)))
        y = project(net, "c_proj", reshape(net, y, shape=(B, S, d)), d)
        with net.module("resid_dropout", "Dropout"):
            return dropout(net, y, DROPOUT)
