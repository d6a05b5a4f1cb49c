"""Layers of torch as JAX writes them: convolutions, norms, windows, attention, recurrent layers."""

# ruff: noqa: ANN401, D103, INP001 - a part of a script; arrays of any kind, names of ATen

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax.numpy as jnp
from jax import lax, nn

CELLS: dict[str, Any] = {}
"""A step of a recurrent layer: of both products and the states, the states that follow."""


def layers() -> dict[str, Any]:
    """Give each by the name that ATen has for it."""
    return {
        **{f"conv{n}d": conv for n in (1, 2, 3)},
        **{f"conv_transpose{n}d": transposed for n in (1, 2, 3)},
        "batch_norm": batch_norm,
        "instance_norm": instance_norm,
        "layer_norm": layer_norm,
        "group_norm": group_norm,
        "rms_norm": rms_norm,
        **{f"max_pool{n}d": max_pool for n in (1, 2, 3)},
        **{f"avg_pool{n}d": avg_pool for n in (1, 2, 3)},
        **{f"adaptive_avg_pool{n}d": partial(adaptive, jnp.mean) for n in (1, 2, 3)},
        "adaptive_max_pool2d": lambda x, size: (adaptive(jnp.max, x, size), None),
        "scaled_dot_product_attention": attention,
        **{name: partial(recurrent, cell) for name, cell in CELLS.items()},
        **{f"{name}_cell": partial(one_step, cell) for name, cell in CELLS.items()},
    }


def _wide(value: Any, n: int) -> tuple[int, ...]:
    wide = tuple(value) if isinstance(value, list | tuple) else (value,)
    return wide * n if len(wide) == 1 else wide


def _along(value: Any, x: Any) -> Any:
    """Lay a vector along the channels, if there is one."""
    return None if value is None else value.reshape(-1, *(1,) * (x.ndim - 2))


# ----------------------------------------------------------------------------------- convolutions


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    n = weight.ndim - 2
    if x.ndim < weight.ndim:
        return conv(x[None], weight, bias, stride, padding, dilation, groups)[0]
    y = lax.conv_general_dilated(
        x,
        weight,
        _wide(stride, n),
        padding.upper() if isinstance(padding, str) else [(p, p) for p in _wide(padding, n)],
        rhs_dilation=_wide(dilation, n),
        feature_group_count=groups,
    )
    return y if bias is None else y + _along(bias, x)


