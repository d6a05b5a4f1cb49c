"""Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1).

    scores = q k^T * e**-0.5;   masked scores;   p = softmax(scores);   out = dropout(p) v

Shapes: q (B, H, S, e), k (B, K, T, e), v (B, K, T, f), where K divides H: grouped queries share a
key head. The whole square of scores is computed. A mask that depends on positions only is no
operand: `masked` names it ("causal", ...), and it costs one choice at each place. Forward two products, backward four; p is saved, so nothing is computed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.ir.scalar import Const, Coord, Power, causal
from orderof.ops.define import composite
from orderof.ops.derive import derive
from orderof.ops.elementwise import add, scale, where
from orderof.ops.nest import nest
from orderof.ops.random import dropout, dropout_gradient
from orderof.ops.shape import fill
from orderof.ops.softmax import softmax, softmax_gradient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value

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


def _attention_vjp(b: Builder, node: Node, gs: Sequence[Value], want: Sequence[bool]) -> Any:  # noqa: ANN401
    operands = (gs[0], *node.operands[:3], *node.results[1:])
    grads = attention_gradient(b, *operands, **{k: v for k, v in node.attrs if k != "masked"})
    mask = (None,) * (len(node.operands) - 3)
    return (*(g if w else None for g, w in zip(grads, want, strict=False)), *mask)


@composite("attention", vjp=_attention_vjp, source="Vaswani et al. 2017, arXiv:1706.03762")
def attention(  # noqa: PLR0913
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
    """Give (out, p), and in training with dropout also (dropped p, dropout mask)."""
    by = Power(q.shape[-1], -0.5) if scale_by is None else scale_by
    scores = scale(b, attention_scores(b, q, k), by=by)
    p = softmax(b, _add_mask(b, scores, mask, masked=masked), axis=-1)
    if not dropout_p:
        return attention_values(b, p, v), p
    dropped, kept = dropout(b, p, p=dropout_p)
    return attention_values(b, dropped, v), p, dropped, kept


@composite("attention_gradient")
def attention_gradient(  # noqa: PLR0913
    b: Builder,
    g: Value,
    q: Value,
    k: Value,
    v: Value,
    p: Value,
    *saved: Value,
    dropout_p: float = 0.0,
    scale_by: Power | float | None = None,
) -> tuple[Value, Value, Value]:
    """Give the gradients of q, k and v by four products."""
    by = Power(q.shape[-1], -0.5) if scale_by is None else scale_by
    dropped = saved[0] if dropout_p else p
    values = _as_node(b, lambda c: attention_values(c, dropped, v))
    dp, dv = derive(b, values, g, 0), derive(b, values, g, 1)
    if dropout_p:
        dp = dropout_gradient(b, dp, saved[1], p=dropout_p)
    ds = scale(b, softmax_gradient(b, dp, p, axis=-1), by=by)
    scores = _as_node(b, lambda c: attention_scores(c, q, k))
    return derive(b, scores, ds, 0), derive(b, scores, ds, 1), dv


def _as_node(b: Builder, emit: Any) -> Node:  # noqa: ANN401
    """Make the node of a forward product without emitting it, to derive from it."""
    draft = type(b)()
    emit(draft)
    return draft.nodes[-1]
