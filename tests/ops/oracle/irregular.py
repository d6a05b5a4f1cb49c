"""Reference algorithms of the operators that are no loop nests, in loops that count what they do.

Each gives (values, {kind: operations}, a chain that no algorithm can do without).
"""

import itertools
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


def argmin(x, axis, keep=False):
    """Compare one after the other; the first of equals wins."""
    return argmax(-x, axis, keep)


def uniform(shape, dtype):
    """Give numbers in 0 .. 1, the same in every run."""
    out = np.random.default_rng(len(shape)).random(shape)
    return out, {"rng": out.size}, 1


def bernoulli(shape, dtype, p):
    """Give 1 with probability p, else 0, the same in every run."""
    noise, ops, _ = uniform(shape, dtype)
    return (noise < p).astype(float), {**ops, "cmp": noise.size}, 2


def permutation(n, dtype):
    """Exchange each place with one of those from it on; the same in every run."""
    out, drawn, rng = np.arange(n), 0, np.random.default_rng(n)
    for i in range(n - 1):
        j = int(rng.integers(i, n))
        drawn += 1
        out[[i, j]] = out[[j, i]]
    return out, {"rng": drawn}, int(drawn > 0)


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


class _Knockout:
    """A tree of matches over numbers; a number that is taken out has its path played again."""

    def __init__(self, entries):
        self.entries, self.leaves, self.compares = list(entries), [], 0
        self.root = self._draw(None, list(range(len(self.entries))))

    def _draw(self, parent, members):
        node = {"parent": parent}
        if len(members) == 1:
            node["winner"] = members[0]
            self.leaves.append(node)
            return node
        # The later half is the larger, and so lies as deep as the tree is.
        halves = members[: len(members) // 2], members[len(members) // 2 :]
        node["sides"] = [self._draw(node, half) for half in halves]
        self._play(node)
        return node

    def _play(self, node):
        a, b = (side["winner"] for side in node["sides"])
        if a is None or b is None:
            node["winner"] = a if b is None else b
            return
        self.compares += 1
        node["winner"] = b if self.entries[b][0] > self.entries[a][0] else a

    def replace(self, entry):
        """Put another number, or none, where the winner stands; gives the winner."""
        at = self.root["winner"]
        out, self.entries[at] = self.entries[at], entry
        node = self.leaves[at]
        node["winner"] = at if entry else None
        while node["parent"]:
            node = node["parent"]
            self._play(node)
        return out


def top_k(x, k, largest=True):
    """Select by Hadian and Sobel's knockout; the one that was found last stands first."""
    x = x if largest else -x
    out, compares = np.zeros((*x.shape[:-1], k), np.int64), 0
    n = x.shape[-1]
    for row in np.ndindex(x.shape[:-1]):
        entries = [(value, place) for place, value in enumerate(x[row].tolist())]
        game = _Knockout(entries[: min(n, n - k + 2)])
        waiting = entries[len(game.entries) :]
        found = [game.replace(entry) for entry in [*waiting, None][: k - 1]]
        found.insert(0, game.entries[game.root["winner"]])
        out[row] = [place for _, place in found]
        compares += game.compares
    return out, {"cmp": compares}, (n - 1).bit_length()


def sort_places(x, descending=False):
    """Merge runs that are twice as long each time; one comparison for each number that moves.

    A sentinel behind each run is what the last numbers of the other are compared with.
    """
    x = -x if descending else x
    out, compares, n = np.zeros(x.shape, np.int64), 0, x.shape[-1]
    for row in np.ndindex(x.shape[:-1]):
        runs = [[(value, place)] for place, value in enumerate(x[row].tolist())]
        for _ in range((n - 1).bit_length()):
            merged = []
            for i in range(0, len(runs), 2):
                ends = (float("inf"), n)
                a, b = ([*run, ends] for run in (runs[i], runs[i + 1] if i + 1 < len(runs) else []))
                made, many = [], len(a) + len(b) - 2
                while len(made) < many:
                    compares += 1
                    made.append((a if a[0] <= b[0] else b).pop(0))
                merged.append(made)
            runs = merged
        out[row] = [place for _, place in runs[0]]
    return out, {"cmp": compares}, (n - 1).bit_length()


def _weights(n, m, taps, align):
    """Give for every place of m the places of n that it is made of, with their weights."""
    for i in range(m):
        corner = i * (n - 1) / (m - 1) if m > 1 else 0.0
        at = corner if align else (i + 0.5) * n / m - 0.5
        if taps == 2:
            at = max(at, 0.0)
        first = int(np.floor(at))
        t = at - first
        if taps == 2:
            places, weights = (first, first + 1), (1 - t, t)
        else:
            places = range(first - 1, first + 3)
            weights = [_cubic(abs(t - k)) for k in (-1, 0, 1, 2)]
        yield [min(max(p, 0), n - 1) for p in places], list(weights)


def _cubic(d, a=-0.75):
    """Keys 1981, as torch takes it."""
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4)


def resample(x, size, taps, align):
    """Interpolate along the last dimension, then those before it, for every result anew."""
    lead, places = x.shape[: -len(size)], x.shape[-len(size) :]
    tables = [list(_weights(n, m, taps, align)) for n, m in zip(places, size, strict=True)]
    ops = Counter()

    def at(row, where, fixed):
        axis = len(fixed)
        if axis == len(size):
            return row[fixed]
        total = None
        for place, weight in zip(*tables[axis][where[axis]], strict=True):
            part = weight * at(row, where, (*fixed, place))
            ops["mul"] += 1
            ops["add"] += total is not None
            total = part if total is None else total + part
        return total

    out = np.zeros((*lead, *size))
    for i in np.ndindex(lead):
        for j in np.ndindex(*size):
            out[(*i, *j)] = at(x[i], j, ())
    return out, ops, len(size) * (1 + (taps - 1).bit_length())


