"""The eight forms of an operator, as data. Every analysis is a `match` over them.

Nest       a perfect loop nest: out[...] = reduce over the other axes of body(x0[...], x1[...])
View       another look at the same elements: costs nothing
Move       elements are copied or filled: bytes, no operations
Composite  a graph of other operators
Irregular  counts and span by hand, with their source
Loop       a region: a graph repeated
Series     a region: a graph repeated, each time in other sizes
Branch     a region: one of several graphs
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orderof.counts import Counts
    from orderof.ir.access import Access
    from orderof.ir.graph import Graph
    from orderof.ir.scalar import Scalar
    from orderof.sym import Expr


@dataclass(frozen=True, slots=True)
class Nest:
    """A loop nest over named axes; elements outside a tensor (padding) are the reduction's unit."""

    axes: tuple[tuple[str, Expr], ...]
    ins: tuple[Access, ...]
    out: Access
    body: Scalar
    reduce: str | None = None
    """`add`, `max` or None; then every output element is written once at most."""
    mac: bool = False
    """Whether each point is one multiply-add: the product of two operands, summed up."""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Take the hash once, as that of a Type."""
        parts = (self.axes, self.ins, self.out, self.body, self.reduce, self.mac)
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Nest], tuple[Any, ...]]:
        return Nest, (self.axes, self.ins, self.out, self.body, self.reduce, self.mac)

    @property
    def sizes(self) -> dict[str, Expr]:
        """Size of each axis."""
        return dict(self.axes)


@dataclass(frozen=True, slots=True)
class View:
    """The same storage, looked at differently."""


@dataclass(frozen=True, slots=True)
class Move:
    """Copies: elements read from each operand, elements written to each result."""

    reads: tuple[Expr, ...]
    writes: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """A graph of other operators; `saved` results are kept for the backward pass only."""

    body: Graph


@dataclass(frozen=True, slots=True)
class Irregular:
    """An algorithm that is no loop nest: its counts and span stand in a cited source."""

    counts: Counts
    span: Expr
    reads: tuple[Expr, ...]
    writes: tuple[Expr, ...]
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """A body repeated `trip` times.

    Operands and body inputs: `carry` values that the body hands on from step to step, `const`
    values that stay, and the others, of which every step sees one slice along the first axis.
    Results and body outputs: the carries, `stack` values of which every step adds a slice, and the
    others, which are summed over the steps.
    """

    body: Graph
    trip: Expr
    carry: int
    const: int
    stack: int
    reverse: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A body that runs once for each of index = 1, 2, ..., last: its sizes may depend on that.

    Operands and body inputs: `carry` values that are handed on from step to step, then those that
    stay. Results and body outputs: the carries.
    """

    body: Graph
    index: str
    last: Expr
    carry: int


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One of several bodies, of which a value decides: the first operand, that no body sees.

    All take the other operands and give results of the same types. Which of them runs is not known
    without data: what is counted is, of each kind, the most that one of them costs.
    """

    bodies: tuple[Graph, ...]


def bodies(form: Form) -> tuple[Graph, ...]:
    """Give the graphs inside a form."""
    match form:
        case Composite(body) | Loop(body=body) | Series(body=body):
            return (body,)
        case Branch(found):
            return found
        case _:
            return ()


Form = Nest | View | Move | Composite | Irregular | Loop | Series | Branch
