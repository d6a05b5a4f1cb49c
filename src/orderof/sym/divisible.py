"""A formula with rounded quotients, for sizes that leave no rest."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction

from orderof.sym.expr import Atom, Call, Expr, Fn, Mono, call, const, symbol
from orderof.sym.functions import Size

_DIVISIONS = (Fn.CEILDIV, Fn.FLOORDIV, Fn.MOD)


def divisible(e: Expr) -> tuple[Expr, dict[str, int]]:
    """Give e for sizes that are multiples of certain numbers, and these; e itself without any.

    The numbers are the least common multiples of what the letter is divided by. Where the
    coefficients do not stay integers, the quotients stay written.

    >>> from orderof.sym.text import parse
    >>> divisible(parse("8*ceildiv(H, 2) + ceildiv(H, 4)*4"))
    (Expr(5*H), {'H': 4})
    >>> divisible(parse("ceildiv(H, 2) + 1"))
    (Expr(floordiv(H, 2) + 1), {'H': 2})
    """
    multiples = {name: n for name, n in _divisors(e).items() if n > 1}
    quotients: dict[str, Size] = {
        name: n * call(Fn.FLOORDIV, symbol(name), const(n)) for name, n in multiples.items()
    }
    exact = e.subs(quotients)
    kept = {a for a in exact.atoms() if isinstance(a, Call)}
    own = {_atom(name, n): (name, n) for name, n in multiples.items()}
    if kept - own.keys():
        return e, {}
    return _whole(exact, own) or exact, multiples


def _atom(name: str, n: int) -> Atom:
    return Call(Fn.FLOORDIV, (symbol(name), const(n)))


def _divisors(e: Expr) -> defaultdict[str, int]:
    """Give for every letter the least common multiple of the numbers that it is divided by."""
    found: defaultdict[str, int] = defaultdict(lambda: 1)
    for atom in e.atoms():
        if isinstance(atom, Call):
            n = atom.args[-1].value if atom.fn in _DIVISIONS else None
            for inner in atom.args:
                for name in inner.symbols():
                    found[name] = math.lcm(found[name], n or 1)
                for name, k in _divisors(inner).items():
                    found[name] = math.lcm(found[name], k * (n or 1))
    return found


def _whole(e: Expr, own: dict[Atom, tuple[str, int]]) -> Expr | None:
    """Write quotients as letters again, if all coefficients are integers then."""
    found: defaultdict[Mono, Fraction] = defaultdict(Fraction)
    for mono, c in e.terms():
        powers: defaultdict[Atom, int] = defaultdict(int)
        factor = Fraction(c)
        for atom, k in mono:
            name, n = own.get(atom, (atom, 1))
            powers[name] += k
            factor /= Fraction(n) ** k
        found[tuple(sorted((a, k) for a, k in powers.items() if k))] += factor
    if any(c.denominator > 1 for c in found.values()):
        return None
    return Expr({mono: c.numerator for mono, c in found.items() if c})
