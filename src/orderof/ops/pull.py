"""The gradient of an operator with a `vjp` of its own, as one node where it is several operations.

What a vjp emits depends on types, attributes and on which gradients are there and wanted, not on
the values: it is made once for each such case and emitted again with other values.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.ir.build import Builder
from orderof.ir.forms import Composite, View
from orderof.ir.graph import Graph, Input, Node, Phase, Value
from orderof.ops.define import lookup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.graph import Attr, Type


@dataclass(frozen=True, slots=True)
class _Case:
    op: str
    operands: tuple[Type, ...]
    results: tuple[Type, ...]
    attrs: tuple[tuple[str, Attr], ...]
    arrives: tuple[bool, ...]
    want: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Template:
    """Nodes over `given` (operands, results, gradients), and a gradient for each operand."""

    given: tuple[Value, ...]
    nodes: tuple[Node, ...]
    grads: tuple[Value | None, ...]
    composite: Composite | None
    reads: tuple[int, ...]
    made: tuple[Value, ...]


def pull(
    b: Builder, node: Node, gs: Sequence[Value | None], want: Sequence[bool]
) -> list[Value | None]:
    """Emit the gradients of a node's operands by its operator's vjp."""
    n = len(node.results)
    case = _Case(
        node.op,
        tuple(v.type for v in node.operands),
        tuple(v.type for v in node.results),
        node.attrs,
        tuple(g is not None for g in gs[:n]),
        tuple(want),
    )
    made = _template(case)
    actual = (*node.operands, *node.results, *gs[:n])
    env = {v: a for v, a in zip(made.given, actual, strict=True) if a is not None}
    if made.composite is not None:
        operands = [env[made.given[i]] for i in made.reads]
        types = [v.type for v in made.made]
        results = b.emit(f"{node.op}.backward", made.composite, operands, types)
        env.update(zip(made.made, results, strict=True))
    else:
        for inner in made.nodes:
            operands = [env.get(v, v) for v in inner.operands]
            types = [v.type for v in inner.results]
            results = b.emit(inner.op, inner.form, operands, types, inner.attrs)
            env.update(zip(inner.results, results, strict=True))
    return [env[g] if g is not None and w else None for g, w in zip(made.grads, want, strict=True)]


@functools.lru_cache(maxsize=1 << 12)
def _template(case: _Case) -> _Template:
    b = Builder(phase=Phase.BACKWARD)
    operands, results = (tuple(map(Value, types)) for types in (case.operands, case.results))
    gs = tuple(Value(t) for t in case.results)
    arrived = [g if a else None for g, a in zip(gs, case.arrives, strict=True)]
    op = lookup(case.op)
    vjp = op.vjp
    assert vjp is not None  # noqa: S101 - callers asked
    node = Node(case.op, op.instance(case.operands, case.attrs)[0], operands, results, case.attrs)
    found = tuple(vjp(b, node, arrived, case.want))
    grads = tuple(g if w else None for g, w in zip(found, case.want, strict=True))
    given = (*operands, *results, *gs)
    nodes = _needed(b.nodes, grads)
    made = {v for n in nodes for v in n.results}
    outputs = tuple(dict.fromkeys(g for g in grads if g in made))
    used = {v for n in nodes for v in n.operands}
    reads = tuple(i for i, v in enumerate(given) if v in used)
    composite = None
    if sum(not isinstance(n.form, View) for n in nodes) > 1:
        inputs = tuple(Input(given[i]) for i in reads)
        composite = Composite(Graph(inputs, nodes, outputs, f"{case.op}.backward"))
    return _Template(given, nodes, grads, composite, reads, outputs)


def _needed(nodes: Sequence[Node], outputs: Sequence[Value | None]) -> tuple[Node, ...]:
    """Keep the nodes that an output depends on: nobody runs the others."""
    wanted = {v for v in outputs if v is not None}
    kept: list[Node] = []
    for node in reversed(nodes):
        if wanted & {*node.results}:
            wanted.update(node.operands)
            kept.append(node)
    return tuple(reversed(kept))
