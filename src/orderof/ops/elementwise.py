"""Functions of one element, or of several that broadcast.

The body is the function as it is computed; the gradient is derived from it with the saved result at
hand, or stands beside it where frameworks run another formula of the same value.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from orderof.ir.access import Axis
from orderof.ir.forms import Nest
from orderof.ir.graph import Type
from orderof.ir.scalar import (
    ONE,
    ZERO,
    Const,
    G,
    Scalar,
    Var,
    Y,
    apply,
    eq,
    erf,
    exp,
    ge,
    gt,
    log,
    maximum,
    minimum,
    ne,
    rsqrt,
    select,
    sqrt,
    tanh,
)
from orderof.ops.define import Operator, here, register
from orderof.ops.derive import derive
from orderof.ops.nest import nest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ir.scalar import Number
    from orderof.ops.define import Grads
    from orderof.ops.nest import One, Three, Two


def _unary(name: str, body: One, gradient: Three | None = None) -> Operator:
    """Declare a function of one element; `gradient` is (g, x, y) -> Scalar, y the saved result."""
    return nest(name, "... -> ...", body, vjp=_own(gradient) if gradient else None)


def _numbered(
    name: str,
    takes: str,
    body: Callable[[Scalar, Any], Scalar] | Callable[[Scalar, Any, Any], Scalar],
    gradient: Callable[..., Scalar] | None = None,
) -> Operator:
    """Declare a function of one element and numbers; `gradient` is (g, x, y, *numbers)."""
    keys = tuple(takes.split())
    vjp = _own(gradient, keys) if gradient else None
    return nest(name, "... -> ...", body, takes=keys, vjp=vjp)


def _own(gradient: Callable[..., Scalar], takes: tuple[str, ...] = ()) -> Callable[..., Grads]:
    """Make the vjp that runs a formula of the operator's own."""

    def vjp(b: Builder, node: Node, gs: Sequence[Value | None], _: Sequence[bool]) -> Grads:
        formula = gradient(G, Var(0), Y, *(node.attr(k) for k in takes))
        return (derive(b, node, gs[0], 0, formula),) if gs[0] else (None,)

    return vjp


def _binary(name: str, body: Two) -> Operator:
    return nest(name, "..., ... -> ...", body)


add = _binary("add", lambda x, y: x + y)
sub = _binary("sub", lambda x, y: x - y)
mul = _binary("mul", lambda x, y: x * y)
div = _binary("div", lambda x, y: x / y)
power = _binary("pow", lambda x, y: apply("pow", x, y))
max_of = _binary("maximum", maximum)
min_of = _binary("minimum", minimum)
equal = _binary("eq", eq)
unequal = _binary("ne", ne)
greater = _binary("gt", gt)
at_least = _binary("ge", ge)
both = _binary("and", lambda x, y: apply("and", x, y))
either = _binary("or", lambda x, y: apply("or", x, y))
where = nest("where", "..., ..., ... -> ...", select)


def _run(fn: str, x: Scalar, by: Number) -> Scalar:
    """Apply to a number without folding: who scales by 1 or shifts by 0 runs it all the same."""
    return Scalar(fn, (x, Const(by)))


def _scaled(g: Scalar, x: Scalar, y: Scalar, by: Number) -> Scalar:
    return _run("mul", g, by)


def _shrunk(g: Scalar, x: Scalar, y: Scalar, by: Number) -> Scalar:
    return _run("div", g, by)


def _shifted(g: Scalar, x: Scalar, y: Scalar, by: Number) -> Scalar:
    return g


def _raised(g: Scalar, x: Scalar, y: Scalar, by: float) -> Scalar:
    return g * (by * apply("pow", x, Const(by - 1)))


# With a number: `by` may be a formula, given as Power(base, exponent), except as an exponent.
scale = _numbered("scale", "by", lambda x, by: _run("mul", x, by), _scaled)
shrink = _numbered("shrink", "by", lambda x, by: _run("div", x, by), _shrunk)
shift = _numbered("shift", "by", lambda x, by: _run("add", x, by), _shifted)
rdiv = _numbered("rdiv", "by", lambda x, by: Const(by) / x)
rsub = _numbered("rsub", "by", lambda x, by: Const(by) - x)
compare = _numbered("compare", "fn by", lambda x, fn, by: apply(fn, x, Const(by)))
raise_to = _numbered("raise_to", "by", lambda x, by: apply("pow", x, Const(by)), _raised)

