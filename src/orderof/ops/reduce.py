"""Reductions over some dimensions, kept as size 1 or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ir.scalar import Power, Var
from orderof.ops.define import Operator, composite, here, irregular, register
from orderof.ops.elementwise import mul, shrink, sub
from orderof.ops.nest import concrete
from orderof.sym import ONE, Expr, ceillog2, minimum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads, Made


def _declare(name: str, reduce: str) -> Operator:
    def make(x: Type, *, dims: tuple[int, ...], keep: bool = False) -> Made:
        axes = [f"a{i}" for i in range(len(x.shape))]
        gone = {d % len(axes) for d in dims}
        kept = ["1" if i in gone else a for i, a in enumerate(axes) if keep or i not in gone]
        return concrete(name, f"{' '.join(axes)} -> {' '.join(kept)}", (x,), Var(0), reduce, {})

    return register(Operator(name, make, _max_vjp if reduce == "max" else None, here(1)))


def _max_vjp(b: Builder, node: Node, gs: Sequence[Value | None], _: Sequence[bool]) -> Grads:
    if (g := gs[0]) is None:
        return (None,)
    return (route(b, node.operands[0], node.results[0], g, **dict(node.attrs)),)


sum_over = _declare("sum", "add")
max_over = _declare("amax", "max")


def _route_plan(x: Type, y: Type, g: Type, **_: object) -> tuple[Irregular, tuple[Type]]:
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    form = Irregular(counts, Expr.sum([1]), (x.size, y.size, g.size), (x.size,), _ROUTE)
    return form, (Type(x.shape, g.dtype),)


_ROUTE = "the gradient of a maximum goes to the first maximum: one addition for each g"
route = irregular("route_to_max", _route_plan, source=_ROUTE)


@composite("mean")
def mean(b: Builder, x: Value, *, dims: tuple[int, ...], keep: bool = False) -> Value:
    """Sum, then one division for each result."""
    n = Expr.prod(x.shape[d] for d in dims)
    return shrink(b, sum_over(b, x, dims=dims, keep=keep), by=Power(n))


@composite("variance")
def variance(
    b: Builder, x: Value, *, dims: tuple[int, ...], correction: int = 0, keep: bool = False
) -> Value:
    """Two passes: the mean, then the mean of squares of what is left."""
    n = Expr.prod(x.shape[d] for d in dims)
    centred = sub(b, x, mean(b, x, dims=dims, keep=True))
    squares = mul(b, centred, centred)
    return shrink(b, sum_over(b, squares, dims=dims, keep=keep), by=Power(n - correction))


def _cumsum_plan(x: Type, *, axis: int) -> tuple[Irregular, tuple[Type]]:
    n = x.shape[axis]
    counts = Counts.of(Kind.ADD, x.dtype, x.size - x.size / n)
    source = "n - 1 additions in sequence; Blelloch 1990 (CMU-CS-90-190) for the span of a scan"
    span = minimum(n - 1, 2 * ceillog2(n))
    return Irregular(counts, span, (x.size,), (x.size,), source), (x,)


cumsum = irregular("cumsum", _cumsum_plan, source="Blelloch 1990, CMU-CS-90-190")


def _arg_plan(x: Type, *, axis: int, keep: bool = False) -> tuple[Irregular, tuple[Type]]:
    n = x.shape[axis]
    rows = x.size / n
    at = axis % len(x.shape)
    rest = tuple(d for i, d in enumerate(x.shape) if i != at)
    shape = (*x.shape[:at], Expr.sum([1]), *x.shape[at + 1 :]) if keep else rest
    counts = Counts.of(Kind.CMP, x.dtype, rows * (n - 1))
    form = Irregular(counts, ceillog2(n), (x.size,), (rows,), "n - 1 comparisons for each row")
    return form, (Type(shape, "int64"),)


argmax = irregular("argmax", _arg_plan, source="n - 1 comparisons for each row")
argmin = irregular("argmin", _arg_plan, source="n - 1 comparisons for each row")


def _holds_plan(
    x: Type, *, dims: tuple[int, ...], keep: bool = False, every: bool = True
) -> tuple[Irregular, tuple[Type]]:
    del every
    at = {d % len(x.shape) for d in dims}
    n = Expr.prod(x.shape[d] for d in at)
    rows = x.size / n
    shape = [ONE if i in at else d for i, d in enumerate(x.shape) if keep or i not in at]
    counts, chain = Counts.of(Kind.LOGIC, "bool", rows * (n - 1)), ceillog2(n)
    if x.dtype != "bool":
        counts, chain = counts + Counts.of(Kind.CMP, x.dtype, x.size), chain + 1
    form = Irregular(counts, chain, (x.size,), (rows,), _HOLDS)
    return form, (Type(tuple(shape), "bool"),)


_HOLDS = "n - 1 conjunctions for each row; numbers are compared with 0 before"
holds = irregular("holds", _holds_plan, source=_HOLDS)
"""Whether all of some elements are true, or with `every=False` any of them."""
