"""Loops: a body that runs `trip` times, written as a function of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.build import Builder
from orderof.ir.forms import Loop
from orderof.ir.graph import Type, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orderof.sym import Expr

    Values = Sequence[Value]
    Step = Callable[[Builder, Values, Values, Values], tuple[Values, Values]]


def loop(
    b: Builder,
    trip: Expr,
    step: Step,
    *,
    carry: Sequence[Value],
    const: Sequence[Value] = (),
    scan: Sequence[Value] = (),
    reverse: bool = False,
    label: str = "",
) -> tuple[Value, ...]:
    """Emit a loop; `step(builder, carry, const, slices)` gives (next carry, what to stack).

    Gives the last carry, then the stacks with the trip count as first dimension.
    """
    inner = Builder(scope=b.scope, phase=b.phase)
    inner.times, inner.modules, inner.source = b.times, b.modules, b.source
    slices = [Type(v.shape[1:], v.dtype) for v in scan]
    taken = [inner.take(Value(t)) for t in (*(v.type for v in (*carry, *const)), *slices)]
    n, m = len(carry), len(carry) + len(const)
    after, stack = step(inner, taken[:n], taken[n:m], taken[m:])
    types = [v.type for v in after] + [Type((trip, *v.shape), v.dtype) for v in stack]
    form = Loop(inner.body((*after, *stack)), trip, n, len(const), len(stack), reverse, label)
    return b.emit("loop", form, (*carry, *const, *scan), types)
