"""Optimizers with a rate for each element, as torch.optim runs them on a single tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ops.define import composite
from orderof.ops.elementwise import (
    add,
    clamp,
    div,
    equal,
    greater,
    mul,
    root,
    scale,
    shift,
    sign,
    where,
)
from orderof.ops.optim import averaged, decayed, plus_ratio, plus_scaled, squares
from orderof.ops.shape import fill

if TYPE_CHECKING:
    from orderof.ir.build import Builder
    from orderof.ir.graph import Value


@composite("adagrad", source="Duchi et al. 2011, JMLR 12, 2121-2159")
def adagrad(
    b: Builder,
    p: Value,
    g: Value,
    s: Value,
    *,
    lr: float = 1e-2,
    eps: float = 1e-10,
    weight_decay: float = 0.0,
    lr_decay: float = 0.0,
    step: int = 2,
) -> tuple[Value, Value]:
    """Give (p', s'): s is the sum of the squares of all gradients."""
    g = decayed(b, g, p, weight_decay)
    s = add(b, s, mul(b, g, g))
    below = shift(b, root(b, s), by=eps)
    return plus_ratio(b, p, g, below, -lr / (1 + (step - 1) * lr_decay)), s


@composite("adadelta", source="Zeiler 2012, arXiv:1212.5701, algorithm 1")
def adadelta(
    b: Builder,
    p: Value,
    g: Value,
    v: Value,
    d: Value,
    *,
    lr: float = 1.0,
    rho: float = 0.9,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
) -> tuple[Value, Value, Value]:
    """Give (p', v', d'): mean squares of the gradients and of the changes."""
    g = decayed(b, g, p, weight_decay)
    v = squares(b, v, g, rho)
    ratio = div(b, root(b, shift(b, d, by=eps)), root(b, shift(b, v, by=eps)))
    change = mul(b, ratio, g)
    return plus_scaled(b, p, change, -lr), v, squares(b, d, change, rho)


@composite("rmsprop", source="Hinton 2012, Neural Networks for Machine Learning, lecture 6e")
def rmsprop(
    b: Builder,
    p: Value,
    g: Value,
    v: Value,
    *state: Value,
    lr: float = 1e-2,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
) -> tuple[Value, ...]:
    """Give (p', v'), then the mean gradient' where centered and the buffer' with momentum."""
    g = decayed(b, g, p, weight_decay)
    v = squares(b, v, g, alpha)
    after, inside = [v], v
    if centered:
        mean = averaged(b, state[0], g, alpha)
        inside = plus_scaled(b, v, mul(b, mean, mean), -1.0)
        after.append(mean)
    below = shift(b, root(b, inside), by=eps)
    if not momentum:
        return plus_ratio(b, p, g, below, -lr), *after
    buffer = add(b, scale(b, state[-1], by=momentum), div(b, g, below))
    return plus_scaled(b, p, buffer, -lr), *after, buffer


def number(b: Builder, like: Value, n: float) -> Value:
    """Give a number in the dtype of a value."""
    return fill(b, shape=(), dtype=like.dtype, value=n)


@composite("rprop", source="Riedmiller & Braun 1993, IEEE ICNN, 586-591")
def rprop(
    b: Builder,
    p: Value,
    g: Value,
    before: Value,
    size: Value,
    *,
    up: float = 1.2,
    down: float = 0.5,
    least: float = 1e-6,
    most: float = 50.0,
) -> tuple[Value, Value, Value]:
    """Give (p', the gradient that counted, the step sizes').

    Steps grow while a gradient keeps its sign; where it turns they shrink, and nothing is moved.
    """
    zero, factor = number(b, p, 0.0), sign(b, mul(b, g, before))
    factor = where(b, greater(b, factor, zero), number(b, p, up), factor)
    factor = where(b, greater(b, zero, factor), number(b, p, down), factor)
    factor = where(b, equal(b, factor, zero), number(b, p, 1.0), factor)
    size = clamp(b, mul(b, size, factor), low=least, high=most)
    g = where(b, equal(b, factor, number(b, p, down)), zero, g)
    return plus_scaled(b, p, mul(b, sign(b, g), size), -1.0), g, size
