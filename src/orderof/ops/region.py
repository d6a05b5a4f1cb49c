"""Regions: a body that runs several times, or one of several, written as functions of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.errors import ShapeMismatch
from orderof.ir.build import Builder
from orderof.ir.forms import Branch, Loop, Series
from orderof.ir.graph import Type, Value
from orderof.sym import symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orderof.ir.graph import Graph
    from orderof.sym import Expr

    Values = Sequence[Value]
    Step = Callable[[Builder, Values, Values, Values], tuple[Values, Values]]
    Turn = Callable[[Builder, Expr, Values, Values], Values]
    Body = Callable[[Builder, Values], Values]


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
    inner = _inside(b)
    slices = [Type(v.shape[1:], v.dtype) for v in scan]
    taken = [inner.take(Value(t)) for t in (*(v.type for v in (*carry, *const)), *slices)]
    n, m = len(carry), len(carry) + len(const)
    after, stack = step(inner, taken[:n], taken[n:m], taken[m:])
    types = [v.type for v in after] + [Type((trip, *v.shape), v.dtype) for v in stack]
    form = Loop(inner.body((*after, *stack)), trip, n, len(const), len(stack), reverse, label)
    return b.emit("loop", form, (*carry, *const, *scan), types)


def series(
    b: Builder, index: str, last: Expr, turn: Turn, *, carry: Values, const: Values = ()
) -> tuple[Value, ...]:
    """Emit a body that runs for index = 1 .. last; `turn(builder, index, carry, const)` -> carry.

    Sizes inside may depend on the index, those of what is handed on may not.
    """
    inner = _inside(b)
    taken = [inner.take(Value(v.type)) for v in (*carry, *const)]
    n = len(carry)
    body = inner.body(turn(inner, symbol(index), taken[:n], taken[n:]))
    return b.emit("series", Series(body, index, last, n), (*carry, *const), [v.type for v in carry])


def branch(b: Builder, decides: Value, operands: Values, *bodies: Body) -> tuple[Value, ...]:
    """Emit one of several bodies, by the value that decides; each is (builder, values) -> values.

    Raises `ShapeMismatch` where they give different types.
    """
    made: list[Graph] = []
    for build in bodies:
        inner = _inside(b)
        made.append(inner.body(build(inner, [inner.take(Value(v.type)) for v in operands])))
    types = [[v.type for v in body.outputs] for body in made]
    if any(other != types[0] for other in types):
        given = " or ".join(", ".join(map(str, t)) for t in types)
        raise ShapeMismatch("branch", f"gives {given}", "its bodies must give the same types")
    return b.emit("branch", Branch(tuple(made)), (decides, *operands), types[0])


def _inside(b: Builder) -> Builder:
    """Start a body that stands where the builder does."""
    inner = Builder(scope=b.scope, phase=b.phase)
    inner.times, inner.modules, inner.source = b.times, b.modules, b.source
    return inner
