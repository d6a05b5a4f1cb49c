"""Rows for functions of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import UnknownOperator
from orderof.frontends.torch.rows import as_float, number
from orderof.frontends.torch.sizes import Varied
from orderof.ir.graph import Value
from orderof.ir.scalar import Power
from orderof.ops import elementwise as e
from orderof.ops.shape import fill

if TYPE_CHECKING:
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ops import Operator


def _unary(op: Operator) -> Row:
    def row(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
        return op(low.b, as_float(low, x) if op not in _ANY_DTYPE else x)

    return row


_ANY_DTYPE = {e.neg, e.invert, e.magnitude, e.relu, e.floor, e.ceiling, e.rounded, e.truncated}


def _scaled(low: Lowering, x: Any, alpha: Any) -> Any:
    if alpha in (1, None):
        return x
    return e.scale(low.b, x, by=alpha) if isinstance(x, Value) else x * alpha


def add(low: Lowering, x: Any, y: Any, *_: Any, alpha: Any = 1, **__: Any) -> Any:
    """Give x + alpha * y."""
    y = _scaled(low, y, alpha)
    if isinstance(x, Value) and isinstance(y, Value):
        return e.add(low.b, as_float(low, x), as_float(low, y))
    x, n = (x, y) if isinstance(x, Value) else (y, x)
    return e.shift(low.b, as_float(low, x), by=number(low, n))


def sub(low: Lowering, x: Value, y: Any, *_: Any, alpha: Any = 1) -> Any:
    """Give x - alpha * y."""
    y = _scaled(low, y, alpha)
    if isinstance(y, Value):
        return e.sub(low.b, as_float(low, x), as_float(low, y))
    by = Power(-low.size(y)) if isinstance(y, Varied) else -y
    return e.shift(low.b, as_float(low, x), by=by)


def rsub(low: Lowering, x: Value, y: Any, *_: Any, alpha: Any = 1) -> Any:
    """Give y - alpha * x."""
    x = _scaled(low, x, alpha)
    if isinstance(y, Value):
        return e.sub(low.b, as_float(low, y), as_float(low, x))
    return e.rsub(low.b, as_float(low, x), by=number(low, y))


def mul(low: Lowering, x: Any, y: Any) -> Any:
    """Give x * y."""
    if isinstance(x, Value) and isinstance(y, Value):
        return e.mul(low.b, as_float(low, x), as_float(low, y))
    x, n = (x, y) if isinstance(x, Value) else (y, x)
    return e.scale(low.b, as_float(low, x), by=number(low, n))


def div(low: Lowering, x: Any, y: Any, *_: Any, rounding_mode: Any = None) -> Any:
    """Give x / y, rounded down where asked; of two numbers torch makes a tensor too."""
    if not isinstance(x, Value):
        x = fill(low.b, shape=(), dtype=low.dtype(), value=number(low, x))
    x = as_float(low, x)
    whole = isinstance(y, Value)
    q = e.div(low.b, x, as_float(low, y)) if whole else e.shrink(low.b, x, by=number(low, y))
    return e.floor(low.b, q) if rounding_mode else q


def power(low: Lowering, x: Any, y: Any) -> Any:
    """Give x ** y."""
    if isinstance(x, Value) and isinstance(y, Value):
        return e.power(low.b, as_float(low, x), as_float(low, y))
    if isinstance(x, Value):
        return e.raise_to(low.b, as_float(low, x), by=y)
    base = fill(low.b, shape=(), dtype=low.dtype(), value=x)
    return e.power(low.b, base, as_float(low, y))


def _compare(fn: str, *, swapped: bool = False) -> Row:
    ops = {"eq": e.equal, "ne": e.unequal, "gt": e.greater, "ge": e.at_least}

    def row(low: Lowering, x: Value, y: Any) -> Any:
        if not isinstance(y, Value) and not swapped:
            return e.compare(low.b, x, fn=fn, by=number(low, y))
        if not isinstance(y, Value):  # x < 3 is 3 > x
            y = fill(low.b, shape=(), dtype=x.dtype, value=number(low, y))
        return ops[fn](low.b, y, x) if swapped else ops[fn](low.b, x, y)

    return row


def round_(low: Lowering, x: Value, *, decimals: int = 0) -> Any:
    """Take the nearest whole number."""
    if decimals:
        raise UnknownOperator("aten.round", f"has no rule for {decimals} decimals", "")
    return e.rounded(low.b, x)


def _logic(op: Operator) -> Row:
    def row(low: Lowering, x: Value, y: Any) -> Any:
        if not isinstance(y, Value):
            y = fill(low.b, shape=(), dtype=x.dtype, value=number(low, y))
        return op(low.b, x, y)

    return row


def _extreme(op: Operator) -> Row:
    def row(low: Lowering, x: Value, y: Value) -> Any:
        return op(low.b, x, y)

    return row


def clamp(low: Lowering, x: Value, low_: Any = None, high: Any = None, **kw: Any) -> Any:
    """Keep x between two numbers, either of which may be missing."""
    low_, high = kw.get("min", low_), kw.get("max", high)
    for bound, op in ((low_, e.max_of), (high, e.min_of)):
        if bound is not None:
            if not isinstance(bound, Value):
                bound = fill(low.b, shape=(), dtype=x.dtype, value=number(low, bound))  # noqa: PLW2901
            x = op(low.b, x, bound)
    return x


def hardtanh(low: Lowering, x: Value, lo: float = -1.0, hi: float = 1.0) -> Any:
    """Keep x between two numbers, with the gradient of ReLU6."""
    return e.clamp(low.b, x, low=lo, high=hi)


def where(low: Lowering, c: Value, x: Any, y: Any) -> Any:
    """Choose."""
    dtype = low.dtype()
    x, y = (
        v if isinstance(v, Value) else fill(low.b, shape=(), dtype=dtype, value=number(low, v))
        for v in (x, y)
    )
    return e.where(low.b, c, x, y)


def masked_fill(low: Lowering, x: Value, mask: Value, value: Any) -> Any:
    """Put a number where a mask holds."""
    return where(low, mask, value, x)


def remainder(low: Lowering, x: Value, by: Any) -> Any:
    """Give x - floor(x / by) * by."""
    if isinstance(by, Value):
        return e.sub(low.b, x, e.mul(low.b, e.floor(low.b, e.div(low.b, x, by)), by))
    n = number(low, by)
    return e.sub(low.b, x, e.scale(low.b, e.floor(low.b, e.shrink(low.b, x, by=n)), by=n))


def gelu(low: Lowering, x: Value, *, approximate: str = "none") -> Any:
    """Give GELU, exact or by tanh."""
    return (e.gelu_tanh if approximate == "tanh" else e.gelu)(low.b, x)


def leaky_relu(low: Lowering, x: Value, slope: float = 0.01) -> Any:
    """Give x, or slope * x below 0."""
    return e.leaky_relu(low.b, x, slope=slope)


def to_copy(low: Lowering, x: Value, **_: Any) -> Any:
    """Copy, with another dtype where one was recorded."""
    dtype = low.dtype()
    if dtype != x.dtype:
        return e.cast(low.b, x, dtype=dtype)
    from orderof.ops.shape import copy

    return copy(low.b, x)


def addcmul(low: Lowering, x: Value, a: Value, b: Value, *, value: float = 1) -> Any:
    """Give x + value * a * b."""
    return e.add(low.b, x, _scaled(low, e.mul(low.b, a, b), value))


def addcdiv(low: Lowering, x: Value, a: Value, b: Value, *, value: float = 1) -> Any:
    """Give x + value * a / b."""
    return e.add(low.b, x, e.div(low.b, _scaled(low, a, value), b))


def lerp(low: Lowering, x: Value, y: Value, w: Any) -> Any:
    """Give x + w * (y - x)."""
    d = e.sub(low.b, y, x)
    d = e.mul(low.b, d, w) if isinstance(w, Value) else e.scale(low.b, d, by=w)
    return e.add(low.b, x, d)


_UNARY = {
    "relu": e.relu,
    "sigmoid": e.sigmoid,
    "tanh": e.hyperbolic_tangent,
    "exp": e.exponential,
    "log": e.logarithm,
    "sqrt": e.root,
    "rsqrt": e.inverse_root,
    "neg": e.neg,
    "abs": e.magnitude,
    "_neg_view": e.neg,
    "sin": e.sine,
    "cos": e.cosine,
    "erf": e.error_function,
    "floor": e.floor,
    "ceil": e.ceiling,
    "trunc": e.truncated,
    "reciprocal": e.reciprocal,
    "silu": e.silu,
    "hardswish": e.hardswish,
    "hardsigmoid": e.hardsigmoid,
    "softplus": e.softplus,
    "mish": e.mish,
    "sgn": e.sign,
    "sign": e.sign,
    "logical_not": e.invert,
    "bitwise_not": e.invert,
}

ROWS: dict[str, Row] = {
    **{name: _unary(op) for name, op in _UNARY.items()},
    "add": add,
    "sub": sub,
    "round": round_,
    "rsub": rsub,
    "mul": mul,
    "div": div,
    "pow": power,
    "eq": _compare("eq"),
    "ne": _compare("ne"),
    "gt": _compare("gt"),
    "ge": _compare("ge"),
    "lt": _compare("gt", swapped=True),
    "le": _compare("ge", swapped=True),
    "logical_and": _logic(e.both),
    "bitwise_and": _logic(e.both),
    "logical_or": _logic(e.either),
    "bitwise_or": _logic(e.either),
    "__and__": _logic(e.both),
    "__or__": _logic(e.either),
    "maximum": _extreme(e.max_of),
    "minimum": _extreme(e.min_of),
    "clamp": clamp,
    "clamp_min": clamp,
    "clamp_max": lambda low, x, high: clamp(low, x, None, high),
    "hardtanh": hardtanh,
    "where": where,
    "masked_fill": masked_fill,
    "remainder": remainder,
    "gelu": gelu,
    "leaky_relu": leaky_relu,
    "_to_copy": to_copy,
    "addcmul": addcmul,
    "addcdiv": addcdiv,
    "lerp": lerp,
}
