"""Reference algorithms of what decides, selects and solves, in loops that count what they do."""

from collections import Counter

import numpy as np


def holds(x, dims, keep=False, every=True):
    """Fold with `and` or `or`, one after the other; numbers become booleans first."""
    at = sorted({d % x.ndim for d in dims})
    ops = Counter({"cmp": x.size} if x.dtype != np.bool_ else {})
    rest = [n for i, n in enumerate(x.shape) if i not in at]
    rows = np.moveaxis(x, at, range(len(at))).reshape(-1, *rest) != 0
    out = rows[0]
    for row in rows[1:]:
        out = (out & row) if every else (out | row)
        ops["logic"] += out.size
    shape = [1 if i in at else n for i, n in enumerate(x.shape)]
    chain = (len(rows) - 1).bit_length() + (x.dtype != np.bool_)
    return (out.reshape(shape) if keep else out), dict(ops), chain


def solve_triangular(a, b, upper, left=True, unit=False):
    """Substitute row after row, or for x a = b in the transposed system."""
    if not left:
        found, ops, chain = solve_triangular(
            np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2), not upper, True, unit
        )
        return np.swapaxes(found, -1, -2), ops, chain
    out, ops, n = np.array(b), Counter(), a.shape[-1]
    order = range(n - 1, -1, -1) if upper else range(n)
    for at in np.ndindex(a.shape[:-2]):
        for column in range(b.shape[-1]):
            done = []
            for i in order:
                for j in done:
                    out[(*at, i, column)] -= a[(*at, i, j)] * out[(*at, j, column)]
                    ops["mul"], ops["add"] = ops["mul"] + 1, ops["add"] + 1
                if not unit:
                    out[(*at, i, column)] /= a[(*at, i, i)]
                    ops["div"] += 1
                done.append(i)
    return out, dict(ops), 0


def nonzero(x, found):
    """Look at one after the other; what is false is 0 without a comparison."""
    places, compares = [], 0
    for i in np.ndindex(x.shape):
        compares += x.dtype != np.bool_
        if x[i] != 0:
            places.append(i)
    assert len(places) == found
    return np.array(places, np.int64).reshape(found, x.ndim), {"cmp": compares}, int(compares > 0)


def repeated_places(repeats, total):
    """Where a run ends is where the next one starts."""
    out, start, adds = np.zeros(total, np.int64), 0, 0
    for i, n in enumerate(repeats):
        out[start : start + n] = i
        adds, start = adds + (i > 0), start + n
    return out, {"add": adds}, (len(repeats) - 1).bit_length()


DECIDING = {
    "nonzero": nonzero,
    "holds": holds,
    "solve_triangular": solve_triangular,
    "repeated_places": repeated_places,
}
