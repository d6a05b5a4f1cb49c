"""The elementary functions that torch has a name for, each by its definition.

    sinh x = (e**x - e**-x)/2            asinh x = log(x + sqrt(x**2 + 1))
    cosh x = (e**x + e**-x)/2            acosh x = log(x + sqrt(x**2 - 1))
    tan x = sin x / cos x                atanh x = log((1 + x)/(1 - x))/2
    log2 x = log x * (1/log 2)           log(e**x + e**y) = max + log(1 + e**-|x - y|)

asin, acos and atan are operations of the kind `sin`, the inverse of erf one of the kind `erf`.
What has no definition in the kinds (gamma, zeta and Bessel functions) is not declared.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orderof.ir.scalar import (
    ONE,
    ZERO,
    Const,
    G,
    Scalar,
    Var,
    apply,
    eq,
    erf,
    exp,
    ge,
    gt,
    log,
    maximum,
    select,
    sqrt,
)
from orderof.ops.define import register
from orderof.ops.derive import derive
from orderof.ops.nest import declared, nest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads, Operator

_LOG2 = math.log(2)


def _odd(x: Scalar, sign: str) -> Scalar:
    """Give half the sum or the difference of e**x and its inverse."""
    e = exp(x)
    return apply(sign, e, 1 / e) * 0.5


def _one(name: str, body: Callable[[Scalar], Scalar]) -> Operator:
    return nest(name, "... -> ...", body)


tangent = _one("tan", lambda x: apply("sin", x) / apply("cos", x))
arc_sine = _one("asin", lambda x: apply("asin", x))
arc_cosine = _one("acos", lambda x: apply("acos", x))
arc_tangent = _one("atan", lambda x: apply("atan", x))
hyperbolic_sine = _one("sinh", lambda x: _odd(x, "sub"))
hyperbolic_cosine = _one("cosh", lambda x: _odd(x, "add"))
area_sine = _one("asinh", lambda x: log(x + sqrt(x * x + 1)))
area_cosine = _one("acosh", lambda x: log(x + sqrt(x * x - 1)))
area_tangent = _one("atanh", lambda x: log((1 + x) / (1 - x)) * 0.5)
binary_logarithm = _one("log2", lambda x: log(x) * (1 / _LOG2))
decimal_logarithm = _one("log10", lambda x: log(x) * (1 / math.log(10)))
binary_power = _one("exp2", lambda x: exp(x * _LOG2))
error_complement = _one("erfc", lambda x: 1 - erf(x))
error_inverse = _one("erfinv", lambda x: apply("erfinv", x))
fraction = _one("frac", lambda x: x - apply("trunc", x))
logit = _one("logit", lambda x: log(x / (1 - x)))
entropy = _one("entropy", lambda x: select(eq(x, ZERO), ZERO, -x * log(x)))
cardinal_sine = _one(
    "sinc",
    lambda x: select(eq(x, ZERO), ONE, apply("sin", x * math.pi) / (x * math.pi)),
)

angle_of = nest("atan2", "..., ... -> ...", lambda y, x: apply("atan2", y, x))
hypotenuse = nest("hypot", "..., ... -> ...", lambda x, y: sqrt(x * x + y * y))
rest = nest("fmod", "..., ... -> ...", lambda x, y: x - apply("trunc", x / y) * y)
signed = nest(
    "copysign",
    "..., ... -> ...",
    lambda x, y: select(ge(y, ZERO), apply("abs", x), -apply("abs", x)),
)
times_log = nest("xlogy", "..., ... -> ...", lambda x, y: select(eq(x, ZERO), ZERO, x * log(y)))
add_exponents = nest(
    "logaddexp",
    "..., ... -> ...",
    lambda x, y: maximum(x, y) + log(1 + exp(-apply("abs", x - y))),
)
either_only = nest("xor", "..., ... -> ...", lambda x, y: apply("xor", x, y))


def _soft(x: Scalar, by: float) -> Scalar:
    return select(gt(x, Const(by)), x - by, select(gt(Const(-by), x), x + by, ZERO))


def _hard(x: Scalar, by: float) -> Scalar:
    return select(gt(apply("abs", x), Const(by)), x, ZERO)


def _above(x: Scalar, by: float, value: float) -> Scalar:
    return select(gt(x, Const(by)), x, Const(value))


def _scaled_elu(x: Scalar, alpha: float, by: float, rate: float) -> Scalar:
    return select(gt(x, ZERO), x * by, alpha * by * (exp(x * rate) - 1))


def _numbered(name: str, signature: str, takes: str, body: Callable[..., Scalar]) -> Operator:
    """Declare a function of elements and of the numbers that it takes."""
    return register(declared(name, signature, body, takes=tuple(takes.split())))


soft_shrink = _numbered("softshrink", "... -> ...", "by", _soft)
hard_shrink = _numbered("hardshrink", "... -> ...", "by", _hard)
threshold = _numbered("threshold", "... -> ...", "by value", _above)
scaled_elu = _numbered("scaled_elu", "... -> ...", "alpha by rate", _scaled_elu)
"""ELU with a number before it, and one before the exponent: SELU, CELU."""


def _difference_vjp(
    b: Builder, node: Node, gs: Sequence[Value | None], want: Sequence[bool]
) -> Grads:
    """Give 2 * (x - y) * g, and minus that."""
    if (g := gs[0]) is None:
        return None, None
    d = Var(0) - Var(1)
    each = (2 * d * G, -2 * d * G)
    return [derive(b, node, g, j, each[j]) if w else None for j, w in enumerate(want)]


squared_difference = nest(
    "squared_difference", "..., ... -> ...", lambda x, y: (x - y) * (x - y), vjp=_difference_vjp
)


def _smooth(x: Scalar, y: Scalar, beta: float) -> Scalar:
    d = apply("abs", x - y)
    return select(gt(Const(beta), d), d * d * (0.5 / beta), d - 0.5 * beta)


def _huber(x: Scalar, y: Scalar, delta: float) -> Scalar:
    d = apply("abs", x - y)
    return select(gt(d, Const(delta)), delta * (d - 0.5 * delta), d * d * 0.5)


def _crossing(x: Scalar, t: Scalar) -> Scalar:
    """Give -(t log x + (1 - t) log(1 - x)), where torch lets no logarithm be below -100."""
    least = Const(-100)
    return (t - 1) * maximum(log(1 - x), least) - t * maximum(log(x), least)


def _crossing_vjp(
    b: Builder, node: Node, gs: Sequence[Value | None], want: Sequence[bool]
) -> Grads:
    """Give g * (x - t) / (x * (1 - x)), and g * (log(1 - x) - log x)."""
    if (g := gs[0]) is None:
        return None, None
    x, t = Var(0), Var(1)
    each = (G * (x - t) / maximum((1 - x) * x, Const(1e-12)), G * (log(1 - x) - log(x)))
    return [derive(b, node, g, j, each[j]) if w else None for j, w in enumerate(want)]


smooth_distance = _numbered("smooth_l1", "..., ... -> ...", "beta", _smooth)
huber_distance = _numbered("huber", "..., ... -> ...", "delta", _huber)
binary_entropy = nest("binary_entropy", "..., ... -> ...", _crossing, vjp=_crossing_vjp)
binary_entropy_logits = nest(
    "binary_entropy_logits", "..., ... -> ...", lambda x, t: (1 - t) * x + log(1 + exp(-x))
)
margin = nest("soft_margin", "..., ... -> ...", lambda x, t: log(1 + exp(-t * x)))
