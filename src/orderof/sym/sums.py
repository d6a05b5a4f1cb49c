"""Sums over a letter: what the steps of a loop cost together, where each costs something else.

    i**k          a polynomial in n of degree k + 1            (Faulhaber)
    ceillog2(i)   n*ceillog2(n) - ceilpow2(n) + 1              (Knuth, TAOCP 5.3.1, formula 3)

for i from 1 to n, each times what the letter does not stand in. A sum that is divided is written
with floordiv, which then leaves no rest.

>>> from orderof.sym import parse, symbol
>>> total(parse("2*i - 1"), "i", symbol("n"))
Expr(n**2)
>>> total(parse("i*d"), "i", symbol("n"))
Expr(floordiv(d*n**2 + d*n, 2))
"""

from __future__ import annotations

import functools
import itertools
import math
from fractions import Fraction

from orderof.errors import NoFormula
from orderof.sym.expr import ONE, Call, Expr, Fn, Mono, symbol
from orderof.sym.functions import ceillog2, ceilpow2, floordiv

Powers = tuple[Fraction, ...]


def total(e: Expr, letter: str, last: Expr) -> Expr:
    """Add up a formula over letter = 1 .. last; raises `NoFormula` where there is none."""
    if letter not in e.symbols():
        return e * last
    parts = [(c, *_parted(mono, letter)) for mono, c in e.terms()]
    over = math.lcm(*(x.denominator for _, k, _, _ in parts for x in power_sum(k)))
    whole = Expr.sum(
        c * rest * (_depths(last) * over if tree else _power_sum(k, last, over))
        for c, k, tree, rest in parts
    )
    shared = math.gcd(over, *(c for _, c in whole.terms()))
    whole, over = whole / shared, over // shared
    return floordiv(whole, over) if over > 1 else whole


def settled(e: Expr) -> Expr:
    """Write c * floordiv(x, n) as c/n * x where n divides c, and x at all sizes: sums of sums.

    >>> from orderof.sym import parse
    >>> settled(parse("2*floordiv(n**2 + n, 2) - n"))
    Expr(n**2)
    """
    return Expr.sum(_settled(mono, c) for mono, c in e.terms())


def _settled(mono: Mono, c: int) -> Expr:
    match mono:
        case ((Call(fn=Fn.FLOORDIV, args=(x, by)), 1),) if by.value and not c % by.value:
            if _divides(by.value, x):
                return x * (c // by.value)
        case _:
            pass
    return Expr({mono: c})


_RESIDUES = 1 << 12
"""No more of them are tried."""


def _divides(n: int, x: Expr) -> bool:
    """Whether n divides a polynomial at all sizes: what it leaves depends on what they leave."""
    names = sorted(x.symbols())
    if any(not isinstance(a, str) or k < 0 for m, _ in x.terms() for a, k in m):
        return False
    if n ** len(names) > _RESIDUES:
        return False
    sizes = itertools.product(range(1, n + 1), repeat=len(names))
    return all(x.at(dict(zip(names, at, strict=True))) % n == 0 for at in sizes)


def _parted(mono: Mono, letter: str) -> tuple[int, bool, Expr]:
    """Split into the power of the letter, whether its logarithm is a factor, and the rest."""
    own, tree, rest = 0, False, ONE
    for atom, n in mono:
        if atom == letter:
            own = n
        elif isinstance(atom, Call) and letter in Expr({((atom, 1),): 1}).symbols():
            tree = atom == Call(Fn.CEILLOG2, (symbol(letter),)) and n == 1
            if not tree:
                raise NoFormula(str(atom), f"has no closed sum over {letter}", _HINT)
        else:
            rest = rest * Expr({((atom, n),): 1})
    if own < 0 or (tree and own):
        what = Expr({mono: 1})
        raise NoFormula(str(what), f"has no closed sum over {letter}", _HINT)
    return own, tree, rest


_HINT = "give the number of steps as a number, and write the steps out"


def _depths(n: Expr) -> Expr:
    return n * ceillog2(n) - ceilpow2(n) + 1


def _power_sum(k: int, n: Expr, over: int) -> Expr:
    return Expr.sum(int(c * over) * n**i for i, c in enumerate(power_sum(k)))


@functools.lru_cache(maxsize=64)
def power_sum(k: int) -> Powers:
    """Give the coefficients of 1**k + 2**k + ... + n**k as a polynomial in n.

    From the telescope (n + 1)**(k+1) - 1 = sum over j <= k of binomial(k+1, j) * S_j(n).

    >>> power_sum(1)
    (Fraction(0, 1), Fraction(1, 2), Fraction(1, 2))
    """
    found = [Fraction(math.comb(k + 1, i)) for i in range(k + 2)]
    found[0] -= 1
    for j in range(k):
        for i, c in enumerate(power_sum(j)):
            found[i] -= math.comb(k + 1, j) * c
    return tuple(c / (k + 1) for c in found)
