"""Rows for normalisations, softmax and losses, forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.frontends.torch.rows import draft, gradients
from orderof.ir.graph import Value
from orderof.ops import norm
from orderof.ops.shape import permute, reshape
from orderof.ops.softmax import (
    log_softmax,
    log_softmax_gradient,
    nll_loss,
    softmax,
    softmax_gradient,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.recording import Ref
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering


def _there(*values: Value | None) -> list[Value]:
    return [v for v in values if v is not None]


def _fit(low: Lowering, found: Sequence[Value]) -> list[Value | None]:
    """See statistics in the recorded shapes; drop results that torch does not give."""
    out: list[Value | None] = []
    for value, ref in zip(found, low.results(), strict=False):
        if low.agrees(ref, value.type):
            out.append(value)
            continue
        t = low.type_of(ref)
        same = low.same(t.size, value.type.size)
        out.append(reshape(low.b, value, shape=t.shape) if same else None)
    return out


def _grads(
    low: Lowering, found: Sequence[Value | None], want: Sequence[bool]
) -> list[Value | None]:
    """Give (input, weight, bias) gradients for the results that torch gives."""
    kept = [v for v, w in zip((*found, None, None), want, strict=False) if w]
    return [v and _seen_as(low, v, ref) for v, ref in zip(kept, low.results(), strict=False)]


def _seen_as(low: Lowering, v: Value, ref: Ref) -> Value:
    found: Value = v
    if not low.agrees(ref, v.type):
        found = reshape(low.b, v, shape=low.type_of(ref).shape)
    return found


def layer_norm(
    low: Lowering, x: Value, shape: Sequence[int], w: Value | None, b: Value | None, eps: float
) -> Any:
    """Normalise over the last dimensions."""
    found = norm.layer_norm(low.b, x, *_there(w, b), axes=len(shape), eps=eps)
    return _fit(low, found)


def layer_norm_backward(
    low: Lowering,
    g: Value,
    x: Value,
    shape: Sequence[int],
    mu: Value,
    rstd: Value,
    w: Value | None,
    b: Value | None,
    want: Sequence[bool],
) -> Any:
    """Give its gradients from the saved statistics."""
    node = draft("layer_norm", _there(x, w, b), axes=len(shape))
    found = gradients(low, node, (g,), want[: len(node.operands)], (None, mu, rstd))
    return _grads(low, found, want)


def batch_norm(
    low: Lowering,
    x: Value,
    w: Value | None,
    b: Value | None,
    mu: Value | None,
    var: Value | None,
    *rest: Any,
) -> Any:
    """Normalise channels: by the batch in training, by running statistics otherwise."""
    if mu is not None and not isinstance(rest[0], bool):
        rest = (True, *rest)
    training, momentum, eps = rest[:3]
    if not training and mu is not None and var is not None:
        y = norm.batch_norm_eval(low.b, x, mu, var, *_there(w, b), eps=eps)
        return _fit(low, (y,))
    y, mean, rstd, variance = norm.batch_norm(low.b, x, *_there(w, b), eps=eps)
    if mu is not None and var is not None:
        n = x.type.size / x.shape[1]
        norm.running_average(low.b, mu, mean, momentum=momentum)
        fair = norm.unbiased(low.b, variance, n=n)
        norm.running_average(low.b, var, fair, momentum=momentum)
    return _fit(low, (y, mean, rstd))


def batch_norm_backward(
    low: Lowering,
    g: Value,
    x: Value,
    w: Value | None,
    mu: Value | None,
    var: Value | None,
    mean: Value | None,
    rstd: Value | None,
    training: bool,  # noqa: FBT001
    eps: float,
    want: Sequence[bool],
) -> Any:
    """Give its gradients; torch does not pass the bias, whose type is the weight's."""
    affine = [w, Value(w.type)] if w is not None else []
    if training:
        node = draft("batch_norm", [x, *affine], eps=eps)
        wide = [_wide(low, v, node.results[1]) for v in (mean, rstd)]
        found = gradients(low, node, (g,), want[: len(node.operands)], (None, *wide))
        return _grads(low, found, want)
    assert mu is not None  # noqa: S101 - evaluation has running statistics
    assert var is not None  # noqa: S101
    node = draft("batch_norm_eval", [x, mu, var, *affine], eps=eps)
    asked = (want[0], False, False, *want[1 : 1 + len(affine)])
    dx, _, _, *rest = gradients(low, node, (g,), asked)
    return _grads(low, (dx, *rest), want)


