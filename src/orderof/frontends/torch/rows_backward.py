"""Rows for the gradients of functions of one element that torch has a name for.

A row says whether torch passes the operand or the saved result; the formula is the operator's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from orderof.frontends.torch.rows import draft, gradients
from orderof.ir.graph import Value
from orderof.ops.elementwise import mul, scale

if TYPE_CHECKING:
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering

Saved = Literal["operand", "result"]


def _backward(op: str, saved: Saved, *names: str) -> Row:
    """Make the row: (g, saved, numbers called `names`) -> gradient."""

    def row(low: Lowering, g: Value, v: Value, *numbers: Any, **_: Any) -> Any:
        attrs = dict(zip(names, numbers, strict=False))
        if saved == "operand":
            node = draft(op, (v,), **attrs)
            return gradients(low, node, (g,), (True,))[0]
        node = draft(op, (Value(v.type),), **attrs)
        return gradients(low, node, (g,), (True,), (v,))[0]

    return row


def gelu(low: Lowering, g: Value, x: Value, *, approximate: str = "none") -> Any:
    """Give the gradient of GELU, exact or by tanh."""
    node = draft("gelu_tanh" if approximate == "tanh" else "gelu", (x,))
    return gradients(low, node, (g,), (True,))[0]


def leaky_relu(low: Lowering, g: Value, x: Value, slope: float, *_: Any) -> Any:
    """Give the gradient of leaky ReLU."""
    return gradients(low, draft("leaky_relu", (x,), slope=slope), (g,), (True,))[0]


def dropout(low: Lowering, g: Value, kept: Value, by: float) -> Any:
    """Give the gradient of fused dropout."""
    return scale(low.b, mul(low.b, g, kept), by=by)


ROWS: dict[str, Row] = {
    "tanh_backward": _backward("tanh", "result"),
    "sigmoid_backward": _backward("sigmoid", "result"),
    "silu_backward": _backward("silu", "operand"),
    "mish_backward": _backward("mish", "operand"),
    "hardswish_backward": _backward("hardswish", "operand"),
    "hardsigmoid_backward": _backward("hardsigmoid", "operand"),
    "hardtanh_backward": _backward("clamp", "operand", "low", "high"),
    "softplus_backward": lambda low, g, x, *_: _backward("softplus", "operand")(low, g, x),
    "gelu_backward": gelu,
    "leaky_relu_backward": leaky_relu,
    "native_dropout_backward": dropout,
}
