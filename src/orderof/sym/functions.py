"""The seven functions of sizes, folded to one canonical form each, and comparison.

Laws used (n and m positive integers, c an integer, x and y Exprs, every symbol >= 1):

    floordiv(x + n*y, n)  = y + floordiv(x, n)
    ceildiv(x, n)         = floordiv(x + n-1, n)        written so where x has no constant part,
    ceildiv(x + c, n)     = 1 + floordiv(x + c-1, n)    and so for 0 < c < n
    floordiv(m*x + c, m*n)          = floordiv(x + floordiv(c, m), n)
    floordiv(floordiv(x, m) + y, n) = floordiv(x + m*y, m*n)            (Knuth, TAOCP 1.2.4)
    mod(x + n*y, n)       = mod(x, n)

so that `floordiv(H - 1, 2) + 1` and `ceildiv(H, 2)` are one and the same Expr. The law before the
last is used where no other division by an integer stands in y. Under `min` and `max` an argument
is dropped when the bounds of its difference to another one show that it never counts, and a call
whose bounds leave one value is that integer.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, assert_never

from orderof.errors import Inconclusive, Indivisible
from orderof.sym.expr import ONE, ZERO, Atom, Call, Expr, Fn, Mono, call, const, expr

if TYPE_CHECKING:
    from collections.abc import Callable

Size = Expr | int


def compute(fn: Fn, *args: int) -> int:
    """Apply a function to integers; raises `Indivisible` for a division by zero."""
    if fn in _DIVISIONS and args[1] == 0:
        raise Indivisible(f"{fn}({args[0]}, 0)", "divides by zero")
    match fn:
        case Fn.CEILDIV:
            return -(-args[0] // args[1])
        case Fn.FLOORDIV:
            return args[0] // args[1]
        case Fn.MOD:
            return args[0] % args[1]
        case Fn.MIN:
            return min(args)
        case Fn.MAX:
            return max(args)
        case Fn.CEILLOG2:
            return max(args[0] - 1, 0).bit_length()
        case Fn.CEILPOW2:
            return 1 << max(args[0] - 1, 0).bit_length()
        case _:
            assert_never(fn)


def apply(fn: Fn, *args: Size) -> Expr:
    """Apply a function to Exprs, folding by the laws above."""
    values = [expr(a) for a in args]
    numbers = [v.value for v in values if v.value is not None]
    if len(numbers) == len(values):
        return const(compute(fn, *numbers))
    if fn in _DIVISIONS and values[1] == 0:
        raise Indivisible(str(values[0]), "is divided by zero")
    return _FOLD[fn](*values)


def ceildiv(a: Size, b: Size) -> Expr:
    """Divide and round up."""
    return apply(Fn.CEILDIV, a, b)


def floordiv(a: Size, b: Size) -> Expr:
    """Divide and round down."""
    return apply(Fn.FLOORDIV, a, b)


def mod(a: Size, b: Size) -> Expr:
    """Give the rest of the division that rounds down."""
    return apply(Fn.MOD, a, b)


def minimum(*args: Size) -> Expr:
    """Give the least of some sizes."""
    return apply(Fn.MIN, *args)


def maximum(*args: Size) -> Expr:
    """Give the greatest of some sizes."""
    return apply(Fn.MAX, *args)


def ceillog2(a: Size) -> Expr:
    """Give the depth of a balanced binary tree with `a` leaves: log2 rounded up, 0 for 0 and 1."""
    return apply(Fn.CEILLOG2, a)


def ceilpow2(a: Size) -> Expr:
    """Give the least power of two that is `a` or more: 1 for 0 and 1."""
    return apply(Fn.CEILPOW2, a)


def _call(fn: Fn, *args: Expr) -> Expr:
    out = call(fn, *args)
    low, high = bounds(out)
    return const(low) if low is not None and low == high else out


def _split(a: Expr, n: int) -> tuple[Expr, Expr]:
    """Write a = n*q + r with every coefficient of r in 0 .. n-1."""
    return (
        Expr({m: c // n for m, c in a.terms() if c // n}),
        Expr({m: c % n for m, c in a.terms() if c % n}),
    )


def _calls(a: Expr, *fns: Fn) -> list[Call]:
    """Find the calls of some functions that are terms of `a`, with no factor."""
    found: list[Call] = []
    for mono, c in a.terms():
        if c == 1 and len(mono) == 1:
            atom, n = mono[0]
            if n == 1 and isinstance(atom, Call) and atom.fn in fns:
                found.append(atom)
    return found


def _exact(a: Expr, b: Expr) -> Expr | None:
    """Give a / b when the polynomial division leaves nothing, without a new assumption."""
    if not a:
        return ZERO
    try:
        q = a / b
    except Indivisible:
        return None
    return q if all(n > 0 for m, _ in q.terms() for _, n in m) else None


def _division(fn: Fn, a: Expr, b: Expr) -> Expr:
    if a == b:
        return ONE
    if (q := _exact(a, b)) is not None:
        return q
    n = b.value
    if n is None:
        return _call(fn, a, b)
    if n < 0:
        a, n = -a, -n
    return _floor(a + (n - 1) if fn is Fn.CEILDIV else a, n)


def _floor(a: Expr, n: int) -> Expr:
    """Give floor(a / n) for n > 0, in the one form that all equal divisions have."""
    q, r = _split(a, n)
    c = sum(v for m, v in r.terms() if not m)
    g = math.gcd(n, *(v for m, v in r.terms() if m))
    x, c, n = (r - c) / g, c // g, n // g
    if not x:
        return q
    inner = [(i, m) for i in _calls(x, Fn.CEILDIV, Fn.FLOORDIV) if (m := i.args[1].value)]
    if len(inner) == 1:
        ((i, m),) = inner
        up = m - 1 if i.fn is Fn.CEILDIV else 0
        return q + _floor(i.args[0] + up + m * (x - call(i.fn, *i.args) + c), m * n)
    if c == n - 1:
        return q + _call(Fn.CEILDIV, x, const(n))
    return q + _call(Fn.FLOORDIV, x + c, const(n))


def _mod(a: Expr, b: Expr) -> Expr:
    if _exact(a, b) is not None:
        return ZERO
    n = b.value
    if n is None or n < 0:
        return _call(Fn.MOD, a, b)
    _, r = _split(a, n)
    return const(r.value) if r.value is not None else _call(Fn.MOD, r, b)


def _extreme(fn: Fn, *args: Expr) -> Expr:
    flat: dict[Expr, None] = {}
    for a in args:
        inner = [i for i in _calls(a, fn) if a == call(fn, *i.args)]
        flat.update(dict.fromkeys(inner[0].args if inner else (a,)))
    kept = [x for x in flat if not any(y is not x and _beats(fn, y, x) for y in flat)]
    return kept[0] if len(kept) == 1 else _call(fn, *sorted(kept, key=str))


def _beats(fn: Fn, x: Expr, y: Expr) -> bool:
    """Whether x makes y superfluous under min or max, as far as bounds tell."""
    low, high = bounds(x - y)
    return (high is not None and high <= 0) if fn is Fn.MIN else (low is not None and low >= 0)


_DIVISIONS = frozenset({Fn.CEILDIV, Fn.FLOORDIV, Fn.MOD})
_FOLD: dict[Fn, Callable[..., Expr]] = {
    Fn.CEILDIV: functools.partial(_division, Fn.CEILDIV),
    Fn.FLOORDIV: functools.partial(_division, Fn.FLOORDIV),
    Fn.MOD: _mod,
    Fn.MIN: functools.partial(_extreme, Fn.MIN),
    Fn.MAX: functools.partial(_extreme, Fn.MAX),
    Fn.CEILLOG2: functools.partial(_call, Fn.CEILLOG2),
    Fn.CEILPOW2: functools.partial(_call, Fn.CEILPOW2),
}


Bounds = tuple[int | None, int | None]


@functools.lru_cache(maxsize=1 << 12)
def bounds(e: Expr) -> Bounds:
    """Give integers (low, high) that hold e for all symbols >= 1; None where there is none known.

    Sound, not complete: terms are bounded one by one.
    """
    low: int | None = 0
    high: int | None = 0
    for mono, c in e.terms():
        lo, hi = _term_bounds(mono, c)
        low = None if low is None or lo is None else low + lo
        high = None if high is None or hi is None else high + hi
    return low, high


def _term_bounds(mono: Mono, c: int) -> Bounds:
    """Bound c * mono; where mono is a quotient, the term is an integer by its assumption."""
    if c < 0:
        low, high = _term_bounds(mono, -c)
        return None if high is None else -high, None if low is None else -low
    if len(mono) == 1 and mono[0][1] == 1:
        low, high = _atom_bounds(mono[0][0])
        return None if low is None else c * low, None if high is None else c * high
    low, high, quotient = c, c, False
    for atom, n in mono:
        lo, hi = _atom_bounds(atom)
        if lo is None or lo < 0:
            return None, None
        if n < 0:
            quotient = True
        else:
            low *= lo**n
            high = None if high is None or hi is None else high * hi**n
    return min(low, 1) if quotient else low, high


def _atom_bounds(atom: Atom) -> Bounds:
    return (1, None) if isinstance(atom, str) else _call_bounds(atom)


def _call_bounds(atom: Call) -> Bounds:
    inner = [bounds(a) for a in atom.args]
    lows = [low for low, _ in inner if low is not None]
    highs = [high for _, high in inner if high is not None]
    match atom.fn:
        case Fn.CEILDIV | Fn.FLOORDIV:
            return _division_bounds(atom.fn, *inner)
        case Fn.MOD:
            return _mod_bounds(*inner)
        case Fn.MIN:
            return min(lows) if len(lows) == len(inner) else None, min(highs, default=None)
        case Fn.MAX:
            return max(lows, default=None), max(highs) if len(highs) == len(inner) else None
        case Fn.CEILLOG2 | Fn.CEILPOW2:
            low, high = (None if x is None else compute(atom.fn, x) for x in inner[0])
            return compute(atom.fn, 1) if low is None else low, high
        case _:
            assert_never(atom.fn)


def _division_bounds(fn: Fn, a: Bounds, b: Bounds) -> Bounds:
    """Bound a rounded quotient by its corners, where the divisor is positive if it is not 0."""
    least, most = b
    if least is None or least < 0:
        return None, None
    least = max(least, 1)

    def corner(x: int | None, by: int | None) -> int | None:
        if x is None or by is not None:
            return None if x is None else compute(fn, x, by or 1)
        return compute(fn, (x > 0) - (x < 0), 2)  # as by a number without end

    low, high = a
    return (
        corner(low, most if low is None or low >= 0 else least),
        corner(high, least if high is None or high >= 0 else most),
    )


def _mod_bounds(a: Bounds, b: Bounds) -> Bounds:
    if b[0] is None or b[0] < 0:
        return None, None
    tops = [] if b[1] is None else [b[1] - 1]
    if a[0] is not None and a[0] >= 0 and a[1] is not None:
        tops.append(a[1])
    return 0, min(tops, default=None)


def at_least(a: Size, b: Size) -> bool:
    """Decide a >= b for all symbols >= 1; raises `Inconclusive` where bounds do not tell."""
    low, high = bounds(expr(a) - b)
    if low is not None and low >= 0:
        return True
    if high is not None and high < 0:
        return False
    hint = "give the sizes as integers, or state the assumption"
    raise Inconclusive(f"{a} >= {b}", "cannot be decided for all sizes", hint)


def assumptions(e: Expr) -> frozenset[str]:
    """Say which divisibilities the quotients in e rest on, as text such as `h | d`."""
    found: set[str] = set()
    for mono, c in e.terms():
        below = Expr({tuple((a, -n) for a, n in mono if n < 0): 1})
        if below != ONE:
            above = Expr({tuple((a, n) for a, n in mono if n > 0): c})
            found.add(f"{below} | {above}")
        for atom, _ in mono:
            if isinstance(atom, Call):
                found.update(*(assumptions(a) for a in atom.args))
    return frozenset(found)
