"""Which axes of the tensors of a graph are of one width: sizes that are equal or multiples.

Where one axis grows, those grow with it that a loop nest runs through together, that are put side
by side, cut apart, or seen otherwise. Of an axis that is seen as several the innermost grows:
heads stay as many. An axis that a window moves along is *placed*, and no width.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orderof.ir.access import Axis, Compose, Window
from orderof.ir.forms import Branch, Composite, Irregular, Loop, Move, Nest, Series, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orderof.ir.access import Index
    from orderof.ir.graph import Graph, Node, Value

    Key = Any


@dataclass
class Axes:
    """Axes of values by (value, place), in sets that were joined."""

    _above: dict[Key, Key] = field(default_factory=dict["Key", "Key"])
    _placed: list[Key] = field(default_factory=list["Key"])
    _parts: list[tuple[Key, int]] = field(default_factory=list["tuple[Key, int]"])

    def of(self, value: Value, axis: int) -> Key:
        """Name the set that an axis is in."""
        return self._top((value, axis))

    def join(self, a: Value, i: int, b: Value, j: int) -> None:
        """Let two axes grow together; an axis of size 1 is repeated, and does not grow."""
        if a.shape[i] != 1 and b.shape[j] != 1:
            self._link((a, i), (b, j))

    def place(self, value: Value, axis: int) -> None:
        """Say that an axis is no width."""
        self._placed.append((value, axis))

    def part(self, value: Value, axis: int, size: int) -> None:
        """Say that an axis is a whole number of parts."""
        self._parts.append(((value, axis), size))

    @property
    def placed(self) -> set[Key]:
        """The sets that hold an axis which is no width."""
        return {self._top(key) for key in self._placed}

    @property
    def sizes(self) -> dict[Key, set[int]]:
        """The sizes in each set, those of parts too."""
        found: dict[Key, set[int]] = {}
        for key, size in self._parts:
            found.setdefault(self._top(key), set()).add(size)
        for key in self._above.copy():
            for value, axis in (key, top := self._top(key)):
                found.setdefault(top, set()).add(value.shape[axis].at({}))
        return found

    def _top(self, key: Key) -> Key:
        while (above := self._above.get(key, key)) is not key:
            self._above[key] = self._above.get(above, above)
            key = above
        return key

    def _link(self, a: Key, b: Key) -> None:
        a, b = self._top(a), self._top(b)
        if a is not b and a != b:
            self._above[a] = b


def together(graph: Graph) -> Axes:
    """Join the axes of all values in a graph that grow together; sizes are numbers."""
    axes = Axes()
    _graph(axes, graph)
    return axes


def _graph(axes: Axes, graph: Graph) -> None:
    for node in graph.nodes:
        match node.form:
            case Nest() as nest:
                _nest(axes, node, nest)
            case Composite(body) | Series(body=body):
                _inside(axes, node.operands, node.results, body)
            case Branch(found):
                for body in found:
                    _inside(axes, node.operands[1:], node.results, body)
            case Loop() as loop:
                _loop(axes, node, loop)
            case View() | Move() | Irregular():
                _other(axes, node)


def _inside(axes: Axes, given: Sequence[Value], made: Sequence[Value], body: Graph) -> None:
    inside = (*(i.value for i in body.inputs), *body.outputs)
    pairs = zip((*given, *made), inside, strict=True)
    _inner(axes, together(body), [(a, b, 0) for a, b in pairs])


def _inner(axes: Axes, inner: Axes, pairs: Iterable[tuple[Value, Value, int]]) -> None:
    """Join what is joined in a body, which may be that of other nodes too.

    Each pair is a value outside, one inside, and how many axes the first has more in front.
    """
    placed, sizes = inner.placed, inner.sizes
    seen: dict[Key, tuple[Value, int]] = {}
    for outside, inside, more in pairs:
        for i in range(len(inside.shape)):
            key = inner.of(inside, i)
            if outside.shape[i + more] == 1:
                continue
            axes.join(*seen.setdefault(key, (outside, i + more)), outside, i + more)
            if key in placed:
                axes.place(outside, i + more)
            for size in sizes.get(key, ()):
                axes.part(outside, i + more, size)


def _nest(axes: Axes, node: Node, nest: Nest) -> None:
    """Join by the names of the nest's axes."""
    places: dict[str, tuple[Value, int]] = {}
    slides = {
        name
        for access in (*nest.ins, nest.out)
        for index in access
        if isinstance(index, Window)
        for name in (index.outer, index.inner)
    }
    values = (*node.operands, node.results[0])
    for access, value in zip((*nest.ins, nest.out), values, strict=True):
        for i, index in enumerate(access):
            name = _grows(index, nest)
            if name is None or value.shape[i] == 1:
                continue
            if name in slides:
                axes.place(value, i)
            if isinstance(index, Compose):
                axes.part(value, i, nest.sizes[name].at({}))
            axes.join(*places.setdefault(name, (value, i)), value, i)


