"""Rows for what the recorder catches whole: attention and recurrent layers.

A backward call finds the node of its forward call by the ids of the operands, and takes from it
what the forward pass saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import UnknownOperator
from orderof.frontends.torch.rows import gradients
from orderof.ir.graph import Value
from orderof.ops.attention import attention
from orderof.ops.causal import triangle as without_later
from orderof.ops.recurrent import STEPS, recurrent
from orderof.ops.shape import permute, reshape
from orderof.sym import ONE, Expr
from orderof.transform.grad import reverse_node, split_node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering


def _four(low: Lowering, x: Value) -> Value:
    """See (..., S, e) as (batch, heads, S, e)."""
    if len(x.shape) == 4:  # noqa: PLR2004
        return x
    *lead, s, e = x.shape
    heads = lead[-1] if lead else ONE
    found: Value = reshape(low.b, x, shape=(Expr.prod(lead) / heads, heads, s, e))
    return found


def attention_forward(
    low: Lowering,
    q: Value,
    k: Value,
    v: Value,
    mask: Value | None,
    *,
    causal: bool,
    dropout: float,
    scale: float | None,
    gqa: bool,
    window: int | None = None,
) -> Any:
    """Attend; a mask that depends on positions only is folded in."""
    del gqa  # the heads of q and k say it
    masked = "causal" if causal else ""
    if mask is not None and mask not in low.bound:
        low.masks.add(mask)
        mask, masked = None, "positions" if window is None else "causal"
    attrs: dict[str, Any] = {"masked": masked} if masked else {}
    attrs |= {"dropout_p": dropout} if dropout else {}
    attrs |= {"scale_by": scale} if scale is not None else {}
    operands = [_four(low, x) for x in (q, k, v)] + ([mask] if mask is not None else [])
    out, *_ = attention(low.b, *operands, **attrs)
    if low.exact and masked:
        low.b.nodes[-1] = without_later(low.b.nodes[-1], window or 0)
        low.whole = low.whole or low.b.nodes[-1].op == "attention"
    low.composites[low.ids(0)] = low.b.nodes[-1]
    return _as_recorded(low, out)


def _as_recorded(low: Lowering, x: Value) -> Value:
    t = low.types()[0]
    found: Value = x if x.shape == t.shape else reshape(low.b, x, shape=t.shape)
    return found


def attention_backward(low: Lowering, g: Value, *operands: Any, **_: Any) -> Any:
    """Give the gradients of queries, keys, values, and of a mask that is learnt."""
    node = low.composites[low.ids(1)]
    want = [*low.given()[:3], *(low.given()[3:4] * (len(node.operands) - 3))]
    grads = gradients(low, node, (_four(low, g),), want, node.results)
    found = zip(grads, operands, strict=False)
    return [
        reshape(low.b, d, shape=x.shape) if d.shape != x.shape else d
        for d, x in found
        if d is not None
    ]


def _recurrent_forward(cell: str) -> Row:
    def row(low: Lowering, x: Value, *rest: Value, **options: Any) -> Any:
        flat = len(x.shape) == 2  # noqa: PLR2004 - no batch
        n = STEPS[cell][1]
        _refuse_projection(cell, len(rest) - n, options)
        operands = [_timed(low, x, flat=flat, first=options["batch_first"])]
        operands += [_with_batch(low, s, 1) if flat else s for s in rest[:n]]
        attrs = {
            "cell": cell,
            "layers": options["layers"],
            "bidirectional": options["bidirectional"],
            "bias": options["bias"],
            "dropout_p": options["dropout"] if options["train"] else 0.0,
        }
        y, *states = recurrent(low.b, *operands, *rest[n:], **attrs)
        low.composites[low.ids(0)] = low.b.nodes[-1]
        if options["batch_first"] and not flat:
            y = permute(low.b, y, order=(1, 0, 2))
        types = low.types()
        return [
            reshape(low.b, v, shape=t.shape) if v.shape != t.shape else v
            for v, t in zip((y, *states), types, strict=True)
        ]

    return row


def _refuse_projection(cell: str, weights: int, options: dict[str, Any]) -> None:
    each = 4 if options["bias"] else 2
    if weights != options["layers"] * (1 + options["bidirectional"]) * each:
        hint = "projections of the hidden state (proj_size) have no rule yet"
        raise UnknownOperator(cell, f"has {weights} weights, which no plain layer has", hint)


def _timed(low: Lowering, x: Value, *, flat: bool, first: bool) -> Value:
    if flat:
        return _with_batch(low, x, 1)
    found: Value = permute(low.b, x, order=(1, 0, 2)) if first else x
    return found


def _with_batch(low: Lowering, x: Value, axis: int) -> Value:
    found: Value = reshape(low.b, x, shape=(*x.shape[:axis], 1, *x.shape[axis:]))
    return found


def _recurrent_backward(cell: str) -> Row:
    n = STEPS[cell][1]

    def row(low: Lowering, *args: Value | None, **options: Any) -> Any:
        gs: list[Value | None] = list(args[: n + 1])
        node = low.composites[low.ids(n + 1)]
        want = low.given()
        seeded = [g is not None for g in gs]
        flat = gs[0] is not None and len(gs[0].shape) == 2  # noqa: PLR2004
        if gs[0] is not None:
            gs[0] = _timed(low, gs[0], flat=flat, first=options["batch_first"])
        new, parts = split_node(node, want, seeded)
        front = (low.front or low.b).nodes
        front[front.index(node)] = new
        grads = reverse_node(low.b, new, parts, gs, want, seeded)
        return _fit(low, grads, first=options["batch_first"] and not flat)

    return row


def _fit(low: Lowering, grads: Sequence[Value | None], *, first: bool) -> list[Value]:
    """Give the gradients that there are, in the recorded shapes."""
    if first and grads[0] is not None:
        grads = [permute(low.b, grads[0], order=(1, 0, 2)), *grads[1:]]
    kept = [g for g in grads if g is not None]
    return [
        reshape(low.b, g, shape=t.shape) if g.shape != t.shape else g
        for g, t in zip(kept, low.types(), strict=True)
    ]


ROWS: dict[str, Row] = {
    "orderof.attention.forward": attention_forward,
    "orderof.attention.backward": attention_backward,
    **{f"orderof.{cell}.forward": _recurrent_forward(cell) for cell in STEPS},
    **{f"orderof.{cell}.backward": _recurrent_backward(cell) for cell in STEPS},
}