def _wide(low: Lowering, v: Value | None, as_: Value) -> Value | None:
    """See saved statistics (C,) as (1, C, 1, 1)."""
    return None if v is None else reshape(low.b, v, shape=as_.shape)


def group_norm(low: Lowering, x: Value, w: Value | None, b: Value | None, *rest: Any) -> Any:
    """Normalise groups of channels."""
    *_, groups, eps = rest
    return _fit(low, norm.group_norm(low.b, x, *_there(w, b), groups=groups, eps=eps))


def group_norm_backward(
    low: Lowering, g: Value, x: Value, mu: Value, rstd: Value, w: Value | None, *rest: Any
) -> Any:
    """Give its gradients."""
    *_, groups, want = rest
    affine = [w, Value(w.type)] if w is not None else []
    node = draft("group_norm", [x, *affine], groups=groups)
    wide = [_wide(low, v, node.results[1]) for v in (mu, rstd)]
    found = gradients(low, node, (g,), want[: len(node.operands)], (None, *wide))
    return _grads(low, found, want)


def rms_norm(low: Lowering, x: Value, _: Any, w: Value | None, eps: float | None) -> Any:
    """Divide by the root mean square over the last dimension."""
    return _fit(low, norm.rms_norm(low.b, x, *_there(w), eps=norm.EPS if eps is None else eps))


def rms_norm_backward(
    low: Lowering, g: Value, x: Value, _: Any, rstd: Value, w: Value | None, want: Sequence[bool]
) -> Any:
    """Give its gradients."""
    node = draft("rms_norm", _there(x, w))
    found = gradients(low, node, (g,), want[: len(node.operands)], (None, rstd))
    return _grads(low, found, want)


def _softmax(low: Lowering, x: Value, axis: int, *_: Any) -> Any:
    return softmax(low.b, x, axis=axis % len(x.shape))


def _softmax_backward(low: Lowering, g: Value, y: Value, axis: int, *_: Any) -> Any:
    return softmax_gradient(low.b, g, y, axis=axis % len(y.shape))


def _log_softmax(low: Lowering, x: Value, axis: int, *_: Any) -> Any:
    return log_softmax(low.b, x, axis=axis % len(x.shape))


def _log_softmax_backward(low: Lowering, g: Value, y: Value, axis: int, *_: Any) -> Any:
    return log_softmax_gradient(low.b, g, y, axis=axis % len(y.shape))


def _nll(low: Lowering, logp: Value, target: Value, *_: Any) -> Any:
    return nll_loss(low.b, logp, target), None


def _nll_backward(low: Lowering, g: Value, logp: Value, target: Value, *_: Any) -> Any:
    return gradients(low, draft("nll_loss", (logp, target)), (g,), (True, False))[0]


def _nll_image(low: Lowering, logp: Value, target: Value, *_: Any) -> Any:
    return nll_loss(low.b, _classes_last(low, logp), target), None


def _nll_image_backward(low: Lowering, g: Value, logp: Value, target: Value, *_: Any) -> Any:
    node = draft("nll_loss", (Value(_classes_last(low, logp).type), target))
    found: Any = gradients(low, node, (g,), (True, False))[0]
    return permute(low.b, found, order=(0, 3, 1, 2))


def _classes_last(low: Lowering, logp: Value) -> Value:
    found: Value = permute(low.b, logp, order=(0, 2, 3, 1))
    return found


ROWS: dict[str, Row] = {
    "nll_loss2d_forward": _nll_image,
    "nll_loss2d_backward": _nll_image_backward,
    "native_layer_norm": layer_norm,
    "native_layer_norm_backward": layer_norm_backward,
    "native_batch_norm": batch_norm,
    "_native_batch_norm_legit": batch_norm,
    "_native_batch_norm_legit_functional": batch_norm,
    "native_batch_norm_backward": batch_norm_backward,
    "native_group_norm": group_norm,
    "native_group_norm_backward": group_norm_backward,
    "_fused_rms_norm": rms_norm,
    "_fused_rms_norm_backward": rms_norm_backward,
    "_softmax": _softmax,
    "_softmax_backward_data": _softmax_backward,
    "_log_softmax": _log_softmax,
    "_log_softmax_backward_data": _log_softmax_backward,
    "nll_loss_forward": _nll,
    "nll_loss_backward": _nll_backward,
}
