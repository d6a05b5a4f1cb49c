"""Softmax, its logarithm, and the losses made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.scalar import Power
from orderof.ops.define import composite
from orderof.ops.elementwise import div, exponential, logarithm, mul, neg, scale, sub
from orderof.ops.reduce import max_over, mean, sum_over
from orderof.ops.shape import expand, put, reshape, take
from orderof.sym import ONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads


def _softmax_vjp(b: Builder, node: Node, gs: Sequence[Value], _: object) -> Grads:
    return (softmax_gradient(b, gs[0], node.results[0], **dict(node.attrs)),)


@composite("softmax", vjp=_softmax_vjp, source="safe softmax, Milakov & Gimelshein 2018")
def softmax(b: Builder, x: Value, *, axis: int) -> Value:
    """Give exp(x - max) / sum(exp(x - max))."""
    e = exponential(b, sub(b, x, max_over(b, x, dims=(axis,), keep=True)))
    return div(b, e, sum_over(b, e, dims=(axis,), keep=True))


@composite("softmax_gradient")
def softmax_gradient(b: Builder, g: Value, y: Value, *, axis: int) -> Value:
    """Give y * (g - sum(g * y)), from the saved result."""
    inner = sum_over(b, mul(b, g, y), dims=(axis,), keep=True)
    return mul(b, y, sub(b, g, inner))


def _log_softmax_vjp(b: Builder, node: Node, gs: Sequence[Value], _: object) -> Grads:
    return (log_softmax_gradient(b, gs[0], node.results[0], **dict(node.attrs)),)


@composite("log_softmax", vjp=_log_softmax_vjp)
def log_softmax(b: Builder, x: Value, *, axis: int) -> Value:
    """Give x - max - log(sum(exp(x - max)))."""
    shifted = sub(b, x, max_over(b, x, dims=(axis,), keep=True))
    total = sum_over(b, exponential(b, shifted), dims=(axis,), keep=True)
    return sub(b, shifted, logarithm(b, total))


@composite("log_softmax_gradient")
def log_softmax_gradient(b: Builder, g: Value, y: Value, *, axis: int) -> Value:
    """Give g - exp(y) * sum(g), from the saved result."""
    return sub(b, g, mul(b, exponential(b, y), sum_over(b, g, dims=(axis,), keep=True)))


def _nll_vjp(b: Builder, node: Node, gs: Sequence[Value], _: object) -> Grads:
    logp, target = node.operands
    n = target.type.size
    each = scale(b, neg(b, gs[0]), by=Power(n, -1))
    column = (*target.shape, ONE)
    g = expand(b, reshape(b, each, shape=(ONE,) * len(column)), shape=column)
    return put(b, g, reshape(b, target, shape=column), shape=logp.shape, axis=-1), None


@composite("nll_loss", vjp=_nll_vjp)
def nll_loss(b: Builder, logp: Value, target: Value) -> Value:
    """Give minus the mean of the target's log-probability; the classes stand in the last axis."""
    column = reshape(b, target, shape=(*target.shape, ONE))
    picked = reshape(b, take(b, logp, column, axis=-1), shape=target.shape)
    return neg(b, mean(b, picked, dims=tuple(range(len(target.shape)))))


@composite("cross_entropy")
def cross_entropy(b: Builder, x: Value, target: Value) -> Value:
    """Give the mean cross-entropy of logits against class indices."""
    return nll_loss(b, log_softmax(b, x, axis=-1), target)


@composite("mse_loss")
def mse_loss(b: Builder, x: Value, target: Value) -> Value:
    """Give the mean of the squared differences."""
    d = sub(b, x, target)
    return mean(b, mul(b, d, d), dims=tuple(range(len(x.shape))))
