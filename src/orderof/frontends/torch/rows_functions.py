"""Rows for the elementary functions that torch has a name for, and for losses of pairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from orderof.errors import UnknownOperator
from orderof.frontends.torch.rows import as_float, draft, gradients, number
from orderof.ir.graph import Value
from orderof.ir.scalar import Power
from orderof.ops import elementwise as e
from orderof.ops import functions as f
from orderof.ops import shape as s
from orderof.ops.random import uniform
from orderof.ops.reduce import mean, sum_over

if TYPE_CHECKING:
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ops import Operator

_MEAN, _SUM = 1, 2
"""Torch's numbers for what becomes of the losses of all pairs; 0 leaves them as they are."""


def _unary(op: Operator) -> Row:
    def row(low: Lowering, x: Value, *_: Any, **__: Any) -> Any:
        return op(low.b, as_float(low, x))

    return row


def _tensor(low: Lowering, v: Any) -> Value:
    """Give a number as a tensor of the dtype of the result."""
    if isinstance(v, Value):
        return as_float(low, v)
    found: Value = s.fill(low.b, shape=(), dtype=low.dtype(), value=number(low, v))
    return found


def _binary(op: Operator) -> Row:
    def row(low: Lowering, x: Any, y: Any, *_: Any, **__: Any) -> Any:
        return op(low.b, _tensor(low, x), _tensor(low, y))

    return row


def _numbered(op: Operator, **defaults: Any) -> Row:
    """Make the row of a function of an element and of numbers, in their order."""

    def row(low: Lowering, x: Value, *numbers: Any) -> Any:
        return op(low.b, x, **{**defaults, **dict(zip(defaults, numbers, strict=False))})

    return row


def _scaled(by: float) -> Row:
    return lambda low, x: e.scale(low.b, as_float(low, x), by=by)


def _whether(fn: str, by: float, *, size: bool = False) -> Row:
    """Make the row of a comparison with a number, or of its size with one."""

    def row(low: Lowering, x: Value) -> Any:
        x = e.magnitude(low.b, x) if size else x
        return e.compare(low.b, x, fn=fn, by=by)

    return row


def logit(low: Lowering, x: Value, eps: float | None = None) -> Any:
    """Give log(x / (1 - x)), with x kept away from 0 and 1 where asked."""
    if eps is not None and eps >= 0:
        x = e.clamp(low.b, x, low=eps, high=1 - eps)
    return f.logit(low.b, as_float(low, x))


def logit_backward(low: Lowering, g: Value, x: Value, eps: float | None = None) -> Any:
    """Give g / (x * (1 - x)), nothing outside of what the logarithm sees."""
    slope = e.mul(low.b, x, e.rsub(low.b, x, by=1))
    found = e.div(low.b, g, slope)
    if eps is None or eps < 0:
        return found
    inside = e.both(low.b, e.compare(low.b, x, fn="ge", by=eps), _below(low, x, 1 - eps))
    return e.where(low.b, inside, found, s.fill(low.b, shape=(), dtype=x.dtype, value=0))


def _below(low: Lowering, x: Value, by: float) -> Value:
    limit = s.fill(low.b, shape=(), dtype=x.dtype, value=by)
    found: Value = e.at_least(low.b, limit, x)
    return found


def tamed(
    low: Lowering, x: Value, nan: float | None = None, up: Any = None, down: Any = None
) -> Any:
    """Put numbers for what is none and for both infinities: three comparisons, three choices."""
    tests = (
        (e.unequal(low.b, x, x), nan or 0.0),
        (e.compare(low.b, x, fn="eq", by=math.inf), up or 0.0),
        (e.compare(low.b, x, fn="eq", by=-math.inf), down or 0.0),
    )
    for test, value in tests:
        x = e.where(low.b, test, s.fill(low.b, shape=(), dtype=x.dtype, value=value), x)
    return x


def step(low: Lowering, x: Value, at: Value) -> Any:
    """Give 0 below 0, 1 above, and a number of its own at 0."""
    above = e.cast(low.b, e.compare(low.b, x, fn="gt", by=0), dtype=x.dtype)
    return e.where(low.b, e.compare(low.b, x, fn="eq", by=0), at, above)


def log1p_times(low: Lowering, x: Any, y: Any) -> Any:
    """Give x * log(1 + y), 0 where x is."""
    return f.times_log(low.b, _tensor(low, x), e.shift(low.b, _tensor(low, y), by=1))


