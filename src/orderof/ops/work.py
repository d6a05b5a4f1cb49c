"""What one node costs: operations, span and bytes, derived from its form.

Nest        operations = |domain| * body + (|domain| - |image|) * reduction, where the image is the
            set of output elements that are touched; MACs = |domain| where it is a contraction.
            span = depth(body) + ceillog2 of each reduced axis: a balanced tree, axis after axis.
View        nothing.
Move        bytes only.
Composite   the sum of its body; the span is its longest chain.
Irregular   as declared.
Loop        trip * body + (trip - 1) additions for each element that is summed over the steps;
            span = trip * the body's longest chain, and the tree of the sums.
Series      the sum of the body over index = 1 .. last; so its span.
Branch      the body that costs most at all sizes; where there is none such, of each kind the most
            that one has, an upper bound of their sum. Its span is the longest.

Padding `full` counts every tap of a window as tools do; `exact` counts those inside the tensor.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal, assert_never

from orderof.counts import ITEMSIZE, NONE, Counts, Kind
from orderof.ir.access import Window, axes_of, chain, image, inside, touched
from orderof.ir.forms import Branch, Composite, Irregular, Loop, Move, Nest, Series, View
from orderof.ir.scalar import depth
from orderof.ops.nest import effective, typed
from orderof.sym import ONE, ZERO, Expr, bounds, ceillog2, maximum
from orderof.sym.sums import total

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orderof.ir.access import Access
    from orderof.ir.graph import Graph, Node, Type, Value

Padding = Literal["full", "exact"]


def work(node: Node, padding: Padding = "full") -> Counts:
    """Count the operations of a node."""
    match node.form:
        case Nest() as form:
            ins, out = tuple(v.type for v in node.operands), node.results[0].type
            return _nest_work(form, ins, out, padding)
        case View() | Move():
            return NONE
        case Composite(body):
            return graph_work(body, padding)
        case Irregular(counts):
            return counts
        case Loop() as loop:
            sums = Counts.sum(sum_work(loop, v) for v in loop_sums(node, loop))
            return graph_work(loop.body, padding) * loop.trip + sums
        case Series() as series:
            return graph_work(series.body, padding).each(lambda n: over(series, n))
        case Branch(found):
            return _most([graph_work(body, padding) for body in found])
        case _:
            assert_never(node.form)


@functools.lru_cache(maxsize=1 << 12)
def graph_work(graph: Graph, padding: Padding = "full") -> Counts:
    """Count the operations of a whole graph."""
    return Counts.sum(work(n, padding) for n in graph.nodes)


def _most(found: Sequence[Counts]) -> Counts:
    """Take what has as many operations and multiply-adds as each other, else the most by kind."""
    for one in found:
        ahead = [one - other for other in found]
        least = [bounds(n)[0] for more in ahead for n in (more.ops(), more.macs())]
        if all(n is not None and n >= 0 for n in least):
            return one
    return Counts.most(found)


def over(series: Series, e: Expr) -> Expr:
    """Add up what one step costs over all steps; raises `NoFormula` where that is no formula."""
    return total(e, series.index, series.last)


def loop_sums(node: Node, loop: Loop) -> tuple[Value, ...]:
    """Give the results of a loop that are summed over its steps."""
    return node.results[loop.carry + loop.stack :]


def sum_work(loop: Loop, result: Value) -> Counts:
    """Count the additions of one summed result."""
    return Counts.of(Kind.ADD, result.dtype, (loop.trip - 1) * result.type.size)


@functools.lru_cache(maxsize=1 << 15)
def _nest_work(nest: Nest, ins: tuple[Type, ...], out: Type, padding: Padding) -> Counts:
    kinds, _ = typed(nest.body, effective(ins), cast=out.dtype)
    points, reached = domain(nest, ins, out, padding)
    parts = [Counts.of(kind, dtype, points) for kind, dtype in kinds]
    if nest.reduce:
        parts.append(Counts.of(nest.reduce, out.dtype, points - reached))
    if nest.mac:
        parts.append(Counts.of(Kind.MAC, out.dtype, points))
    return Counts.sum(parts)


def domain(
    nest: Nest, ins: tuple[Type, ...], out: Type, padding: Padding = "full"
) -> tuple[Expr, Expr]:
    """Count the points of a nest and the output elements that they touch."""
    sizes = nest.sizes
    windows = _padded(nest, ins, out) if padding == "exact" else []
    tied = {a for w, _ in windows for a in axes_of(w)}
    points = Expr.prod(n for a, n in nest.axes if a not in tied)
    reached = Expr.prod(image(i, sizes) for i in nest.out if not tied & {*axes_of(i)})
    for window, extent in windows:
        points = points * inside(window, sizes, extent, frozenset(axes_of(window)))
        if window in nest.out:
            reached = reached * touched(window, sizes, extent)
        else:
            kept = frozenset(a for i in nest.out for a in axes_of(i))
            reached = reached * inside(window, sizes, extent, kept & {*axes_of(window)})
    return points, reached


def _padded(nest: Nest, ins: tuple[Type, ...], out: Type) -> list[tuple[Window, Expr]]:
    """List the windows that may look outside, each once, with the size of what they look at."""
    pairs = zip((*nest.ins, nest.out), (*ins, out), strict=True)
    dims = (dim for acc, t in pairs for dim in zip(acc, t.shape, strict=True))
    found = {index: extent for index, extent in dims if isinstance(index, Window)}
    return [(w, n) for w, n in found.items() if not _within(w, nest.sizes, n)]


def _within(window: Window, sizes: dict[str, Expr], extent: Expr) -> bool:
    """Whether no tap lies outside, for all sizes."""
    last = (sizes[window.outer] - 1) * window.stride + (sizes[window.inner] - 1) * window.dilation
    return not window.pad and extent - 1 == last


def span(node: Node) -> Expr:
    """Count the longest chain of dependent operations of a node, with unlimited processors."""
    match node.form:
        case Nest() as nest:
            return nest_span(nest)
        case View() | Move():
            return ZERO
        case Composite(body):
            return graph_span(body)
        case Irregular(span=chain_):
            return chain_
        case Loop() as loop:
            tree = ceillog2(loop.trip) if loop_sums(node, loop) else ZERO
            steps = loop.trip if loop.carry else ONE
            return graph_span(loop.body) * steps + tree
        case Series() as series:
            return over(series, graph_span(series.body))
        case Branch(found):
            return maximum(*map(graph_span, found))
        case _:
            assert_never(node.form)


def nest_span(nest: Nest) -> Expr:
    """Give the depth of the body and of one tree for each reduced axis."""
    sizes = nest.sizes
    if nest.reduce is None:
        return Expr.sum([depth(nest.body)])
    kept = {a for i in nest.out for a in axes_of(i)}
    trees = [ceillog2(n) for a, n in nest.axes if a not in kept]
    trees += [ceillog2(chain(i, sizes)) for i in nest.out if isinstance(i, Window)]
    return Expr.sum([depth(nest.body), *trees])


@functools.lru_cache(maxsize=1 << 12)
def graph_span(graph: Graph) -> Expr:
    """Give the longest chain through a graph."""
    ready: dict[Value, Expr] = {}
    for node in graph.nodes:
        end = _last(ready, node.operands) + span(node)
        ready.update(dict.fromkeys(node.results, end))
    return _last(ready, graph.outputs)


def _last(ready: Mapping[Value, Expr], values: Iterable[Value]) -> Expr:
    """Say when the last of some values is ready; what costs nothing, at 0, waits for nobody."""
    return maximum(*({ready.get(v, ZERO) for v in values} - {ZERO} or {ZERO}))


def traffic(node: Node) -> tuple[Expr, Expr]:
    """Give the bytes that a node reads and writes when it runs alone; each element once."""
    match node.form:
        case Nest() as nest:
            read = Expr.sum(_read(nest, node, v) for v in dict.fromkeys(node.operands))
            return read, Expr.sum(v.type.bytes for v in node.results)
        case View():
            return ZERO, ZERO
        case Move(reads, writes) | Irregular(reads=reads, writes=writes):
            return _bytes(node.operands, reads), _bytes(node.results, writes)
        case Composite(body):
            return _sum_traffic(body, ONE)
        case Loop(body=body, trip=trip):
            return _sum_traffic(body, trip)
        case Series() as series:
            read, written = _sum_traffic(series.body, ONE)
            return over(series, read), over(series, written)
        case Branch(found):
            reads, writes = zip(*(_sum_traffic(body, ONE) for body in found), strict=True)
            return maximum(*reads), maximum(*writes)
        case _:
            assert_never(node.form)


def _read(nest: Nest, node: Node, v: Value) -> Expr:
    """Count the bytes of one operand; what is reached in two ways is read once where one is all."""
    accesses = {acc for acc, other in zip(nest.ins, node.operands, strict=True) if other is v}
    reached = {_reached(nest, acc, v.type) for acc in accesses}
    return v.type.bytes if v.type.bytes in reached else Expr.sum(reached)


def _reached(nest: Nest, acc: Access, t: Type) -> Expr:
    sizes = nest.sizes
    found = (touched(i, sizes, n) for i, n in zip(acc, t.shape, strict=True))
    return Expr.prod(found) * ITEMSIZE[t.dtype]


def _bytes(values: tuple[Value, ...], elements: tuple[Expr, ...]) -> Expr:
    return Expr.sum(n * ITEMSIZE[v.dtype] for v, n in zip(values, elements, strict=True))


def _sum_traffic(body: Graph, trip: Expr) -> tuple[Expr, Expr]:
    parts = [traffic(n) for n in body.nodes]
    return Expr.sum(r for r, _ in parts) * trip, Expr.sum(w for _, w in parts) * trip
