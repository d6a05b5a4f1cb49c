"""Cases of attention and recurrent layers."""

import numpy as np
from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

NEVER = -1e30


@st.composite
def scores(draw):
    """Draw queries and keys; two queries may share a key head."""
    k, g, dtype = (
        draw(st.integers(1, 2)),
        draw(st.integers(1, 2)),
        draw(st.sampled_from(("float32", "float64"))),
    )
    q, key = operand(f"B {k * g} S n", dtype=dtype), operand(f"B {k} T n", dtype=dtype)
    reference = lambda t, q, key: q @ key.repeat_interleave(g, 1).mT  # noqa: E731
    return Case((q, key), draw(letters("B S T n", 1, 3)), {}, reference, draw(SEEDS))


@st.composite
def values(draw):
    k, g = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    operands = (operand(f"B {k * g} S T"), operand(f"B {k} T n"))
    reference = lambda t, p, v: p @ v.repeat_interleave(g, 1)  # noqa: E731
    return Case(operands, draw(letters("B S T n", 1, 3)), {}, reference, draw(SEEDS))


@st.composite
def causal_mask(draw):
    reference = lambda t, x: x.masked_fill(~t.ones(x.shape[2:], dtype=t.bool).tril(), NEVER)  # noqa: E731
    return Case((operand("B 2 S T"),), draw(letters("B S T")), {}, reference, draw(SEEDS))


@st.composite
def attention(draw):
    """Draw attention with grouped queries and one of four kinds of mask."""
    k, g = draw(st.sampled_from(((1, 1), (2, 1), (1, 2), (2, 2))))
    kind = draw(st.sampled_from(("", "causal", "real", "keep")))
    scale = draw(st.sampled_from((None, 0.3)))
    operands = [operand(f"B {k * g} S n"), operand(f"B {k} T n"), operand(f"B {k} T m")]
    if kind in {"real", "keep"}:
        text = draw(st.sampled_from(("S T", f"B {k * g} S T", "1 1 S T")))
        operands.append(operand(text, kind))

    def reference(t, q, key, v, mask=None):
        causal = kind == "causal"
        given = {"is_causal": causal, "scale": scale, "enable_gqa": g > 1}
        return t.nn.functional.scaled_dot_product_attention(q, key, v, mask, **given)

    attrs = {"masked": "causal"} if kind == "causal" else {}
    attrs |= {"scale_by": scale} if scale else {}
    env = draw(letters("B S T n m", 1, 3))
    smooth = (0, 1, 2, 3) if kind == "real" else (0, 1, 2)
    return Case(tuple(operands), env, attrs, reference, draw(SEEDS), smooth)


@st.composite
def triangle(draw, *, backward):
    """Draw attention that computes no score of a later place, nor of one before its window."""
    k, g = draw(st.sampled_from(((1, 1), (2, 1), (1, 2))))
    scale, window = draw(st.sampled_from((None, 0.3))), draw(st.sampled_from((0, 1, 2)))
    operands = [operand(f"B {k * g} S n"), operand(f"B {k} S n"), operand(f"B {k} S m")]
    attrs = ({"scale_by": scale} if scale else {}) | ({"window": window} if window else {})
    env = draw(letters("B S n m", 1, 4))

    def allowed(t):
        band = t.ones(env["S"], env["S"], dtype=t.bool).tril()
        return band.triu(1 - window) if window else band

    def forward(t, q, key, v):
        how = {"attn_mask": allowed(t), "scale": scale, "enable_gqa": g > 1}
        return t.nn.functional.scaled_dot_product_attention(q, key, v, **how)

    def reverse(t, grad, q, key, v, p):
        given = [x.detach().requires_grad_() for x in (q, key, v)]
        return t.autograd.grad(forward(t, *given), given, grad)

    def probabilities(arrays):
        import torch as t

        _, q, key, *_ = arrays
        q, key = (t.from_numpy(x) for x in (q, key))
        scores = q @ key.repeat_interleave(g, 1).mT * (scale or env["n"] ** -0.5)
        mask = allowed(t)
        rows = scores.masked_fill(~mask, -t.inf).softmax(-1)
        return [*arrays[:4], rows[..., mask].numpy()]

    if not backward:
        return Case(tuple(operands), env, attrs, forward, draw(SEEDS))
    pairs = sum(min(i + 1, window or i + 1) for i in range(env["S"]))
    env, fixed = {**env}, f"B {k * g} {pairs}"
    operands = (operand(f"B {k * g} S m"), *operands, operand(fixed))
    return Case(operands, env, attrs, reverse, draw(SEEDS), (), adjust=probabilities)


@st.composite
def dropped_attention(draw):
    operands = (operand("B 2 S n"), operand("B 1 T n"), operand("B 1 T m"))
    env = draw(letters("B S T n m", 1, 3))
    law = check_dropped_attention
    return Case(operands, env, {"dropout_p": 0.5}, None, draw(SEEDS), law=law)


def check_dropped_attention(arrays, results):
    """Say whether the values are weighted with what dropout left of the probabilities."""
    out, p, dropped, noise = results
    assert {*noise.ravel()} <= {0, 2}
    np.testing.assert_allclose(p.sum(-1), 1)
    np.testing.assert_allclose(dropped, p * noise)
    np.testing.assert_allclose(out, dropped @ arrays[2])


CELLS = {
    "lstm": ("LSTM", 4, 2),
    "gru": ("GRU", 3, 1),
    "rnn_tanh": ("RNN", 1, 1),
    "rnn_relu": ("RNN", 1, 1),
}
"""Cell -> (its class in torch.nn, gates, states)."""


@st.composite
def recurrent(draw):
    """Draw a stack of layers in one or two directions, with torch's own order of weights."""
    cell = draw(st.sampled_from(sorted(CELLS)))
    layers, both, bias = draw(st.sampled_from((1, 2))), draw(st.booleans()), draw(st.booleans())
    name, gates, states = CELLS[cell]
    ways = 1 + both
    operands = [operand("S B n"), *(operand(f"{layers * ways} B m"),) * states]
    for i in range(layers):
        width = "n" if i == 0 else f"{ways}*m"
        each = [f"{gates}*m {width}", f"{gates}*m m", *(f"{gates}*m",) * (2 * bias)]
        operands += map(operand, each * ways)
    attrs = {"cell": cell, "layers": layers, "bidirectional": both, "bias": bias}
    env = draw(letters("S B n m", 1, 2))

    def reference(t, x, *rest):
        more = {"nonlinearity": cell[4:]} if name == "RNN" else {}
        made = getattr(t.nn, name)(
            env["n"], env["m"], layers, bias=bias, bidirectional=both, dtype=x.dtype, **more
        )
        for w, given in zip(made.parameters(), rest[states:], strict=True):
            w.data.copy_(given)
        y, last = made(x, tuple(rest[:2]) if states > 1 else rest[0])
        return tuple(v.detach() for v in (y, *(last if states > 1 else (last,))))

    return Case(tuple(operands), env, attrs, reference, draw(SEEDS))


CASES = {
    "attention_scores": scores(),
    "attention_values": values(),
    "causal_mask": causal_mask(),
    "attention": st.one_of(attention(), attention(), dropped_attention()),
    "causal_attention": triangle(backward=False),
    "causal_gradient": triangle(backward=True),
    "recurrent": recurrent(),
}
