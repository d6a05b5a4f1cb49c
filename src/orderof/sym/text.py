"""An Expr as a Python expression, and back.

>>> str(parse("ceildiv(H, 2)**2 * C - 1"))
'C*ceildiv(H, 2)**2 - 1'
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling
from orderof.sym.expr import Expr, Fn, const, symbol
from orderof.sym.functions import apply

if TYPE_CHECKING:
    from orderof.sym.expr import Mono


def text(e: Expr) -> str:
    """Print as a Python expression that `parse` reads back."""
    if e.value is not None:
        return str(e.value)
    out = ""
    for mono, c in e.terms():
        sign = " - " if c < 0 else " + "
        out += (sign if out else sign.strip(" +")) + _term(mono, abs(c))
    return out


def _term(mono: Mono, c: int) -> str:
    above = [_power(str(a), n) for a, n in mono if n > 0]
    below = [_power(str(a), -n) for a, n in mono if n < 0]
    if c != 1 or not above:
        above.insert(0, str(c))
    return "/".join(["*".join(above), *below])


def _power(base: str, n: int) -> str:
    return base if n == 1 else f"{base}**{n}"


def parse(source: str) -> Expr:
    """Read an expression of symbols, integers, + - * / ** and the functions of `Fn`.

    Raises `BadSpelling` for anything else; nothing is executed.
    """
    try:
        return _read(ast.parse(source.strip(), mode="eval").body)
    except (SyntaxError, ValueError, MemoryError, RecursionError, _UnreadableError):
        hint = "write it as in 2*B*S*d or ceildiv(H, 2)"
        raise BadSpelling(source, "is not an expression of sizes", hint) from None


class _UnreadableError(Exception):
    """A node of the syntax tree that no size is written with."""


def _read(node: ast.expr) -> Expr:
    match node:
        case ast.Constant(value=int(n)) if not isinstance(n, bool):
            return const(n)
        case ast.Name(id=name):
            return symbol(name)
        case ast.UnaryOp(op=ast.USub(), operand=a):
            return -_read(a)
        case ast.BinOp(left=a, op=ast.Pow(), right=ast.Constant(value=int(n))):
            return _read(a) ** n
        case ast.BinOp(left=a, op=op, right=b):
            return _binary(op, _read(a), _read(b))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if _takes(name, len(args)):
            return apply(Fn(name), *map(_read, args))
        case _:
            raise _UnreadableError


def _takes(name: str, arguments: int) -> bool:
    """Whether a function has this name and takes this many arguments."""
    match name, arguments:
        case (Fn.CEILDIV | Fn.FLOORDIV | Fn.MOD, 2) | (Fn.CEILLOG2 | Fn.CEILPOW2, 1):
            return True
        case _:
            return name in {Fn.MIN, Fn.MAX} and arguments > 0


def _binary(op: ast.operator, a: Expr, b: Expr) -> Expr:
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div():
            return a / b
        case _:
            raise _UnreadableError
