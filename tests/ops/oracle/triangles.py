"""Attention that looks at rows up to its own, row by row, in loops that count what they do."""

from collections import Counter

import numpy as np


def _rows(q, k):
    """Every (batch, head, key head, row) of attention that looks at rows up to its own."""
    groups = q.shape[1] // k.shape[1]
    for b, h, i in np.ndindex(*q.shape[:3]):
        yield b, h, h // groups, i


def _look(q, k, i, scale):
    """Scores of one query, their softmax, and what both take."""
    scores = [sum(x * y for x, y in zip(q, k[j], strict=True)) * scale for j in range(i + 1)]
    e, n = len(q), i + 1
    powers = np.exp(np.array(scores) - max(scores))
    ops = Counter(mul=n * e + n, mac=n * e, add=n * (e - 1) + n + n - 1, max=n - 1, exp=n, div=n)
    return powers / powers.sum(), ops


def causal_attention(q, k, v, scale_by=None, dropout_p=0):
    """Look at each row for itself; p is written row after row."""
    assert not dropout_p
    scale = q.shape[-1] ** -0.5 if scale_by is None else scale_by
    out, ops = np.zeros((*q.shape[:3], v.shape[-1])), Counter()
    p = [[[] for _ in range(q.shape[1])] for _ in range(q.shape[0])]
    for b, h, key, i in _rows(q, k):
        part, took = _look(q[b, h, i], k[b, key], i, scale)
        p[b][h].extend(part)
        out[b, h, i] = part @ v[b, key, : i + 1]
        f, n = v.shape[-1], i + 1
        ops += took + Counter(mul=n * f, mac=n * f, add=(n - 1) * f)
    tree = lambda n: (n - 1).bit_length()  # noqa: E731
    longest = 1 + tree(q.shape[-1]) + 1 + 3 * tree(q.shape[2]) + 3 + 1
    return [out, np.array(p)], dict(ops), longest


def causal_gradient(g, q, k, v, p, scale_by=None, dropout_p=0):
    """The gradients of each row; those of keys and values are added up over the rows."""
    assert not dropout_p
    scale = q.shape[-1] ** -0.5 if scale_by is None else scale_by
    dq, dk, dv, ops = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape), Counter()
    met = Counter()
    e, f = q.shape[-1], v.shape[-1]
    for b, h, key, i in _rows(q, k):
        n, part = i + 1, p[b, h, i * (i + 1) // 2 :][: i + 1]
        dp = v[b, key, :n] @ g[b, h, i]
        ds = part * (dp - (dp * part).sum()) * scale
        dq[b, h, i] = ds @ k[b, key, :n]
        dk[b, key, :n] += np.outer(ds, q[b, h, i])
        dv[b, key, :n] += np.outer(part, g[b, h, i])
        met.update((b, key, j) for j in range(n))
        ops += Counter(mul=n * f, mac=n * f, add=n * (f - 1))  # dp
        ops += Counter(mul=2 * n + n, add=n - 1 + n)  # softmax, scale
        ops += Counter(mul=n * e, mac=n * e, add=(n - 1) * e)  # dq
        ops += Counter(mul=n * e + n * f, mac=n * e + n * f)  # dk, dv
    ops += Counter(add=sum((m - 1) * (e + f) for m in met.values()))
    tree = lambda n: (n - 1).bit_length()  # noqa: E731
    return [dq, dk, dv], dict(ops), 1 + tree(f) + 1 + 2 * tree(q.shape[2]) + 4


TRIANGLES = {"causal_attention": causal_attention, "causal_gradient": causal_gradient}
