"""A model with letters for the sizes of its inputs: recorded at several, proved at one more.

1. A recording is of numbers. Two more, at primes in place of the letters, say which numbers depend
   on them; the shape rules of our operators and `Sizes` say how. Every number of every call must
   then hold at the sizes that were asked for, which took no part in the search.
2. Where the calls themselves differ between sizes (torch copies less when the batch is 1), those
   that agree give the formula, and at all others it must count what the recording counts.
3. Where the model refuses a prime, multiples of small numbers are tried, and what is found holds
   for multiples only. A letter for which nothing is found stays a number, and a note says why.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from orderof.analyses.work import count
from orderof.counts import NONE
from orderof.errors import Error, Parted, UnknownOperator, Unproved
from orderof.frontends.torch.letters import PLANE, STEPS, Inputs, points
from orderof.frontends.torch.merge import merge
from orderof.frontends.torch.sizes import Sizes
from orderof.sym import Range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orderof.frontends.torch.recording import Recording
    from orderof.ir.graph import Graph

    Run = Callable[[tuple[Any, ...], dict[str, Any]], Recording]
    Make = Callable[[Recording, Sizes | None], Graph]
    Taken = tuple[Mapping[str, int], Recording]

_RECORDINGS, _IN_ALL = 6, 12
"""How many sizes are tried for an attempt, and for all attempts on the same letters."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which letters to settle, at multiples of what, and whether below the sizes asked for."""

    letters: tuple[str, ...]
    step: int = 1
    below: bool = False

    def range(self, name: str, n: int) -> Range:
        """Where the formula holds that this attempt finds."""
        multiple = 1 if name == "B" else self.step
        return Range(multiple, most=n if self.below and name != "B" else None)


def settle(
    inputs: Inputs,
    run: Run,
    make: Make,
) -> Graph:
    """Record and lower with as many letters as can be proved."""
    base = run(inputs.args, inputs.kwargs)
    why: dict[tuple[str, ...], str] = {}
    spent: Counter[tuple[str, ...]] = Counter()
    doubled: dict[tuple[str, ...], Recording] = {}
    fixed: set[tuple[str, ...]] = set()

    def counted(*inputs: Any) -> Recording:
        found = run(*inputs)
        spent[attempt.letters] += 1
        return found

    for attempt in _attempts(inputs.sizes):
        if spent[attempt.letters] >= _IN_ALL or attempt.letters in fixed:
            continue
        try:
            if attempt.step > 1 and attempt.letters not in doubled:
                doubled[attempt.letters] = counted(*inputs.at(_double(inputs.sizes, attempt)))
            graph = _try(inputs, attempt, base, counted, make)
        except UnknownOperator:
            raise
        except Error as error:
            why.setdefault(attempt.letters, str(error))
            if attempt.step > 1 and attempt.letters not in doubled:
                fixed.add(attempt.letters)
            continue
        return _noted(graph, inputs.sizes, attempt, next(iter(why.values()), ""))
    return _noted(make(base, None), inputs.sizes, Attempt(()), next(iter(why.values()), ""))


def _double(sizes: Mapping[str, int], attempt: Attempt) -> dict[str, int]:
    """Sizes that are multiples of all that may be asked for: a model that refuses them is fixed."""
    return {name: sizes[name] if name == "B" else 2 * sizes[name] for name in attempt.letters}


def _attempts(sizes: Mapping[str, int]) -> Iterator[Attempt]:
    """All letters, then fewer; each by steps that divide the sizes asked for."""
    names = tuple(sizes)
    groups = [tuple(n for n in names if n in PLANE), *((n,) for n in names if n not in PLANE)]
    fewer = [tuple(n for n in names if n not in group) for group in groups]
    for letters in dict.fromkeys((names, *fewer, *groups)):
        others = [sizes[n] for n in letters if n != "B"]
        if not letters:
            continue
        yield Attempt(letters)
        if not others:
            continue
        yield Attempt(letters, below=True)
        for step in STEPS[1:]:
            if all(n % step == 0 for n in others):
                yield Attempt(letters, step)


def _try(
    inputs: Inputs,
    attempt: Attempt,
    base: Recording,
    run: Run,
    make: Make,
) -> Graph:
    asked = {name: inputs.sizes[name] for name in attempt.letters}
    steps = {name: attempt.step for name in attempt.letters if name != "B"}
    more = iter(
        [(point, run(*inputs.at(point)))]  # one after the other, as they are needed
        for point in islice(points(asked, steps, below=attempt.below), _RECORDINGS)
    )
    taken: list[Taken] = [pair for _ in range(2) for pair in next(more, [])]
    while True:
        same, others = _one_path([*taken, (asked, base)])
        if len(same) >= 2:  # noqa: PLR2004 - a line has two points
            sizes = Sizes([p for p, _ in same], steps, held_out=len(same) > 2)  # noqa: PLR2004
            graph = _made(make, merge([r for _, r in same]), sizes)
            if graph is not None:
                for point, recording in others:
                    _check(graph, make(recording, None), point)
                return graph
        found = next(more, None)
        if found is None:
            raise Unproved(str(asked), "needs more recordings than are made")
        taken += found


def _made(make: Make, recording: Recording, sizes: Sizes) -> Graph | None:
    """The graph, or None where a size was guessed that more recordings may decide."""
    try:
        graph = make(recording, sizes)
    except Error:
        if sizes.settled:
            raise
        return None
    return graph if sizes.settled else None


def _one_path(taken: list[Taken]) -> tuple[list[Taken], list[Taken]]:
    """Split into recordings of the same calls, as many as there are, and the others."""
    paths: dict[Any, list[Taken]] = {}
    for pair in taken:
        paths.setdefault(tuple((c.name, c.scope) for c in pair[1].calls), []).append(pair)
    same = max(paths.values(), key=len)
    return same, [pair for pair in taken if not any(pair is p for p in same)]


def _check(graph: Graph, base: Graph, asked: Mapping[str, int]) -> None:
    """Raise if a graph does not count, row for row, what a recording at some sizes counts."""
    ours = {(r.scope, r.phase, r.op): r.counts.subs(asked) for r in count(graph).rows}
    theirs = {(r.scope, r.phase, r.op): r.counts for r in count(base).rows}
    for key in ours | theirs:
        if ours.get(key, NONE) != theirs.get(key, NONE):
            scope, _, op = key
            given = ", ".join(f"{k}={n}" for k, n in asked.items())
            raise Parted(op, f"in {scope or 'the root'} costs something else at {given}")


def _noted(graph: Graph, sizes: Mapping[str, int], attempt: Attempt, why: str) -> Graph:
    """Give the graph its letters, where they hold, and what stays a number and why."""
    dims = tuple((name, sizes[name]) for name in sizes if name in attempt.letters)
    ranges = ((name, attempt.range(name, n)) for name, n in dims)
    numbers = ", ".join(f"{k}={n}" for k, n in sizes.items() if k not in attempt.letters)
    notes = (f"{numbers}: no letters here, as {why}",) if numbers else ()
    limited = tuple((name, r) for name, r in ranges if r != Range())
    return replace(graph, dims=dims, ranges=limited, notes=(*graph.notes, *notes))
