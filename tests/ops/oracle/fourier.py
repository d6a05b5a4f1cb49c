"""Fourier transforms, number by number: the algorithm is run, and its operations are counted.

Every complex number carries the longest chain of real operations behind it; roots of one that are
1, -1, i or -i are found by their fraction of a turn, and cost nothing.
"""

import cmath
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass
class Number:
    value: complex
    depth: int = 0


class Transform:
    """Arithmetic with complex numbers that writes down the real operations."""

    def __init__(self):
        self.ops = Counter()

    def turned(self, x, turn, by=1.0):
        """Multiply by the root of one at a fraction of a turn, and by a constant, at once."""
        root = by * cmath.exp(-2j * cmath.pi * float(turn))
        if by == 1 and (4 * turn).denominator == 1:
            return Number(x.value * root, x.depth)
        self.ops.update(mul=4, add=2)
        return Number(x.value * root, x.depth + 2)

    def add(self, x, y, sign=1):
        self.ops["add"] += 2
        return Number(x.value + sign * y.value, 1 + max(x.depth, y.depth))

    def total(self, parts):
        while len(parts) > 1:
            pairs = [self.add(x, y) for x, y in zip(parts[::2], parts[1::2], strict=False)]
            parts = pairs + parts[2 * len(pairs) :]
        return parts[0]

    def scaled(self, x, by, parts=2):
        """Multiply the parts of a number by a real one."""
        self.ops["mul"] += parts
        return Number(x.value * by, x.depth + 1)

    def conjugate(self, x):
        """Turn a sign around, where nothing follows that could."""
        self.ops["neg"] += 1
        return Number(x.value.conjugate(), x.depth + 1)

    def complex(self, x, sign=1):
        """Transform by the least prime factor p of n: every p-th number, then p of these."""
        n = len(x)
        if n == 1:
            return x
        p = next(q for q in range(2, n + 1) if n % q == 0)
        m = n // p
        rows = [self.complex(x[j::p], sign) for j in range(p)]
        out = [None] * n
        for k in range(m):
            column = [self.turned(rows[j][k], sign * Fraction(j * k, n)) for j in range(p)]
            for q in range(p):
                parts = [self.turned(c, sign * Fraction(j * q, p)) for j, c in enumerate(column)]
                out[k + q * m] = self.total(parts)
        return out

    def real(self, x):
        """Transform real numbers to the places 0 .. n//2."""
        n = len(x)
        m = n // 2
        if n % 2:
            return self.complex(x)[: m + 1]
        packed = zip(x[::2], x[1::2], strict=True)
        z = self.complex([Number(a.value + 1j * b.value, max(a.depth, b.depth)) for a, b in packed])
        out = [None] * (m + 1)
        self.ops["add"] += 2
        first = z[0].value
        out[0] = Number(complex(first.real + first.imag), z[0].depth + 1)
        out[m] = Number(complex(first.real - first.imag), z[0].depth + 1)
        for k in range(1, m // 2 + 1):
            if 2 * k == m:
                out[k] = self.conjugate(z[k])
                continue
            mirror = Number(z[m - k].value.conjugate(), z[m - k].depth)
            even = self.scaled(self.add(z[k], mirror), 0.5)
            odd = self.add(z[k], mirror, -1)
            odd = self.turned(odd, Fraction(k, n) + Fraction(1, 4), 0.5)
            out[k] = self.add(even, odd)
            out[m - k] = self.add(even, odd, -1)
            out[m - k].value = out[m - k].value.conjugate()
        return out

    def to_real(self, x, n):
        """Transform the places 0 .. n//2 back to n real numbers."""
        m = n // 2
        if n % 2:
            whole = [*x, *(self.conjugate(x[n - k]) for k in range(m + 1, n))]
            whole[0] = Number(complex(x[0].value.real), x[0].depth)
            return [Number(y.value.real, y.depth) for y in self.complex(whole, -1)]
        z = [None] * m
        first, last, start = x[0].value.real, x[m].value.real, max(x[0].depth, x[m].depth)
        self.ops["add"] += 2
        z[0] = Number(complex(first + last, first - last), start + 1)
        for k in range(1, m // 2 + 1):
            if 2 * k == m:
                z[k] = self.scaled(x[k], 2)
                z[k].value = z[k].value.conjugate()
                continue
            mirror = Number(x[m - k].value.conjugate(), x[m - k].depth)
            even, odd = self.add(x[k], mirror), self.add(x[k], mirror, -1)
            odd = self.turned(odd, -Fraction(k, n))
            z[k] = self.add(even, Number(1j * odd.value, odd.depth))
            z[m - k] = self.add(even, Number(1j * odd.value, odd.depth), -1)
            z[m - k].value = z[m - k].value.conjugate()
        z = self.complex(z, -1)
        return [Number(part, y.depth) for y in z for part in (y.value.real, y.value.imag)]

    def along(self, x, axis, run):
        """Run a transform along an axis of an array of numbers."""
        x = np.moveaxis(x, axis, -1)
        rows = [run(list(x[i])) for i in np.ndindex(x.shape[:-1])]
        out = np.empty((*x.shape[:-1], len(rows[0])), object)
        for i, row in zip(np.ndindex(x.shape[:-1]), rows, strict=True):
            out[i] = row
        return np.moveaxis(out, -1, axis)


def _numbers(x):
    return np.vectorize(Number, otypes=[object])(x)


def _factor(norm, lengths):
    n = float(np.prod(lengths))
    return {0: 1.0, 1: n**-0.5, 2: 1 / n}[norm]


def _divided(t, x, by, parts):
    if by == 1:
        return x
    return np.vectorize(lambda v: t.scaled(v, by, parts), otypes=[object])(x)


def _done(t, x):
    values = np.vectorize(lambda v: v.value, otypes=[complex])(x)
    return values, dict(t.ops), max(v.depth for v in x.ravel())


def _pairs(found):
    values, ops, depth = found
    return np.stack([values.real, values.imag], -1), ops, depth


def fourier(x, axes, back=False, norm=0):
    """Transform pairs along each axis in turn."""
    t, sign = Transform(), -1 if back else 1
    x = _numbers(x[..., 0] + 1j * x[..., 1])
    by = _factor(norm, [x.shape[a] for a in axes])
    for axis in axes:
        x = t.along(x, axis, lambda row: t.complex(row, sign))
    return _pairs(_done(t, _divided(t, x, by, 2)))


def fourier_real(x, axes, half=True, norm=0):
    """Transform real numbers along the last axis, pairs along the others; mirror what is left."""
    t, n = Transform(), x.shape[axes[-1]]
    by = _factor(norm, [x.shape[a] for a in axes])
    y = t.along(_divided(t, _numbers(x), by, 1), axes[-1], t.real)
    for axis in axes[:-1]:
        y = t.along(y, axis, t.complex)
    if not half:
        whole = np.empty((*y.shape[: axes[-1]], n, *y.shape[axes[-1] + 1 :]), object)
        for i in np.ndindex(whole.shape):
            if i[axes[-1]] < n // 2 + 1:
                whole[i] = y[i]
                continue
            at = tuple(-k % whole.shape[a] if a in axes else k for a, k in enumerate(i))
            whole[i] = t.conjugate(y[at])
        y = whole
    return _pairs(_done(t, y))


def fourier_to_real(x, axes, n, norm=0):
    """Transform pairs back along all axes but the last, then to real numbers."""
    t = Transform()
    y = _numbers(x[..., 0] + 1j * x[..., 1])
    by = _factor(norm, [*(y.shape[a] for a in axes[:-1]), n])
    for axis in axes[:-1]:
        y = t.along(y, axis, lambda row: t.complex(row, -1))
    y = t.along(y, axes[-1], lambda row: t.to_real(row, n))
    values, ops, depth = _done(t, _divided(t, y, by, 1))
    return values.real, ops, depth


FOURIER = {"fourier": fourier, "fourier_real": fourier_real, "fourier_to_real": fourier_to_real}
