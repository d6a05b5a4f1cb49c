"""The six functions of sizes, folded to one canonical form each, and comparison.

Laws used (n a positive integer, x and y Exprs, every symbol >= 1):

    floordiv(x + n*y, n)  = y + floordiv(x, n)
    ceildiv(x + c, n)     = 1 + floordiv(x + c - 1, n)          0 < c < n
    floordiv(x + n-1, n)  = ceildiv(x, n)                       x has no constant part
    floordiv(floordiv(x, m), n) = floordiv(x, m*n), and ceildiv likewise   (Knuth, TAOCP 1.2.4)
    mod(x + n*y, n)       = mod(x, n)

so that `floordiv(H - 1, 2) + 1` and `ceildiv(H, 2)` are one and the same Expr.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, assert_never

from orderof.errors import Inconclusive, Indivisible
from orderof.sym.expr import ONE, ZERO, Call, Expr, Fn, call, const, expr

if TYPE_CHECKING:
    from collections.abc import Callable

Size = Expr | int


def compute(fn: Fn, *args: int) -> int:
    """Apply a function to integers."""
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
        case _:
            assert_never(fn)


def apply(fn: Fn, *args: Size) -> Expr:
    """Apply a function to Exprs, folding by the laws above."""
    values = [expr(a) for a in args]
    numbers = [v.value for v in values]
    if all(n is not None for n in numbers) and not (fn in _DIVISIONS and numbers[1] == 0):
        return const(compute(fn, *(n for n in numbers if n is not None)))
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


def _split(a: Expr, n: int) -> tuple[Expr, Expr]:
    """Write a = n*q + r with every coefficient of r in 0 .. n-1."""
    return (
        Expr({m: c // n for m, c in a.terms() if c // n}),
        Expr({m: c % n for m, c in a.terms() if c % n}),
    )


def _single(a: Expr, fn: Fn) -> Call | None:
    """Give the call when `a` is nothing but one call of `fn`."""
    match list(a.terms()):
        case [((((Call() as atom), 1),), 1)] if atom.fn is fn:
            return atom
    return None


def _exact(a: Expr, b: Expr) -> Expr | None:
    """Give a / b when the polynomial division leaves nothing, without a new assumption."""
    try:
        q = a / b
    except Indivisible:
        return None
    return q if all(n > 0 for m, _ in q.terms() for _, n in m) else None


def _division(fn: Fn, a: Expr, b: Expr) -> Expr:
    if b == 0:
        raise Indivisible(str(a), "is divided by zero")
    if a == b:
        return ONE
    if (q := _exact(a, b)) is not None:
        return q
    n = b.value
    if n is None or n < 0:
        return call(fn, a, b)
    q, r = _split(a, n)
    if not r or (c := Expr({m: v for m, v in r.terms() if not m})) == r:
        return q + const(compute(fn, r.value or 0, n))
    return q + _divide_rest(fn, r - c, c.value or 0, n)


def _divide_rest(fn: Fn, x: Expr, c: int, n: int) -> Expr:
    """Divide x + c by n, where x has symbols and no constant part, and 0 <= c < n."""
    if fn is Fn.CEILDIV and c:
        return ONE + _divide_rest(Fn.FLOORDIV, x, c - 1, n)
    if fn is Fn.FLOORDIV and c == n - 1 and n > 1:
        fn, c = Fn.CEILDIV, 0
    if c == 0 and (inner := _single(x, fn)) and (m := inner.args[1].value):
        return _division(fn, inner.args[0], const(m * n))
    return call(fn, x + c, const(n))


def _mod(a: Expr, b: Expr) -> Expr:
    if _exact(a, b) is not None:
        return ZERO
    n = b.value
    if n is None or n <= 0:
        return call(Fn.MOD, a, b)
    _, r = _split(a, n)
    return const(r.value) if r.value is not None else call(Fn.MOD, r, b)


def _extreme(fn: Fn, *args: Expr) -> Expr:
    flat: list[Expr] = []
    for a in args:
        inner = _single(a, fn)
        flat.extend(inner.args if inner else (a,))
    kept: list[Expr] = []
    for x in dict.fromkeys(flat):
        if any(_beats(fn, y, x) for y in kept):
            continue
        kept = [*(y for y in kept if not _beats(fn, x, y)), x]
    if len(kept) == 1:
        return kept[0]
    return call(fn, *sorted(kept, key=str))


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
    Fn.CEILLOG2: functools.partial(call, Fn.CEILLOG2),
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
        lo, hi = _mono_bounds(mono)
        if c < 0:
            lo, hi = hi, lo
        low = None if low is None or lo is None else low + c * lo
        high = None if high is None or hi is None else high + c * hi
    return low, high


def _mono_bounds(mono: tuple[tuple[str | Call, int], ...]) -> Bounds:
    """Bound a product; a quotient of symbols is a positive integer by its assumption."""
    low, high = 1, 1
    top: int | None = high
    for atom, n in mono:
        lo, hi = (1, None) if isinstance(atom, str) else _call_bounds(atom)
        if n < 0:
            lo, hi = 1, None
        if lo is None or lo < 0:
            return None, None
        low *= lo ** abs(n)
        top = None if top is None or hi is None else top * hi ** abs(n)
    return low, top


def _call_bounds(atom: Call) -> Bounds:
    inner = [bounds(a) for a in atom.args]
    lows, highs = [b[0] for b in inner], [b[1] for b in inner]
    known = [x for x in lows if x is not None]
    known_high = [x for x in highs if x is not None]
    match atom.fn:
        case Fn.CEILDIV | Fn.FLOORDIV:
            n = atom.args[1].value
            low = None if lows[0] is None else (compute(atom.fn, lows[0], n) if n else 0)
            high = compute(atom.fn, highs[0], n) if n and highs[0] is not None else None
            return (low if lows[0] is None or lows[0] >= 0 or n else None), high
        case Fn.MOD:
            n = highs[1]
            return 0, None if n is None else n - 1
        case Fn.MIN:
            return (min(known) if len(known) == len(lows) else None), min(known_high, default=None)
        case Fn.MAX:
            full = len(known_high) == len(highs)
            return max(known, default=None), (max(known_high) if full else None)
        case Fn.CEILLOG2:
            return 0, None if highs[0] is None else compute(Fn.CEILLOG2, highs[0])
        case _:
            assert_never(atom.fn)


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
