"""Bags of rows, index by index; every operation is counted where it is done."""

from collections import Counter

import numpy as np


def _members(at, starts):
    """List the places of the indices of each bag."""
    ends = [*starts[1:].tolist(), len(at)]
    return [range(a, b) for a, b in zip(starts.tolist(), ends, strict=True)]


def bag(table, at, starts, *weights, mode="sum"):
    """Join the rows of each bag, one after the other."""
    out, places, ops = np.zeros((len(starts), table.shape[1])), [], Counter()
    for i, members in enumerate(_members(at, starts)):
        for j in range(table.shape[1]):
            best, total = None, None
            for t in members:
                value = table[at[t], j]
                if weights:
                    value = value * weights[0][t]
                    ops += Counter(mul=1, mac=1)
                if mode == "max":
                    ops["cmp"] += best is not None
                    if best is None or value > table[best, j]:
                        best = int(at[t])
                    continue
                ops["add"] += total is not None
                total = value if total is None else total + value
            if mode == "mean":
                ops["div"] += 1
                total = total / len(members)
            out[i, j] = table[best, j] if mode == "max" else total
            places.append(best)
    longest = max(map(len, _members(at, starts)))
    chain = (longest - 1).bit_length() + bool(weights) + (mode == "mean")
    if mode != "max":
        return out, ops, chain
    return [out, np.array(places, np.int64).reshape(out.shape)], ops, chain


def bag_gradient(g, at, starts, *weights, rows, mode="sum"):
    """Add the gradient of its bag to every row, scaled where the bag is a mean or has weights."""
    out, ops, met = np.zeros((rows, g.shape[1])), Counter(), Counter()
    for i, members in enumerate(_members(at, starts)):
        for t in members:
            scale = weights[0][t] if weights else None
            if mode == "mean":
                scale = 1 / len(members)
                ops["div"] += 1
            met[int(at[t])] += 1
            for j in range(g.shape[1]):
                ops["mul"] += scale is not None
                ops["add"] += 1
                out[at[t], j] += g[i, j] if scale is None else scale * g[i, j]
    chain = max(met.values()).bit_length() + bool(weights) + 2 * (mode == "mean")
    return out, ops, chain


def bag_weights_gradient(g, table, at, starts):
    """Multiply the gradient of its bag with every row, and add up."""
    out, ops = np.zeros(len(at)), Counter()
    for i, members in enumerate(_members(at, starts)):
        for t in members:
            for j in range(g.shape[1]):
                part = g[i, j] * table[at[t], j]
                ops += Counter(mul=1, mac=1, add=int(j > 0))
                out[t] += part
    return out, ops, 1 + (g.shape[1] - 1).bit_length()


BAGS = {
    "bag": bag,
    "bag_gradient": bag_gradient,
    "bag_weights_gradient": bag_weights_gradient,
}
