"""Rows for loops that the recorder writes down by one turn (`loops.py`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orderof.frontends.torch.loops import BACKWARD, FORWARD
from orderof.frontends.torch.masks import phase_masks
from orderof.ir.build import Builder
from orderof.ir.forms import Loop
from orderof.ir.graph import Graph, Input, Node, Phase, Value
from orderof.ops.region import loop as region
from orderof.ops.shape import fill
from orderof.sym import ZERO, symbol
from orderof.transform.grad import Split, reads_of, reverse_loop, saving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.recording import Body
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering
    from orderof.sym import Expr

    Values = Sequence[Value]


def forward(
    low: Lowering,
    carry: Values,
    const: Values,
    xs: Values,
    *,
    body: Body,
    label: str,
    trip: str,
    loop: str,
) -> tuple[Value, ...]:
    """Make a region of one turn."""
    times = symbol(trip) if trip else xs[0].shape[0]
    sub = replace(low, env=dict(low.env), masks=set(), composites={}, loops={}, runs={})
    sub.seen = sub.products = 0

    def step(inner: Builder, *taken: Values) -> tuple[Values, Values]:
        given = [v for group in taken for v in group]
        sub.b, sub.front = inner, None
        sub.env |= {r.id: v for r, v in zip(body.inputs, given, strict=True)}
        outer = (*carry, *const, *xs)
        sub.bound = {*taken[0], *(v for v, o in zip(given, outer, strict=True) if o in low.bound)}
        _follow(low, sub, body, times)
        found = [sub.value(r) for r in body.outputs]
        inner.nodes[:] = phase_masks(sub, found)
        return found[: len(carry)], found[len(carry) :]

    found = region(low.b, times, step, carry=carry, const=const, scan=xs, label=label)
    low.loops[loop] = low.b.nodes[-1], sub
    return found


def _follow(low: Lowering, sub: Lowering, body: Body, times: Expr) -> None:
    """Lower the calls of a turn."""
    assert low.follow is not None  # noqa: S101 - it is what lowered this call
    for call in body.calls:
        low.follow(sub, call)
    low.whole = low.whole or sub.whole
    for path, n in (*body.modules, *sub.runs.items()):
        low.runs[path] = low.runs.get(path, ZERO) + times * n
    sub.runs = {}


def backward(
    low: Lowering,
    gs: Sequence[Value | None],
    *operands: Values,
    loop: str,
    back: Body,
    seeded: str,
    wanted: str,
) -> list[Value]:
    """Run a turn backwards as often, in the other direction, as autograd ran it once."""
    node, sub = low.loops[loop]
    later, seeds = _walked(low, node, sub, back)
    asked = low.given()
    fixed, literals = len(operands[0]) + len(operands[1]), len(node.operands) - len(asked)
    places = [i if i < fixed - literals else i + literals for i in range(len(asked))]
    ends = [places[int(i)] for i in wanted.split()]
    grads = [
        _zeros(later, node.operands[i], sliced=i >= fixed) if r is None else later.value(r)
        for i, r in zip(ends, back.outputs, strict=True)
    ]
    read = reads_of(later.b.nodes, grads, {*seeds})
    new, more = _with(node, sub, read)
    want = [i in ends for i in range(len(node.operands))]
    want[fixed:fixed] = [False] * more
    takes = tuple(Input(v) for v in (*read, *seeds))
    assert isinstance(new.form, Loop)  # noqa: S101 - it was one
    parts = Split(new.form.body, Graph(takes, tuple(later.b.nodes), tuple(grads)), read, ())
    new, parts = saving(new, new.form, parts)
    front = (low.front or low.b).nodes
    front[next(i for i, other in enumerate(front) if other is node)] = new
    low.loops[loop] = new, sub
    low.bound.update(new.results)
    starts = {int(i) for i in seeded.split()}
    flags = [i in starts for i in range(len(node.results))]
    assert isinstance(new.form, Loop)  # noqa: S101 - it was one
    found = reverse_loop(low.b, new, new.form, parts, gs, want, flags)
    del found[fixed : fixed + more]
    return [g for i, given in zip(places, asked, strict=True) if given and (g := found[i])]


def _walked(low: Lowering, node: Node, sub: Lowering, back: Body) -> tuple[Lowering, list[Value]]:
    """Lower what autograd ran for one turn; with the gradients that it started from."""
    later = replace(sub, b=Builder(phase=Phase.BACKWARD), front=sub.b, seen=0)
    seeds = [Value(low.type_of(r)) for r in back.inputs]
    later.env |= {r.id: v for r, v in zip(back.inputs, seeds, strict=True)}
    later.bound.update(seeds)
    assert isinstance(node.form, Loop)  # noqa: S101 - the row above made it
    _follow(low, later, back, node.form.trip)
    return later, seeds


def _with(node: Node, sub: Lowering, read: Values) -> tuple[Node, int]:
    """Give a loop its body as it is by now, and what is read from outside of it as it stays."""
    form = node.form
    assert isinstance(form, Loop)  # noqa: S101 - callers made it
    own = {v for n in sub.b.nodes for v in n.results} | {i.value for i in form.body.inputs}
    more = [v for v in read if v not in own]
    at = form.carry + form.const
    inputs = (*form.body.inputs[:at], *map(Input, more), *form.body.inputs[at:])
    body = replace(form.body, inputs=inputs, nodes=tuple(sub.b.nodes))
    operands = (*node.operands[:at], *more, *node.operands[at:])
    new = replace(form, body=body, const=form.const + len(more))
    return replace(node, form=new, operands=operands), len(more)


def _zeros(low: Lowering, v: Value, *, sliced: bool) -> Value:
    found: Value = fill(low.b, shape=v.shape[sliced:], dtype=v.dtype)
    return found


ROWS: dict[str, Row] = {FORWARD: forward, BACKWARD: backward}
