"""Loops of torch whose body is recorded once, apart, and becomes the body of a `Loop` region.

The body runs under the same tape on tensors of its own, and its calls are cut out of the recording
(`apart`). What it reads and neither made nor was given stays the same in all turns: such values are
operands of the loop, and gradients flow to them. One autograd function stands for the loop. Its
gradient is recorded in the same way: autograd walks back through the one turn, from the results
that get a gradient, in this turn or through a carry, to the operands that want one.

No loop is made, and the turns are written out, where the body writes to what was there before, asks
for values, hands on something of another shape, or does not run alone.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.graph import saved_tensors_hooks

from orderof.frontends.torch.over import body_of
from orderof.frontends.torch.recording import Body, Call, Ref, refs
from orderof.frontends.torch.scopes import checkpointed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from orderof.frontends.torch.tape import Storage, Tag, Tape

    Tensors = Sequence[torch.Tensor]
    Run = Callable[..., Iterable[torch.Tensor]]

FORWARD, BACKWARD = "orderof.loop.forward", "orderof.loop.backward"


@dataclass
class Aside:
    """What ran apart from a recording, and what it read that was there before."""

    start: int
    """Values with a larger id were made since."""
    calls: list[Call] = field(default_factory=list[Call])
    modules: dict[str, int] = field(default_factory=dict[str, int])
    written: bool = False
    """Whether it wrote to something that was there before."""
    outside: dict[int, torch.Tensor] = field(default_factory=dict[int, torch.Tensor])
    _tags: list[tuple[torch.Tensor, Tag]] = field(default_factory=list[Any])
    _storages: dict[int, tuple[Storage, int, Ref | None]] = field(default_factory=dict[int, Any])

    def see(self, tensor: Any, tag: Tag) -> None:
        """Note an operand, before anything is done with it."""
        if tag.ref.id > self.start or tag.ref.id in self.outside:
            return
        self.outside[tag.ref.id] = tensor
        self._tags.append((tensor, tag))
        storage = tag.storage
        self._storages.setdefault(id(storage), (storage, storage.writes, storage.last))

    def undo(self) -> None:
        """Let everything that was there before be known as it was."""
        for tensor, tag in self._tags:
            tensor._orderof = tag  # pyright: ignore[reportAttributeAccessIssue]
        for storage, writes, last in self._storages.values():
            self.written = self.written or storage.writes != writes
            storage.writes, storage.last = writes, last


@contextmanager
def apart(tape: Tape) -> Generator[Aside]:
    """Record what runs for itself; the tape is as before afterwards."""
    aside = Aside(tape.made)
    before, caches = (tape.calls, tape.known, tape.aside), torch.is_autocast_cache_enabled()
    torch.set_autocast_cache_enabled(False)  # else what a turn casts is found outside of it
    tape.calls, tape.known, tape.aside = aside.calls, tape.known.beside(aside.calls), aside
    try:
        with tape.scopes.apart() as aside.modules:
            yield aside
    finally:
        before[1].routed = before[1].routed or tape.known.routed
        tape.calls, tape.known, tape.aside = before
        torch.set_autocast_cache_enabled(caches)
        aside.undo()


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a loop: its body, and what it ran on and gave, which autograd can walk back."""

    body: Body
    carry: int
    """How many values are handed on."""
    stays: tuple[torch.Tensor, ...]
    literals: tuple[Ref, ...]
    """What stays and is no tensor that anybody holds."""
    operands: tuple[torch.Tensor, ...]
    """Carries, what stays but literals, slices."""
    made: tuple[torch.Tensor, ...]
    reach: tuple[frozenset[int], ...]
    """For each result, which operands it hands a gradient to."""

    def grouped(self, tensors: Tensors) -> tuple[Any, ...]:
        """Carries, what stays, stacks."""
        n, m = self.carry, self.carry + len(self.stays)
        return tensors[:n], (*tensors[n:m], *self.literals), tensors[m:]

    def reached(self, results: Iterable[int]) -> set[int]:
        """Which operands get a gradient when these results do: a carry hands it on."""
        found: set[int] = set()
        left = [*results]
        while left:
            new = self.reach[left.pop()] - found
            found |= new
            left.extend(i for i in new if i < self.carry)
        return found


