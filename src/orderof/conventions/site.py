"""What the expressions of a rule are made of: the sizes and counts of one node.

    macs            multiply-adds of contractions
    taps            the same without those that lie in padding
    ops             operations of all kinds; and each kind by its name: add, mul, exp, cmp, ...
    x0, x1, ...     elements of an operand, 0 where there is none; y0, y1, ... of a result
    x0_1, y0_1      one dimension of an operand, of a result; x0_last the last
    operands        how many there are
    batch           the first dimension of the first operand
    ANY_NAME        an attribute of the operator: a number; a tuple's product; True as 1

A name that a node lacks is 0.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orderof.counts import Kind
from orderof.ops.work import work
from orderof.sym import ONE, ZERO, Expr, const

if TYPE_CHECKING:
    from orderof.counts import Counts
    from orderof.ir.graph import Attr, Node, Value

_SIZE = re.compile(r"([xy])(\d)(?:_(\d|last))?")
_KINDS = frozenset(map(str, Kind))


class Site:
    """A node where it stands: with the classes of the modules around it, the innermost last."""

    __slots__ = ("_counts", "_found", "around", "node")

    def __init__(self, node: Node, counts: Counts, around: tuple[str, ...] = ()) -> None:
        self.node = node
        self.around = around
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
            values = node.operands if match[1] == "x" else node.results
            return _size(values, int(match[2]), match[3])
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
                return _size(node.operands, 0, "0")
            case _ if name in _KINDS:
                return self._counts.group_by(lambda kind, _: kind).get(name, ZERO)
            case _:
                return _number(node.attr(name))


def _size(values: tuple[Value, ...], place: int, axis: str | None) -> Expr:
    if place >= len(values):
        return ZERO
    shape = values[place].shape
    if axis is None:
        return Expr.prod(shape)
    if axis == "last":
        return shape[-1] if shape else ONE
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
