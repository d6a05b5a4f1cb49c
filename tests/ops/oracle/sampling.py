"""Images read between pixels, number by number; every operation is counted where it is done."""

import itertools
import math
from collections import Counter

import numpy as np


class Tally:
    """Arithmetic that writes down what it does."""

    def __init__(self):
        self.ops = Counter()

    def __call__(self, kind, value):
        self.ops[kind] += 1
        return value

    def pixel(self, c, n, padding, align):
        """Give a coordinate in pixels, and the derivative of that, counted in `slope` only."""
        shifted = self("add", c + 1)
        by = (n - 1) / 2 if align else n / 2
        p = self("mul", shifted * by)
        p = p if align else self("add", p - 0.5)
        flips = (False, False)
        if padding == "reflection":
            span = 2 * (n - 1) if align else 2 * n
            q = p if align else self("add", p + 0.5)
            a = self("abs", abs(q))
            turns = self("round", math.trunc(self("div", a / span)))
            e = self("add", a - self("mul", turns * span))
            mirrored = self("add", span - e)
            flips = (q < 0, e > mirrored)
            p = self("max", min(e, mirrored))
            p = p if align else self("add", p - 0.5)
        out = False
        if padding != "zeros":
            out = p <= 0 or p >= n - 1
            p = self("max", min(self("max", max(p, 0)), n - 1))
        return p, by, flips, out

    def slope(self, g, by, flips, out, padding):
        """Give g times the derivative of a coordinate in pixels."""
        if padding == "reflection":
            self.ops.update(cmp=2, logic=1, select=1)
            by = -by if flips[0] != flips[1] else by
        if padding != "zeros":
            self.ops.update(cmp=2, logic=1, select=1)
            by = 0 if out else by
        return self("mul", g * by)

    def product(self, factors):
        """Multiply some factors, one less than there are."""
        found = factors[0]
        for f in factors[1:]:
            found = self("mul", found * f)
        return found

    def total(self, parts):
        """Add some numbers up, one addition less than there are."""
        found = parts[0]
        for p in parts[1:]:
            found = self("add", found + p)
        return found

    def inside(self, where, sizes):
        """Say whether a tap is inside; its comparisons are joined here, and made before."""
        held = [0 <= i < n for i, n in zip(where, sizes, strict=True)]
        self.ops["logic"] += len(held) - 1
        return all(held)

    def taps(self, at, sizes, padding):
        """List (place, weight, weights by dimension) of all taps, with None outside."""
        floors = [self("round", math.floor(p)) for p in at]
        after = [self("add", p - f) for p, f in zip(at, floors, strict=True)]
        pairs = [(self("add", 1 - t), t) for t in after]
        if padding == "zeros":
            self.ops.update(cmp=4 * len(at), logic=2 * len(at))
        else:
            self.ops.update(cmp=len(at))
        found = []
        for corner in itertools.product((0, 1), repeat=len(at)):
            where = tuple(f + c for f, c in zip(floors, corner, strict=True))
            weight = self.product([w[c] for w, c in zip(pairs, corner, strict=True)])
            found.append((corner, where if self.inside(where, sizes) else None, weight))
        return found, pairs

    def nearest(self, at, sizes, padding):
        """Give the nearest place, with None outside."""
        where = tuple(self("round", round(p)) for p in at)
        if padding == "zeros":
            self.ops["cmp"] += 2 * len(at)
            self.ops["logic"] += 2 * len(at) - 1
        held = all(0 <= i < n for i, n in zip(where, sizes, strict=True))
        return where if held else None


def _points(x, grid):
    """List (batch, place, coordinates in the order of the dimensions)."""
    for i in np.ndindex(grid.shape[:-1]):
        yield i[0], i[1:], grid[i][::-1], x.shape[2:]


def sample(x, grid, mode="linear", padding="zeros", align=False):
    """Read every place of the grid."""
    tally, out = Tally(), np.zeros((*x.shape[:2], *grid.shape[1:-1]))
    for b, place, coordinates, sizes in _points(x, grid):
        pairs = zip(coordinates, sizes, strict=True)
        at = [tally.pixel(c, n, padding, align)[0] for c, n in pairs]
        if mode == "nearest":
            where = tally.nearest(at, sizes, padding)
            for c in range(x.shape[1]):
                out[(b, c, *place)] = x[(b, c, *where)] if where else 0
            continue
        taps, _ = tally.taps(at, sizes, padding)
        for c in range(x.shape[1]):
            parts = [tally("mul", w * (x[(b, c, *p)] if p else 0)) for _, p, w in taps]
            out[(b, c, *place)] = tally.total(parts)
    return out, tally.ops, 4


def sample_gradient(g, x, grid, want, mode="linear", padding="zeros", align=False):
    """Add gradients up at the taps, and sum what a coordinate changes."""
    tally, dx, dgrid = Tally(), np.zeros(x.shape), np.zeros(grid.shape)
    for b, place, coordinates, sizes in _points(x, grid):
        pairs = zip(coordinates, sizes, strict=True)
        pixels = [tally.pixel(c, n, padding, align) for c, n in pairs]
        at = [p for p, *_ in pixels]
        if mode == "nearest":
            where = tally.nearest(at, sizes, padding)
            for c in range(x.shape[1]) if want[0] else ():
                tally.ops["add"] += 1
                if where:
                    dx[(b, c, *where)] += g[(b, c, *place)]
            continue
        taps, weights = tally.taps(at, sizes, padding)
        for c in range(x.shape[1]) if want[0] else ():
            for _, p, w in taps:
                part = tally("mul", w * g[(b, c, *place)])
                tally.ops["add"] += 1
                if p:
                    dx[(b, c, *p)] += part
        for d in range(len(at)) if want[1] else ():
            slope = _slope(tally, d, taps, weights, x[b], g[(b, slice(None), *place)])
            dgrid[(b, *place, len(at) - 1 - d)] = tally.slope(slope, *pixels[d][1:], padding)
    kept = [v for v, w in zip((dx, dgrid), want, strict=True) if w]
    return kept, tally.ops, 4


def _slope(tally, d, taps, weights, x, g):
    """Give the sum over channels of what one more pixel along dimension d adds."""
    place = {corner: p for corner, p, _ in taps}
    lower = [corner for corner in place if corner[d] == 0]
    others = [
        tally.product([w[i] for k, (w, i) in enumerate(zip(weights, low, strict=True)) if k != d])
        for low in lower
    ]
    parts = []
    for c in range(len(x)):
        read = {corner: x[(c, *p)] if p else 0 for corner, p in place.items()}
        moved = [
            tally("mul", tally("add", read[(*low[:d], 1, *low[d + 1 :])] - read[low]) * w)
            for low, w in zip(lower, others, strict=True)
        ]
        parts.append(tally("mul", tally.total(moved) * g[c]))
    return tally.total(parts)


SAMPLING = {"sample": sample, "sample_gradient": sample_gradient}
