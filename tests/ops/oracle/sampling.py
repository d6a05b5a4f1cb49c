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
        p, by = self.scaled(c, n, align)
        p, flips, out = self.within(p, n, padding, align)
        return p, by, flips, out

    def scaled(self, c, n, align):
        """Give a coordinate in pixels, also outside of the image, and how many pixels a 1 is."""
        shifted = self("add", c + 1)
        by = (n - 1) / 2 if align else n / 2
        p = self("mul", shifted * by)
        return p if align else self("add", p - 0.5), by

    def within(self, p, n, padding, align):
        """Give the pixel that is read for one outside; whether it was mirrored, and where."""
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
        return p, flips, out

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

    def weights(self, t):
        """Give the weights of the taps at -1, 0, 1 and 2: Keys 1981 with -3/4."""
        x = [self("add", t + 1), t, self("add", 1 - t), self("add", 2 - t)]

        def far(x):
            return self._horner(x, -0.75, 3.75, -6.0, 3.0)

        def near(x):
            square = self("mul", self("mul", self._horner(x, 1.25, -2.25) * x) * x)
            return self("add", square + 1)

        return [far(x[0]), near(x[1]), near(x[2]), far(x[3])]

    def slopes(self, t):
        """Give what a weight loses for one more t: the derivative by the distance, signed."""
        x = [self("add", -1 - t), self("add", 0 - t), 1 - t, 2 - t]
        return [
            self._horner(x[0], 2.25, 7.5, 6.0),
            self("mul", self._horner(x[1], -3.75, -2 * 2.25) * x[1]),
            self("mul", self._horner(x[2], 3.75, -2 * 2.25) * x[2]),
            self._horner(x[3], -2.25, 7.5, -6.0),
        ]

    def _horner(self, x, found, *rest):
        for c in rest:
            found = self("add", self("mul", found * x) + c)
        return found

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


def _cubic(tally, coordinates, sizes, padding, align):
    """Give the weights, slopes, scales and places (None outside) of four taps along x and y."""
    weights, after, scales, places = [], [], [], []
    for c, n in zip(coordinates, sizes, strict=True):
        p, by = tally.scaled(c, n, align)
        first = tally("round", math.floor(p))
        after.append(tally("add", p - first))
        weights.append(tally.weights(after[-1]))
        scales.append(by)
        taps = [round(tally.within(first + k, n, padding, align)[0]) for k in (-1, 0, 1, 2)]
        if padding == "zeros":
            tally.ops.update(cmp=8, logic=4)
            taps = [i if 0 <= i < n else None for i in taps]
        places.append(taps)
    tally.ops["logic"] += 16 if padding == "zeros" else 0
    pairs = {(j, i): (places[0][j], places[1][i]) for j in range(4) for i in range(4)}
    return weights, after, scales, {at: None if None in p else p for at, p in pairs.items()}


def _cubic_sample(tally, x, coordinates, sizes, padding, align):
    """Interpolate along x four times, then along y, for every channel."""
    (wy, wx), _, _, places = _cubic(tally, coordinates, sizes, padding, align)
    for c in range(len(x)):
        rows = []
        for j in range(4):
            read = [x[(c, *places[j, i])] if places[j, i] else 0 for i in range(4)]
            rows.append(tally.total([tally("mul", w * v) for w, v in zip(wx, read, strict=True)]))
        yield tally.total([tally("mul", w * v) for w, v in zip(wy, rows, strict=True)])


def _cubic_gradient(tally, g, x, dx, coordinates, sizes, padding, align, want):
    """Add g up at the taps, and take from two sums, over taps and channels, what a weight loses."""
    (wy, wx), after, scales, places = _cubic(tally, coordinates, sizes, padding, align)
    sums = [0.0, 0.0]
    sy, sx = [tally.slopes(t) for t in after] if want[1] else (None, None)
    for c, (j, i) in itertools.product(range(len(x)), places):
        p = places[j, i]
        if want[0]:
            part = tally("mul", tally("mul", g[c] * wx[i]) * wy[j])
            tally.ops["add"] += 1
            if p:
                dx[(c, *p)] += part
        if want[1]:
            moved = tally("mul", (x[(c, *p)] if p else 0) * g[c])
            for k, (slope, weight) in enumerate(((sy[j], wx[i]), (sx[i], wy[j]))):
                by = tally("mul", tally("mul", moved * slope) * weight)
                sums[k] = tally("add", sums[k] - by)
    return [tally("mul", s * by) for s, by in zip(sums, scales, strict=True)] if want[1] else None


def sample(x, grid, mode="linear", padding="zeros", align=False):
    """Read every place of the grid."""
    tally, out = Tally(), np.zeros((*x.shape[:2], *grid.shape[1:-1]))
    for b, place, coordinates, sizes in _points(x, grid):
        if mode == "cubic":
            out[(b, slice(None), *place)] = list(
                _cubic_sample(tally, x[b], coordinates, sizes, padding, align)
            )
            continue
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
        if mode == "cubic":
            given = g[(b, slice(None), *place)], x[b], dx[b], coordinates, sizes, padding, align
            slope = _cubic_gradient(tally, *given, want)
            dgrid[(b, *place)] = slope[::-1] if want[1] else 0
            continue
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
