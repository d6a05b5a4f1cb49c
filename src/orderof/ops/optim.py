"""One update of one parameter, as torch.optim runs it on a single tensor.

SGD     g' = g + wd*p;  v' = mu*v + (1 - dampening)*g';  p' = p - lr * v'     (or g' + mu*v')
AdamW   Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2, in torch's order of operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ops.define import composite
from orderof.ops.elementwise import add, div, mul, root, scale, shift, shrink, sub

if TYPE_CHECKING:
    from orderof.ir.build import Builder
    from orderof.ir.graph import Value


def _plus_scaled(b: Builder, x: Value, y: Value, by: float) -> Value:
    """Give x + by * y."""
    return add(b, x, scale(b, y, by=by))


@composite("sgd", source="torch.optim.SGD")
def sgd(
    b: Builder,
    p: Value,
    g: Value,
    *state: Value,
    lr: float = 1e-3,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    dampening: float = 0.0,
) -> tuple[Value, ...]:
    """Give (p', momentum buffer'), the second where there is momentum."""
    if weight_decay:
        g = _plus_scaled(b, g, p, weight_decay)
    after: tuple[Value, ...] = ()
    if momentum:
        fresh = scale(b, g, by=1 - dampening) if dampening else g
        after = (add(b, scale(b, state[0], by=momentum), fresh),)
        g = _plus_scaled(b, g, after[0], momentum) if nesterov else after[0]
    return _plus_scaled(b, p, g, -lr), *after


@composite("adamw", source="Loshchilov & Hutter 2019, arXiv:1711.05101")
def adamw(
    b: Builder,
    p: Value,
    g: Value,
    m: Value,
    v: Value,
    *,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    step: int = 2,
) -> tuple[Value, Value, Value]:
    """Give (p', m', v'); the bias corrections are numbers of the step, counted from 1."""
    if weight_decay:
        p = scale(b, p, by=1 - lr * weight_decay)
    m = _plus_scaled(b, m, sub(b, g, m), 1 - beta1)
    v = add(b, scale(b, v, by=beta2), scale(b, mul(b, g, g), by=1 - beta2))
    denominator = shift(b, shrink(b, root(b, v), by=(1 - beta2**step) ** 0.5), by=eps)
    update = div(b, scale(b, m, by=-lr / (1 - beta1**step)), denominator)
    return add(b, p, update), m, v
