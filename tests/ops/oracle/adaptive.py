"""Adaptive pooling, part by part."""

import itertools
from collections import Counter

import numpy as np


def _parts(n, parts):
    """Give the places of each part of a dimension."""
    return [range(i * n // parts, -(-(i + 1) * n // parts)) for i in range(parts)]


def _boxes(places, size):
    """Give each result's position with the places that it looks at."""
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


def adaptive_max(x, size):
    """Compare the places of each part one after the other."""
    out, steps, longest = np.zeros((*x.shape[:2], *size)), 0, 0
    for lead in np.ndindex(x.shape[:2]):
        for i, box in _boxes(x.shape[2:], size):
            out[(*lead, *i)] = max(x[(*lead, *at)] for at in box)
            steps += len(box) - 1
            longest = max(longest, len(box))
    return out, {"max": steps}, (longest - 1).bit_length()


def adaptive_max_gradient(x, g):
    """Add each gradient at the first largest of its part."""
    out, met = np.zeros(x.shape), Counter()
    for lead in np.ndindex(x.shape[:2]):
        for i, box in _boxes(x.shape[2:], g.shape[2:]):
            best = max(((*lead, *at) for at in box), key=lambda at: x[at])
            out[best] += g[(*lead, *i)]
            met[best] += 1
    return out, {"add": g.size}, max(met.values()).bit_length()


ADAPTIVE = {
    "adaptive_max": adaptive_max,
    "adaptive_max_gradient": adaptive_max_gradient,
    "adaptive_mean": adaptive_mean,
    "adaptive_mean_gradient": adaptive_mean_gradient,
}
