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


def _parts(n, parts):
    """Give the places of each part of a dimension."""
    return [range(i * n // parts, -(-(i + 1) * n // parts)) for i in range(parts)]


def _boxes(places, size):
    """Give each result's position with the places that it averages."""
    cuts = [_parts(n, parts) for n, parts in zip(places, size, strict=True)]
    for i in np.ndindex(*size):
        yield i, list(itertools.product(*(cut[j] for cut, j in zip(cuts, i, strict=True))))


def adaptive_mean(x, size):
    """Add up the places of each part one after the other, then divide."""
    out, ops, longest = np.zeros((*x.shape[:2], *size)), Counter(add=0, div=0), 0
    for lead in np.ndindex(x.shape[:2]):
        for i, box in _boxes(x.shape[2:], size):
            total = x[(*lead, *box[0])]
            for at in box[1:]:
                total += x[(*lead, *at)]
                ops["add"] += 1
            out[(*lead, *i)] = total / len(box)
            ops["div"] += 1
            longest = max(longest, len(box))
    return out, ops, 1 + (longest - 1).bit_length()


def adaptive_mean_gradient(g, shape):
    """Give each place its share of the parts it is in; the first share is no addition."""
    out, ops, met = np.zeros(shape), Counter(add=0, div=0), Counter()
    for lead in np.ndindex(shape[:2]):
        for i, box in _boxes(shape[2:], g.shape[2:]):
            share = g[(*lead, *i)] / len(box)
            ops["div"] += 1
            for at in box:
                place = (*lead, *at)
                out[place] = out[place] + share if met[place] else share
                ops["add"] += met[place] > 0
                met[place] += 1
    return out, ops, 1 + (max(met.values()) - 1).bit_length()


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


def top_k(x, k):
    """Select by Hadian and Sobel's knockout; the one that was found last stands first."""
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


IRREGULAR = {
    "adaptive_mean": adaptive_mean,
    "adaptive_mean_gradient": adaptive_mean_gradient,
    "bernoulli": bernoulli,
    "iota": iota,
    "index_put": index_put,
    "scatter_rows": scatter_rows,
    "put": put,
    "route_to_max": route_to_max,
    "max_pool_gradient": max_pool_gradient,
    "cumsum": cumsum,
    "argmax": argmax,
    "top_k": top_k,
    "uniform": uniform,
}
