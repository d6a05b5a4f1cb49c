"""The small words of the text form: names, attributes and scalar bodies, written and read.

    name        bare where it is made of letters, digits and . / - *, else as a JSON string
    attribute   Python literals; pow(e, -0.5) is a Power; [B, S*d] a tuple of sizes; size(6) the
                size 6, where a bare 6 is the integer; any other formula is a size
    body        as `scalar.text` prints it: x0 * exp(x1), pow(n, -1), at(h)

Texts are read through Python's syntax tree; nothing is executed.

>>> read_attrs("axis=-1, by=pow(e, -0.5), shape=[B, 4]")
(('axis', -1), ('by', Power(base=Expr(e), exponent=-0.5)), ('shape', (Expr(B), Expr(4))))
>>> str(read_scalar("x0 * pow(n, -1) + exp(at(h))"))
'(x0 * pow(n, -1)) + exp(at(h))'
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
import math
import re
from typing import TYPE_CHECKING, cast

from orderof import sym
from orderof.errors import BadSpelling
from orderof.ir.scalar import FUNCTIONS, Coord, G, Power, Scalar, Var, Y
from orderof.sym import Expr

if TYPE_CHECKING:
    from orderof.ir.graph import Attr

Attrs = tuple[tuple[str, "Attr"], ...]

FROM = "from"
WAS = "was"
"""Stands before the source line of a node."""
BARE = re.compile(r"[\w*][\w./*-]*")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
OPERAND = re.compile(r"x\d+")
"""How a body names its operands; a size of such a name cannot stand in a body."""

ARITY = {fn: len(inspect.signature(row.partials).parameters) - 1 for fn, row in FUNCTIONS.items()}
"""Number of arguments of each scalar function."""


def write_name(name: str, reserved: frozenset[str] = frozenset()) -> str:
    """Spell a name; one that is reserved is quoted."""
    bare = BARE.fullmatch(name) and name not in reserved
    return name if bare else json.dumps(name, ensure_ascii=False)


def read_name(token: str) -> str:
    """Read a name as `write_name` spells it."""
    if not token.startswith('"'):
        return token
    try:
        return str(json.loads(token))
    except ValueError:
        raise BadSpelling(token, "is not a name", 'quote it as in "a name"') from None


def write_attrs(attrs: Attrs) -> str:
    """Spell attributes as `{name=value, ...}`, or nothing where there are none."""
    return "{" + ", ".join(f"{k}={_write(v)}" for k, v in attrs) + "}" if attrs else ""


def _write(value: object) -> str:
    match value:
        case Expr():
            simple = value.value is None and not value.symbols() & {"inf", "nan"}
            return str(value) if simple else f"size({value})"
        case Power(base, exponent):
            return f"pow({base}, {exponent!r})"
        case str():
            return repr(str(value))
        case tuple():
            items = cast("tuple[object, ...]", value)
            if items and all(isinstance(v, Expr) for v in items):
                return f"[{', '.join(map(str, items))}]"
            return f"({', '.join(map(_write, items))}{',' if len(items) == 1 else ''})"
        case _:
            return repr(value)


def is_attr(value: object) -> bool:
    """Whether an attribute has a spelling."""
    if isinstance(value, tuple):
        return all(map(is_attr, cast("tuple[object, ...]", value)))
    return value is None or isinstance(value, int | float | str | Expr | Power)


def read_attrs(source: str) -> Attrs:
    """Read what stands between the braces of attributes."""
    match _tree(f"attrs({source})"):
        case ast.Call(args=[], keywords=found) if len({k.arg for k in found}) == len(found):
            return tuple((_key(k), cast("Attr", _value(k.value))) for k in found)
        case _:
            raise _unreadable(source)


def _key(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise _unreadable(ast.unparse(keyword.value))
    return keyword.arg


def _value(node: ast.expr) -> object:
    if (number := _number(node)) is not None:
        return number
    match node:
        case ast.Constant(value=None | str() as value):
            return value
        case ast.Tuple(elts=items):
            return tuple(map(_value, items))
        case ast.List(elts=items):
            return tuple(map(_size, items))
        case ast.Call(func=ast.Name(id="size"), args=[a], keywords=[]):
            return _size(a)
        case ast.Call(func=ast.Name(id="pow"), args=[base, exponent], keywords=[]):
            power = _number(exponent)
            if power is None:
                raise _unreadable(ast.unparse(node))
            return Power(_size(base), power)
        case _:
            return _size(node)


def _number(node: ast.expr) -> float | None:
    """Read a number: also True, False, inf, nan, and any of them with a minus."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id="inf" | "nan" as name):
            return math.inf if name == "inf" else math.nan
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() | ast.Name() as a):
            value = _number(a)
            return None if value is None or isinstance(value, bool) else -value
        case _:
            return None


def _size(node: ast.expr) -> Expr:
    return sym.parse(ast.unparse(node))


def _tree(source: str) -> ast.expr:
    try:
        return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unreadable(source) from None


def _unreadable(source: str) -> BadSpelling:
    hint = "see the head of orderof/ir/literal.py for what can be written"
    return BadSpelling(source, "cannot be read", hint)


_INFIX: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
}
_KEYWORDS = re.compile(r"\b(and|or|not)\(")


@functools.lru_cache(maxsize=1 << 12)
def read_scalar(source: str) -> Scalar:
    """Read the body of a nest as `scalar.text` prints it; nothing is folded.

    In pow(n, -1) and pow(4, -1) the base is a size unless it holds x0, x1, ...; g and y stand for
    the gradient and the saved result elsewhere only, as in an adjoint that is no nest yet.
    """
    return _scalar(_tree(_KEYWORDS.sub(r"\1_(", source)))


def _scalar(node: ast.expr) -> Scalar:
    match node:
        case ast.Name(id="g"):
            return G
        case ast.Name(id="y"):
            return Y
        case ast.Name(id=name) if OPERAND.fullmatch(name):
            return Var(int(name[1:]))
        case ast.BinOp(left=a, op=op, right=b) if type(op) in _INFIX:
            return Scalar(_INFIX[type(op)], (_scalar(a), _scalar(b)))
        case ast.Call(func=ast.Name(id="at"), args=[ast.Name(id=axis)], keywords=[]):
            return Coord(axis)
        case ast.Call(func=ast.Name(id=fn), args=args, keywords=[]):
            return _power(fn, args) or _call(fn.removesuffix("_"), args)
        case _ if (number := _number(node)) is not None:
            return Scalar("const", (), number)
        case _:
            raise _unreadable(ast.unparse(node))


def _power(fn: str, args: list[ast.expr]) -> Scalar | None:
    """Read pow(size, number), a number known by formula; else it is the function pow."""
    if fn != "pow" or len(args) != ARITY["pow"] or (exponent := _number(args[1])) is None:
        return None
    names = {n.id for n in ast.walk(args[0]) if isinstance(n, ast.Name)}
    if any(map(OPERAND.fullmatch, names)):
        return None
    try:
        return Scalar("const", (), Power(_size(args[0]), exponent))
    except BadSpelling:
        return None


def _call(fn: str, args: list[ast.expr]) -> Scalar:
    if ARITY.get(fn) != len(args):
        raise BadSpelling(fn, f"is no scalar function of {len(args)} arguments")
    return Scalar(fn, tuple(map(_scalar, args)))
