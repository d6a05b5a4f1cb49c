"""Folding along a dimension by other functions than addition: at the end, or at every element.

n numbers are joined by n - 1 steps. In sequence a scan has as many; Blelloch 1990 (CMU-CS-90-190)
gives the span of one. A step of logcumsumexp is log(e**a + e**b) by the larger of the two:
max, min, their difference, exp, 1 +, log, and the sum (ATen, native/cpu/LogAddExp.h).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ir.scalar import Var
from orderof.ops.define import Operator, here, irregular, register
from orderof.ops.nest import concrete, nest
from orderof.sym import ONE, Expr, ceillog2, minimum

if TYPE_CHECKING:
    from orderof.ops.define import Made

_STEPS = "n - 1 steps for each row"
_SCAN = "n - 1 steps in sequence; Blelloch 1990, CMU-CS-90-190, for the span"
_LOG_ADD = {Kind.MAX: 2, Kind.ADD: 3, Kind.EXP: 1, Kind.LOG: 1}


def _whole(name: str, kind: Kind) -> Operator:
    """Declare a fold over dimensions."""

    def plan(
        x: Type, *, dims: tuple[int, ...], keep: bool = False
    ) -> tuple[Irregular, tuple[Type]]:
        at = {d % len(x.shape) for d in dims}
        n = Expr.prod(x.shape[d] for d in at)
        shape = [ONE if i in at else d for i, d in enumerate(x.shape) if keep or i not in at]
        out = Type(tuple(shape), x.dtype)
        counts = Counts.of(kind, x.dtype, x.size - out.size)
        return Irregular(counts, ceillog2(n), (x.size,), (out.size,), _STEPS), (out,)

    return irregular(name, plan, source=_STEPS)


def _scan(name: str, step: dict[Kind, int], chain: int, dtype: str = "") -> Operator:
    """Declare a scan along an axis; `chain` is how long one step is."""

    def plan(x: Type, *, axis: int) -> tuple[Irregular, tuple[Type]]:
        n = x.shape[axis]
        times = x.size - x.size / n
        counts = Counts({(kind, x.dtype): times * k for kind, k in step.items()})
        span = minimum(n - 1, 2 * ceillog2(n)) * chain
        out = Type(x.shape, dtype or x.dtype)
        return Irregular(counts, span, (x.size,), (out.size,), _SCAN), (out,)

    return irregular(name, plan, source=_SCAN)


product_over = _whole("prod", Kind.MUL)
min_over = _whole("amin", Kind.MAX)
running_product = _scan("cumprod", {Kind.MUL: 1}, 1)
running_log_sum = _scan("logcumsumexp", _LOG_ADD, 6)
running_largest = _scan("running_largest", {Kind.CMP: 1}, 1, "int64")
"""Where the largest of the elements so far stands."""
running_smallest = _scan("running_smallest", {Kind.CMP: 1}, 1, "int64")


def _combine(x: Type, part: Type, at: Type, *, axis: int, by: str) -> tuple[Irregular, tuple[Type]]:
    """Join each element of a part with what stands where it goes along an axis."""
    del axis
    kind = Kind.MUL if by == "mul" else Kind.MAX
    counts = Counts.of(kind, x.dtype, at.size)
    reads = x.size, part.size, at.size
    return Irregular(counts, ceillog2(at.size + 1), reads, (x.size,), _ARRIVES), (x,)


_ARRIVES = "one operation for each element that arrives"
combine_along = irregular("combine_along", _combine, source=_ARRIVES)


def _distances(x: Type, y: Type, *, by: str) -> tuple[Irregular, tuple[Type]]:
    """Join the sides between every two points: `squares`, `sizes` or the `largest` of them."""
    out = Type((*x.shape[:-1], y.shape[-2]), x.dtype)
    k = x.shape[-1]
    side = Kind.MUL if by == "squares" else Kind.ABS
    join = Kind.MAX if by == "largest" else Kind.ADD
    each = Counts.of(Kind.ADD, x.dtype, out.size * k) + Counts.of(side, x.dtype, out.size * k)
    counts = each + Counts.of(join, x.dtype, out.size * (k - 1))
    return Irregular(counts, 2 + ceillog2(k), (x.size, y.size), (out.size,), _SIDES), (out,)


_SIDES = "a difference, its size or square, and k - 1 steps to join those of k dimensions"
distances = irregular("distances", _distances, source=_SIDES)


def _trilinear(x: Type, w: Type, y: Type, *, by: str) -> Made:
    return concrete("trilinear", by, (x, w, y), Var(0) * Var(1) * Var(2), "add", {})


trilinear = register(Operator("trilinear", _trilinear, None, here(1)))
"""Products of three tensors, added up over the axes of `by` that the result does not have."""
pulled = nest(
    "pulled", "... n m, ... n k, ... m k -> ... n k", lambda c, x, y: c * (x - y), reduce="add"
)
"""What pulls at every point, by numbers for each pair: the gradient of distances."""
