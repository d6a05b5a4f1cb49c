"""Operations of ATen as functions of JAX: of the same name where there is one."""

# ruff: noqa: ANN401, INP001 - a part of a script; arrays of any kind

from __future__ import annotations

import operator
from typing import Any

import jax
import jax.numpy as jnp
from jax import nn
from jax_layers import layers

SAME: dict[Any, str] = {
    jnp: """exp log sqrt sin cos tan tanh abs square maximum minimum where sign floor ceil round
        expm1 log1p isnan triu tril matmul outer flip""",
    nn: """relu silu sigmoid relu6 leaky_relu mish selu celu log_sigmoid glu""",
    operator: "mul neg pow gt lt ge le eq ne getitem",
}


def table() -> dict[str, Any]:
    """Give the function for each name."""
    same = {name: getattr(m, name) for m, names in SAME.items() for name in names.split()}
    return {**same, **_elements(), **_merges(), **_products(), **_layouts(), **layers()}


def _elements() -> dict[str, Any]:
    return {
        "add": lambda a, b, alpha=1: a + (b if alpha == 1 else alpha * b),
        "sub": lambda a, b, alpha=1: a - (b if alpha == 1 else alpha * b),
        "rsub": lambda a, b: b - a,
        "div": operator.truediv,
        "reciprocal": lambda x: 1 / x,
        "rsqrt": jax.lax.rsqrt,
        "erf": jax.scipy.special.erf,
        "addcmul": lambda x, a, b, value=1: x + (a * b if value == 1 else value * (a * b)),
        "lerp": lambda a, b, weight: a + weight * (b - a),
        "bitwise_not": operator.invert,
        "logical_not": operator.invert,
        "__and_": operator.and_,
        "__or_": operator.or_,
        "clamp": _clip,
        "masked_fill": lambda x, mask, value: jnp.where(mask, value, x),
        "threshold": lambda x, least, value: jnp.where(x > least, x, value),
        "prelu": lambda x, w: jnp.where(
            x >= 0, x, (w if w.size == 1 else w.reshape(-1, *(1,) * (x.ndim - 2))) * x
        ),
        "softmax": lambda x, axis, *_: nn.softmax(x, axis),
        "log_softmax": lambda x, axis, *_: nn.log_softmax(x, axis),
        "gelu": lambda x, approximate="none": nn.gelu(x, approximate == "tanh"),
        "hardtanh": lambda x, least=-1, most=1: (
            nn.relu6(x) if (least, most) == (0, 6) else _clip(x, least, most)
        ),
        "hardswish": nn.hard_swish,
        "hardsigmoid": nn.hard_sigmoid,
        "elu": lambda x, *_: nn.elu(x),
        "softplus": lambda x, *_: nn.softplus(x),
        "sort": lambda x, axis=-1, *_: (jnp.sort(x, axis), None),
    }


def _clip(x: Any, least: Any = None, most: Any = None) -> Any:
    """Clip as numbers of floats do, which need no cast."""
    return jnp.clip(x, *(float(v) if isinstance(v, int) else v for v in (least, most)))


def _axes(axes: Any) -> Any:
    return tuple(axes) if isinstance(axes, list | tuple) else axes


def _merges() -> dict[str, Any]:
    return {
        "sum": lambda x, axes=None, keep=False: x.sum(_axes(axes), keepdims=keep),
        "mean": lambda x, axes=None, keep=False: x.mean(_axes(axes), keepdims=keep),
        "amax": lambda x, axes=None, keep=False: x.max(_axes(axes), keepdims=keep),
        "amin": lambda x, axes=None, keep=False: x.min(_axes(axes), keepdims=keep),
        "var": lambda x, axes=None, correction=1, keep=False, **how: x.var(
            _axes(axes), ddof=how.get("correction", correction), keepdims=how.get("keepdim", keep)
        ),
        "prod": lambda x, axes=None, keep=False: x.prod(_axes(axes), keepdims=keep),
        "logsumexp": lambda x, axes, keep=False: nn.logsumexp(x, _axes(axes), keepdims=keep),
    }


def _products() -> dict[str, Any]:
    def linear(x: Any, weight: Any, bias: Any = None) -> Any:
        y = x @ weight.T
        return y if bias is None else y + bias

    return {
        "linear": linear,
        "mm": jnp.matmul,
        "bmm": jnp.matmul,
        "mv": jnp.matmul,
        "dot": jnp.matmul,
        "addmm": lambda c, a, b: a @ b + c,
        "baddbmm": lambda c, a, b: a @ b + c,
        "einsum": lambda equation, operands, **_: jnp.einsum(equation, *operands),
        "tensordot": lambda a, b, *axes: jnp.tensordot(a, b, axes),
        "embedding": lambda table, places, *_: table[places],
    }


