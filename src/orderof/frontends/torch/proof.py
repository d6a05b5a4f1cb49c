"""From recordings at several sizes to one graph in letters, held to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.analyses.work import counted_at, trips
from orderof.errors import Error, Parted, UnknownOperator
from orderof.frontends.torch.letters import telling
from orderof.frontends.torch.merge import marked, merge
from orderof.frontends.torch.recording import walk
from orderof.frontends.torch.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from torch import nn

    from orderof.frontends.torch.recording import Recording
    from orderof.ir.graph import Graph

    Point = Mapping[str, int]
    Run = Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], Recording]
    Make = Callable[[Recording, Sizes | None], Graph]
    Taken = tuple[Point, Recording]


def proved(taken: Sequence[Taken], steps: Point, make: Make) -> Graph | None:
    """Give the graph of recordings, the last of which is at the sizes that were asked for.

    Those that ran the same calls give it; where there are three or more, the last of them takes no
    part in the search. At the others it must count what they count, else `Parted`. None where more
    recordings are needed.
    """
    same, others = _one_path(taken)
    if len(same) == 1:
        primes = all(map(telling, same[0][0].values()))
        return _of_one(same[0], others[0], make) if primes and len(others) == 1 else None
    merged = merge([r for _, r in same])
    sizes = Sizes([p for p, _ in same], steps, held_out=len(same) > 2)  # noqa: PLR2004
    try:
        graph = make(merged, sizes)
    except UnknownOperator:
        raise
    except Error:
        if sizes.settled and len(same) > 2:  # noqa: PLR2004
            raise
        return None  # a number was guessed, of which more recordings may tell
    if not sizes.settled:
        return None
    for point, recording in others:
        check(graph, make(recording, None), point)
    return graph


def _of_one(first: Taken, other: Taken, make: Make) -> Graph | None:
    """Read the formulas off one recording at large primes, and hold them to another path.

    Torch calls other things at a batch of 1, which cost the same: two recordings are then enough.
    """
    point, recording = first
    try:
        graph = make(marked(recording, point.values()), Sizes([point]))
        check(graph, make(other[1], None), other[0])
    except UnknownOperator:
        raise
    except Error:
        return None
    return graph


def path(recording: Recording) -> tuple[tuple[str, str], ...]:
    """What ran, and where."""
    return tuple((c.name, c.scope) for c in walk(recording.calls))


_TURNS = (1009, 2003, 3001, 4001, 5003, 6007, 7001, 8009)
"""Large primes, so that a count hardly has the same value at them by chance."""


def _one_path(taken: Iterable[Taken]) -> tuple[list[Taken], list[Taken]]:
    """Split into recordings of the same calls, as many as there are, and the others."""
    paths: dict[tuple[tuple[str, str], ...], list[Taken]] = {}
    for pair in taken:
        paths.setdefault(path(pair[1]), []).append(pair)
    groups = sorted(paths.values(), key=len, reverse=True)
    same = groups[0]
    others = [pair for group in groups[1:] for pair in group]
    if any(pair[1].folds != same[0][1].folds for pair in others):
        raise Parted(same[0][1].name, "has blocks that are equal at one size and not at another")
    return same, others


def check(graph: Graph, numbers: Graph, point: Point) -> None:
    """Raise `Parted` if a graph does not count, row for row, what one in numbers counts.

    Loops that values end run as often in one as in the other, whatever that is.
    """
    point = {**dict(zip(trips(numbers), _TURNS, strict=False)), **point}
    ours, theirs = counted_at(graph, point), counted_at(numbers, point)
    for place in ours | theirs:
        if ours.get(place) != theirs.get(place):
            scope, _, op = place
            given = ", ".join(f"{k}={n}" for k, n in point.items())
            raise Parted(op, f"in {scope or 'the root'} costs something else at {given}")
