"""Boxes that overlap, and what lies inside of boxes, number by number."""

import math
from collections import Counter

import numpy as np


def suppress(boxes, scores, groups, most, threshold):
    """Go through the boxes of each group by score; every pair of a group is compared.

    The order is a merge sort's, and costs what its worst case does.
    """
    n, ops = len(boxes), Counter()
    order = sorted(range(n), key=lambda i: -scores[i])
    ops["cmp"] += n * (n - 1).bit_length()
    area = [(b[2] - b[0]) * (b[3] - b[1]) for b in boxes]
    ops.update(add=2 * n, mul=n)
    kept = dict.fromkeys(order, True)
    for a, i in enumerate(order):
        for j in order[a + 1 :]:
            if groups[i] != groups[j]:
                continue
            low = [max(boxes[i][k], boxes[j][k]) for k in (0, 1)]
            high = [min(boxes[i][k], boxes[j][k]) for k in (2, 3)]
            sides = [max(h - m, 0.0) for h, m in zip(high, low, strict=True)]
            inside = sides[0] * sides[1]
            share = inside / (area[i] + area[j] - inside)
            ops.update(max=6, add=4, mul=1, div=1, cmp=1)
            if kept[i] and share > threshold:
                kept[j] = False
    assert all(kept.values()), "a case has boxes that stay, all of them"
    return np.array(order), {(k, "float32"): v for k, v in ops.items() if v}, 1


def _line(ops, start, size, n, ratio):
    """Give where the places of a row of bins lie."""
    found = []
    for i in range(n):
        for k in range(ratio):
            found.append(start + i * size + (k + 0.5) * size / ratio)
            ops.update(mul=2, div=1, add=3)
    return found


def _weights(ops, y, x, sizes):
    """Give four taps and their weights; nothing outside."""
    ops.update(cmp=4 + 2, logic=3, max=2, round=2, add=4, mul=4)
    if not (-1 <= y <= sizes[0] and -1 <= x <= sizes[1]):
        return []
    ends = []
    for at, n in zip((y, x), sizes, strict=True):
        c = max(at, 0.0)
        low = min(math.floor(c), n - 1)
        high = min(low + 1, n - 1)
        t = c - low if low < n - 1 else 0.0
        ends.append(((low, 1 - t), (high, t)))
    return [((a, b), v * w) for a, v in ends[0] for b, w in ends[1]]


def read_regions(x, boxes, size, ratio, aligned=False):
    """Average the places of every bin."""
    ops, out = Counter(), np.zeros((len(boxes), x.shape[1], *size))
    for k, (image, *corners) in enumerate(boxes):
        left, top, right, bottom = (c - 0.5 * aligned for c in corners)
        sides = [bottom - top, right - left]
        ops.update(mul=4, add=2 + 4 * aligned, div=2, max=0 if aligned else 2)
        sides = sides if aligned else [max(s, 1.0) for s in sides]
        bins = [s / n for s, n in zip(sides, size, strict=True)]
        rows = _line(ops, top, bins[0], size[0], ratio)
        for i, j in np.ndindex(*size):
            taps = []
            for y in rows[i * ratio : (i + 1) * ratio]:
                for at in _line(ops, left + j * bins[1], bins[1], 1, ratio):
                    taps += _weights(ops, y, at, x.shape[2:])
            for c in range(x.shape[1]):
                total = sum(w * x[(int(image), c, *p)] for p, w in taps)
                out[k, c, i, j] = total / (ratio * ratio)
                ops.update(mul=4 * ratio**2, add=4 * ratio**2 - 1, div=1)
    return out, {k: v for k, v in ops.items() if v}, 4


REGIONS = {"suppress": suppress, "read_regions": read_regions}