def looped(
    tape: Tape, label: str, run: Run, carry: Tensors, xs: Tensors, trip: str = ""
) -> list[torch.Tensor] | None:
    """Record `run(*carry, *slices)` as a loop over the first dimension of `xs`, or `trip` times.

    Gives the last carry and the stacks; None where no loop can be made of it.
    """
    turn = _settled(tape, run, carry, xs)
    if turn is None:
        return None
    n, length = len(carry), xs[0].shape[0] if xs else 0
    how = {"body": turn.body, "label": label, "trip": trip, "loop": f"loop {tape.made}"}
    types = [(t.shape if i < n else (length, *t.shape), t.dtype) for i, t in enumerate(turn.made)]
    apply: Any = _Loop.apply
    return list(apply(tape, how, turn, types, *carry, *turn.stays, *xs))


def _settled(tape: Tape, run: Run, carry: Tensors, xs: Tensors) -> Turn | None:
    """Record one turn; a carry that wants a gradient after it wants one before it, too."""
    loops, trips, notes = tape.loops, len(tape.loops.trips), len(tape.notes)
    wants = [torch.is_grad_enabled() and t.requires_grad for t in (*carry, *xs)]
    while found := _turn(tape, run, carry, xs, wants):
        after = [bool(reach) for reach in found.reach]
        grown = [a or b for a, b in zip(wants, after[: len(carry)], strict=False)]
        if grown == wants[: len(carry)]:
            return found
        wants[: len(carry)] = grown
        del loops.trips[trips:], tape.notes[notes:]
    del loops.trips[trips:], tape.notes[notes:]
    return None


def _turn(tape: Tape, run: Run, carry: Tensors, xs: Tensors, wants: Sequence[bool]) -> Turn | None:
    with tape.mute():
        own = [torch.empty(t.shape, dtype=t.dtype) for t in carry]
        own += [torch.empty(t.shape[1:], dtype=t.dtype) for t in xs]
    for t, wanted in zip(own, wants, strict=True):
        t.requires_grad_(wanted)
    zeroed = len(tape.zeroed)
    try:
        with apart(tape) as aside, _unpacked():
            given = tuple(map(tape.name, own))
            made = tuple(run(*own))
            outputs = tuple(tape.see(t, "what a loop hands on") for t in made)
    except Exception:  # noqa: BLE001 - whatever it is, the turns may do without being one
        return None
    kept = len(made) >= len(carry) and all(map(_alike, carry, made))
    if aside.written or not kept:
        return None
    within = {r.id for r in (*given, *(r for c in aside.calls for r in c.results if r))}
    read = [r for c in aside.calls for r in refs((*c.args, *c.kwargs.values()))]
    stays = {r.id: r for r in (*read, *outputs, *tape.zeroed[zeroed:]) if r.id not in within}
    literals = tuple(r for i, r in stays.items() if i not in aside.outside)
    tensors = {i: aside.outside[i] for i in stays if i in aside.outside}
    n, named = len(carry), [stays[i] for i in tensors]
    modules = tuple((path, k) for path, k in aside.modules.items() if k)
    inputs = (*given[:n], *named, *literals, *given[n:])
    body, stay = Body(inputs, outputs, tuple(aside.calls), modules), tuple(tensors.values())
    operands = (*own[:n], *stay, *own[n:])
    with tape.mute():
        hands = reach(made, operands)
    return Turn(body, n, stay, literals, operands, made, hands)


def _unpacked() -> AbstractContextManager[Any]:
    """Keep a checkpoint around a loop from what autograd saves of a turn: it has that of all."""
    return saved_tensors_hooks(_itself, _itself) if checkpointed() else nullcontext()


