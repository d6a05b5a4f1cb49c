"""How far what stands at one position of a sequence is carried by one pass through a graph.

A position of the output depends on `width` + 1 neighbouring positions of the input, or on all.

1. A window of k taps, d apart, adds d*(k - 1) to the width. What a nest runs through together
   stays at its place; a nest that sums over positions depends on all of them.
2. A loop over positions that hands something on carries it to every later position, but takes a
   step for each: the path through it is as long as the loop.
3. The largest number of operators a signal has to pass between two positions, the maximum path
   length of Vaswani et al. 2017 (arXiv:1706.03762, section 4), is the length of that loop, 1 where
   a layer sees everything, and else as many layers as it takes to see n positions.

Where an axis of positions is folded into another one, `Inconclusive` is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orderof.errors import Inconclusive
from orderof.ir.access import Axis, Window
from orderof.ir.forms import Composite, Loop, Nest
from orderof.ir.graph import Role
from orderof.sym import ONE, ZERO, Expr, ceildiv, maximum, symbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orderof.ir.access import Index
    from orderof.ir.graph import Graph, Node, Value


@dataclass(frozen=True, slots=True)
class Reach:
    """`width` neighbours are seen, None for all; `path` steps of loops are between two of them."""

    width: Expr | None = ZERO
    path: Expr = ZERO

    def wider(self, by: Expr) -> Reach:
        """See further."""
        return self if self.width is None else Reach(self.width + by, self.path)

    def join(self, other: Reach) -> Reach:
        """See what either sees."""
        path = maximum(self.path, other.path)
        if self.width is None or other.width is None:
            return Reach(None, path)
        return Reach(maximum(self.width, other.width), path)


NOTHING = Reach()
_Places = dict[int, Reach]
"""The axes of a value that are positions."""


@dataclass
class _Seen:
    axes: dict[Value, _Places] = field(default_factory=dict["Value", "_Places"])
    whole: dict[Value, Reach] = field(default_factory=dict["Value", "Reach"])
    """Values of which every element depends on all positions."""

    def put(self, value: Value, axis: int, found: Reach) -> None:
        places = self.axes.setdefault(value, {})
        places[axis] = places.get(axis, NOTHING).join(found)

    def all(self, value: Value, found: Reach) -> None:
        self.whole[value] = self.whole.get(value, Reach(None)).join(Reach(None, found.path))


def reach(graph: Graph, letter: str) -> Reach:
    """Say what the first output sees of the positions that a letter counts.

    Raises `Inconclusive` where positions cannot be followed.
    """
    seen = _Seen()
    for value in graph.of_role(Role.INPUT):
        for i, n in enumerate(value.shape):
            if letter in n.symbols():
                seen.put(value, i, NOTHING)
    _follow(seen, graph.nodes)
    return _of(seen, graph.outputs[0])


def path_length(graph: Graph, letter: str) -> Expr:
    """Give the maximum path length of a stack of layers like this one."""
    found, n = reach(graph, letter), symbol(letter)
    if found.width is None:
        return maximum(ONE, found.path)
    if found.width == ZERO:
        raise Inconclusive(graph.name, "carries nothing from one position to another")
    return ceildiv(n - 1, found.width)


def _of(seen: _Seen, value: Value) -> Reach:
    found = seen.whole.get(value, NOTHING)
    for other in seen.axes.get(value, {}).values():
        found = found.join(other)
    return found


def _follow(seen: _Seen, nodes: Iterable[Node]) -> None:
    for node in nodes:
        for operand in node.operands:
            if operand in seen.whole:
                for result in node.results:
                    seen.all(result, seen.whole[operand])
        if not any(v in seen.axes for v in node.operands):
            continue
        match node.form:
            case Nest() as nest:
                _nest(seen, node, nest)
            case Composite(body):
                _body(seen, node, body.nodes, [i.value for i in body.inputs], body.outputs)
            case Loop() as loop:
                _loop(seen, node, loop)
            case _:
                _moved(seen, node)


def _nest(seen: _Seen, node: Node, nest: Nest) -> None:
    along: dict[str, Reach] = {}
    for access, value in zip(nest.ins, node.operands, strict=True):
        for i, found in seen.axes.get(value, {}).items():
            name, more = _axis(node, access[i], nest.sizes)
            along[name] = along.get(name, NOTHING).join(found.wider(more))
    result = node.results[0]
    kept = {
        name: (i, more)
        for i, index in enumerate(nest.out)
        if isinstance(index, Axis | Window)
        for name, more in (_axis(node, index, nest.sizes),)
    }
    for name, found in along.items():
        if name in kept:
            i, more = kept[name]
            seen.put(result, i, found.wider(more))
        else:
            seen.all(result, found)


def _axis(node: Node, index: Index, sizes: Mapping[str, Expr]) -> tuple[str, Expr]:
    """Name the axis of a nest that runs along positions, and how many neighbours it sees."""
    match index:
        case Axis(name):
            return name, ZERO
        case Window(outer, inner, 1, dilation):
            return outer, dilation * (sizes[inner] - 1)
        case _:
            raise Inconclusive(node.op, "folds positions into other axes, or leaves some out")


def _body(
    seen: _Seen,
    node: Node,
    nodes: Sequence[Node],
    given: Sequence[Value],
    made: Sequence[Value],
) -> None:
    inner = _Seen()
    for outside, inside in zip(node.operands, given, strict=True):
        for i, found in seen.axes.get(outside, {}).items():
            inner.put(inside, i, found)
    _follow(inner, nodes)
    for inside, outside in zip(made, node.results, strict=True):
        for i, found in inner.axes.get(inside, {}).items():
            seen.put(outside, i, found)
        if inside in inner.whole:
            seen.all(outside, inner.whole[inside])


def _loop(seen: _Seen, node: Node, loop: Loop) -> None:
    """Follow a loop whose steps are positions, or whose steps are layers that carry them."""
    first = loop.carry + loop.const
    steps = [seen.axes.get(v, {}) for v in node.operands[first:]]
    others = [v for v in node.operands[:first] if v in seen.axes]
    if others and not any(steps):
        _stack(seen, node, loop)
        return
    if others or not loop.carry or any(set(places) != {0} for places in steps if places):
        raise Inconclusive(node.op, "is a loop through which positions are not followed")
    before = NOTHING
    for places in steps:
        for found in places.values():
            before = before.join(found)
    for result in node.results:
        seen.all(result, Reach(None, before.path + loop.trip))


def _stack(seen: _Seen, node: Node, loop: Loop) -> None:
    """Follow layers one after the other: each sees as much further as the first one does."""
    body = loop.body
    takes = [i.value for i in body.inputs]
    inner = _Seen()
    for outside, inside in zip(node.operands, takes, strict=True):
        for i in seen.axes.get(outside, {}):
            inner.put(inside, i, NOTHING)
    _follow(inner, body.nodes)
    for place, (inside, result) in enumerate(zip(body.outputs, node.results, strict=True)):
        if inside in inner.whole:
            seen.all(result, inner.whole[inside])
        if place >= loop.carry:
            continue
        before = seen.axes.get(node.operands[place], {})
        for i, found in inner.axes.get(inside, {}).items():
            if found.width is None or found.path != ZERO:
                raise Inconclusive(node.op, "is a loop through which positions are not followed")
            start = before.get(i, NOTHING)
            seen.put(result, i, start.wider(found.width * loop.trip))


def _moved(seen: _Seen, node: Node) -> None:
    """Follow views and copies: an axis stays if it is seen alone."""
    for operand in node.operands:
        for i, found in seen.axes.get(operand, {}).items():
            for result in node.results:
                seen.put(result, _where(node, operand, i, result), found)


def _where(node: Node, operand: Value, axis: int, result: Value) -> int:
    if node.op == "permute":
        order: tuple[int, ...] = node.attr("order")
        return order.index(axis)
    if node.op == "gather_rows" and operand is node.operands[1]:
        return axis
    if node.op == "reshape":
        front = Expr.prod(operand.shape[:axis])
        for j, n in enumerate(result.shape):
            if n == operand.shape[axis] and Expr.prod(result.shape[:j]) == front:
                return j
        raise Inconclusive(node.op, "folds positions into other axes")
    if len(operand.shape) == len(result.shape):
        return axis
    if len(operand.shape) < len(result.shape) and node.op == "expand":
        return axis + len(result.shape) - len(operand.shape)
    raise Inconclusive(node.op, "is not followed along positions")
