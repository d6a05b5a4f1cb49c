"""The state of one lowering: which Value stands for which Ref, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orderof.frontends.torch.recording import Ref
from orderof.ir.build import Builder
from orderof.ir.graph import Node, Type, Value, tensor

if TYPE_CHECKING:
    from orderof.frontends.torch.recording import Call


@dataclass
class Lowering:
    """The state of one lowering; rows of the table get it as their first argument."""

    b: Builder = field(default_factory=Builder)
    env: dict[int, Value] = field(default_factory=dict[int, Value])
    bound: set[Value] = field(default_factory=set[Value])
    """Values that depend on an input or a parameter: all that are not positional."""
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
