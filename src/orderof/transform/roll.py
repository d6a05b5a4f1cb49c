"""Equal blocks, one after the other, as one loop: the inverse of unrolling.

A graph holds the first, the second and the last block of a run of n equal ones, wired one behind
the other; those between the second and the last were left out. They become a loop over n steps,
and so do their backward nodes, in the other direction.

1. The nodes of a block in one direction are contiguous, and those of all blocks are equal, node by
   node: operator, attributes, types.
2. What a node reads is, in all blocks alike: a result of its own block; the same value (a constant
   of the loop); what the block before made at one place (a carry); the block's own parameter, or a
   value that its forward nodes made or were given (a slice of a stack).
3. Outside, only the last carries and the gradients of parameters are read.

Where the first block breaks a law (nothing in front of it wants a gradient) it stays outside. Where
another does, there is no loop, and `roll` gives None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orderof.ir.forms import Loop
from orderof.ir.graph import Graph, Input, Node, Phase, Role, Type, Value
from orderof.sym import const

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orderof.sym import Expr

Place = tuple[int, int]
"""A result: the number of its node in the block, and its own number."""
Slot = tuple[str, str | Place]
"""What a block has of its own: a parameter by name, or a forward value by place."""
_OWNED = (Role.PARAM, Role.FROZEN, Role.BUFFER)
_FORWARD = (Phase.FORWARD, Phase.MASK)


@dataclass
class _Part:
    """The nodes of one block in one direction."""

    path: str
    nodes: list[Node]
    start: int
    places: dict[Value, Place] = field(default_factory=dict[Value, Place])
    slots: dict[Value, Slot] = field(default_factory=dict[Value, Slot])

    def at(self, place: Place) -> Value:
        """Give a result."""
        return self.nodes[place[0]].results[place[1]]


@dataclass
class _Body:
    """What the nodes of a block read from outside, by what it is."""

    carries: dict[Place, Value] = field(default_factory=dict[Place, Value])
    """Where the block makes it -> what the first block is given."""
    takes: dict[Place, Value] = field(default_factory=dict[Place, Value])
    """Where the block makes it -> what the second block is given."""
    consts: dict[Value, Value] = field(default_factory=dict[Value, Value])
    slices: dict[Slot, Value] = field(default_factory=dict[Slot, Value])
    """Slot -> the value of the second block."""


class _NoLoop(Exception):
    """A law is broken."""


def roll(graph: Graph, paths: Sequence[str]) -> Graph | None:
    """Give the graph with the blocks at `paths` as a loop of len(paths) steps, or None.

    The graph has the nodes and parameters of the first, the second and the last of them.
    """
    for start in (0, 1):
        try:
            return _Roll(graph, paths[start:], [paths[0], paths[1], paths[-1]][start:]).done()
        except _NoLoop:
            continue
    return None


def starred(path: str) -> str:
    """Write a star for the number at the end of a path."""
    return re.sub(r"\d+$", "*", path)


class _Roll:
    """One run of blocks; `kept` are the paths of those that the graph has."""

    def __init__(self, graph: Graph, paths: Sequence[str], kept: Sequence[str]) -> None:
        self.graph, self.kept, self.trip = graph, kept, const(len(paths))
        self.star = starred(kept[-1])
        self.second = kept[-2]
        self.owned = self._owned()
        self.stacks: dict[Slot, Value] = {}
        self.env: dict[Value, Value] = {}
        self.loops: dict[int, Node] = {}
        self.gone: set[Node] = set()
        self.grads: dict[Slot, Value] = {}
        self.graded: dict[Slot, Slot] = {}

    def done(self) -> Graph:
        """Make both loops, then put them in place of the blocks."""
        forward = [self._part(p, _FORWARD) for p in self.kept]
        backward = [self._part(p, (Phase.BACKWARD,)) for p in reversed(self.kept)]
        if not all(p.nodes for p in forward):
            raise _NoLoop
        for part in forward:
            part.slots |= self.owned[part.path]
        body = _read(forward, self.second)
        saved: list[Slot] = []
        back = None
        if any(p.nodes for p in backward):
            self._own_forward_values(forward, backward, body)
            back = _read(backward, self.second)
            saved = [s for s in back.slices if s[0] != "owned"]
        self._loop(forward, body, saved, reverse=False)
        if back:
            self._loop(backward, back, self._graded(backward), reverse=True)
        return self._assembled([n for p in (*forward, *backward) for n in p.nodes])

    def _owned(self) -> dict[str, dict[Value, Slot]]:
        found: dict[str, dict[Value, Slot]] = {p: {} for p in self.kept}
        for given in self.graph.inputs:
            for p in self.kept:
                if given.role in _OWNED and given.value.name.startswith(f"{p}."):
                    found[p][given.value] = ("owned", given.value.name[len(p) :])
        first, *others = (dict.fromkeys(f.values()) for f in found.values())
        if any(first != other for other in others):
            raise _NoLoop
        return found

    def _part(self, path: str, phases: Iterable[Phase]) -> _Part:
        nodes = self.graph.nodes
        at = [
            i
            for i, n in enumerate(nodes)
            if n.phase in phases and (n.scope == path or n.scope.startswith(f"{path}."))
        ]
        if at and at[-1] - at[0] + 1 != len(at):
            raise _NoLoop
        mine = [nodes[i] for i in at]
        places = {v: (i, r) for i, n in enumerate(mine) for r, v in enumerate(n.results)}
        return _Part(path, mine, at[0] if at else 0, places)

    def _own_forward_values(
        self, forward: Sequence[_Part], backward: Sequence[_Part], body: _Body
    ) -> None:
        """Let backward nodes know what their forward block made and was given."""
        for front, back in zip(reversed(forward), backward, strict=True):
            back.slots |= self.owned[front.path]
            back.slots |= {v: ("made", place) for v, place in front.places.items()}
            before = forward[forward.index(front) - 1] if front is not forward[0] else None
            for place, first in body.carries.items():
                back.slots[before.at(place) if before else first] = ("given", place)

    def _graded(self, backward: Sequence[_Part]) -> list[Slot]:
        """List what the backward loop stacks: the gradients of the blocks' parameters."""
        pairs = dict(self.graph.grads)
        found: list[Slot] = []
        for part in backward:
            mine = [(s, pairs[v]) for v, s in self.owned[part.path].items() if v in pairs]
            if any(g not in part.places for _, g in mine):
                raise _NoLoop
            slots: list[Slot] = [("made", part.places[g]) for _, g in mine]
            if part is not backward[0] and slots != found:
                raise _NoLoop
            found = slots
            if part.path == self.second:
                self.graded = {s: ("made", part.places[g]) for s, g in mine}
        return found

    def _loop(
        self, parts: Sequence[_Part], body: _Body, stack: Sequence[Slot], *, reverse: bool
    ) -> None:
        """Make a loop of the second block's nodes, and say what stands for its results."""
        second = next(p for p in parts if p.path == self.second)
        inner = {v: Value(v.type) for v in (*body.takes.values(), *body.consts)}
        for (kind, name), v in body.slices.items():
            inner[v] = Value(v.type, f"{self.star}{name}" if kind == "owned" else "")
        nodes = tuple(
            replace(n, operands=tuple(inner.get(v, v) for v in n.operands), scope=self._scope(n))
            for n in second.nodes
        )
        outputs = [second.at(place) for place in body.carries]
        outputs += [self._stacked_in_body(second, body, inner, slot) for slot in stack]
        inputs = (*body.takes.values(), *body.consts, *body.slices.values())
        if len({*inputs}) != len(inputs):
            raise _NoLoop
        graph = Graph(tuple(Input(inner[v]) for v in inputs), nodes, tuple(outputs))
        n = len(body.carries)
        form = Loop(graph, self.trip, n, len(body.consts), len(stack), reverse, "layers")
        types = [v.type for v in outputs[:n]]
        types += [_stacked(self.trip, v.type) for v in outputs[n:]]
        results = tuple(map(Value, types))
        given = (*body.carries.values(), *body.consts, *map(self._stack, body.slices.items()))
        operands = tuple(self.env.get(v, v) for v in given)
        phase = second.nodes[0].phase if reverse else Phase.FORWARD
        node = Node("loop", form, operands, results, (), self._outer(), phase)
        self.loops[parts[0].start] = node
        self._known(parts, body, stack, results, reverse=reverse)

    def _known(
        self,
        parts: Sequence[_Part],
        body: _Body,
        stack: Sequence[Slot],
        results: Sequence[Value],
        *,
        reverse: bool,
    ) -> None:
        """Say which result of a loop stands for what the graph had."""
        n = len(body.carries)
        self.env |= {
            parts[-1].at(place): v for place, v in zip(body.carries, results[:n], strict=True)
        }
        made = dict(zip(stack, results[n:], strict=True))
        if reverse:
            self.grads = {slot: made[at] for slot, at in self.graded.items()}
        else:
            self.stacks |= made

    def _stacked_in_body(
        self, second: _Part, body: _Body, inner: Mapping[Value, Value], slot: Slot
    ) -> Value:
        kind, place = slot
        assert not isinstance(place, str)  # noqa: S101 - owned slots are no results
        return second.at(place) if kind == "made" else inner[body.takes[place]]

    def _stack(self, item: tuple[Slot, Value]) -> Value:
        """Give the stack that a slot of all blocks is a slice of; of an owned one a new input."""
        slot, value = item
        if slot not in self.stacks:
            name = f"{self.star}{slot[1]}"
            self.stacks[slot] = Value(_stacked(self.trip, value.type), name)
        return self.stacks[slot]

    def _scope(self, node: Node) -> str:
        return self.star + node.scope[len(self.second) :]

    def _outer(self) -> str:
        return self.star.rpartition(".")[0]

    def _assembled(self, gone: Iterable[Node]) -> Graph:
        """Put the loops in place of the nodes; raises where something else reads these."""
        dropped = set(gone)
        lost = {v for n in dropped for v in n.results} - self.env.keys()
        nodes: list[Node] = []
        for i, node in enumerate(self.graph.nodes):
            if i in self.loops:
                nodes.append(self.loops[i])
            if node in dropped:
                continue
            operands = tuple(self.env.get(v, v) for v in node.operands)
            nodes.append(node if operands == node.operands else replace(node, operands=operands))
        outputs = tuple(self.env.get(v, v) for v in self.graph.outputs)
        read = {v for n in nodes for v in n.operands} | {*outputs}
        if read & lost:
            raise _NoLoop
        grads = self._new_grads()
        return replace(
            self.graph,
            inputs=tuple(self._new_inputs()),
            nodes=tuple(nodes),
            outputs=outputs,
            grads=grads,
            modules=tuple(self._new_modules()),
        )

    def _new_inputs(self) -> Iterable[Input]:
        second = self.owned[self.second]
        own = {v for slots in self.owned.values() for v in slots}
        for given in self.graph.inputs:
            if given.value in second:
                yield Input(self._stack((second[given.value], given.value)), given.role)
            elif given.value not in own:
                yield given

    def _new_grads(self) -> tuple[tuple[Value, Value], ...]:
        own = {v for slots in self.owned.values() for v in slots}
        second = self.owned[self.second]
        found: list[tuple[Value, Value]] = []
        for x, g in self.graph.grads:
            if x in second:
                slot = second[x]
                found.append((self._stack((slot, x)), self.grads[slot]))
            elif x not in own:
                found.append((x, self.env.get(g, g)))
        return tuple(found)

    def _new_modules(self) -> Iterable[tuple[str, str, Expr]]:
        for path, kind, times in self.graph.modules:
            block = next((p for p in self.kept if path == p or path.startswith(f"{p}.")), None)
            if block is None:
                yield path, kind, times
            elif block == self.second:
                yield self.star + path[len(block) :], kind, times * self.trip