def _grows(index: Index, nest: Nest) -> str | None:
    """Name the axis by which a dimension grows: the innermost of several."""
    match index:
        case Axis(name):
            return name
        case Compose(names):
            return next((n for n in reversed(names) if nest.sizes[n] != 1), None)
        case Window(outer):
            return outer
        case _:
            return None


def _loop(axes: Axes, node: Node, loop: Loop) -> None:
    """Join what a step is given and makes with what the loop is given and makes."""
    steps, made = [i.value for i in loop.body.inputs], loop.body.outputs
    inner = together(loop.body)
    for before, after in zip(steps[: loop.carry], made, strict=False):
        for i in range(len(before.shape)):
            inner.join(before, i, after, i)
    whole, stacked = loop.carry + loop.const, range(loop.carry, loop.carry + loop.stack)
    given = zip(node.operands, steps, strict=True)
    taken = zip(node.results, made, strict=True)
    pairs = [(a, b, int(k >= whole)) for k, (a, b) in enumerate(given)]
    _inner(axes, inner, [*pairs, *((a, b, int(k in stacked)) for k, (a, b) in enumerate(taken))])


def _other(axes: Axes, node: Node) -> None:
    for result in node.results:
        for operand in node.operands:
            match node.op:
                case "permute":
                    for i, k in enumerate(node.attr("order")):
                        axes.join(operand, k, result, i)
                case "reshape":
                    _seen(axes, operand, result)
                case _:
                    _likely(axes, node, operand, result)


def _seen(axes: Axes, a: Value, b: Value) -> None:
    """Join the innermost axes of each group of axes that hold the same elements."""
    i = j = 0
    while i < len(a.shape) and j < len(b.shape):
        first, second, rows, columns = i + 1, j + 1, _size(a, i), _size(b, j)
        while rows != columns:
            if rows < columns:
                rows *= _size(a, first)
                first += 1
            else:
                columns *= _size(b, second)
                second += 1
        one, other = _innermost(axes, a, i, first), _innermost(axes, b, j, second)
        if one is not None and other is not None:
            axes.join(a, one, b, other)
        i, j = first, second


def _size(value: Value, axis: int) -> int:
    return value.shape[axis].at({})


def _innermost(axes: Axes, value: Value, start: int, stop: int) -> int | None:
    """Name the axis of a group by which it grows: one that is placed only if all are."""
    inner = [k for k in reversed(range(start, stop)) if value.shape[k] != 1]
    placed = axes.placed
    free = (k for k in inner if axes.of(value, k) not in placed)
    return next(free, inner[0] if inner else None)


def _likely(axes: Axes, node: Node, a: Value, b: Value) -> None:
    """Join axes of equal sizes from the right; along the axis of a cut, of any size."""
    along = node.attr("axis")
    cut = along % len(b.shape) if isinstance(along, int) and len(a.shape) == len(b.shape) else None
    pairs: Sequence[tuple[int, int]] = list(
        zip(reversed(range(len(a.shape))), reversed(range(len(b.shape))), strict=False)
    )
    for i, j in pairs:
        if a.shape[i] == b.shape[j] or (cut is not None and j == cut):
            axes.join(a, i, b, j)
        elif len(a.shape) != len(b.shape):
            return