def add_powers(low: Lowering, x: Value, y: Value) -> Any:
    """Give log2(2**x + 2**y), by natural logarithms."""
    both = (e.scale(low.b, v, by=math.log(2)) for v in (x, y))
    return e.scale(low.b, f.add_exponents(low.b, *both), by=1 / math.log(2))


def scaled_by_power(low: Lowering, x: Value, y: Value) -> Any:
    """Give x * 2**y."""
    return e.mul(low.b, as_float(low, x), f.binary_power(low.b, _tensor(low, y)))


def elu(low: Lowering, x: Value, alpha: float = 1.0, by: float = 1.0, rate: float = 1.0) -> Any:
    """Give x, or alpha * (exp(x) - 1) below 0, with the numbers of SELU."""
    if by == rate == 1:
        return e.elu(low.b, x, alpha=alpha)
    return f.scaled_elu(low.b, x, alpha=alpha, by=by, rate=rate)


def elu_backward(low: Lowering, g: Value, alpha: float, by: float, rate: float, *rest: Any) -> Any:
    """Give the gradient of ELU: torch passes the operand, or the result of an ELU in place."""
    is_result, v = rest
    if is_result:
        above = e.compare(low.b, v, fn="gt", by=0)
        slope = e.shift(low.b, v, by=alpha * by)
        left = g if by == 1 else e.scale(low.b, g, by=by)
        right = g if rate == 1 else e.scale(low.b, g, by=rate)
        return e.where(low.b, above, left, e.mul(low.b, right, slope))
    if by == rate == 1:
        return gradients(low, draft("elu", (v,), alpha=alpha), (g,), (True,))[0]
    node = draft("scaled_elu", (v,), alpha=alpha, by=by, rate=rate)
    return gradients(low, node, (g,), (True,))[0]


def celu(low: Lowering, x: Value, alpha: float = 1.0) -> Any:
    """Give x, or alpha * (exp(x / alpha) - 1) below 0."""
    return elu(low, x, alpha, 1.0, 1 / alpha)


def noisy_relu(low: Lowering, x: Value, noise: Value, *how: Any) -> Any:
    """Give x, or below 0 x times a number drawn for it; in evaluation times the mean of all."""
    del noise
    lower, upper, train, *_ = (*how, *(1 / 8, 1 / 3, False)[len(how) :])
    if not train:
        return e.leaky_relu(low.b, x, slope=(lower + upper) / 2)
    drawn = uniform(low.b, shape=x.shape, dtype=x.dtype)
    zero, one = (s.fill(low.b, shape=(), dtype=x.dtype, value=n) for n in (0, 1))
    by = e.where(low.b, e.greater(low.b, x, zero), one, drawn)
    return e.mul(low.b, x, by), by


def noisy_relu_backward(low: Lowering, g: Value, x: Value, noise: Value, *how: Any) -> Any:
    """Give g times what was drawn, which is 1 above 0."""
    lower, upper, train, *_ = how
    if train:
        return e.mul(low.b, g, noise)
    node = draft("leaky_relu", (x,), slope=(lower + upper) / 2)
    return gradients(low, node, (g,), (True,))[0]


def _shrink_backward(op: str) -> Row:
    def row(low: Lowering, g: Value, x: Value, by: float) -> Any:
        return gradients(low, draft(op, (x,), by=by), (g,), (True,))[0]

    return row


def threshold_backward(low: Lowering, g: Value, y: Value, by: float) -> Any:
    """Give g where what torch saved is above the threshold: that of ReLU is its result."""
    if by == 0:
        return gradients(low, draft("relu", (Value(y.type),)), (g,), (True,), (y,))[0]
    return gradients(low, draft("threshold", (y,), by=by, value=0.0), (g,), (True,))[0]


def _loss(op: Operator, *names: str) -> Row:
    """Make the row of a loss (x, target, [weight], reduction, numbers called `names`)."""

    def row(low: Lowering, x: Value, y: Value, *args: Any) -> Any:
        reduction, attrs = _settings(low, args, names)
        found = op(low.b, x, y, **attrs)
        dims = tuple(range(len(found.shape)))
        if reduction == _MEAN:
            return mean(low.b, found, dims=dims)
        return sum_over(low.b, found, dims=dims) if reduction == _SUM else found

    return row


