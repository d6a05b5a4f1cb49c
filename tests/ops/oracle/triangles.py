"""Attention that looks at rows up to its own, row by row, in loops that count what they do.

In a window a row looks at so many rows at most, its own the last.
"""

from collections import Counter

import numpy as np


def _rows(q, k):
    """Every (batch, head, key head, row) of attention that looks at rows up to its own."""
    groups = q.shape[1] // k.shape[1]
    for b, h, i in np.ndindex(*q.shape[:3]):
        yield b, h, h // groups, i


def _looked(i, window):
    """The rows that a row looks at."""
    return range(max(0, i + 1 - window) if window else 0, i + 1)


def _look(q, k, at, scale):
    """Scores of one query, their softmax, and what both take."""
    scores = [sum(x * y for x, y in zip(q, k[j], strict=True)) * scale for j in at]
    e, n = len(q), len(at)
    powers = np.exp(np.array(scores) - max(scores))
    ops = Counter(mul=n * e + n, mac=n * e, add=n * (e - 1) + n + n - 1, max=n - 1, exp=n, div=n)
    return powers / powers.sum(), ops


def causal_attention(q, k, v, scale_by=None, dropout_p=0, window=0):
    """Look at each row for itself; p is written row after row."""
    assert not dropout_p
    scale = q.shape[-1] ** -0.5 if scale_by is None else scale_by
    out, ops = np.zeros((*q.shape[:3], v.shape[-1])), Counter()
    p = [[[] for _ in range(q.shape[1])] for _ in range(q.shape[0])]
    for b, h, key, i in _rows(q, k):
        at = _looked(i, window)
        part, took = _look(q[b, h, i], k[b, key], at, scale)
        p[b][h].extend(part)
        out[b, h, i] = part @ v[b, key, at]
        f, n = v.shape[-1], len(at)
        ops += took + Counter(mul=n * f, mac=n * f, add=(n - 1) * f)
    tree = lambda n: (n - 1).bit_length()  # noqa: E731
    most = len(_looked(q.shape[2] - 1, window))
    longest = 1 + tree(q.shape[-1]) + 1 + 3 * tree(most) + 3 + 1
    return [out, np.array(p)], dict(ops), longest


def causal_gradient(g, q, k, v, p, scale_by=None, dropout_p=0, window=0):
    """The gradients of each row; those of keys and values are added up over the rows."""
    assert not dropout_p
    scale = q.shape[-1] ** -0.5 if scale_by is None else scale_by
    dq, dk, dv, ops = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape), Counter()
    met = Counter()
    e, f = q.shape[-1], v.shape[-1]
    for b, h, key, i in _rows(q, k):
        at = _looked(i, window)
        n, before = len(at), sum(len(_looked(j, window)) for j in range(i))
        part = p[b, h, before : before + n]
        dp = v[b, key, at] @ g[b, h, i]
        ds = part * (dp - (dp * part).sum()) * scale
        dq[b, h, i] = ds @ k[b, key, at]
        dk[b, key, at] += np.outer(ds, q[b, h, i])
        dv[b, key, at] += np.outer(part, g[b, h, i])
        met.update((b, key, j) for j in at)
        ops += Counter(mul=n * f, mac=n * f, add=n * (f - 1))  # dp
        ops += Counter(mul=2 * n + n, add=n - 1 + n)  # softmax, scale
        ops += Counter(mul=n * e, mac=n * e, add=(n - 1) * e)  # dq
        ops += Counter(mul=n * e + n * f, mac=n * e + n * f)  # dk, dv
    ops += Counter(add=sum((m - 1) * (e + f) for m in met.values()))
    tree = lambda n: (n - 1).bit_length()  # noqa: E731
    most = len(_looked(q.shape[2] - 1, window))
    return [dq, dk, dv], dict(ops), 1 + tree(f) + 1 + 2 * tree(most) + 4


TRIANGLES = {"causal_attention": causal_attention, "causal_gradient": causal_gradient}