neg = _unary("neg", lambda x: -x)
invert = _unary("not", lambda x: apply("not", x))
magnitude = _unary("abs", lambda x: apply("abs", x))
exponential = _unary("exp", exp)
logarithm = _unary("log", log)
root = _unary("sqrt", sqrt)
inverse_root = _unary("rsqrt", rsqrt)
sine = _unary("sin", lambda x: apply("sin", x))
cosine = _unary("cos", lambda x: apply("cos", x))
floor = _unary("floor", lambda x: apply("floor", x))
ceiling = _unary("ceil", lambda x: apply("ceil", x))
rounded = _unary("round", lambda x: apply("round", x))
truncated = _unary("trunc", lambda x: apply("trunc", x))
error_function = _unary("erf", erf)
reciprocal = _unary("reciprocal", lambda x: 1 / x)
hyperbolic_tangent = _unary("tanh", tanh)

relu = _unary("relu", lambda x: maximum(x, ZERO), lambda g, x, y: select(gt(y, ZERO), g, ZERO))
sigmoid = _unary("sigmoid", lambda x: 1 / (1 + exp(-x)), lambda g, x, y: g * ((1 - y) * y))


def _leaky_gradient(g: Scalar, x: Scalar, y: Scalar, slope: float) -> Scalar:
    return select(gt(x, ZERO), g, g * slope)


def _elu_gradient(g: Scalar, x: Scalar, y: Scalar, alpha: float) -> Scalar:
    return select(gt(x, ZERO), g, g * (alpha * exp(x)))


def _clamp_gradient(g: Scalar, x: Scalar, y: Scalar, low: float, high: float) -> Scalar:
    """Give nothing at the bounds themselves, as ReLU6 does."""
    return select(apply("and", gt(x, Const(low)), gt(Const(high), x)), g, ZERO)


leaky_relu = _numbered(
    "leaky_relu", "slope", lambda x, slope: select(gt(x, ZERO), x, x * slope), _leaky_gradient
)
elu = _numbered(
    "elu", "alpha", lambda x, a: select(gt(x, ZERO), x, a * (exp(x) - 1)), _elu_gradient
)
clamp = _numbered(
    "clamp",
    "low high",
    lambda x, low, high: minimum(maximum(x, Const(low)), Const(high)),
    _clamp_gradient,
)
softplus = _unary("softplus", lambda x: log(1 + exp(x)), lambda g, x, y: g / (1 + exp(-x)))
silu = _unary("silu", lambda x: x / (1 + exp(-x)), lambda g, x, y: _silu_gradient(g, x))
gelu = _unary(
    "gelu",
    lambda x: x * 0.5 * (1 + erf(x * math.sqrt(0.5))),
    lambda g, x, y: g * (_normal_cdf(x) + x * (exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi)))),
)
gelu_tanh = _unary(
    "gelu_tanh",
    lambda x: 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x)))),
)
mish = _unary("mish", lambda x: x * tanh(log(1 + exp(x))))
sign = _unary("sign", lambda x: select(gt(x, ZERO), ONE, select(gt(ZERO, x), Const(-1), ZERO)))
hardsigmoid = _unary(
    "hardsigmoid",
    lambda x: minimum(maximum(x + 3, ZERO), Const(6)) / 6,
    lambda g, x, y: select(apply("and", gt(x, Const(-3)), gt(Const(3), x)), g / 6, ZERO),
)
hardswish = _unary("hardswish", lambda x: x * minimum(maximum(x + 3, ZERO), Const(6)) / 6)


def _normal_cdf(x: Scalar) -> Scalar:
    return 0.5 * (1 + erf(x * math.sqrt(0.5)))


def _silu_gradient(g: Scalar, x: Scalar) -> Scalar:
    """Give g * s * (1 + x * (1 - s)) with s = sigmoid(x)."""
    s = 1 / (1 + exp(-x))
    return g * (s * (1 + x * (1 - s)))


def _cast_make(x: Type, *, dtype: str) -> tuple[Nest, tuple[Type]]:
    axes = tuple((f"_{i}", n) for i, n in enumerate(x.shape))
    acc = tuple(Axis(name) for name, _ in axes)
    return Nest(axes, (acc,), acc, apply("cast", Var(0))), (Type(x.shape, dtype),)


def _cast_vjp(b: Builder, node: Node, gs: Sequence[Value | None], _: Sequence[bool]) -> Grads:
    return (cast(b, gs[0], dtype=node.operands[0].dtype) if gs[0] else None,)


cast = register(Operator("cast", _cast_make, _cast_vjp, here(1), signature="... -> ..."))


ACTIVATIONS: dict[str, Operator] = {
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": hyperbolic_tangent,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": silu,
    "softplus": softplus,
    "hardswish": hardswish,
}
"""Activations that need no number, by the name that people use."""
