"""To SymPy and back, for what SymPy is good at: solving, factoring, limits.

>>> from orderof.sym.text import parse
>>> to_sympy(parse("2*B*ceildiv(S, 2) - d/h"))
2*B*ceiling(S/2) - d/h
>>> from_sympy(to_sympy(parse("2*B*ceildiv(S, 2) - d/h")))
Expr(2*B*ceildiv(S, 2) - d/h)

Symbols become positive integers; ceildiv and floordiv a ceiling and a floor, ceillog2 the ceiling
of a logarithm. SymPy folds by laws of its own, so what comes back is equal by value and need not
be the same Expr.
"""

# SymPy has no types that a strict check could use.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from orderof.errors import BadSpelling
from orderof.sym.expr import Atom, Call, Expr, Fn, const, symbol
from orderof.sym.functions import apply, bounds

if TYPE_CHECKING:
    import sympy


def to_sympy(e: Expr) -> sympy.Expr:
    """Give the same formula as a SymPy expression."""
    import sympy

    return sympy.Add(
        *(
            sympy.Mul(c, *(sympy.Pow(_to_atom(atom), n) for atom, n in mono))
            for mono, c in e.terms()
        )
    )


def _to_atom(atom: Atom) -> sympy.Expr:
    import sympy

    if isinstance(atom, str):
        return sympy.Symbol(atom, integer=True, positive=True)
    args = [to_sympy(a) for a in atom.args]
    match atom.fn:
        case Fn.CEILDIV:
            return sympy.ceiling(args[0] / args[1])
        case Fn.FLOORDIV:
            return sympy.floor(args[0] / args[1])
        case Fn.MOD:
            return sympy.Mod(*args)
        case Fn.MIN:
            return sympy.Min(*args)
        case Fn.MAX:
            return sympy.Max(*args)
        case Fn.CEILLOG2:
            return _depth(atom, args[0])
        case Fn.CEILPOW2:
            return sympy.Pow(2, _depth(atom, args[0]))
        case _:
            assert_never(atom.fn)


def _depth(atom: Call, x: sympy.Expr) -> sympy.Expr:
    import sympy

    low, _ = bounds(atom.args[0])
    return sympy.ceiling(sympy.log(x if low is not None and low > 0 else sympy.Max(x, 1), 2))


def from_sympy(s: sympy.Basic) -> Expr:
    """Give a SymPy expression of sizes as an Expr, whatever it assumes of its symbols.

    Raises `BadSpelling` for what no size is written with, and `Indivisible` for a coefficient that
    is no integer.
    """
    import sympy

    match s:
        case sympy.Integer():
            return const(int(s))
        case sympy.Symbol():
            return symbol(s.name)
        case sympy.Add():
            return Expr.sum(map(from_sympy, s.args))
        case sympy.Pow(args=(base, sympy.Integer() as n)) if n > 0:
            return from_sympy(base) ** int(n)
        case sympy.Pow(args=(sympy.Integer() as two, sympy.ceiling() as n)) if two == 2:  # noqa: PLR2004
            for depth in from_sympy(n).atoms():
                if isinstance(depth, Call):
                    return apply(Fn.CEILPOW2, *depth.args)
        case sympy.Mul() | sympy.Pow() | sympy.Rational():
            above, below = s.as_numer_denom()
            if below != 1:
                return from_sympy(above) / from_sympy(below)
            if isinstance(s, sympy.Mul):
                return Expr.prod(map(from_sympy, s.args))
        case sympy.Function() | sympy.Min() | sympy.Max():
            return _from_function(s)
        case _:
            pass
    raise BadSpelling(str(s), "is not a formula of sizes")


def _from_function(s: sympy.Basic) -> Expr:
    import sympy

    match s:
        case sympy.ceiling(args=(x,)) if isinstance(x * sympy.log(2), sympy.log):
            return apply(Fn.CEILLOG2, from_sympy((x * sympy.log(2)).args[0]))
        case sympy.ceiling(args=(x,)) | sympy.floor(args=(x,)):
            fn = Fn.CEILDIV if isinstance(s, sympy.ceiling) else Fn.FLOORDIV
            return apply(fn, *map(from_sympy, sympy.fraction(sympy.together(x))))
        case sympy.Mod(args=(x, y)):
            # Rational, as SymPy writes mod(d/h, d) as d*Mod(1/h, 1): p/q mod r is (p mod r*q) / q.
            p, q = map(from_sympy, sympy.fraction(sympy.together(x)))
            r, t = map(from_sympy, sympy.fraction(sympy.together(y)))
            return apply(Fn.MOD, p * t, r * q) / q / t
        case sympy.Min():
            return apply(Fn.MIN, *map(from_sympy, s.args))
        case sympy.Max():
            return apply(Fn.MAX, *map(from_sympy, s.args))
        case _:
            raise BadSpelling(str(s), "is not a formula of sizes")
