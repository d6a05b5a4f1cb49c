"""Images at another size without aliases, window by window in plain numbers."""

import itertools
import math
from collections import Counter

import numpy as np


def _filter(d, taps, a=-0.5):
    """The triangle, or Keys 1981 with the constant of PIL."""
    d = abs(d)
    if taps == 2:
        return max(1 - d, 0.0)
    if d < 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


def _tables(n, m, taps, align):
    """Give for each of m results its places of n, with their weights."""
    step = ((n - 1) / (m - 1) if m > 1 else 0.0) if align else n / m
    wide = max(step, 1.0)
    reach = taps / 2 * wide
    for i in range(m):
        center = step * (i + 0.5)
        first, end = (math.floor(round(center + side * reach + 0.5, 9)) for side in (-1, 1))
        places = range(max(first, 0), min(end, n))
        weights = [_filter((p - center + 0.5) / wide, taps) for p in places]
        yield [(p, w / sum(weights)) for p, w in zip(places, weights, strict=True)]


def antialias(x, size, taps, align):
    """Make each dimension smaller or larger for itself, the last one first."""
    lead, ops, chain = x.ndim - len(size), Counter(), 0
    for axis in reversed(range(lead, x.ndim)):
        n, m = x.shape[axis], size[axis - lead]
        if n == m:
            continue
        tables = list(_tables(n, m, taps, align))
        out = np.zeros((*x.shape[:axis], m, *x.shape[axis + 1 :]))
        for i in np.ndindex(out.shape):
            taken = tables[i[axis]]
            parts = [w * x[(*i[:axis], p, *i[axis + 1 :])] for p, w in taken]
            ops["mul"] += len(parts)
            ops["add"] += len(parts) - 1
            out[i] = sum(parts)
        chain += 1 + (max(map(len, tables)) - 1).bit_length()
        x = out
    return x, ops, chain


def antialias_gradient(g, size, taps, align):
    """Spread every gradient over the window of its result."""
    lead = g.ndim - len(size)
    if g.shape[lead:] == tuple(size):
        return g, Counter(), 0
    tables = [list(_tables(n, m, taps, align)) for n, m in zip(size, g.shape[lead:], strict=True)]
    out, ops = np.zeros((*g.shape[:lead], *size)), Counter()
    for i in np.ndindex(g.shape):
        for taken in itertools.product(*(t[k] for t, k in zip(tables, i[lead:], strict=True))):
            value = g[i]
            for _, weight in taken:
                value *= weight
                ops["mul"] += 1
            out[(*i[:lead], *(p for p, _ in taken))] += value
            ops["add"] += 1
    return out, ops, len(size) + ops["add"].bit_length()


ANTIALIAS = {"antialias": antialias, "antialias_gradient": antialias_gradient}
