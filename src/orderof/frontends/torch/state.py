"""The state of one lowering: which Value stands for which Ref, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from orderof.frontends.torch.recording import Ref
from orderof.frontends.torch.sizes import Sizes, Varied
from orderof.ir.build import Builder
from orderof.ir.forms import Composite, Loop, View
from orderof.ir.graph import Node, Origin, Type, Value, tensor
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orderof.frontends.torch.recording import Call
    from orderof.ir.graph import Phase


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
    sizes: Sizes = field(default_factory=lambda: Sizes(()))
    """Which formula a number is that differs between recordings."""
    agreed: dict[tuple[int, int], Type] = field(default_factory=dict[tuple[int, int], Type])
    """Types that agree with a recorded shape, by the identity of both; the calls hold the shape."""
    exact: bool = False
    """Whether causal attention is its triangle alone."""
    whole: bool = False
    """Whether there was masked attention that is counted whole all the same."""
    detached: dict[int, int] = field(default_factory=dict[int, int])
    """Values that were detached, and what they are of, by id."""
    classes: Mapping[str, str] = field(default_factory=dict[str, str])
    """The class of each module with where it is defined, by path."""
    loops: dict[str, tuple[Node, Lowering]] = field(default_factory=dict[str, Any])
    """Loops by their names and how their turn was lowered, for their backward calls."""
    front: Builder | None = None
    """Where the forward nodes are, if not here: those of a turn that is walked back."""
    runs: dict[str, Expr] = field(default_factory=dict[str, Expr])
    """How often modules are called in the turns of loops."""
    follow: Callable[[Lowering, Call], None] | None = None
    """Lowers one call."""
    seen: int = 0
    products: int = 0
    """Of sizes: those that the next node that can hold them is the first to depend on."""
    call: Call | None = None
    _origins: dict[tuple[str, str, str], Origin] = field(
        default_factory=dict[tuple[str, str, str], Origin]
    )

    def start(self, call: Call, phase: Phase) -> None:
        """Stand where a call stands."""
        self.call, b = call, self.b
        b.scope, b.phase, b.source = call.scope, phase, call.source
        key = call.name, call.function, call.scope
        if (found := self._origins.get(key)) is None:
            op, cls = call.name.rpartition(".")[0], self.classes.get(call.scope, "")
            found = self._origins[key] = Origin(op, call.function, cls)
        b.origin = found
        self.products += call.products

    def types(self) -> tuple[Type, ...]:
        """Give the recorded types of the results of the current call."""
        return tuple(map(self.type_of, self.results()))

    def dtype(self) -> str:
        """Give the dtype of the first result of the current call."""
        return self.results()[0].dtype

    def type_of(self, ref: Ref) -> Type:
        """Give the type of a recorded value; raises `Unproved` where a size has no formula."""
        ref = _paired(ref)
        if all(type(n) is int for n in ref.shape):
            return type_of(ref)
        return Type(tuple(map(self.sizes.find, ref.shape)), ref.dtype)

    def agrees(self, ref: Ref, found: Type) -> bool:
        """Whether a shape that was inferred is the one that was recorded, at every point."""
        kept, ref = ref, _paired(ref)
        if not self.sizes.points:
            return found.shape == type_of(ref).shape
        pair = id(found), id(ref.shape)
        if pair in self.agreed:
            return True
        holds = map(self.sizes.holds, found.shape, ref.shape)
        if len(found.shape) != len(ref.shape) or not all(holds):
            return False
        if kept is ref:  # else the shape is one that nothing holds
            self.agreed[pair] = found
        return True

    def size(self, n: Any) -> Any:
        """Give the formula of a number that may differ between recordings."""
        return self.sizes.find(n) if isinstance(n, Varied) else n

    def same(self, e: Expr, n: Expr | int | Varied) -> bool:
        """Whether a formula is a size: by form, or by value at every point."""
        if isinstance(n, Varied) or (isinstance(n, int) and self.sizes.points):
            return self.sizes.holds(e, n)
        return e == n or (isinstance(n, Expr) and self.sizes.equal(e, n))

    def extent(self, axis: int) -> Any:
        """Give a size of the first result of the current call as recorded."""
        return self.results()[0].shape[axis]

    def results(self) -> list[Ref]:
        """Give the results of the current call as recorded."""
        assert self.call is not None  # noqa: S101 - rows run within a call
        return [r for r in self.call.results if r is not None]

    def ids(self, start: int) -> tuple[int, ...]:
        """Give the ids of the tensor operands of the current call, from some position on.

        Of one that was detached, as a checkpoint does with what it hands on, that of the original.
        """
        assert self.call is not None  # noqa: S101 - rows run within a call
        found = (a.id for a in self.call.args[start:] if isinstance(a, Ref))
        return tuple(self.detached.get(n, n) for n in found)

    def given(self) -> tuple[bool, ...]:
        """Say which results of the current call are there."""
        assert self.call is not None  # noqa: S101 - rows run within a call
        return tuple(r is not None for r in self.call.results)

    def value(self, arg: object) -> Any:
        """Put Values for Refs, through tuples."""
        if isinstance(arg, Ref):
            found = self.env.get(arg.id)
            if found is None:
                found = self.env[arg.id] = Value(self.type_of(arg))
            return found
        return tuple(map(self.value, arg)) if isinstance(arg, tuple) else arg

    def note_new(self) -> None:
        """Mark the results of new nodes that depend on data."""
        nodes = self.b.nodes
        for i in range(self.seen, len(nodes)):
            if not self.bound.isdisjoint(nodes[i].operands):
                self.bound.update(nodes[i].results)
            self._hold(i)
        self.seen = len(nodes)

    def _hold(self, at: int) -> None:
        """Let a node hold the products of sizes that are waiting for one."""
        node = self.b.nodes[at]
        if self.products and node.origin and not isinstance(node.form, _ELSEWHERE):
            products = self.products + node.origin.products
            self.b.nodes[at] = replace(node, origin=replace(node.origin, products=products))
            self.products = 0

    def end(self) -> None:
        """Give the products of sizes that only views depend on to the last node before them."""
        for at in reversed(range(len(self.b.nodes) if self.products else 0)):
            self._hold(at)


_ELSEWHERE = View, Loop, Composite
"""Forms of nodes that are nothing in a count, or that others hold and look up."""
_PARTS = {"complex32": "float16", "complex64": "float32", "complex128": "float64"}


def _paired(ref: Ref) -> Ref:
    """Give a value of complex numbers as what holds their parts."""
    if ref.dtype not in _PARTS:
        return ref
    return Ref(ref.id, (*ref.shape, 2), _PARTS[ref.dtype])


_TYPES: dict[tuple[tuple[int, ...], str], Type] = {}


def type_of(ref: Ref) -> Type:
    """Give the type of a value with sizes in numbers; equal types are one object."""
    key = ref.shape, ref.dtype
    if (found := _TYPES.get(key)) is None:
        found = _TYPES[key] = tensor(ref.dtype, *ref.shape)
    return found
