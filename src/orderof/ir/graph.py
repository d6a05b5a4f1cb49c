"""Values, nodes and graphs: a network as frozen data.

Graph   inputs -> nodes in the order of execution -> outputs
Node    one operator applied: a form (what it does), operands, results, where it stands
Value   what flows: a shape of Exprs and a dtype; equal only to itself
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from orderof.counts import ITEMSIZE
from orderof.sym import Expr, Range, Size, expr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.ir.forms import Form

Attr = int | float | bool | str | None | tuple["Attr", ...]


class Phase(StrEnum):
    """Which part of a training step a node belongs to."""

    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    RECOMPUTE = "recompute"
    OPTIMIZER = "optimizer"
    MASK = "mask"
    """The construction of masks that depend on positions only; no part of a step's total."""


class Role(StrEnum):
    """What a graph input is."""

    INPUT = "input"
    PARAM = "param"
    FROZEN = "frozen"
    BUFFER = "buffer"
    CONSTANT = "constant"
    """A tensor that the code brings along: an attribute, a literal."""
    STATE = "state"
    """State of an optimizer."""


@dataclass(frozen=True, slots=True)
class Type:
    """A shape and a dtype."""

    shape: tuple[Expr, ...]
    dtype: str
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Take the hash once: forms are kept by the types of their operands."""
        object.__setattr__(self, "_hash", hash((self.shape, self.dtype)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Type], tuple[tuple[Expr, ...], str]]:
        return Type, (self.shape, self.dtype)  # the hash of a text holds in one process only

    @property
    def size(self) -> Expr:
        """The number of elements."""
        return Expr.prod(self.shape)

    @property
    def bytes(self) -> Expr:
        """The size in bytes."""
        return self.size * ITEMSIZE[self.dtype]

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


def tensor(dtype: str, *shape: Size) -> Type:
    """Give the type of a tensor; dims are Exprs or ints."""
    return Type(tuple(map(expr, shape)), dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A tensor that flows through a graph; `name` is a hint for readers."""

    type: Type
    name: str = ""

    @property
    def shape(self) -> tuple[Expr, ...]:
        """The shape of its type."""
        return self.type.shape

    @property
    def dtype(self) -> str:
        """The dtype of its type."""
        return self.type.dtype


@dataclass(frozen=True, slots=True)
class Origin:
    """What a node was in the framework that it was recorded from: other tools count by these."""

    op: str = ""
    """The operation that was dispatched: aten.addmm."""
    function: str = ""
    """The function that the model called: F.linear, torch.matmul, Tensor.add, Tensor.__add__."""
    module: str = ""
    """The class of the module around it, where it is defined: torch.nn.modules.linear.Linear."""
    products: int = 0
    """How many products of sizes it is the first to depend on."""

    def __str__(self) -> str:
        parts = [part or "-" for part in (self.op, self.function, self.module)]
        return " ".join([*parts, str(self.products)] if self.products else parts)

    @staticmethod
    def read(text: str) -> Origin:
        """Read what `str` wrote; raises `ValueError` unless it has three parts or four."""
        op, function, module, *more = ("" if part == "-" else part for part in text.split(" "))
        (products,) = map(int, more or "0")
        return Origin(op, function, module, products)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One application of an operator."""

    op: str
    form: Form
    operands: tuple[Value, ...]
    results: tuple[Value, ...]
    attrs: tuple[tuple[str, Attr], ...] = ()
    scope: str = ""
    phase: Phase = Phase.FORWARD
    source: str | None = None
    origin: Origin | None = None

    def attr(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - whatever it is
        """Give an attribute."""
        return dict(self.attrs).get(name, default)


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """A value that a graph is given, and what it is."""

    value: Value
    role: Role = Role.INPUT


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A network, or the body of a region."""

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Value, ...]
    name: str = ""
    dims: tuple[tuple[str, int], ...] = ()
    """Default sizes of the symbols."""
    modules: tuple[tuple[str, str, Expr], ...] = ()
    """(path, class, count) of the modules, in order of first use."""
    grads: tuple[tuple[Value, Value], ...] = field(default=())
    """(parameter, its gradient), once the graph has a backward pass."""
    notes: tuple[str, ...] = ()
    """What was chosen on the reader's behalf."""
    ranges: tuple[tuple[str, Range], ...] = ()
    """Symbols that stand for some sizes only."""

    def of_role(self, *roles: Role) -> Iterator[Value]:
        """Iterate over the inputs that play one of some roles."""
        return (i.value for i in self.inputs if i.role in roles)