def _loss_backward(op: str, *names: str) -> Row:
    """Make the row of its gradient: of a mean each pair has its share."""

    def row(low: Lowering, g: Value, x: Value, y: Value, *args: Any) -> Any:
        reduction, attrs = _settings(low, args, names)
        node = draft(op, (x, y), **attrs)
        if reduction == _MEAN:
            g = e.shrink(low.b, g, by=Power(node.results[0].type.size))
        g = s.expand(low.b, g, shape=node.results[0].shape)
        return gradients(low, node, (g,), (True, False))[0]

    return row


def _settings(low: Lowering, args: Any, names: tuple[str, ...]) -> tuple[int, dict[str, Any]]:
    """Read what a loss is called with after its tensors; weights of elements are refused."""
    weights = [a for a in args if isinstance(a, Value)]
    if weights:
        assert low.call is not None  # noqa: S101 - rows run within a call
        raise UnknownOperator(low.call.name, "has no rule for weights", "multiply by them outside")
    plain = [a for a in args if a is not None]
    reduction = plain[0] if plain else _MEAN
    given = (*plain[1:], *(1.0,) * len(names))
    return reduction, dict(zip(names, given, strict=False))


_UNARY = {
    "tan": f.tangent, "asin": f.arc_sine, "acos": f.arc_cosine, "atan": f.arc_tangent,
    "sinh": f.hyperbolic_sine, "cosh": f.hyperbolic_cosine, "asinh": f.area_sine,
    "acosh": f.area_cosine, "atanh": f.area_tangent, "log2": f.binary_logarithm,
    "log10": f.decimal_logarithm, "exp2": f.binary_power, "erfc": f.error_complement,
    "erfinv": f.error_inverse, "frac": f.fraction, "sinc": f.cardinal_sine,
    "special_entr": f.entropy,
}  # fmt: skip
_BINARY = {
    "atan2": f.angle_of, "hypot": f.hypotenuse, "fmod": f.rest, "copysign": f.signed,
    "xlogy": f.times_log, "logaddexp": f.add_exponents, "logical_xor": f.either_only,
    "bitwise_xor": f.either_only, "__xor__": f.either_only, "fmax": e.max_of, "fmin": e.min_of,
}  # fmt: skip

ROWS: dict[str, Row] = {
    **{name: _unary(op) for name, op in _UNARY.items()},
    **{name: _binary(op) for name, op in _BINARY.items()},
    "rad2deg": _scaled(180 / math.pi),
    "deg2rad": _scaled(math.pi / 180),
    "isinf": _whether("eq", math.inf, size=True),
    "isposinf": _whether("eq", math.inf),
    "isneginf": _whether("eq", -math.inf),
    "signbit": lambda low, x: e.greater(low.b, s.fill(low.b, shape=(), dtype=x.dtype, value=0), x),
    "logit": logit,
    "logit_backward": logit_backward,
    "nan_to_num": tamed,
    "heaviside": step,
    "special_xlog1py": log1p_times,
    "logaddexp2": add_powers,
    "ldexp": scaled_by_power,
    "elu": elu,
    "elu_backward": elu_backward,
    "celu": celu,
    "rrelu_with_noise": noisy_relu,
    "rrelu_with_noise_backward": noisy_relu_backward,
    "softshrink": _numbered(f.soft_shrink, by=0.5),
    "hardshrink": _numbered(f.hard_shrink, by=0.5),
    "threshold": _numbered(f.threshold, by=0.0, value=0.0),
    "softshrink_backward": _shrink_backward("softshrink"),
    "hardshrink_backward": _shrink_backward("hardshrink"),
    "threshold_backward": threshold_backward,
    "smooth_l1_loss": _loss(f.smooth_distance, "beta"),
    "smooth_l1_loss_backward": _loss_backward("smooth_l1", "beta"),
    "huber_loss": _loss(f.huber_distance, "delta"),
    "huber_loss_backward": _loss_backward("huber", "delta"),
    "mse_loss": _loss(f.squared_difference),
    "mse_loss_backward": _loss_backward("squared_difference"),
    "binary_cross_entropy": _loss(f.binary_entropy),
    "binary_cross_entropy_backward": _loss_backward("binary_entropy"),
    "soft_margin_loss": _loss(f.margin),
    "soft_margin_loss_backward": _loss_backward("soft_margin"),
    "binary_cross_entropy_with_logits": _loss(f.binary_entropy_logits),
}
