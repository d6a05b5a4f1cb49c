"""Attention that looks at no later place, and computes no score that it would not look at.

Query i of S looks at keys 1 .. i, so there are S*(S + 1)/2 scores for a head; in a window of w keys
at the last w of them, which is m = min(S, w) rows that grow and S - m of m keys. What is counted is
the sum over the rows of what `attention` counts for one query and so many keys. The gradient of a
row is that of `attention`; gradients of keys and values are added up over the rows that looked at
them, with one addition less than there are rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orderof.counts import Counts, Kind
from orderof.ir.build import Builder
from orderof.ir.forms import Irregular, Loop
from orderof.ir.graph import Type, Value
from orderof.ops.attention import attention
from orderof.ops.define import irregular
from orderof.ops.work import graph_span, graph_work
from orderof.sym import ONE, Expr, ceillog2, floordiv, minimum, symbol
from orderof.sym.sums import settled, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.graph import Graph, Node
    from orderof.ops.define import Grads

_ROWS = "the sum of attention over rows of 1 .. S keys; Vaswani et al. 2017, section 3.2.3"
_ROW = "row_"
"""The letter that the rows are added up over."""


def _row(q: Type, k: Type, v: Type, n: Expr) -> list[Type]:
    """Give the types of one query and so many keys and values."""
    one = Type((*q.shape[:2], ONE, q.shape[3]), q.dtype)
    return [one, *(Type((*t.shape[:2], n, t.shape[3]), t.dtype) for t in (k, v))]


def _graphs(types: Sequence[Type], how: dict[str, Any]) -> tuple[Graph, Graph]:
    """Give the forward and the backward pass of one row."""
    b = Builder()
    operands = [b.take(Value(t)) for t in types]
    results = attention.emit(b, operands, tuple(sorted(how.items())))
    node, ahead = b.nodes[-1], b.graph([results[0]])
    back = Builder()
    g = back.take(Value(results[0].type))
    assert attention.vjp is not None  # noqa: S101 - it has one
    grads = attention.vjp(back, node, (g, *[None] * (len(results) - 1)), (True, True, True))
    return ahead, back.graph([d for d in grads if d is not None])


def _over_rows(graph: Graph, rows: Expr, most: Expr) -> Counts:
    """Add up `rows` rows of 1, 2, ... keys, and no more than `most`."""

    def whole(e: Expr) -> Expr:
        return settled(total(e, _ROW, most)) + (rows - most) * e.subs({_ROW: most})

    return graph_work(graph).each(whole)


def _most(q: Type, window: int) -> Expr:
    return minimum(q.shape[2], window) if window else q.shape[2]


def _pairs(q: Type, most: Expr) -> Expr:
    return floordiv(most * most + most, 2) + (q.shape[2] - most) * most


def _plan(
    q: Type, k: Type, v: Type, *, window: int = 0, **how: Any  # noqa: ANN401
) -> tuple[Irregular, tuple[Type, ...]]:  # fmt: skip
    """Give (out, p), and with dropout what it leaves and its noise: one number for each score."""
    _, (out, *scores) = attention.instance((q, k, v), tuple(sorted(how.items())))
    most = _most(q, window)
    types = (out, *(Type((*t.shape[:2], _pairs(q, most)), t.dtype) for t in scores))
    counts = _over_rows(_graphs(_row(q, k, v, symbol(_ROW)), how)[0], q.shape[2], most)
    chain = graph_span(_graphs(_row(q, k, v, most), how)[0])
    reads = (q.size, k.size, v.size)
    return Irregular(counts, chain, reads, tuple(t.size for t in types), _ROWS), types


def _gradient(
    g: Type, q: Type, k: Type, v: Type, *scores: Type, window: int = 0, **how: Any  # noqa: ANN401
) -> tuple[Irregular, tuple[Type, ...]]:  # fmt: skip
    """Give the gradients of queries, keys and values."""
    n, most = q.shape[2], _most(q, window)
    counts = _over_rows(_graphs(_row(q, k, v, symbol(_ROW)), how)[1], n, most)
    heads = k.shape[0] * k.shape[1]
    sums = heads * (_pairs(q, most) - n) * (k.shape[3] + v.shape[3])
    counts = counts + Counts.of(Kind.ADD, q.dtype, sums)
    chain = graph_span(_graphs(_row(q, k, v, most), how)[1]) + ceillog2(most)
    reads = tuple(t.size for t in (g, q, k, v, *scores))
    return Irregular(counts, chain, reads, (q.size, k.size, v.size), _ROWS), (q, k, v)


def _vjp(b: Builder, node: Node, gs: Sequence[Any], _: object) -> Grads:
    return causal_gradient.emit(b, (gs[0], *node.operands, *node.results[1:]), node.attrs)


causal_attention = irregular("causal_attention", _plan, source=_ROWS, vjp=_vjp)
causal_gradient = irregular("causal_gradient", _gradient, source=_ROWS)


def triangle(node: Node, window: int = 0) -> Node:
    """Give attention that is masked causally, and is square, without what the mask would drop.

    `window` is how many keys a row looks at, if not at all before it.
    """
    q, k = (v.type for v in node.operands[:2])
    if node.op != "attention" or node.attr("masked") != "causal" or q.shape[2] != k.shape[2]:
        return node
    attrs = tuple(pair for pair in node.attrs if pair[0] != "masked")
    attrs = tuple(sorted((*attrs, ("window", window)))) if window else attrs
    form, types = causal_attention.instance(tuple(v.type for v in node.operands), attrs)
    results = (node.results[0], *(Value(t) for t in types[1:]))
    return replace(node, op=causal_attention.name, form=form, attrs=attrs, results=results)


def triangular(graph: Graph) -> Graph:
    """Make every causal attention of a forward pass one that computes its triangle alone."""
    nodes = [
        replace(n, form=replace(n.form, body=triangular(n.form.body)))
        if isinstance(n.form, Loop)
        else triangle(n) if n.op == "attention" else n
        for n in graph.nodes
    ]  # fmt: skip
    return replace(graph, nodes=tuple(nodes))