def _stacked(trip: Expr, t: Type) -> Type:
    return Type((trip, *t.shape), t.dtype)


def _read(parts: Sequence[_Part], second: str) -> _Body:
    """Find what the blocks, in the order in which they run, read alike; laws 1 and 2."""
    first = parts[0]
    for part in parts[1:]:
        if len(part.nodes) != len(first.nodes):
            raise _NoLoop
        for a, b in zip(first.nodes, part.nodes, strict=True):
            if not _alike(a, b):
                raise _NoLoop
    body = _Body()
    at = next(i for i, p in enumerate(parts) if p.path == second)
    for i in range(len(first.nodes)):
        for operands in zip(*(p.nodes[i].operands for p in parts), strict=True):
            _place(parts, operands, body, at)
    return body


def _alike(a: Node, b: Node) -> bool:
    return (
        a.op == b.op
        and a.attrs == b.attrs
        and (a.origin and a.origin.products) == (b.origin and b.origin.products)
        and len(a.operands) == len(b.operands)
        and not isinstance(a.form, Loop)  # of equal loops the bodies may differ
        and [v.type for v in a.results] == [v.type for v in b.results]
        and all(x.type == y.type for x, y in zip(a.operands, b.operands, strict=True))
    )


def _place(parts: Sequence[_Part], operands: Sequence[Value], body: _Body, at: int) -> None:
    """Say what one operand of all blocks is, `at` being the second block; law 2."""
    own = [p.places.get(v) for p, v in zip(parts, operands, strict=True)]
    if any(own):
        if any(place != own[0] for place in own):
            raise _NoLoop
        return
    slots = [p.slots.get(v) for p, v in zip(parts, operands, strict=True)]
    if slots[0] and all(s == slots[0] for s in slots):
        body.slices[slots[0]] = operands[at]
        return
    if all(v is operands[0] for v in operands):
        body.consts[operands[0]] = operands[0]
        return
    made = [p.places.get(v) for p, v in zip(parts, operands[1:], strict=False)]
    if made[0] is None or any(place != made[0] for place in made):
        raise _NoLoop
    body.carries[made[0]] = operands[0]
    body.takes[made[0]] = operands[at]
