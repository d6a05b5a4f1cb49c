"""One update of one parameter, as torch.optim runs it on a single tensor, in its order.

SGD      g' = g + wd*p;  v' = mu*v + (1 - dampening)*g';  p' = p - lr * v'     (or g' + mu*v')
Adam     m' = m + (1 - b1)*(g - m);  v' = b2*v + (1 - b2)*g*g
         p' = p - lr/c1 * m' / (sqrt(v')/c2 + eps)
others   as their builders say; `optim_rates.py` has those without a first moment

Numbers of the step (bias corrections, schedules) are computed once for all elements and are free.
"""

from __future__ import annotations

from itertools import accumulate
from operator import mul as times
from typing import TYPE_CHECKING

from orderof.ops.define import composite
from orderof.ops.elementwise import (
    add,
    div,
    magnitude,
    max_of,
    mul,
    reciprocal,
    root,
    scale,
    shift,
    shrink,
    sign,
    sub,
)

if TYPE_CHECKING:
    from orderof.ir.build import Builder
    from orderof.ir.graph import Value


def plus_scaled(b: Builder, x: Value, y: Value, by: float) -> Value:
    """Give x + by * y."""
    return add(b, x, scale(b, y, by=by))


def decayed(b: Builder, g: Value, p: Value, by: float) -> Value:
    """Give a gradient with that of by/2 * p**2 added, if there is any."""
    return plus_scaled(b, g, p, by) if by else g


def averaged(b: Builder, x: Value, y: Value, keep: float) -> Value:
    """Give x + (1 - keep) * (y - x), as `lerp` does."""
    return plus_scaled(b, x, sub(b, y, x), 1 - keep)


def squares(b: Builder, v: Value, g: Value, keep: float) -> Value:
    """Give keep * v + (1 - keep) * g * g."""
    return add(b, scale(b, v, by=keep), scale(b, mul(b, g, g), by=1 - keep))


def plus_ratio(b: Builder, p: Value, x: Value, below: Value, by: float) -> Value:
    """Give p + by * x / below."""
    return add(b, p, div(b, scale(b, x, by=by), below))


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
    g = decayed(b, g, p, weight_decay)
    after: tuple[Value, ...] = ()
    if momentum:
        fresh = scale(b, g, by=1 - dampening) if dampening else g
        after = (add(b, scale(b, state[0], by=momentum), fresh),)
        g = plus_scaled(b, g, after[0], momentum) if nesterov else after[0]
    return plus_scaled(b, p, g, -lr), *after


@composite("adamw", source="Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2")
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
    return _adam(b, p, g, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps, step=step)


@composite("adam", source="Kingma & Ba 2015, arXiv:1412.6980, algorithm 1")
def adam(
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
    weight_decay: float = 0.0,
    step: int = 2,
) -> tuple[Value, Value, Value]:
    """Give (p', m', v')."""
    g = decayed(b, g, p, weight_decay)
    return _adam(b, p, g, m, v, lr=lr, beta1=beta1, beta2=beta2, eps=eps, step=step)


def _adam(
    b: Builder, p: Value, g: Value, m: Value, v: Value,
    *, lr: float, beta1: float, beta2: float, eps: float, step: int,
) -> tuple[Value, Value, Value]:  # fmt: skip
    m, v = averaged(b, m, g, beta1), squares(b, v, g, beta2)
    below = shift(b, shrink(b, root(b, v), by=(1 - beta2**step) ** 0.5), by=eps)
    return plus_ratio(b, p, m, below, -lr / (1 - beta1**step)), m, v


@composite("nadam", source="Dozat 2016, Incorporating Nesterov Momentum into Adam, ICLR workshop")
def nadam(
    b: Builder,
    p: Value,
    g: Value,
    m: Value,
    v: Value,
    *,
    lr: float = 2e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum_decay: float = 4e-3,
    step: int = 2,
) -> tuple[Value, Value, Value]:
    """Give (p', m', v')."""
    g = decayed(b, g, p, weight_decay)
    mus = [beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay)) for t in range(1, step + 2)]
    *_, past, coming = accumulate(mus, times)
    m, v = averaged(b, m, g, beta1), squares(b, v, g, beta2)
    below = shift(b, root(b, shrink(b, v, by=1 - beta2**step)), by=eps)
    p = plus_ratio(b, p, g, below, -lr * (1 - mus[-2]) / (1 - past))
    return plus_ratio(b, p, m, below, -lr * mus[-1] / (1 - coming)), m, v


@composite("radam", source="Liu et al. 2020, arXiv:1908.03265, algorithm 2")
def radam(
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
    weight_decay: float = 0.0,
    step: int = 100,
) -> tuple[Value, Value, Value]:
    """Give (p', m', v'); rectified as soon as the variance is known, with few steps before."""
    g = decayed(b, g, p, weight_decay)
    m, v = averaged(b, m, g, beta1), squares(b, v, g, beta2)
    change = scale(b, shrink(b, m, by=1 - beta1**step), by=lr)
    most = 2 / (1 - beta2) - 1
    known = most - 2 * step * beta2**step / (1 - beta2**step)
    if known > _RECTIFIED:
        below = shift(b, root(b, v), by=eps)
        rate = scale(b, reciprocal(b, below), by=(1 - beta2**step) ** 0.5)
        by = (known - 4) * (known - 2) * most / ((most - 4) * (most - 2) * known)
        change = scale(b, mul(b, change, rate), by=by**0.5)
    return plus_scaled(b, p, change, -1.0), m, v


_RECTIFIED = 5
"""From so many steps on that are known, the variance is taken to be."""


@composite("adamax", source="Kingma & Ba 2015, arXiv:1412.6980, algorithm 2")
def adamax(
    b: Builder,
    p: Value,
    g: Value,
    m: Value,
    u: Value,
    *,
    lr: float = 2e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    step: int = 2,
) -> tuple[Value, Value, Value]:
    """Give (p', m', u'): u is the greatest gradient so far, as it decays."""
    g = decayed(b, g, p, weight_decay)
    m = averaged(b, m, g, beta1)
    u = max_of(b, scale(b, u, by=beta2), shift(b, magnitude(b, g), by=eps))
    return plus_ratio(b, p, m, u, -lr / (1 - beta1**step)), m, u


@composite("lion", source="Chen et al. 2023, arXiv:2302.06675, algorithm 2")
def lion(
    b: Builder,
    p: Value,
    g: Value,
    m: Value,
    *,
    lr: float = 1e-4,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 0.0,
) -> tuple[Value, Value]:
    """Give (p', m'): only the sign of the momentum counts."""
    if weight_decay:
        p = scale(b, p, by=1 - lr * weight_decay)
    towards = sign(b, plus_scaled(b, scale(b, m, by=beta1), g, 1 - beta1))
    return plus_scaled(b, p, towards, -lr), plus_scaled(b, scale(b, m, by=beta2), g, 1 - beta2)
