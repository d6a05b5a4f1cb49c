"""Reference algorithms of folds, scans, selection and search, in loops that count what they do."""

import math
from collections import Counter

import numpy as np

from oracle.irregular import top_k


def _fold(x, dims, keep, join, kind):
    gone = sorted(d % x.ndim for d in dims)
    rest = [n for i, n in enumerate(x.shape) if i not in gone]
    rows = np.moveaxis(x, gone, range(len(gone))).reshape(-1, *rest)
    out, steps = np.array(rows[0]), 0
    for row in rows[1:]:
        for i in np.ndindex(out.shape):
            out[i], steps = join(out[i], row[i]), steps + 1
    shape = [1 if i in gone else n for i, n in enumerate(x.shape) if keep or i not in gone]
    return out.reshape(shape), {kind: steps}, (len(rows) - 1).bit_length()


def prod(x, dims, keep=False):
    """Multiply one after the other."""
    return _fold(x, dims, keep, lambda a, b: a * b, "mul")


def amin(x, dims, keep=False):
    """Keep the smaller, one after the other."""
    return _fold(x, dims, keep, min, "max")


def cumprod(x, axis):
    """Multiply one after the other, and keep every product."""
    out, ops = np.moveaxis(x, axis, 0).copy(), Counter()
    for i in range(1, len(out)):
        for j in np.ndindex(out.shape[1:]):
            out[(i, *j)] *= out[(i - 1, *j)]
            ops["mul"] += 1
    return np.moveaxis(out, 0, axis), ops, (len(out) - 1).bit_length()


def logcumsumexp(x, axis):
    """Add exponentials up one after the other, by their logarithms."""
    out, ops = np.moveaxis(x, axis, 0).copy(), Counter()
    for i in range(1, len(out)):
        for j in np.ndindex(out.shape[1:]):
            a, b = out[(i, *j)], out[(i - 1, *j)]
            high, low = max(a, b), min(a, b)
            out[(i, *j)] = high + math.log(1 + math.exp(low - high))
            ops.update(max=2, add=3, exp=1, log=1)
    return np.moveaxis(out, 0, axis), ops, 6 if len(out) > 1 else 0


def _running(x, axis, better):
    rows, ops = np.moveaxis(x, axis, 0), Counter()
    out = np.zeros(rows.shape, np.int64)
    for i in range(1, len(rows)):
        for j in np.ndindex(rows.shape[1:]):
            best = int(out[(i - 1, *j)])
            out[(i, *j)] = i if better(rows[(i, *j)], rows[(best, *j)]) else best
            ops["cmp"] += 1
    return np.moveaxis(out, 0, axis), ops, (len(rows) - 1).bit_length()


def running_largest(x, axis):
    """Follow the largest so far; the last of equals."""
    return _running(x, axis, lambda a, b: a >= b)


def running_smallest(x, axis):
    """Follow the smallest so far; the last of equals."""
    return _running(x, axis, lambda a, b: a <= b)


def kth_place(x, k):
    """Select the k smallest; the one that was found last is the k-th."""
    found, ops, chain = top_k(x, k, largest=False)
    return found[..., :1], ops, chain


def search(edges, x, right=False):
    """Halve what is left of the edges until one place is."""
    out, ops = np.zeros(x.shape, np.int64), Counter()
    deepest = edges.shape[-1].bit_length()
    for i in np.ndindex(x.shape):
        row = edges if edges.ndim == 1 else edges[i[:-1]]
        low, high, steps = 0, len(row), 0
        while low < high:
            middle = (low + high) // 2
            after = row[middle] <= x[i] if right else row[middle] < x[i]
            low, high, steps = (middle + 1, high, steps + 1) if after else (low, middle, steps + 1)
        assert steps <= deepest
        out[i] = low
        ops["cmp"] += deepest  # what the worst place costs
    return out, ops, deepest


_JOIN = {"mul": ("mul", lambda a, b: a * b), "max": ("max", max), "min": ("max", min)}


def combine_along(x, part, at, axis, by):
    """Join every element of a part with what stands where it goes."""
    out, ops, met = np.array(x), Counter(), Counter()
    kind, join = _JOIN[by]
    for i in np.ndindex(at.shape):
        to = (*i[:axis], int(at[i]), *i[axis + 1 :])
        out[to] = join(out[to], part[i])
        ops[kind] += 1
        met[to] += 1
    return out, ops, max(met.values()).bit_length()


def distances(x, y, by):
    """Join the sides of what lies between every two points."""
    out, ops = np.zeros((*x.shape[:-1], y.shape[-2])), Counter()
    for i in np.ndindex(out.shape):
        found = None
        for a, b in zip(x[i[:-1]], y[(*i[:-2], i[-1])], strict=True):
            side = a - b
            side = side * side if by == "squares" else abs(side)
            ops.update({"add": 1, "mul" if by == "squares" else "abs": 1})
            if found is None:
                found = side
            else:
                found = max(found, side) if by == "largest" else found + side
                ops["max" if by == "largest" else "add"] += 1
        out[i] = found
    return out, ops, 2 + (x.shape[-1] - 1).bit_length()


FOLDING = {
    f.__name__: f
    for f in (
        *(prod, amin, cumprod, logcumsumexp, running_largest, running_smallest),
        *(kth_place, search, combine_along, distances),
    )
}
