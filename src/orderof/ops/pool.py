"""Pooling: a window slides, and its elements are added up or compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import Counts, Kind
from orderof.errors import ShapeMismatch
from orderof.ir.access import Window, chain
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ir.scalar import Power, Var
from orderof.ops.conv import window_numbers, windows
from orderof.ops.define import Operator, composite, here, irregular, register
from orderof.ops.elementwise import shrink
from orderof.ops.nest import concrete
from orderof.ops.reduce import mean
from orderof.ops.shape import reshape
from orderof.sym import Expr, ceildiv, ceillog2, expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads, Made

_PLACES, _TAPS = "hwt", "rqz"


def _declare(name: str, reduce: str) -> Operator:
    def make(
        x: Type,
        *,
        size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
        ceil: bool = False,
    ) -> Made:
        rank = len(size)
        numbers = window_numbers(rank, stride, dilation, padding)
        numbers |= {_TAPS[i]: size[i] for i in range(rank)} | {"ceil": ceil}
        signature = f"b c {windows(rank)} -> b c {' '.join(_PLACES[:rank])}"
        return concrete(name, signature, (x,), Var(0), reduce, numbers)

    return register(Operator(name, make, _max_vjp if reduce == "max" else None, here(1)))


def _max_vjp(b: Builder, node: Node, gs: Sequence[Value | None], _: Sequence[bool]) -> Grads:
    if (g := gs[0]) is None:
        return (None,)
    return (max_pool_gradient(b, node.operands[0], g, **dict(node.attrs)),)


def _max_plan(
    x: Type,
    g: Type,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    **_: object,
) -> tuple[Irregular, tuple[Type]]:
    """As many gradients may meet in one element as windows that look at it."""
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    along = zip(g.shape[2:], size, stride, dilation, strict=True)
    meet = Expr.prod(chain(Window("h", "r", s, d), {"h": n, "r": expr(k)}) for n, k, s, d in along)
    return Irregular(counts, ceillog2(meet + 1), (x.size, g.size), (x.size,), _FIRST), (x,)


_FIRST = "the gradient goes to the first maximum of the window: one addition for each g"
window_sum = _declare("window_sum", "add")
max_pool = _declare("max_pool", "max")
max_pool_gradient = irregular("max_pool_gradient", _max_plan, source=_FIRST)


@composite("avg_pool")
def avg_pool(
    b: Builder,
    x: Value,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    divisor: int = 0,
    ceil: bool = False,
) -> Value:
    """Add up each window, padding included, and divide once for each result."""
    numbers = {"size": size, "stride": stride, "padding": padding, "dilation": (1,) * len(size)}
    total = window_sum(b, x, **numbers, ceil=ceil)
    return shrink(b, total, by=Power(Expr.prod(size) if not divisor else Expr.sum([divisor])))


@composite("adaptive_avg_pool")
def adaptive_avg_pool(b: Builder, x: Value, *, size: tuple[int, ...]) -> Value:
    """Average into `size` equal parts; parts that overlap are not counted here."""
    rank = len(size)
    spatial = x.shape[-rank:]
    if all(n == 1 for n in size):
        first = len(x.shape) - rank
        return mean(b, x, dims=tuple(range(first, len(x.shape))), keep=True)
    shape = list(x.shape[:-rank])
    for n, parts in zip(spatial, size, strict=True):
        if n != ceildiv(n, parts) * parts:
            raise ShapeMismatch("adaptive_avg_pool", f"{n} does not divide into {parts} parts")
        shape += [Expr.sum([parts]), n / parts]
    first = len(x.shape) - rank
    dims = tuple(first + 2 * i + 1 for i in range(rank))
    split = reshape(b, x, shape=tuple(shape))
    return mean(b, split, dims=dims)
