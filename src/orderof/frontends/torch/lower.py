"""A Recording becomes a Graph: each call is one row of the table, with shapes checked.

1. A call's operands are Values by the ids of its Refs; its results are bound to what the row gives.
2. The shape that our operator infers must be the one that was recorded, else the row is wrong.
3. Values that depend on no input, parameter or buffer are *positional*. An attention mask that is
   positional is folded into the attention; nodes that only such a mask needs are phase `mask`.
4. A call without a row raises `UnknownOperator`, or becomes a node that the coverage names.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from orderof.counts import NONE
from orderof.errors import UnknownOperator, VerifyError
from orderof.frontends.torch.recording import Recording, Ref
from orderof.frontends.torch.table import find
from orderof.ir.build import Builder
from orderof.ir.forms import Irregular
from orderof.ir.graph import Graph, Input, Node, Phase, Role, Type, Value, tensor
from orderof.sym import ZERO, const

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.recording import Call

OnUnknown = Literal["raise", "bound"]


@dataclass
class Lowering:
    """The state of one lowering; rows of the table get it as their first argument."""

    b: Builder = field(default_factory=Builder)
    env: dict[int, Value] = field(default_factory=dict[int, Value])
    bound: set[Value] = field(default_factory=set[Value])
    """Values that depend on an input, a parameter or a buffer: all that are not positional."""
    masks: set[Value] = field(default_factory=set[Value])
    """Positional masks that were folded into an attention."""
    composites: dict[tuple[int, ...], Node] = field(default_factory=dict[tuple[int, ...], Node])
    """Forward nodes of composites by the ids of their operands, for their backward calls."""
    seen: int = 0
    call: Call | None = None

    def types(self) -> tuple[Type, ...]:
        """Give the recorded types of the results of the current call."""
        assert self.call is not None  # noqa: S101 - rows run within a call
        return tuple(type_of(r) for r in self.call.results if r is not None)

    def ids(self, start: int) -> tuple[int, ...]:
        """Give the ids of the tensor operands of the current call, from some position on."""
        assert self.call is not None  # noqa: S101 - rows run within a call
        return tuple(a.id for a in self.call.args[start:] if isinstance(a, Ref))

    def given(self) -> tuple[bool, ...]:
        """Say which results of the current call are there."""
        assert self.call is not None  # noqa: S101 - rows run within a call
        return tuple(r is not None for r in self.call.results)

    def value(self, arg: object) -> Any:
        """Put Values for Refs, through tuples."""
        if isinstance(arg, Ref):
            found = self.env.get(arg.id)
            if found is None:
                found = self.env[arg.id] = Value(type_of(arg))
            return found
        return tuple(map(self.value, arg)) if isinstance(arg, tuple) else arg

    def note_new(self) -> None:
        """Mark the results of new nodes that depend on data."""
        for node in self.b.nodes[self.seen :]:
            if any(v in self.bound for v in node.operands):
                self.bound.update(node.results)
        self.seen = len(self.b.nodes)


_TYPES: dict[tuple[tuple[int, ...], str], Type] = {}


def type_of(ref: Ref) -> Type:
    """Give the type of a recorded value; equal types are one object."""
    key = ref.shape, ref.dtype
    if (found := _TYPES.get(key)) is None:
        found = _TYPES[key] = tensor(ref.dtype, *ref.shape)
    return found


def lower(recording: Recording, *, name: str = "", on_unknown: OnUnknown = "raise") -> Graph:
    """Make the Graph of a recording; raises `UnknownOperator` where the table has no row."""
    low = Lowering()
    _declare(low, recording)
    for call in recording.calls:
        _call(low, call, on_unknown)
    outputs = [low.value(r) for r in recording.outputs]
    by_name = {v.name: v for v in low.b.graph([]).of_role(Role.PARAM)}
    grads = tuple((by_name[n], low.value(r)) for n, r in recording.gradients if n in by_name)
    nodes = tuple(_phase_masks(low))
    modules = tuple((m.path, m.cls, const(max(m.calls, 1))) for m in recording.modules)
    title = name or recording.name
    graph = Graph(tuple(low.b.inputs), nodes, tuple(outputs), title, (), modules, grads)
    made = {v for n in nodes for v in n.results} | {i.value for i in graph.inputs}
    seeds = {v: None for n in nodes for v in n.operands if v not in made}
    return replace(graph, inputs=(*graph.inputs, *(Input(v) for v in seeds)))


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
    value = low.env[ref.id] = low.b.take(Value(type_of(ref), name), role)
    if role in (Role.INPUT, Role.PARAM, Role.FROZEN):
        low.bound.add(value)


def _call(low: Lowering, call: Call, on_unknown: OnUnknown) -> None:
    low.call = call
    low.b.scope, low.b.phase, low.b.source = call.scope, Phase(call.phase), call.source
    row = find(call.name)
    if row is None:
        if on_unknown == "raise":
            raise _unknown(call)
        found: Any = _opaque(low, call)
    else:
        args = [low.value(a) for a in call.args]
        found = row(low, *args, **{k: low.value(v) for k, v in call.kwargs.items()})
    results = found if isinstance(found, tuple | list) else (found,)
    _bind(low, call, results)
    low.note_new()


def _bind(low: Lowering, call: Call, results: Sequence[Value | None]) -> None:
    refs = [r for r in call.results if r is not None]
    for ref, value in zip(refs, results, strict=False):
        if value is None:
            continue
        want = type_of(ref)
        if value.shape != want.shape:
            where = f"{call.name} in {call.scope or 'the root'}"
            raise VerifyError(where, f"was recorded as {want}, but its row gives {value.type}")
        low.env[ref.id] = value


def _unknown(call: Call) -> UnknownOperator:
    where = f"in {call.scope or 'the root module'}"
    if call.source:
        where += f" at {call.source}"
    hint = (
        'on_unknown="bound" gives a lower bound that names it; '
        f"a row for '{call.name}' in orderof/frontends/torch/table.py counts it"
    )
    return UnknownOperator(call.name, f"has no counting rule ({where})", hint)


def _opaque(low: Lowering, call: Call) -> tuple[Value, ...]:
    """Make a node of unknown cost; the coverage finds it by its name."""
    operands = [v for a in call.args if isinstance(v := low.value(a), Value)]
    types = low.types()
    nothing = (ZERO,) * len(operands), tuple(t.size for t in types)
    form = Irregular(NONE, ZERO, *nothing, source="unknown")
    return low.b.emit(f"unknown:{call.name}", form, operands, types)


def _phase_masks(low: Lowering) -> list[Node]:
    """Law 3: walk backwards from the folded masks, over nodes that nothing else needs."""
    wanted = {v for n in low.b.nodes for v in n.operands} if not low.masks else set[Value]()
    if not low.masks:
        return low.b.nodes
    mask_only = set(low.masks)
    out: list[Node] = []
    for node in reversed(low.b.nodes):
        mine = any(v in mask_only for v in node.results)
        if mine and not any(v in wanted or v in low.bound for v in node.results):
            mask_only.update(node.operands)
            out.append(replace(node, phase=Phase.MASK))
        else:
            wanted.update(node.operands)
            out.append(node)
    return out[::-1]
