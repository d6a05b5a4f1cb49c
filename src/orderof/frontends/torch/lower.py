"""A Recording becomes a Graph: each call is one row of the table, with shapes checked.

1. A call's operands are Values by the ids of its Refs; its results are bound to what the row gives.
2. The shape that our operator infers must be the one that was recorded, else the row is wrong.
3. Values that depend on no input and no parameter are *positional*. An attention mask that is
   positional is folded into the attention; nodes that only such a mask needs are phase `mask`.
4. A call without a row raises `UnknownOperator`, or becomes a node that the coverage names.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from orderof.counts import NONE
from orderof.errors import UnknownOperator, VerifyError
from orderof.frontends.torch import rows_complex
from orderof.frontends.torch.masks import phase_masks
from orderof.frontends.torch.sizes import Sizes
from orderof.frontends.torch.state import Lowering
from orderof.frontends.torch.table import find
from orderof.ir.forms import Irregular
from orderof.ir.graph import Graph, Node, Phase, Role, Value
from orderof.ops.rules import RULES
from orderof.sym import ZERO, Expr, const

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.recording import Call, Module, Recording, Ref
    from orderof.ops.rules import Rule

OnUnknown = Literal["raise", "bound"]


def lower(
    recording: Recording,
    *,
    name: str = "",
    on_unknown: OnUnknown = "raise",
    sizes: Sizes | None = None,
    exact: bool = False,
) -> Graph:
    """Make the Graph of a recording, or of several that were merged, with `sizes` in letters.

    With `exact`, attention that torch masks causally is its triangle alone.
    Raises `UnknownOperator` where the table has no row, `Unproved` where a size has no formula.
    """
    classes = {m.path: f"{m.home}.{m.cls}" for m in recording.modules}
    low = Lowering(sizes=sizes or Sizes(()), exact=exact, classes=classes)
    low.follow = partial(_call, on_unknown=on_unknown)
    _declare(low, recording)
    for call in recording.calls:
        low.follow(low, call)
    low.end()
    outputs = [low.value(r) for r in recording.outputs]
    by_name = {v.name: v for v in low.b.graph([]).of_role(Role.PARAM)}
    grads = tuple((by_name[n], low.value(r)) for n, r in recording.gradients if n in by_name)
    nodes = tuple(phase_masks(low, outputs))
    modules = tuple((m.path, m.cls, _times(low, m)) for m in recording.modules)
    title = name or recording.name
    _check_made(low, nodes)
    graph = Graph(tuple(low.b.inputs), nodes, tuple(outputs), title, (), modules, grads)
    notes = (*recording.notes, *[_WHOLE] * low.whole)
    return replace(graph, notes=notes) if notes else graph


_WHOLE = (
    "a mask that is no triangle or window, or not known, is applied to all scores: counted whole"
)


def _times(low: Lowering, m: Module) -> Expr:
    within = low.runs.get(m.path)
    return const(max(m.calls, 1)) if within is None else within + m.calls


def _check_made(low: Lowering, nodes: Sequence[Node]) -> None:
    """Raise where a node reads what no node made: a row then passed a value on that it lacks."""
    made = {v for n in nodes for v in n.results} | {i.value for i in low.b.inputs}
    for node in nodes:
        if any(v not in made for v in node.operands):
            where = f"{node.op} in {node.scope or 'the root'}"
            raise VerifyError(where, "reads a value that nothing made", "please report this model")


def _declare(low: Lowering, recording: Recording) -> None:
    for p in recording.parameters:
        _take(low, p.name, p.ref, Role.PARAM if p.trainable else Role.FROZEN)
    for p in recording.buffers:
        _take(low, p.name, p.ref, Role.BUFFER)
    for name, ref in recording.inputs:
        _take(low, name, ref, Role.INPUT)
    for ref in recording.constants:
        _take(low, "", ref, Role.CONSTANT)


def _take(low: Lowering, name: str, ref: Ref, role: Role) -> None:
    value = low.env[ref.id] = low.b.take(Value(low.type_of(ref), name), role)
    if role in (Role.INPUT, Role.PARAM, Role.FROZEN):
        low.bound.add(value)


_PHASES = {phase.value: phase for phase in Phase}


_PLACES = frozenset({"out", "max", "max_values", "min", "min_indices"})
"""Tensors that results are written into: they are the results, and cost nothing."""


def _call(low: Lowering, call: Call, on_unknown: OnUnknown) -> None:
    low.start(call, _PHASES[call.phase])
    row, own = (rows_complex.find if rows_complex.is_complex(call) else find)(call.name), None
    if row is None and (own := _own(call.name)) is None:
        if on_unknown == "raise":
            raise _unknown(call)
        found: Any = _opaque(low, call)
    else:
        args = [low.value(a) for a in call.args]
        kwargs = {k: low.value(v) for k, v in call.kwargs.items() if k not in _PLACES}
        found = row(low, *args, **kwargs) if row else _ruled(low, own, args, kwargs)
    results = found if isinstance(found, tuple | list) else (found,)
    _bind(low, call, results)
    low.note_new()


def _own(name: str) -> Rule | None:
    """Find what somebody said of an operator that has no row."""
    space, op, *_ = name.split(".")
    return RULES.get(f"{space}::{op}")


def _ruled(low: Lowering, own: Rule | None, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    assert own is not None  # noqa: S101 - there is a row else
    return own.emit(low.b, [low.size(a) for a in args], kwargs, low.types())


def _bind(low: Lowering, call: Call, results: Sequence[Value | None]) -> None:
    refs = [r for r in call.results if r is not None]
    for ref, value in zip(refs, results, strict=False):
        if value is None:
            continue
        if not low.agrees(ref, value.type):
            where = f"{call.name} in {call.scope or 'the root'}"
            shape = ", ".join(map(str, ref.shape))
            raise VerifyError(where, f"was recorded as [{shape}], but its row gives {value.type}")
        low.env[ref.id] = value


def _unknown(call: Call) -> UnknownOperator:
    where = f"in {call.scope or 'the root module'}"
    if call.source:
        where += f" at {call.source}"
    hint = (
        'on_unknown="bound" gives a lower bound that names it; '
        f'@orderof.rule("{"::".join(call.name.split(".")[:2])}", source=...) says what it costs'
    )
    return UnknownOperator(call.name, f"has no counting rule ({where})", hint)


def _opaque(low: Lowering, call: Call) -> tuple[Value, ...]:
    """Make a node of unknown cost; the coverage finds it by its name."""
    operands = [v for a in call.args if isinstance(v := low.value(a), Value)]
    types = low.types()
    nothing = (ZERO,) * len(operands), tuple(t.size for t in types)
    form = Irregular(NONE, ZERO, *nothing, source="unknown")
    return low.b.emit(f"unknown:{call.name}", form, operands, types)