def _itself(t: torch.Tensor) -> torch.Tensor:
    return t


def _alike(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype


_Edge = tuple[Any, int]


def _edge(t: torch.Tensor) -> _Edge:
    """Where autograd leaves a gradient of a tensor."""
    return torch.autograd.graph.get_gradient_edge(t)[:2]


def reach(made: Tensors, operands: Tensors) -> tuple[frozenset[int], ...]:
    """To which operands each result hands a gradient."""
    if not any(t.requires_grad for t in made):
        return (frozenset(),) * len(made)
    places = {_edge(t): i for i, t in enumerate(operands) if t.requires_grad}
    return tuple(_reached(t, places) if t.requires_grad else frozenset() for t in made)


def _reached(t: torch.Tensor, places: dict[_Edge, int]) -> frozenset[int]:
    """Which of some tensors autograd comes to from one, by their numbers; not through another."""
    left, seen, found = [_edge(t)], set[_Edge](), set[int]()
    while left:
        edge = left.pop()
        if edge in seen:
            continue
        seen.add(edge)
        if edge in places:
            found.add(places[edge])
        else:
            left.extend(e for e in edge[0].next_functions if e[0] is not None)
    return frozenset(found)


class _Loop(torch.autograd.Function):
    """One call forward and one backward, as that of attention (`composites.py`)."""

    @staticmethod
    def forward(
        ctx: Any,
        tape: Tape,
        how: dict[str, Any],
        turn: Turn,
        types: Sequence[tuple[Sequence[int], torch.dtype]],
        *tensors: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        ctx.tape, ctx.how, ctx.turn = tape, how, turn
        ctx.save_for_backward(*tensors)
        ctx.set_materialize_grads(False)
        with tape.mute():
            results = tuple(torch.empty(shape, dtype=dtype) for shape, dtype in types)
        flat = [t for t, reach in zip(results, turn.reach, strict=True) if not reach]
        ctx.mark_non_differentiable(*flat)
        tape.add(FORWARD, turn.grouped(tensors), how, results)
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        turn: Turn = ctx.turn
        tensors, needed = ctx.saved_tensors, ctx.needs_input_grad[4:]
        given = {i for i, g in enumerate(grads) if g is not None}
        reached = turn.reached(given)
        gets = [i for i in range(len(tensors)) if needed[i] and i in reached]
        carried = [i for i in range(turn.carry) if i in given | reached]
        seeded = [*carried, *(i for i in sorted(given) if i >= turn.carry)]
        wanted = [*carried, *(i for i in gets if i >= turn.carry)]
        how = {"loop": ctx.how["loop"], "back": _back(ctx.tape, turn, seeded, wanted)}
        how |= {"seeded": " ".join(map(str, seeded)), "wanted": " ".join(map(str, wanted))}
        with ctx.tape.mute():
            made = {i: torch.empty_like(tensors[i]) for i in gets}
        results = tuple(made.get(i) for i in range(len(tensors)))
        ctx.tape.add(BACKWARD, (grads, *turn.grouped(tensors)), how, results)
        return (None, None, None, None, *results)


def _back(tape: Tape, turn: Turn, seeded: Sequence[int], wanted: Sequence[int]) -> Body:
    """Walk back through a turn, from some of its results to some of its operands."""
    results = [turn.made[i] for i in seeded]
    with tape.mute():
        seeds = [torch.empty(t.shape, dtype=t.dtype) for t in results]
    with apart(tape) as aside:
        given = tuple(map(tape.name, seeds))
        # As a function of torch it would take the doors out, and checkpoints need them.
        found = body_of(torch.autograd.grad)(
            results, [turn.operands[i] for i in wanted], seeds, retain_graph=True, allow_unused=True
        )
        made = tuple(None if g is None else tape.see(g, "a gradient of a turn") for g in found)
    modules = tuple((path, k) for path, k in aside.modules.items() if k)
    return Body(given, made, tuple(aside.calls), modules)
