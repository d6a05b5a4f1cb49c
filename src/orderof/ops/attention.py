"""Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1).

    scores = q k^T * e**-0.5;   masked scores;   p = softmax(scores);   out = dropout(p) v

Shapes: q (B, H, S, e), k (B, K, T, e), v (B, K, T, f), where K divides H: grouped queries share a
key head. The whole square of scores is computed. A mask that depends on positions only is no
operand: `masked` names it ("causal", ...), and it costs one choice at each place. Forward two
products, backward four; p is saved, so nothing is computed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.scalar import Const, Coord, Power, causal
from orderof.ops.define import composite
from orderof.ops.derive import derive
from orderof.ops.elementwise import add, mul, scale, where
from orderof.ops.nest import nest
from orderof.ops.random import dropout
from orderof.ops.shape import fill
from orderof.ops.softmax import softmax, softmax_gradient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads

attention_scores = nest(
    "attention_scores", "b (k g) s e, b k t e -> b (k g) s t", lambda q, k: q * k, reduce="add"
)
attention_values = nest(
    "attention_values", "b (k g) s t, b k t f -> b (k g) s f", lambda p, v: p * v, reduce="add"
)

NEVER = -1e30
"""Stands for minus infinity in a masked score: exp of it is 0 in every float dtype but float16."""
causal_mask = nest(
    "causal_mask",
    "b h s t -> b h s t",
    lambda x: causal(Coord("s"), Coord("t"), x, Const(NEVER)),
)


def _add_mask(b: Builder, scores: Value, mask: Value | None, *, masked: str) -> Value:
    """Apply a mask: an additive one adds, a boolean or causal one selects."""
    if masked:
        return causal_mask(b, scores)
    if mask is None:
        return scores
    if mask.dtype == "bool":
        never = fill(b, shape=(), dtype=scores.dtype, value=NEVER)
        return where(b, mask, scores, never)
    return add(b, scores, mask)


def _attention_vjp(b: Builder, node: Node, gs: Sequence[Value], want: Sequence[bool]) -> Grads:
    """Give the gradients by four products, two for the values and two for the scores."""
    q, k, v, *mask = node.operands
    p = node.results[1]
    dropped, noise = node.results[2:] if node.attr("dropout_p") else (p, None)
    values = attention_values.draft(dropped, v)
    dp, dv = derive(b, values, gs[0], 0), derive(b, values, gs[0], 1)
    if noise is not None:
        dp = mul(b, dp, noise)
    dmasked = softmax_gradient(b, dp, p, axis=-1)
    dscores = scale(b, dmasked, by=_scale(q, node.attr("scale_by")))
    scores = attention_scores.draft(q, k)
    grads: list[Value | None] = [*(derive(b, scores, dscores, j) for j in (0, 1)), dv]
    if mask:
        masking = add.draft(p, mask[0])
        grads.append(derive(b, masking, dmasked, 1) if want[3] else None)
    return grads


def _scale(q: Value, by: Power | float | None) -> Power | float:
    return Power(q.shape[-1], -0.5) if by is None else by


@composite("attention", vjp=_attention_vjp, source="Vaswani et al. 2017, arXiv:1706.03762")
def attention(
    b: Builder,
    q: Value,
    k: Value,
    v: Value,
    mask: Value | None = None,
    *,
    masked: str = "",
    dropout_p: float = 0.0,
    scale_by: Power | float | None = None,
) -> tuple[Value, ...]:
    """Give (out, p), and in training with dropout also (dropped p, dropout noise)."""
    scores = scale(b, attention_scores(b, q, k), by=_scale(q, scale_by))
    p = softmax(b, _add_mask(b, scores, mask, masked=masked), axis=-1)
    if not dropout_p:
        return attention_values(b, p, v), p
    dropped, noise = dropout(b, p, p=dropout_p)
    return attention_values(b, dropped, v), p, dropped, noise
