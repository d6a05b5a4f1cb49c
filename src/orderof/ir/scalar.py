"""Scalar functions: the body of a loop nest, as a shared expression graph.

A `Scalar` is a leaf (`Var` number i is the element read from operand i, `Const` a number, `Coord` a
position) or one function of `FUNCTIONS` applied to Scalars. Equal subexpressions are one operation:
`steps` lists the distinct interior nodes in the order of execution, which is the work of one point.

>>> x = Var(0)
>>> [s.fn for s in steps(x * x + x * x)]
['mul', 'add']
>>> str(adjoint(exp(x), y=None)[0])
'g * exp(x0)'
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING

from orderof.counts import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from orderof.sym import Expr


@dataclass(frozen=True, slots=True)
class Power:
    """A number known by formula: base ** exponent, as in a mean (n) or attention (e ** -0.5)."""

    base: Expr
    exponent: float = 1


Number = float | int | Power | str
"""What a leaf holds: a number, the number of an operand, or the name of an axis."""


@dataclass(frozen=True)
class Scalar:
    """An element, a number, or a function of Scalars; `a + b` and the like fold trivial work."""

    fn: str
    args: tuple[Scalar, ...] = ()
    at: Number = 0

    hashed: int = field(init=False, compare=False, repr=False)
    """Its hash, once: bodies are looked up by every count."""

    def __post_init__(self) -> None:
        """Hash."""
        object.__setattr__(self, "hashed", hash((self.fn, self.args, self.at)))

    def __hash__(self) -> int:
        return self.hashed

    def __add__(self, other: Scalar | Number) -> Scalar:
        return apply("add", self, other)

    def __radd__(self, other: Number) -> Scalar:
        return apply("add", other, self)

    def __sub__(self, other: Scalar | Number) -> Scalar:
        return apply("sub", self, other)

    def __rsub__(self, other: Number) -> Scalar:
        return apply("sub", other, self)

    def __mul__(self, other: Scalar | Number) -> Scalar:
        return apply("mul", self, other)

    def __rmul__(self, other: Number) -> Scalar:
        return apply("mul", other, self)

    def __truediv__(self, other: Scalar | Number) -> Scalar:
        return apply("div", self, other)

    def __rtruediv__(self, other: Number) -> Scalar:
        return apply("div", other, self)

    def __neg__(self) -> Scalar:
        return apply("neg", self)

    def __str__(self) -> str:
        return text(self)


def Var(i: int) -> Scalar:
    """Give the element read from operand i."""
    return Scalar("var", (), i)


def Const(value: Number) -> Scalar:
    """Give a number; a `Power` stays one, so that a size of 1 does not fold work away."""
    return Scalar("const", (), value)


def Coord(axis: str) -> Scalar:
    """Give the position along an axis of the nest, for what depends on positions."""
    return Scalar("coord", (), axis)


G = Scalar("var", (), -1)
"""The gradient that arrives at the result, in an adjoint."""
Y = Scalar("var", (), -2)
"""The saved result, in an adjoint that is written with it."""
ZERO, ONE = Const(0), Const(1)


Partials = tuple["Scalar | None", ...]


@dataclass(frozen=True, slots=True)
class Function:
    """One row of the table of scalar functions: nothing else mentions the function."""

    kind: Kind
    value: Callable[..., float]
    partials: Callable[..., Partials]
    """(result, *arguments) -> one derivative for each argument, None where there is none."""
    infix: str = ""


def _one(
    kind: Kind, value: Callable[[float], float], partial: Callable[[Scalar, Scalar], Scalar | None]
) -> Function:
    """Make the row of a function of one argument; `partial` is (result, argument)."""

    def partials(y: Scalar, a: Scalar) -> Partials:
        return (partial(y, a),)

    return Function(kind, value, partials)


def _two(
    kind: Kind,
    value: Callable[[float, float], float],
    partials: Callable[[Scalar, Scalar, Scalar], Partials],
    infix: str = "",
) -> Function:
    """Make the row of a function of two arguments; `partials` is (result, *arguments)."""
    return Function(kind, value, partials, infix)


def _test(value: Callable[[float, float], bool], kind: Kind = Kind.CMP) -> Function:
    """Make the row of a function whose result is true or false, and has no derivative."""

    def partials(y: Scalar, a: Scalar, b: Scalar) -> Partials:
        return None, None

    return Function(kind, value, partials)


def _sign(value: Scalar) -> Scalar:
    return select(ge(value, ZERO), ONE, Const(-1))


def _either(choice: Scalar) -> tuple[Scalar, Scalar]:
    return select(choice, ONE, ZERO), select(choice, ZERO, ONE)


def _choose(y: Scalar, c: Scalar, a: Scalar, b: Scalar) -> Partials:
    return None, *_either(c)


def _choose_causal(y: Scalar, s: Scalar, t: Scalar, a: Scalar, b: Scalar) -> Partials:
    return None, None, causal(s, t, ONE, ZERO), causal(s, t, ZERO, ONE)


def _pow_partials(y: Scalar, a: Scalar, b: Scalar) -> Partials:
    return b * apply("pow", a, b - ONE), y * log(a)


def _angle_partials(y: Scalar, a: Scalar, b: Scalar) -> Partials:
    square = a * a + b * b
    return b / square, -(a / square)


def _select(c: float, a: float, b: float) -> float:
    return a if c else b


def _causal(s: float, t: float, a: float, b: float) -> float:
    return a if t <= s else b


FUNCTIONS: dict[str, Function] = {
    "add": _two(Kind.ADD, lambda a, b: a + b, lambda y, a, b: (ONE, ONE), "+"),
    "sub": _two(Kind.ADD, lambda a, b: a - b, lambda y, a, b: (ONE, Const(-1)), "-"),
    "mul": _two(Kind.MUL, lambda a, b: a * b, lambda y, a, b: (b, a), "*"),
    "div": _two(Kind.DIV, lambda a, b: a / b, lambda y, a, b: (ONE / b, -(y / b)), "/"),
    "max": _two(Kind.MAX, max, lambda y, a, b: _either(ge(a, b))),
    "min": _two(Kind.MAX, min, lambda y, a, b: _either(ge(b, a))),
    "pow": _two(Kind.POW, lambda a, b: a**b, _pow_partials),
    "ge": _test(lambda a, b: a >= b),
    "gt": _test(lambda a, b: a > b),
    "eq": _test(lambda a, b: a == b),
    "ne": _test(lambda a, b: a != b),
    "and": _test(lambda a, b: bool(a) and bool(b), Kind.LOGIC),
    "or": _test(lambda a, b: bool(a) or bool(b), Kind.LOGIC),
    "xor": _test(lambda a, b: bool(a) != bool(b), Kind.LOGIC),
    "not": _one(Kind.LOGIC, lambda a: not a, lambda y, a: None),
    "select": Function(Kind.SELECT, _select, _choose),
    "causal": Function(Kind.SELECT, _causal, _choose_causal),
    "neg": _one(Kind.NEG, lambda a: -a, lambda y, a: Const(-1)),
    "abs": _one(Kind.ABS, abs, lambda y, a: _sign(a)),
    "exp": _one(Kind.EXP, math.exp, lambda y, a: y),
    "log": _one(Kind.LOG, math.log, lambda y, a: ONE / a),
    "sqrt": _one(Kind.SQRT, math.sqrt, lambda y, a: 0.5 / y),
    "rsqrt": _one(Kind.RSQRT, lambda a: a**-0.5, lambda y, a: -0.5 * (y * y * y)),
    "sin": _one(Kind.SIN, math.sin, lambda y, a: apply("cos", a)),
    "cos": _one(Kind.SIN, math.cos, lambda y, a: -apply("sin", a)),
    "asin": _one(Kind.SIN, math.asin, lambda y, a: 1 / sqrt(1 - a * a)),
    "acos": _one(Kind.SIN, math.acos, lambda y, a: -1 / sqrt(1 - a * a)),
    "atan": _one(Kind.SIN, math.atan, lambda y, a: 1 / (a * a + 1)),
    "atan2": _two(Kind.SIN, math.atan2, _angle_partials),
    "tanh": _one(Kind.TANH, math.tanh, lambda y, a: 1 - y * y),
    "erf": _one(Kind.ERF, math.erf, lambda y, a: 2 / math.sqrt(math.pi) * exp(-(a * a))),
    "erfinv": _one(
        Kind.ERF,
        lambda a: NormalDist().inv_cdf((a + 1) / 2) * math.sqrt(0.5),
        lambda y, a: exp(y * y) * (math.sqrt(math.pi) / 2),
    ),
    "floor": _one(Kind.ROUND, math.floor, lambda y, a: None),
    "ceil": _one(Kind.ROUND, math.ceil, lambda y, a: None),
    "round": _one(Kind.ROUND, round, lambda y, a: None),
    "trunc": _one(Kind.ROUND, math.trunc, lambda y, a: None),
    "cast": _one(Kind.CAST, lambda a: a, lambda y, a: ONE),
}


def apply(fn: str, *args: Scalar | Number) -> Scalar:
    """Apply a function, without the work that nobody does: x*1, x*0, x+0, 0-x, x/1, numbers."""
    xs = tuple(a if isinstance(a, Scalar) else Const(a) for a in args)
    if fn != "cast" and all(x.fn == "const" and not isinstance(x.at, Power) for x in xs):
        return Const(FUNCTIONS[fn].value(*(x.at for x in xs)))
    return _fold(fn, xs) or Scalar(fn, xs)


def _fold(fn: str, xs: tuple[Scalar, ...]) -> Scalar | None:
    match fn, xs:
        case "add", (a, b) if b == ZERO:
            return a
        case "add", (a, b) if a == ZERO:
            return b
        case "sub", (a, b) if b == ZERO:
            return a
        case "sub", (a, b) if a == ZERO:
            return apply("neg", b)
        case "mul", (a, b):
            return _fold_mul(a, b)
        case "div", (a, b) if b == ONE or a == ZERO:
            return a
        case "neg", (Scalar("neg", (a,)),):
            return a
        case "pow", (a, b) if b == ONE:
            return a
        case "pow", (a, b) if b == Const(2):
            return a * a
        case _:
            return None


def _fold_mul(a: Scalar, b: Scalar) -> Scalar | None:
    if ZERO in (a, b):
        return ZERO
    for x, y in ((a, b), (b, a)):
        if y == ONE:
            return x
        if y == Const(-1):
            return apply("neg", x)
        if y.fn in ("select", "causal") and {*y.args[-2:]} <= {ZERO, ONE}:
            *c, t, f = y.args  # x * (1 where c, else 0) is a choice between x and 0
            return apply(y.fn, *c, x * t, x * f)
    return None


def _named(fn: str) -> Callable[..., Scalar]:
    return functools.partial(apply, fn)


exp, log, sqrt, rsqrt = map(_named, ("exp", "log", "sqrt", "rsqrt"))
tanh, erf, maximum, minimum = map(_named, ("tanh", "erf", "max", "min"))
select, ge, gt, eq, ne = map(_named, ("select", "ge", "gt", "eq", "ne"))
causal = _named("causal")


@functools.lru_cache(maxsize=4096)
def steps(body: Scalar) -> tuple[Scalar, ...]:
    """List the distinct operations of a body, arguments before their users."""
    seen: dict[Scalar, None] = {}

    def visit(s: Scalar) -> None:
        if s.args and s not in seen:
            for a in s.args:
                visit(a)
            seen[s] = None

    visit(body)
    return tuple(seen)


@functools.lru_cache(maxsize=4096)
def depth(body: Scalar) -> int:
    """Give the longest chain of operations in a body."""
    return 1 + max(map(depth, body.args)) if body.args else 0


@functools.lru_cache(maxsize=4096)
def variables(body: Scalar) -> frozenset[int]:
    """Give the numbers of the operands that a body reads; -1 is G, -2 is Y."""
    if body.fn == "var":
        return frozenset((position(body),))
    none: frozenset[int] = frozenset()
    return none.union(*map(variables, body.args))


def adjoint(body: Scalar, y: Scalar | None) -> dict[int, Scalar]:
    """Give G times the derivative of a body by each operand, in reverse mode.

    `y` stands for the result where it is saved; None computes it again.
    """
    order = steps(body)
    total: dict[Scalar, Scalar] = {body: G}
    for s in reversed(order):
        g = total.pop(s, None)
        if g is None:
            continue
        result = y if y is not None and s == body else s
        for a, d in zip(s.args, FUNCTIONS[s.fn].partials(result, *s.args), strict=True):
            if d is not None and a.fn not in ("const", "coord"):
                part = _times(g, d)
                total[a] = total[a] + part if a in total else part
    return {position(v): g for v, g in total.items() if v.fn == "var"}


def _times(g: Scalar, d: Scalar) -> Scalar:
    """Multiply by a derivative; g * (1 / x) is one division."""
    return g / d.args[1] if d.fn == "div" and d.args[0] == ONE else g * d


def position(leaf: Scalar) -> int:
    """Give the operand that a `var` reads."""
    assert isinstance(leaf.at, int)  # noqa: S101 - of a `var` it always is
    return leaf.at


def rename(body: Scalar, names: dict[int, int]) -> Scalar:
    """Renumber the operands of a body."""
    if body.fn == "var":
        return Var(names[position(body)])
    if not body.args:
        return body
    return Scalar(body.fn, tuple(rename(a, names) for a in body.args))


def text(s: Scalar) -> str:
    """Print a body so that `read` gives it back."""
    if s.fn == "var":
        return {-1: "g", -2: "y"}.get(position(s), f"x{position(s)}")
    if isinstance(s.at, Power):
        return f"pow({s.at.base}, {s.at.exponent!r})"
    if not s.args:
        return repr(s.at) if s.fn == "const" else f"at({s.at})"
    infix = FUNCTIONS[s.fn].infix
    if infix:
        return f" {infix} ".join(f"({a})" if _is_infix(a) else str(a) for a in s.args)
    return f"{s.fn}({', '.join(map(str, s.args))})"


def _is_infix(s: Scalar) -> bool:
    return s.fn in FUNCTIONS and bool(FUNCTIONS[s.fn].infix)
