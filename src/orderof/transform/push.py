"""Forward mode: a graph with the tangents of its outputs for one direction of its parameters.

    dy = sum over the operands of  (d body / d x_j) * dx_j        at every point of a nest

1. A tangent follows every float that depends on a parameter; each has the type of its value.
2. A Nest is linear in its tangents: each operand's derivative is the adjoint of the body with the
   tangent in place of the gradient. A product of two operands stays one, with the tangent for one.
3. Views and copies do to the tangent what they do to the value; composites and loops are entered.

One pass gives one directional derivative (Griewank & Walther 2008, "Evaluating Derivatives",
section 3.1); the gradient by w parameters takes w of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from orderof.counts import is_float
from orderof.errors import ModelError
from orderof.ir.build import Builder
from orderof.ir.forms import Composite, Loop, Move, Nest, View
from orderof.ir.graph import Graph, Input, Role, Type, Value
from orderof.ir.scalar import Const, G, Scalar, Var, Y, adjoint, eq, rename, select, variables
from orderof.ops.define import lookup
from orderof.ops.elementwise import add
from orderof.ops.nest import effective, result_dtype
from orderof.ops.shape import fill
from orderof.transform.grad import carries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orderof.ir.access import Access
    from orderof.ir.graph import Node


def push(graph: Graph) -> Graph:
    """Add forward mode along one direction of all trainable parameters, which are new inputs.

    Raises `ModelError` where an operator has no derivative.
    """
    walk = _Push()
    seeds = {v: Value(v.type, f"tangent.{v.name}") for v in graph.of_role(Role.PARAM)}
    walk.tangents.update(seeds)
    walk.run(graph.nodes)
    found = [walk.tangents[v] for v in graph.outputs if v in walk.tangents]
    inputs = (*graph.inputs, *(Input(v) for v in seeds.values()))
    nodes = tuple(walk.b.nodes)
    return replace(graph, inputs=inputs, nodes=nodes, outputs=(*graph.outputs, *found))


@dataclass
class _Push:
    """The nodes so far, and the tangent of each value that has one."""

    b: Builder = field(default_factory=Builder)
    tangents: dict[Value, Value] = field(default_factory=dict[Any, Value])

    def run(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.b.scope, self.b.phase, self.b.source = node.scope, node.phase, node.source
            moved = any(v in self.tangents for v in node.operands) and node.op != "detach"
            if not moved or not any(is_float(v.dtype) for v in node.results):
                self.b.nodes.append(node)
                continue
            match node.form:
                case Composite(body):
                    self.composite(node, body)
                case Loop():
                    self.loop(node, node.form)
                case form:
                    self.b.nodes.append(node)
                    self.single(node, form)

    def single(self, node: Node, form: Any) -> None:  # noqa: ANN401 - one of the other forms
        """Give the tangents of one operator's results."""
        match form:
            case Nest():
                tangent = self.nest(node, form)
                if tangent is not None:
                    self.tangents[node.results[0]] = tangent
            case View() | Move():
                self.moved(node, form)
            case _:
                raise ModelError(node.op, "has no forward mode", "it is no loop nest and no copy")

    def moved(self, node: Node, form: View | Move) -> None:
        """Do to tangents what is done to values."""
        operands = [self.tangent(v) if is_float(v.dtype) else v for v in node.operands]
        types = [v.type for v in node.results]
        made = self.b.emit(node.op, form, operands, types, node.attrs)
        pairs = zip(node.results, made, strict=True)
        self.tangents.update((v, t) for v, t in pairs if is_float(v.dtype))

    def tangent(self, v: Value) -> Value:
        """Give the tangent of a value; zeros where it does not move."""
        if v not in self.tangents:
            zeros: Value = fill(self.b, shape=v.shape, dtype=v.dtype)
            return zeros
        return self.tangents[v]

    def nest(self, node: Node, nest: Nest) -> Value | None:
        """Law 2; None where the result does not move with the operands."""
        terms = self.terms(node, nest)
        if not terms:
            return None
        groups = [{j: s} for j, s in terms.items()] if nest.mac else [terms]
        made = [self.linear(node, nest, group) for group in groups]
        total = made[0]
        for other in made[1:]:
            total = add(self.b, total, other)
        return total

    def terms(self, node: Node, nest: Nest) -> dict[int, Scalar]:
        """Give what each operand that moves contributes, with `G` for its tangent."""
        if nest.reduce == "max":
            if nest.body != Var(0):
                raise ModelError(node.op, "has no forward mode", "it is the maximum of a formula")
            return {0: select(eq(Var(0), Y), G, Const(0))}
        saved = Y if nest.reduce is None else None
        parts = adjoint(nest.body, saved)
        return {j: s for j, s in parts.items() if j >= 0 and node.operands[j] in self.tangents}

    def linear(self, node: Node, nest: Nest, terms: dict[int, Scalar]) -> Value:
        """Emit the nest of some contributions."""
        out = node.results[0]
        ((first, scalar), *more) = terms.items()
        alone = self.tangents[node.operands[first]]
        if not more and scalar == G and nest.ins[first] == nest.out and alone.type == out.type:
            return alone
        reads: list[tuple[Value, Access]] = []
        body: Scalar | None = None
        for j, s in terms.items():
            source = {-1: (self.tangents[node.operands[j]], nest.ins[j]), -2: (out, nest.out)}
            names: dict[int, int] = {}
            for i in sorted(variables(s)):
                pair = source[i] if i < 0 else (node.operands[i], nest.ins[i])
                if pair not in reads:
                    reads.append(pair)
                names[i] = reads.index(pair)
            part = rename(s, names)
            body = part if body is None else body + part
        assert body is not None  # noqa: S101 - there is a first term
        values = [v for v, _ in reads]
        dtype = result_dtype(body, effective([v.type for v in values]))
        ins = tuple(acc for _, acc in reads)
        reduce = "add" if nest.reduce else None
        form = Nest(nest.axes, ins, nest.out, body, reduce, nest.mac)
        made = self.b.emit(f"{node.op}.push", form, values, [Type(out.shape, dtype)])[0]
        if dtype == out.dtype:
            return made
        narrowed: Value = lookup("cast")(self.b, made, dtype=out.dtype)
        return narrowed

    def composite(self, node: Node, body: Graph) -> None:
        """Enter a composite: one node gives its results and their tangents."""
        inner = _Push()
        outer = dict(zip((i.value for i in body.inputs), node.operands, strict=True))
        moving = [v for v, o in outer.items() if o in self.tangents]
        inner.tangents.update((v, Value(v.type)) for v in moving)
        inputs = (*body.inputs, *(Input(inner.tangents[v]) for v in moving))
        inner.run(body.nodes)
        pairs = list(zip(body.outputs, node.results, strict=True))
        given = [(o, r) for o, r in pairs if o in inner.tangents]
        outputs = (*body.outputs, *(inner.tangents[o] for o, _ in given))
        form = Composite(replace(body, inputs=inputs, nodes=tuple(inner.b.nodes), outputs=outputs))
        tangents = tuple(Value(r.type) for _, r in given)
        operands = (*node.operands, *(self.tangents[outer[v]] for v in moving))
        results = (*node.results, *tangents)
        self.b.nodes.append(
            replace(node, op=f"{node.op}.push", form=form, operands=operands, results=results,
                    attrs=())
        )  # fmt: skip
        self.tangents.update(zip((r for _, r in given), tangents, strict=True))

    def loop(self, node: Node, loop: Loop) -> None:
        """Enter a loop: tangents of carries are carried, those of slices are slices."""
        flags, _ = carries(node, loop, {*self.tangents})
        inner = _Push()
        takes = [i.value for i in loop.body.inputs]
        moving = [v for v, f in zip(takes, flags, strict=True) if f]
        inner.tangents.update((v, Value(v.type)) for v in moving)
        inner.run(loop.body.nodes)
        n, m, k = loop.carry, loop.carry + loop.const, loop.carry + loop.stack
        outputs = loop.body.outputs
        carried = {*moving[: sum(flags[:n])]}
        gives = [o in inner.tangents for o in outputs]
        gives[:n] = [v in carried for v in takes[:n]]
        ends = [inner.tangent(o) if g else None for o, g in zip(outputs, gives, strict=True)]
        starts = [self.tangent(v) if f else None for v, f in zip(node.operands, flags, strict=True)]
        makes = [Value(r.type) if g else None for r, g in zip(node.results, gives, strict=True)]
        news = [inner.tangents[v] if f else None for v, f in zip(takes, flags, strict=True)]
        inputs = tuple(map(Input, _joined(takes, news, n, m)))
        body = replace(
            loop.body,
            inputs=inputs,
            nodes=tuple(inner.b.nodes),
            outputs=tuple(_joined(outputs, ends, n, k)),
        )
        form = replace(
            *(loop,),
            body=body,
            carry=n + sum(gives[:n]),
            const=loop.const + sum(flags[n:m]),
            stack=loop.stack + sum(gives[n:k]),
        )
        operands = tuple(_joined(node.operands, starts, n, m))
        results = tuple(_joined(node.results, makes, n, k))
        self.b.nodes.append(replace(node, form=form, operands=operands, results=results))
        pairs = zip(node.results, makes, strict=True)
        self.tangents.update((r, t) for r, t in pairs if t is not None)


def _joined(
    values: Sequence[Value], tangents: Sequence[Value | None], first: int, second: int
) -> list[Value]:
    """Put the tangents of each of three groups behind the group."""
    out: list[Value] = []
    for start, stop in ((0, first), (first, second), (second, len(values))):
        out += values[start:stop]
        out += [t for t in tangents[start:stop] if t is not None]
    return out