def _at(x: Any, axis: int, what: Any) -> Any:
    return x[(slice(None),) * (axis % x.ndim) + (what,)]


def _split(x: Any, size: Any, axis: int = 0) -> Any:
    if isinstance(size, int):
        return jnp.split(x, list(range(size, x.shape[axis], size)), axis)
    return jnp.split(x, [sum(size[:n]) for n in range(1, len(size))], axis)


def _to(x: Any, *how: Any, dtype: Any = None, **_: Any) -> Any:
    """Cast to a type of torch, among whatever else a tensor is moved by."""
    found = [str(t) for t in (dtype, *how) if str(t).startswith("torch.")]
    name = found[0].removeprefix("torch.") if found else ""
    return x.astype(jax.dtypes.canonicalize_dtype(name)) if hasattr(jnp, name) else x


def _pad(x: Any, sides: Any, mode: str = "constant", value: Any = None) -> Any:
    mode = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    ends = list(zip(sides[::2], sides[1::2], strict=True))[::-1]
    how = {"constant_values": value or 0.0} if mode == "constant" else {}
    return jnp.pad(x, [(0, 0)] * (x.ndim - len(ends)) + ends, mode, **how)


def _shuffle(x: Any, n: int) -> Any:
    """Move channels into pixels."""
    *b, c, h, w = x.shape
    y = x.reshape(-1, c // n**2, n, n, h, w).transpose(0, 1, 4, 2, 5, 3)
    return y.reshape(*b, c // n**2, h * n, w * n)


def _layouts() -> dict[str, Any]:
    """What costs nothing, but for what a place below 0 and an end take."""
    itself = "dropout", "feature_dropout", "contiguous", "clone", "alias", "detach"
    return {
        **dict.fromkeys((*itself, "lift_fresh_copy"), lambda x, *_, **__: x),
        "to": _to,
        "_assert_tensor_metadata": lambda *_, **__: None,
        "view": lambda x, shape: x.reshape(shape),
        "reshape": lambda x, shape: x.reshape(shape),
        "reshape_as": lambda x, other: x.reshape(other.shape),
        "flatten": lambda x, start=0, end=-1: x.reshape(
            *x.shape[:start], -1, *(x.shape[end:][1:] if end != -1 else ())
        ),
        "unflatten": lambda x, axis, shape: x.reshape(
            *x.shape[: axis % x.ndim], *shape, *x.shape[axis % x.ndim + 1 :]
        ),
        "roll": jnp.roll,
        "permute": lambda x, order: x.transpose(order),
        "transpose": jnp.swapaxes,
        "swapaxes": jnp.swapaxes,
        "t": jnp.transpose,
        "unsqueeze": jnp.expand_dims,
        "squeeze": lambda x, axis=None: jnp.squeeze(x, _axes(axis)),
        "unbind": lambda x, axis=0: [_at(x, axis, n) for n in range(x.shape[axis])],
        "chunk": lambda x, n, axis=0: _split(x, -(-x.shape[axis] // n), axis),
        "split": _split,
        "split_with_sizes": _split,
        "cat": lambda values, axis=0: jnp.concatenate(values, axis),
        "stack": lambda values, axis=0: jnp.stack(values, axis),
        "select": _at,
        "slice": lambda x, axis=0, start=None, stop=None, step=1: _at(
            x, axis, slice(start, stop, step)
        ),
        "expand": lambda x, shape: jnp.broadcast_to(
            x, [n if m == -1 else m for m, n in zip(shape, _ranked(x, shape), strict=True)]
        ),
        "repeat": jnp.tile,
        "pad": _pad,
        "index": lambda x, places: x[tuple(slice(None) if p is None else p for p in places)],
        "index_select": lambda x, axis, places: jnp.take(x, places, axis, mode="clip"),
        "gather": lambda x, axis, places, **_: jnp.take_along_axis(x, places, axis),
        "pixel_shuffle": _shuffle,
        "zeros": lambda shape, **_: jnp.zeros(shape),
        "ones": lambda shape, **_: jnp.ones(shape),
        "full": lambda shape, value, **_: jnp.full(shape, value),
        "full_like": lambda x, value, **_: jnp.full_like(x, value),
        "zeros_like": lambda x, **_: jnp.zeros_like(x),
        "ones_like": lambda x, **_: jnp.ones_like(x),
        "arange": lambda *ends, **_: jnp.arange(*ends),
    }


def _ranked(x: Any, shape: Any) -> tuple[int, ...]:
    return (1,) * (len(shape) - x.ndim) + x.shape