def transposed(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    more: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    n = x.ndim - 2
    parts = zip(weight.shape[2:], *(_wide(v, n) for v in (padding, more, dilation)), strict=True)
    c, out, *size = weight.shape
    weight = jnp.flip(weight, range(2, n + 2)).reshape(groups, c // groups, out, *size)
    y = lax.conv_general_dilated(
        x,
        weight.swapaxes(1, 2).reshape(groups * out, c // groups, *size),
        (1,) * n,
        [(d * (k - 1) - p, d * (k - 1) - p + m) for k, p, m, d in parts],
        lhs_dilation=_wide(stride, n),
        rhs_dilation=_wide(dilation, n),
        feature_group_count=groups,
    )
    return y if bias is None else y + _along(bias, x)


# ------------------------------------------------------------------------------------------ norms


def _normed(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    mean = x.mean(axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axes, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + eps)


def _affine(y: Any, weight: Any, bias: Any) -> Any:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def batch_norm(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, *how: Any) -> Any:
    """Of what was met in training; without that, of the batch."""
    _, _, eps, *_ = how
    if mean is None:
        y = _normed(x, (0, *range(2, x.ndim)), eps)
    else:
        y = (x - _along(mean, x)) * lax.rsqrt(_along(variance, x) + eps)
    return _affine(y, _along(weight, x), _along(bias, x))


def instance_norm(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, *how: Any) -> Any:
    own, _, eps, *_ = how
    if not own:
        return batch_norm(x, weight, bias, mean, variance, *how)
    return group_norm(x, x.shape[1], weight, bias, eps)


def layer_norm(
    x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any
) -> Any:
    return _affine(_normed(x, tuple(range(-len(shape), 0)), eps), weight, bias)


def group_norm(
    x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any
) -> Any:
    y = _normed(x.reshape(x.shape[0], groups, -1), (-1,), eps).reshape(x.shape)
    return _affine(y, _along(weight, x), _along(bias, x))


def rms_norm(x: Any, shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    mean = (x**2).mean(tuple(range(-len(shape), 0)), keepdims=True)
    y = x * lax.rsqrt(mean + (eps or jnp.finfo(x.dtype).eps))
    return _affine(y, weight, None)


# ---------------------------------------------------------------------------------------- windows


def _windows(x: Any, first: float, merge: Any, how: tuple[Any, ...]) -> Any:
    """Slide a window; where sizes are rounded up, what hangs over the end is padded."""
    *parts, up, spread = how
    pads = [(0, 0), (0, 0)]
    size, stride, padding, spread = (_wide(value, x.ndim - 2) for value in (*parts, spread))
    for n, wide, s, p, d in zip(x.shape[2:], size, stride, padding, spread, strict=True):
        k = d * (wide - 1) + 1
        last = -(-(n + 2 * p - k) // s) if up else (n + 2 * p - k) // s
        last -= last * s >= n + p
        pads.append((p, max(last * s + k - n - p, 0) if up else p))
    wide = (1, 1, *size), (1, 1, *stride), pads, None, (1, 1, *spread)
    return lax.reduce_window(x, first, merge, *wide)


def max_pool(x: Any, size: Any, stride: Any = (), padding: Any = 0, *how: Any) -> Any:
    spread, up, *_ = (*how, *(1, 0)[len(how) :])
    return _windows(x, -math.inf, lax.max, (size, stride or size, padding, up, spread))


def avg_pool(x: Any, size: Any, stride: Any = (), padding: Any = 0, up: Any = 0, *_: Any) -> Any:
    found = _windows(x, 0.0, lax.add, (size, stride or size, padding, up, 1))
    return found / math.prod(_wide(size, x.ndim - 2))


def adaptive(merge: Any, x: Any, size: Any) -> Any:
    """Merge equal windows."""
    n = x.ndim - 2
    parts = zip(x.shape[2:], _wide(size, n), strict=True)
    split = [wide for whole, s in parts for wide in (s, whole // s)]
    return merge(x.reshape(*x.shape[:2], *split), tuple(range(3, 3 + 2 * n, 2)))


# -------------------------------------------------------------------------------------- attention


def attention(
    q: Any,
    k: Any,
    v: Any,
    mask: Any = None,
    _dropout: float = 0.0,
    causal: bool = False,  # noqa: FBT001, FBT002 - as ATen has it
    scale: float | None = None,
    **_: Any,
) -> Any:
    q, k, v = (x.swapaxes(-3, -2) for x in (q, k, v))
    name = "mask" if mask is not None and mask.dtype == bool else "bias"
    y = nn.dot_product_attention(q, k, v, **{name: mask}, scale=scale, is_causal=causal)
    return y.swapaxes(-3, -2)


# ------------------------------------------------------------------------------- recurrent layers


def _lstm(a: Any, b: Any, _: Any, c: Any) -> Any:
    i, f, g, o = jnp.split(a + b, 4, -1)
    c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
    return nn.sigmoid(o) * jnp.tanh(c), c


def _gru(a: Any, b: Any, h: Any) -> Any:
    (ar, az, an), (br, bz, bn) = jnp.split(a, 3, -1), jnp.split(b, 3, -1)
    r, z = nn.sigmoid(ar + br), nn.sigmoid(az + bz)
    return ((1 - z) * jnp.tanh(an + r * bn) + z * h,)


CELLS |= {
    "lstm": _lstm,
    "gru": _gru,
    "rnn_tanh": lambda a, b, _: (jnp.tanh(a + b),),
    "rnn_relu": lambda a, b, _: (nn.relu(a + b),),
}


def _step(cell: Any, x: Any, state: Any, weights: Any) -> Any:
    wi, wh, *biases = weights
    a, b = x @ wi.T, state[0] @ wh.T
    return cell(a + biases[0], b + biases[1], *state) if biases else cell(a, b, *state)


def one_step(cell: Any, x: Any, state: Any, *weights: Any) -> Any:
    several = isinstance(state, list | tuple)
    after = _step(cell, x, state if several else (state,), [w for w in weights if w is not None])
    return after if several else after[0]


def recurrent(cell: Any, x: Any, states: Any, *how: Any) -> Any:
    """Scan over the steps of one layer and direction after the other."""
    weights, biased, count, _, _, both, *batch_first = how
    states = states if isinstance(states, list | tuple) else (states,)
    x = x.swapaxes(0, 1) if any(batch_first) else x
    per, ways, ends = (4 if biased else 2), (2 if both else 1), []

    def step(own: Any, state: Any, x: Any) -> Any:
        state = _step(cell, x, state, own)
        return state, state[0]

    for n in range(count):
        found = []
        for way in range(ways):
            at = n * ways + way
            state = tuple(s[at] for s in states)
            turn = partial(step, weights[at * per : at * per + per])
            end, out = lax.scan(turn, state, x[::-1] if way else x)
            found.append(out[::-1] if way else out)
            ends.append(end)
        x = jnp.concatenate(found, -1)
    last = [jnp.stack([end[n] for end in ends]) for n in range(len(states))]
    return (x.swapaxes(0, 1) if any(batch_first) else x, *last)