def resample_gradient(g, size, taps, align):
    """Add every gradient up where its result was made of, weighted along every dimension."""
    lead, many = g.shape[: -len(size)], g.shape[-len(size) :]
    tables = [list(_weights(n, m, taps, align)) for n, m in zip(size, many, strict=True)]
    out, products = _Adder((*lead, *size)), 0
    for i in np.ndindex(g.shape):
        parts = [list(zip(*t[k], strict=True)) for t, k in zip(tables, i[len(lead) :], strict=True)]
        for taken in itertools.product(*parts):
            value = g[i]
            for _, weight in taken:
                value, products = value * weight, products + 1
            out.add((*i[: len(lead)], *(place for place, _ in taken)), value)
    table, ops, chain = out.done()
    return table, {**ops, "mul": products}, chain


def nearest_gradient(g, size):
    """Add every gradient up at the place below."""
    lead = g.ndim - len(size)
    out = _Adder((*g.shape[:lead], *size))
    for i in np.ndindex(g.shape):
        found = (k * n // m for k, n, m in zip(i[lead:], size, g.shape[lead:], strict=True))
        out.add((*i[:lead], *found), g[i])
    return out.done()


def grouped_product(left, right, ends):
    """Multiply every row with the matrix of its group, or add up the products of each group."""
    ops, starts = Counter(), [0, *ends[:-1]]
    spans = [range(a, b) for a, b in zip(starts, ends, strict=True)]
    if right.ndim == 3:
        out = np.zeros((left.shape[0], right.shape[2]))
        terms = {
            (t, f): [left[t, d] * right[e, d, f] for d in range(left.shape[1])]
            for e, rows in enumerate(spans)
            for t in rows
            for f in range(right.shape[2])
        }
    else:
        out = np.zeros((len(ends), left.shape[0], right.shape[1]))
        terms = {
            (e, d, f): [left[d, t] * right[t, f] for t in rows]
            for e, rows in enumerate(spans)
            for d in range(left.shape[0])
            for f in range(right.shape[1])
        }
    for at, parts in terms.items():
        out[at] = sum(parts)
        ops += Counter(mul=len(parts), mac=len(parts), add=len(parts) - 1)
    longest = max(map(len, terms.values()))
    return out, dict(ops), 1 + (longest - 1).bit_length()


def slide_gradient(g, n, axis, size, step=1):
    """Add the elements of all windows up where they were taken."""
    out = _Adder((*g.shape[:axis], n, *g.shape[axis + 1 : -1]))
    for i in np.ndindex(g.shape):
        out.add((*i[:axis], i[axis] * step + i[-1], *i[axis + 1 : -1]), g[i])
    return out.done()


def strided_gradient(g, whole, shape, strides, offset=0):
    """Add the elements of all windows up where they lie in memory."""
    out = _Adder((int(np.prod(whole)),))
    for i in np.ndindex(*shape):
        out.add((offset + sum(k * n for k, n in zip(i, strides, strict=True)),), g[i])
    found, ops, _ = out.done()
    return found.reshape(whole), ops, int(g.size).bit_length()


def mirror_gradient(g, before, after):
    """Add up what a mirror at the edges showed again."""
    lead = g.ndim - len(before)
    ends = list(zip(g.shape[lead:], before, after, strict=True))
    sizes = [n - a - b for n, a, b in ends]
    out = _Adder((*g.shape[:lead], *sizes))
    for i in np.ndindex(g.shape):
        at = [abs(k - a) for k, (_, a, _) in zip(i[lead:], ends, strict=True)]
        at = [k if k < n else 2 * n - 2 - k for k, n in zip(at, sizes, strict=True)]
        out.add((*i[:lead], *at), g[i])
    return out.done()


def stretch_gradient(g, before, after):
    """Add up what stood again behind the edges."""
    lead = g.ndim - len(before)
    ends = list(zip(g.shape[lead:], before, after, strict=True))
    out = _Adder((*g.shape[:lead], *(n - a - b for n, a, b in ends)))
    for i in np.ndindex(g.shape):
        pairs = zip(i[lead:], ends, strict=True)
        at = (min(max(k - a, 0), n - a - b - 1) for k, (n, a, b) in pairs)
        out.add((*i[:lead], *at), g[i])
    return out.done()


IRREGULAR = {
    "stretch_gradient": stretch_gradient,
    "mirror_gradient": mirror_gradient,
    "slide_gradient": slide_gradient,
    "strided_gradient": strided_gradient,
    "grouped_product": grouped_product,
    "nearest_gradient": nearest_gradient,
    "resample": resample,
    "resample_gradient": resample_gradient,
    "sort_places": sort_places,
    "bernoulli": bernoulli,
    "permutation": permutation,
    "iota": iota,
    "index_put": index_put,
    "scatter_rows": scatter_rows,
    "put": put,
    "route_to_max": route_to_max,
    "max_pool_gradient": max_pool_gradient,
    "cumsum": cumsum,
    "argmax": argmax,
    "argmin": argmin,
    "top_k": top_k,
    "uniform": uniform,
}
