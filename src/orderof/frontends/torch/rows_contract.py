"""Rows for products, convolutions and pooling, with the gradients that torch names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from orderof.frontends.torch.rows import column, draft
from orderof.ir.scalar import Power
from orderof.ops import adaptive as parts
from orderof.ops import contract, elementwise, pool, shape
from orderof.ops.conv import CONV, CONV_TRANSPOSE
from orderof.ops.derive import derive
from orderof.ops.elementwise import add
from orderof.ops.reduce import sum_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Value

    Numbers = Sequence[int]


def matmul(low: Lowering, x: Value, y: Value) -> Any:
    """Multiply matrices, or stacks of them."""
    return contract.matmul(low.b, x, y)


def addmm(low: Lowering, bias: Value, x: Value, y: Value, **kw: Any) -> Any:
    """Multiply, then add a bias: beta * bias + alpha * x y."""
    product = contract.matmul(low.b, x, y)
    if (alpha := kw.get("alpha", 1)) != 1:
        product = elementwise.scale(low.b, product, by=alpha)
    if (beta := kw.get("beta", 1)) == 0:
        return product
    if beta != 1:
        bias = elementwise.scale(low.b, bias, by=beta)
    return add(low.b, product, bias)


def _spread(v: Sequence[int], rank: int) -> tuple[int, ...]:
    """Repeat a single number for every dimension."""
    return tuple(v) * rank if len(v) == 1 else tuple(v)


def _conv_node(
    x: Value,
    w: Value,
    stride: Numbers,
    padding: Numbers,
    dilation: Numbers,
    transposed: bool,  # noqa: FBT001
    extra: Numbers,
    groups: int,
) -> Any:
    rank = len(x.shape) - 2
    numbers: dict[str, Any] = {
        "stride": _spread(stride, rank),
        "padding": _spread(padding, rank),
        "dilation": _spread(dilation, rank),
        "groups": groups,
    }
    if transposed:
        return draft(CONV_TRANSPOSE[rank].name, (x, w), **numbers, extra=_spread(extra, rank))
    return draft(CONV[rank].name, (x, w), **numbers)


def convolution(low: Lowering, x: Value, w: Value, bias: Value | None, *numbers: Any) -> Any:
    """Convolve, or convolve transposed, then add the bias."""
    node = _conv_node(x, w, *numbers)
    (y,) = low.b.emit(node.op, node.form, (x, w), [node.results[0].type], node.attrs)
    return y if bias is None else add(low.b, y, column(low, bias, len(y.shape)))


def convolution_backward(low: Lowering, g: Value, x: Value, w: Value, _: Any, *rest: Any) -> Any:
    """Give the gradients of input, weight and bias, as far as the mask asks for them."""
    *numbers, want = rest
    node = _conv_node(x, w, *numbers)
    dx = derive(low.b, node, g, 0) if want[0] else None
    dw = derive(low.b, node, g, 1) if want[1] else None
    dims = (0, *range(2, len(g.shape)))
    db = sum_over(low.b, g, dims=dims) if want[2] else None
    return [v for v, w in zip((dx, dw, db), want, strict=True) if w]


def _window(
    size: Numbers, stride: Numbers, padding: Numbers, dilation: Numbers = (1,), rank: int = 2
) -> dict[str, Any]:
    return {
        "size": _spread(size, rank),
        "stride": _spread(stride or size, rank),
        "padding": _spread(padding, rank),
        "dilation": _spread(dilation, rank),
    }


def max_pool(rank: int) -> Row:
    """Make the row for pooling by maximum in some number of dimensions."""

    def row(
        low: Lowering,
        x: Value,
        size: Numbers,
        stride: Numbers = (),
        padding: Numbers = (0,),
        dilation: Numbers = (1,),
        ceil: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:
        numbers = _window(size, stride, padding, dilation, rank)
        # The places of the maxima are written by the same pass; our gradient does not read them.
        y = pool.max_pool(low.b, x, **numbers, ceil=ceil)
        return y, shape.fill(low.b, shape=y.shape, dtype=low.results()[1].dtype)

    return row


def max_pool_backward(rank: int) -> Row:
    """Make the row of its gradient: one addition for each output."""

    def row(low: Lowering, g: Value, x: Value, *numbers: Any) -> Any:
        size, stride, padding, dilation, ceil, _ = numbers
        found = _window(size, stride, padding, dilation, rank)
        return pool.max_pool_gradient(low.b, x, g, **found, ceil=ceil)

    return row


def _average(rank: int, numbers: Sequence[Any]) -> dict[str, Any]:
    defaults: list[Any] = [(), (0,), False, True, None]
    size, stride, padding, ceil, _, divisor = [*numbers, *defaults[len(numbers) - 1 :]]
    found = _window(size, stride, padding, (1,), rank)
    del found["dilation"]
    return {**found, "ceil": ceil, "divisor": divisor or 0}


def avg_pool(rank: int) -> Row:
    """Make the row for pooling by average."""

    def row(low: Lowering, x: Value, *numbers: Any) -> Any:
        return pool.avg_pool(low.b, x, **_average(rank, numbers))

    return row


def avg_pool_backward(rank: int) -> Row:
    """Make the row of its gradient: one division for each output, spread over the window."""

    def row(low: Lowering, g: Value, x: Value, *numbers: Any) -> Any:
        attrs = _average(rank, numbers)
        divided = elementwise.shrink(low.b, g, by=attrs["divisor"] or math.prod(attrs["size"]))
        window = {k: v for k, v in attrs.items() if k != "divisor"}
        node = draft("window_sum", (x,), **window, dilation=(1,) * rank)
        return derive(low.b, node, divided, 0)

    return row


def adaptive(low: Lowering, x: Value, size: Numbers) -> Any:
    """Average into parts, which overlap where the size does not divide."""
    if all(n == 1 for n in size):
        return pool.adaptive_avg_pool(low.b, x, size=tuple(size))
    return parts.adaptive_mean(low.b, x, size=tuple(size))


def adaptive_max(low: Lowering, x: Value, size: Numbers) -> Any:
    """Take the largest of parts; their places are written by the same pass and not read."""
    y = parts.adaptive_max(low.b, x, size=tuple(size))
    return y, shape.fill(low.b, shape=y.shape, dtype=low.results()[1].dtype)


def adaptive_max_backward(low: Lowering, g: Value, x: Value, *_: Any) -> Any:
    """Add each gradient where its part was largest."""
    return parts.adaptive_max_gradient(low.b, x, g)


def adaptive_backward(low: Lowering, g: Value, x: Value) -> Any:
    """Give each element its share of the gradient of its parts."""
    if any(n != 1 for n in g.shape[2:]):
        return parts.adaptive_mean_gradient(low.b, g, shape=x.shape)
    divided = elementwise.shrink(low.b, g, by=Power(x.type.size / g.type.size))
    return shape.copy(low.b, shape.expand(low.b, divided, shape=x.shape))


ROWS: dict[str, Row] = {
    "mm": matmul,
    "bmm": matmul,
    "matmul": matmul,
    "addmm": addmm,
    "baddbmm": addmm,
    "dot": lambda low, x, y: contract.dot(low.b, x, y),
    "mv": lambda low, x, y: contract.matvec(low.b, x, y),
    "outer": lambda low, x, y: contract.outer(low.b, x, y),
    "convolution": convolution,
    "convolution_backward": convolution_backward,
    "max_pool2d_with_indices": max_pool(2),
    "max_pool3d_with_indices": max_pool(3),
    "max_pool2d_with_indices_backward": max_pool_backward(2),
    "max_pool3d_with_indices_backward": max_pool_backward(3),
    "avg_pool2d": avg_pool(2),
    "avg_pool3d": avg_pool(3),
    "avg_pool2d_backward": avg_pool_backward(2),
    "avg_pool3d_backward": avg_pool_backward(3),
    **{f"adaptive_max_pool{n}d": adaptive_max for n in (2, 3)},
    **{f"adaptive_max_pool{n}d_backward": adaptive_max_backward for n in (2, 3)},
    **{f"_adaptive_avg_pool{n}d": adaptive for n in (2, 3)},
    **{f"_adaptive_avg_pool{n}d_backward": adaptive_backward for n in (2, 3)},
}
