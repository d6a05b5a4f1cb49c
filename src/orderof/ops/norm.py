"""Normalisations, in training and in evaluation.

All compute the mean and the variance in two passes, then (x - mean) * rstd, then weight and bias.
Their gradients are the closed formulas that frameworks run, with xhat = (x - mean) * rstd and n
elements for each mean:

    dx = rstd * (gw - mean(gw) - xhat * mean(gw * xhat))        gw = g * weight
    dweight = sum(g * xhat),  dbias = sum(g)

(Ioffe & Szegedy 2015, arXiv:1502.03167, section 3; Ba et al. 2016, arXiv:1607.06450.)
No product here is a MAC: normalisations have none by definition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.scalar import Power
from orderof.ops.define import composite
from orderof.ops.elementwise import add, inverse_root, mul, scale, shift, shrink, sub
from orderof.ops.reduce import mean, sum_over
from orderof.ops.shape import reshape
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads

Dims = tuple[int, ...]
EPS = 1e-5


def _statistics(b: Builder, x: Value, dims: Dims, eps: float) -> tuple[Value, Value, Value, Value]:
    """Give (xhat, mean, rstd, variance), the last three with their dimensions kept."""
    mu = mean(b, x, dims=dims, keep=True)
    centred = sub(b, x, mu)
    var = mean(b, mul(b, centred, centred), dims=dims, keep=True)
    rstd = inverse_root(b, shift(b, var, by=eps))
    return mul(b, centred, rstd), mu, rstd, var


def _input_gradient(
    b: Builder, gw: Value, xhat: Value, rstd: Value, dims: Dims, *, centred: bool = True
) -> Value:
    inner = mul(b, xhat, mean(b, mul(b, gw, xhat), dims=dims, keep=True))
    if centred:
        gw = sub(b, gw, mean(b, gw, dims=dims, keep=True))
    return mul(b, rstd, sub(b, gw, inner))


def _affine_gradients(
    b: Builder, g: Value, xhat: Value, dims: Dims, like: Sequence[Value], want: Sequence[bool]
) -> tuple[Value | None, ...]:
    """Give the gradients of weight and bias, as far as they are there and wanted."""
    out: list[Value | None] = []
    for i, (w, wanted) in enumerate(zip(like, want, strict=True)):
        total = sum_over(b, mul(b, g, xhat) if i == 0 else g, dims=dims) if wanted else None
        out.append(reshape(b, total, shape=w.shape) if total else None)
    return tuple(out)


def _layer_norm_vjp(b: Builder, node: Node, gs: Sequence[Value], want: Sequence[bool]) -> Grads:
    x, *affine = node.operands
    _, mu, rstd = node.results
    rank = len(x.shape)
    axes = int(node.attr("axes", 1))
    dims = tuple(range(rank - axes, rank))
    xhat = mul(b, sub(b, x, mu), rstd)
    gw = mul(b, gs[0], affine[0]) if affine else gs[0]
    dx = _input_gradient(b, gw, xhat, rstd, dims) if want[0] else None
    return dx, *_affine_gradients(b, gs[0], xhat, tuple(range(rank - axes)), affine, want[1:])


@composite("layer_norm", vjp=_layer_norm_vjp, source="Ba et al. 2016, arXiv:1607.06450")
def layer_norm(
    b: Builder, x: Value, *affine: Value, axes: int = 1, eps: float = EPS
) -> tuple[Value, Value, Value]:
    """Normalise over the last `axes` dimensions; gives (y, mean, rstd)."""
    rank = len(x.shape)
    y, mu, rstd, _ = _statistics(b, x, tuple(range(rank - axes, rank)), eps)
    for w, op in zip(affine, (mul, add), strict=False):
        y = op(b, y, w)
    return y, mu, rstd


def _rms_norm_vjp(b: Builder, node: Node, gs: Sequence[Value], want: Sequence[bool]) -> Grads:
    x, *affine = node.operands
    rstd, rank = node.results[1], len(node.operands[0].shape)
    xhat = mul(b, x, rstd)
    gw = mul(b, gs[0], affine[0]) if affine else gs[0]
    dx = _input_gradient(b, gw, xhat, rstd, (rank - 1,), centred=False) if want[0] else None
    return dx, *_affine_gradients(b, gs[0], xhat, tuple(range(rank - 1)), affine, want[1:])


@composite("rms_norm", vjp=_rms_norm_vjp, source="Zhang & Sennrich 2019, arXiv:1910.07467")
def rms_norm(b: Builder, x: Value, *affine: Value, eps: float = EPS) -> tuple[Value, Value]:
    """Divide by the root mean square over the last dimension; gives (y, rstd)."""
    square = mean(b, mul(b, x, x), dims=(len(x.shape) - 1,), keep=True)
    rstd = inverse_root(b, shift(b, square, by=eps))
    y = mul(b, x, rstd)
    return (mul(b, y, affine[0]) if affine else y), rstd


def _channels(x: Value, v: Value, b: Builder) -> Value:
    """See a vector of channels as (C, 1, 1, ...), to broadcast against (B, C, ...)."""
    return reshape(b, v, shape=(*v.shape, *(ONE,) * (len(x.shape) - 2)))


def _batch_dims(x: Value) -> Dims:
    return (0, *range(2, len(x.shape)))


def _batch_norm_vjp(b: Builder, node: Node, gs: Sequence[Value], want: Sequence[bool]) -> Grads:
    x, *affine = node.operands
    dims, (_, mu, rstd) = _batch_dims(x), node.results[:3]
    xhat = mul(b, sub(b, x, mu), rstd)
    gw = mul(b, gs[0], _channels(x, affine[0], b)) if affine else gs[0]
    dx = _input_gradient(b, gw, xhat, rstd, dims) if want[0] else None
    return dx, *_affine_gradients(b, gs[0], xhat, dims, affine, want[1:])


@composite("batch_norm", vjp=_batch_norm_vjp, source="Ioffe & Szegedy 2015, arXiv:1502.03167")
def batch_norm(
    b: Builder, x: Value, *affine: Value, eps: float = EPS
) -> tuple[Value, Value, Value, Value]:
    """Normalise each channel with this batch's statistics; gives (y, mean, rstd, variance)."""
    y, mu, rstd, var = _statistics(b, x, _batch_dims(x), eps)
    for w, op in zip(affine, (mul, add), strict=False):
        y = op(b, y, _channels(x, w, b))
    return y, mu, rstd, var


