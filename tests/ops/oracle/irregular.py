"""Reference algorithms of the operators that are no loop nests, in loops that count what they do.

Each gives (values, {kind: operations}, a chain that no algorithm can do without).
"""

from collections import Counter

import numpy as np


class _Adder:
    """A zeroed table into which numbers are added, one by one, in the order of arrival."""

    def __init__(self, shape):
        self.table = np.zeros(shape)
        self.adds = 0
        self.met = Counter()

    def add(self, at, value):
        self.table[at] += value
        self.adds += 1
        self.met[at] += 1

    def done(self):
        """What meets in one element, and the zero there, are added up by a tree."""
        return self.table, {"add": self.adds}, max(self.met.values()).bit_length()


def scatter_rows(g, at, rows):
    """Add row i of g to row at[i] of the result."""
    row = g.shape[at.ndim :]
    out = _Adder((rows, *row))
    for i in np.ndindex(at.shape):
        for j in np.ndindex(row):
            out.add((int(at[i]), *j), g[i + j])
    return out.done()


def put(g, at, shape, axis):
    """Add along one axis, as torch's scatter_add."""
    out = _Adder(shape)
    for i in np.ndindex(at.shape):
        target = list(i)
        target[axis] = int(at[i])
        out.add(tuple(target), g[i])
    return out.done()


def route_to_max(x, y, g, dims, keep=False):
    """Add g to the first element of x that is equal to its maximum y."""
    out = _Adder(x.shape)
    gone = sorted(d % x.ndim for d in dims)
    kept = [d for d in range(x.ndim) if d not in gone]
    y, g = (a.reshape([x.shape[d] for d in kept]) for a in (y, g))
    for i in np.ndindex(y.shape):
        for j in np.ndindex(*(x.shape[d] for d in gone)):
            at = dict(zip((*kept, *gone), (*i, *j), strict=True))
            position = tuple(at[d] for d in range(x.ndim))
            if x[position] == y[i]:
                out.add(position, g[i])
                break
    return out.done()


def max_pool_gradient(x, g, size, stride, padding, dilation, ceil=False):
    """Add g to the first maximum of its window."""
    out = _Adder(x.shape)
    for i in np.ndindex(g.shape):
        best = None
        for tap in np.ndindex(*size):
            moves = zip(i[2:], stride, tap, dilation, padding, strict=True)
            at = (*i[:2], *(h * s + r * d - p for h, s, r, d, p in moves))
            if all(0 <= a < n for a, n in zip(at, x.shape, strict=True)) and (
                best is None or x[at] > x[best]
            ):
                best = at
        if best is not None:
            out.add(best, g[i])
    return out.done()


def cumsum(x, axis):
    """Add up one after the other."""
    out, adds = np.array(x), 0
    rows = np.moveaxis(out, axis, 0)
    for i in range(1, len(rows)):
        for j in np.ndindex(rows.shape[1:]):
            rows[(i, *j)] += rows[(i - 1, *j)]
            adds += 1
    return out, {"add": adds}, (len(rows) - 1).bit_length()


def argmax(x, axis, keep=False):
    """Compare one after the other; the first of equals wins."""
    rows, compares = np.moveaxis(x, axis, 0), 0
    out = np.zeros(rows.shape[1:], np.int64)
    for j in np.ndindex(out.shape):
        for i in range(1, len(rows)):
            out[j] = i if rows[(i, *j)] > rows[(int(out[j]), *j)] else out[j]
            compares += 1
    found = np.expand_dims(out, axis) if keep else out
    return found, {"cmp": compares}, (len(rows) - 1).bit_length()


def uniform(shape, dtype):
    """Give numbers in 0 .. 1, the same in every run."""
    out = np.random.default_rng(len(shape)).random(shape)
    return out, {"rng": out.size}, 1


def bernoulli(shape, dtype, p):
    """Give 1 with probability p, else 0, the same in every run."""
    noise, ops, _ = uniform(shape, dtype)
    return (noise < p).astype(float), {**ops, "cmp": noise.size}, 2


def iota(shape, dtype, start=0, step=1):
    """Count upwards."""
    out = np.zeros(shape, np.int64 if dtype.startswith("int") else np.float64)
    for i, position in enumerate(np.ndindex(out.shape)):
        out[position] = start + i * step
    return out, {"int": out.size}, 1


def index_put(g, *at, shape, dims):
    """Add where tensors of indices say, one for each of some dimensions that stand side by side."""
    out, first, rank = _Adder(shape), dims[0], at[0].ndim
    for i in np.ndindex(g.shape):
        found = tuple(int(a[i[first : first + rank]]) for a in at)
        out.add((*i[:first], *found, *i[first + rank :]), g[i])
    return out.done()


IRREGULAR = {
    "bernoulli": bernoulli,
    "iota": iota,
    "index_put": index_put,
    "scatter_rows": scatter_rows,
    "put": put,
    "route_to_max": route_to_max,
    "max_pool_gradient": max_pool_gradient,
    "cumsum": cumsum,
    "argmax": argmax,
    "uniform": uniform,
}
