"""What the expressions of a rule are made of: the sizes and counts of one node.

    macs            multiply-adds of contractions
    taps            the same without those that lie in padding
    ops             operations of all kinds; and each kind by its name: add, mul, exp, cmp, ...
    x0, x1, ...     elements of an operand, 0 where there is none; y0, y1, ... of a result
    x0_1, y0_1      one dimension of an operand, of a result; x0_last the last, x0_axis the one that
                    the attribute `axis` says, x0_rank how many there are
    out, out_1, ... elements and dimensions of what the module around it gives
    params          elements of the parameters that it reads
    leaf            1 where the module around it has no modules of its own
    operands        how many there are
    batch           the first dimension of the first operand
    ANY_NAME        an attribute of the operator: a number; a tuple's product; True as 1

A name that a node lacks is 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.counts import Kind
from orderof.ops.work import work
from orderof.sym import ONE, ZERO, Expr, const

if TYPE_CHECKING:
    from orderof.counts import Counts
    from orderof.ir.graph import Attr, Node

_SIZE = re.compile(r"(?:([xy])(\d)|out)(?:_(\d|last|axis|rank))?")
_KINDS = frozenset(map(str, Kind))


@dataclass(frozen=True, slots=True)
class Place:
    """What is around a node."""

    around: tuple[str, ...] = ()
    """The classes of the modules, the innermost last."""
    leaf: bool = True
    """Whether the innermost has no modules of its own."""
    out: tuple[Expr, ...] = ()
    """The shape of what comes out of the innermost module, of its first result."""
    reads: tuple[tuple[str, Expr], ...] = ()
    """The parameters that the node reads, by the last part of their names, with their elements."""


class Site:
    """A node where it stands."""

    __slots__ = ("_counts", "_found", "node", "place")

    def __init__(self, node: Node, counts: Counts, place: Place) -> None:
        self.node = node
        self.place = place
        self._counts = counts
        self._found: dict[str, Expr] = {}

    def value(self, e: Expr) -> Expr:
        """Evaluate an expression of the names above."""
        if e.value is not None:
            return e
        return e.subs({name: self[name] for name in e.symbols()})

    def __getitem__(self, name: str) -> Expr:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._find(name)
        return found

    def _find(self, name: str) -> Expr:
        node = self.node
        if match := _SIZE.fullmatch(name):
            axis = match[3] if match[3] != "axis" else str(node.attr("axis", "last"))
            return _size(self._shape(match[1], match[2]), axis)
        match name:
            case "macs":
                return self._counts.macs()
            case "taps":
                return work(node, "exact").macs()
            case "ops":
                return self._counts.ops()
            case "operands":
                return const(len(node.operands))
            case "batch":
                return self["x0_0"]
            case "params":
                return Expr.sum(elements for _, elements in self.place.reads)
            case "leaf":
                return const(int(self.place.leaf))
            case _ if name in _KINDS:
                return self._counts.group_by(lambda kind, _: kind).get(name, ZERO)
            case _:
                return _number(node.attr(name))

    def _shape(self, kind: str | None, at: str | None) -> tuple[Expr, ...] | None:
        if kind is None or at is None:
            return self.place.out
        values, n = self.node.operands if kind == "x" else self.node.results, int(at)
        return values[n].shape if n < len(values) else None


def _size(shape: tuple[Expr, ...] | None, axis: str | None) -> Expr:
    if shape is None:
        return ZERO
    match axis:
        case None:
            return Expr.prod(shape)
        case "rank":
            return const(len(shape))
        case "last":
            return shape[-1] if shape else ONE
        case _:
            return shape[int(axis)] if int(axis) < len(shape) else ONE


def _number(value: Attr | Expr) -> Expr:
    """Give an attribute as a size."""
    match value:
        case bool() | int():
            return const(int(value))
        case Expr():
            return value
        case tuple():
            return Expr.prod(_number(v) for v in value)
        case _:
            return ZERO