@composite("running_average")
def running_average(b: Builder, old: Value, new: Value, *, momentum: float) -> Value:
    """Give (1 - momentum) * old + momentum * new."""
    new = reshape(b, new, shape=old.shape)
    return add(b, scale(b, old, by=1 - momentum), scale(b, new, by=momentum))


@composite("unbiased")
def unbiased(b: Builder, var: Value, *, n: Expr) -> Value:
    """Give the variance times n / (n - 1), as the running variance of a batch norm keeps it."""
    return shrink(b, scale(b, var, by=Power(n)), by=Power(n - 1))


def _frozen_vjp(b: Builder, node: Node, gs: Sequence[Value], want: Sequence[bool]) -> Grads:
    """Compute 1/sqrt(var + eps) again, once a channel, as torch does."""
    x, mu, var, *affine = node.operands
    rstd = inverse_root(b, shift(b, var, by=node.attr("eps", EPS)))
    gw = mul(b, gs[0], _channels(x, affine[0], b)) if affine else gs[0]
    dx = mul(b, gw, _channels(x, rstd, b)) if want[0] else None
    grads: tuple[Value | None, ...] = ()
    if any(want[3:]):
        xhat = mul(b, sub(b, x, _channels(x, mu, b)), _channels(x, rstd, b))
        grads = _affine_gradients(b, gs[0], xhat, _batch_dims(x), affine, want[3:])
    return dx, None, None, *(grads or (None,) * len(affine))


@composite("batch_norm_eval", vjp=_frozen_vjp)
def batch_norm_eval(
    b: Builder, x: Value, mu: Value, var: Value, *affine: Value, eps: float = EPS
) -> Value:
    """Normalise with running statistics."""
    rstd = inverse_root(b, shift(b, var, by=eps))
    y = mul(b, sub(b, x, _channels(x, mu, b)), _channels(x, rstd, b))
    for w, op in zip(affine, (mul, add), strict=False):
        y = op(b, y, _channels(x, w, b))
    return y


def _grouped(b: Builder, x: Value, groups: int) -> Value:
    rest = Expr.prod(x.shape[1:]) / groups
    return reshape(b, x, shape=(x.shape[0], groups, rest))


def _group_norm_vjp(b: Builder, node: Node, gs: Sequence[Value], want: Sequence[bool]) -> Grads:
    x, *affine = node.operands
    groups, (_, mu, rstd) = int(node.attr("groups")), node.results
    xhat = mul(b, sub(b, _grouped(b, x, groups), mu), rstd)
    gw = mul(b, gs[0], _channels(x, affine[0], b)) if affine else gs[0]
    dx = None
    if want[0]:
        dx = _input_gradient(b, _grouped(b, gw, groups), xhat, rstd, (2,))
        dx = reshape(b, dx, shape=x.shape)
    flat = reshape(b, xhat, shape=x.shape)
    return dx, *_affine_gradients(b, gs[0], flat, _batch_dims(x), affine, want[1:])


@composite("group_norm", vjp=_group_norm_vjp, source="Wu & He 2018, arXiv:1803.08494")
def group_norm(
    b: Builder, x: Value, *affine: Value, groups: int, eps: float = EPS
) -> tuple[Value, Value, Value]:
    """Normalise groups of channels of each example; gives (y, mean, rstd)."""
    y, mu, rstd, _ = _statistics(b, _grouped(b, x, groups), (2,), eps)
    y = reshape(b, y, shape=x.shape)
    for w, op in zip(affine, (mul, add), strict=False):
        y = op(b, y, _channels(x, w, b))
    return y, mu, rstd
