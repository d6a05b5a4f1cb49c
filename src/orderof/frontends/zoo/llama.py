"""Llama (Touvron et al. 2023, arXiv:2302.13971), as `LlamaForCausalLM` of transformers builds it.

Pre-norm blocks without biases: norms by the root mean square (Zhang & Sennrich 2019,
arXiv:1910.07467), rotated queries and keys (Su et al. 2021, arXiv:2104.09864), K heads of keys and
values for h of queries (Ainslie et al. 2023, arXiv:2305.13245), a gated feed-forward layer (Shazeer
2020, arXiv:2002.05202), a head of its own. The sizes are those of Llama 3 8B (arXiv:2407.21783).
All is float32, so the casts of the published norm to float32 and back are none.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from orderof.errors import ShapeMismatch
from orderof.frontends.zoo.layers import Net, act, dense, repeat
from orderof.ops.attention import attention
from orderof.ops.elementwise import (
    add,
    cast,
    cosine,
    inverse_root,
    mul,
    neg,
    raise_to,
    scale,
    shift,
    sine,
)
from orderof.ops.reduce import mean
from orderof.ops.shape import concat, copy, gather_rows, iota, permute, reshape, slice_
from orderof.sym import ONE, Expr, floordiv, mod

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Value

DIMS = {"B": 1, "S": 2048, "d": 4096, "h": 32, "K": 8, "f": 14336, "L": 32, "V": 128256}
EPS = 1e-5


def llama(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the logits (B, S, V) for tokens (B, S)."""
    B, S, d, h, K, f, L, V = (dims[k] for k in ("B", "S", "d", "h", "K", "f", "L", "V"))
    tokens = net.input("tokens", "int64", B, S)
    with net.module("model", "LlamaModel"):
        with net.module("embed_tokens", "Embedding"):
            x = gather_rows(net, net.param("weight", V, d), tokens)
        cos, sin = angles(net, iota(net, shape=(ONE, S, ONE), dtype="int64"), d / h)
        again = functools.partial(block, h=h, K=K, f=f)
        x = repeat(net, "layers", L, x, again, cos, sin, kind="LlamaDecoderLayer")
        x = rms_norm(net, "norm", x)
    return [dense(net, "lm_head", x, V, bias=False)]


def angles(net: Net, places: Value, e: Expr) -> tuple[Value, Value]:
    """Give the cosines and sines (1, S, e) of the angles place * theta**(-2i / e), i < e/2, twice.

    They are scaled by 1 here; where longer texts than the trained ones are read, by something else.
    """
    if mod(e, 2) == 1:
        raise ShapeMismatch(f"a head of width {e}", "has no two halves to rotate")
    with net.module("rotary_emb", "LlamaRotaryEmbedding"):
        half = floordiv(e, 2)
        speeds = net.frozen("inv_freq", half)
        net.frozen("original_inv_freq", half)  # a copy that only those longer texts need
        once = mul(net, cast(net, places, dtype="float32"), speeds)
        again = slice_(net, once, axis=2, stop=e - half)  # the whole: e is even
        angle = concat(net, once, again, axis=2)
        cos, sin = (scale(net, wave(net, angle), by=1.0) for wave in (cosine, sine))
        return cos, sin


def block(net: Net, x: Value, cos: Value, sin: Value, *, h: Expr, K: Expr, f: Expr) -> Value:
    """Give y = x + attention(norm(x)), then y + mlp(norm(y))."""
    x = add(net, x, attend(net, rms_norm(net, "input_layernorm", x), cos, sin, h, K))
    y = rms_norm(net, "post_attention_layernorm", x)
    found: Value = add(net, x, feed_forward(net, y, f))
    return found


def attend(net: Net, x: Value, cos: Value, sin: Value, h: Expr, K: Expr) -> Value:
    """Attend causally, with queries and keys rotated; h / K queries share a key and a value."""
    B, S, d = x.shape
    with net.module("self_attn", "LlamaAttention"):
        heads: list[Value] = []
        for name, n in (("q_proj", h), ("k_proj", K), ("v_proj", K)):
            seen = dense(net, name, x, n * d / h, bias=False)
            seen = permute(net, reshape(net, seen, shape=(B, S, n, d / h)), order=(0, 2, 1, 3))
            heads.append(seen if name == "v_proj" else rotate(net, seen, cos, sin))
        y = attention(net, *heads, masked="causal")[0]
        y = copy(net, permute(net, y, order=(0, 2, 1, 3)))
        return dense(net, "o_proj", reshape(net, y, shape=(B, S, d)), d, bias=False)


def rotate(net: Net, x: Value, cos: Value, sin: Value) -> Value:
    """Give (x1 cos - x2 sin, x2 cos + x1 sin) for the halves x1 and x2 of every head."""
    e = x.shape[3]
    middle = e - floordiv(e, 2)
    x1 = slice_(net, x, axis=3, stop=middle)
    x2 = slice_(net, x, axis=3, start=middle, stop=e)
    turned = concat(net, neg(net, x2), x1, axis=3)
    found: Value = add(net, mul(net, x, cos), mul(net, turned, sin))
    return found


def feed_forward(net: Net, x: Value, f: Expr) -> Value:
    """Give W3 (silu(W1 x) * W2 x)."""
    with net.module("mlp", "LlamaMLP"):
        gate = dense(net, "gate_proj", x, f, bias=False)
        with net.module("act_fn", "SiLUActivation"):
            gate = act(net, gate, "silu")
        y = mul(net, gate, dense(net, "up_proj", x, f, bias=False))
        return dense(net, "down_proj", y, x.shape[2], bias=False)


def rms_norm(net: Net, name: str, x: Value) -> Value:
    """Divide by the root mean square, one operation after the other as the published code does."""
    with net.module(name, "LlamaRMSNorm"):
        square = mean(net, raise_to(net, x, by=2), dims=(2,), keep=True)
        xhat = mul(net, x, inverse_root(net, shift(net, square, by=EPS)))
        found: Value = mul(net, net.param("weight", x.shape[2]), xhat)
        return found
