"""A model with letters for the sizes of its inputs: recorded at several, proved at one more.

1. A recording is of numbers. Two more, at primes in place of the letters, say which numbers depend
   on them; the shape rules of our operators and `Sizes` say how. Every number of every call must
   then hold at the sizes that were asked for, which took no part in the search.
2. Where the calls themselves differ between sizes (torch copies less when the batch is 1), those
   that agree give the formula, and at all others it must count what the recording counts.
3. Where the model refuses a prime, multiples of small numbers are tried, and what is found holds
   for multiples only.
4. Where the model runs another path at a distance that costs something else, sizes nearby give the
   formula, and recordings in between say how far it holds.
5. An image of half the sides is looked at too: where its path costs something else, the formula
   has a least size.
6. A setting of the model (`settings`) is tried from end to end of what the model makes of it.
7. A letter for which nothing is found stays a number, and a note says why.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import TYPE_CHECKING

from orderof.errors import Error, ModelRaised, Parted, UnknownOperator, Unproved
from orderof.frontends.torch.letters import (
    PLANE,
    STEPS,
    Inputs,
    between,
    near,
    points,
    prime,
    widened,
)
from orderof.frontends.torch.proof import check, path, proved
from orderof.sym import Range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orderof.frontends.torch.proof import Make, Point, Run, Taken
    from orderof.frontends.torch.recording import Recording
    from orderof.ir.graph import Graph

    Letters = tuple[str, ...]
    Folds = tuple[tuple[str, ...], ...]

_RECORDINGS, _IN_ALL = 6, 8
"""How many sizes are tried for an attempt, and for all attempts on the same letters."""
_PATHS = 3
"""A model that runs as many different paths at as many sizes is not looked at further."""
_FAR = 8
"""A formula that holds at so many times the size asked for is taken to hold beyond."""
_SMALL = 100
"""A recording of so many calls takes a few milliseconds; a model is asked more often than it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which letters to settle, at multiples of what, and where."""

    letters: Letters
    widths: Letters = ()
    """Sizes of the model itself that are letters too."""
    multiples: tuple[tuple[str, int], ...] = ()
    """What those are multiples of."""
    step: int = 1
    below: bool = False
    """At sizes below those asked for: the model refuses larger ones."""
    near: bool = False
    """At sizes next to those asked for: further away another path is taken."""
    settings: Letters = ()
    """Sizes of the model that no parameter has."""

    @property
    def stepping(self) -> Letters:
        """Letters that are multiples: the sides of an image, or what there is without one."""
        return self.plane or tuple(name for name in self.letters if name != "B")

    @property
    def plane(self) -> Letters:
        """The sides of an image."""
        return tuple(name for name in self.letters if name in PLANE)

    @property
    def steps(self) -> dict[str, int]:
        """What each letter is a multiple of."""
        wide = {name: n for name, n in self.multiples if name in self.widths}
        return {**dict.fromkeys(self.stepping, self.step), **wide}

    def range(self, name: str, n: int) -> Range:
        """Where the formula holds that this attempt finds."""
        multiple = self.steps.get(name, 1)
        return Range(multiple, most=n if self.below and name in self.stepping else None)

    @property
    def names(self) -> Letters:
        """All its letters."""
        return (*self.letters, *self.widths, *self.settings)

    def points(self, asked: Point, limits: Mapping[str, Range]) -> Iterator[dict[str, int]]:
        """Give the sizes to record at, one after the other."""
        sizes = {name: asked[name] for name in self.letters}
        found = near(sizes) if self.near else points(sizes, self.steps, below=self.below)
        widths = widened({name: asked[name] for name in self.widths})
        own = between({name: asked[name] for name in self.settings}, limits)
        return ({**a, **b, **c} for a, b, c in zip(found, widths, own, strict=False))


def settle(inputs: Inputs, run: Run, make: Make) -> tuple[Graph, Folds]:
    """Record and lower with as many letters as can be proved; with the blocks that stand for more.

    Graphs are compared as they were recorded: only the one that is given needs its loops.
    """
    search = _Search(inputs, run, make, run(inputs.module, inputs.args, inputs.kwargs))
    for attempt in _with_settings(inputs, search.deepest):
        graph = search.outcome(attempt)
        if graph is not None:
            break
    else:
        graph, attempt = make(search.base, None), Attempt(())
    return _noted(graph, attempt, search), search.base.folds


def _with_settings(inputs: Inputs, deepest: int) -> Iterator[Attempt]:
    """All settings with everything, then them alone, then none."""
    names = tuple(inputs.settings.sizes) if inputs.settings else ()
    if names:
        for attempt in _with_widths(inputs, deepest):
            yield replace(attempt, settings=names)
        yield Attempt((), settings=names)
    yield from _with_widths(inputs, deepest)


def _with_widths(inputs: Inputs, deepest: int) -> Iterator[Attempt]:
    """All widths that there are, then without one, then none."""
    multiples = tuple(inputs.multiples.items())
    names = tuple(inputs.widths)
    less = [tuple(n for n in names if n != name) for name in names]
    if names:
        for attempt in _attempts(inputs.sizes, deepest):
            yield replace(attempt, widths=names, multiples=multiples)
    for widths in dict.fromkeys(less if names else ()):
        yield Attempt(tuple(inputs.sizes), widths, multiples)
    yield from _attempts(inputs.sizes, deepest)


def _attempts(sizes: Mapping[str, int], deepest: int) -> Iterator[Attempt]:
    """All letters, then fewer; each by steps that divide the sizes asked for."""
    names = tuple(sizes)
    others = sorted((n for n in names if n not in PLANE), key="B".__eq__)
    groups = [tuple(n for n in names if n in PLANE), *((n,) for n in others)]
    fewer = [tuple(n for n in names if n not in group) for group in groups]
    for letters in dict.fromkeys((names, *fewer, *groups)):
        if not letters:
            continue
        first = Attempt(letters)
        yield first
        if deepest > 1 and first.plane:
            yield Attempt(letters, step=deepest)
        if first.stepping:
            yield Attempt(letters, below=True)
        for step in STEPS[1:] if first.stepping else ():
            if step != deepest and all(sizes[name] % step == 0 for name in first.stepping):
                yield Attempt(letters, step=step)
        yield Attempt(letters, near=True)


@dataclass
class _Search:
    """What has been tried, and how it went."""

    inputs: Inputs
    run: Run
    make: Make
    base: Recording
    why: dict[Letters, Error] = field(default_factory=dict["Letters", Error])
    """What spoke against some letters first."""
    spent: Counter[Letters] = field(default_factory=Counter["Letters"])
    doubled: dict[Letters, bool] = field(default_factory=dict["Letters", bool])
    """Whether the model takes other multiples of the sizes: else none will do."""
    beyond: str = ""
    """What is different outside the range that was found."""
    why_not: Error | None = None
    """The same as it was raised."""
    ranges: dict[str, Range] = field(default_factory=dict[str, Range])
    limits: Mapping[str, Range] = field(init=False)
    """How far settings may go."""
    deepest: int = field(init=False)
    """By how much the smallest plane that was made is smaller than the input's."""

    def __post_init__(self) -> None:
        """Look at what was recorded."""
        own = self.inputs.settings
        self.limits = own.limits(self.base) if own else {}
        sides = [self.inputs.sizes.get(side, 0) for side in sorted(PLANE)]
        planes = {r.shape[-2:] for c in self.base.calls for r in c.results if r}
        by = [s for s in STEPS if all(n > s and n % s == 0 for n in sides)]
        self.deepest = max((s for s in by if tuple(n // s for n in sides) in planes), default=1)

    def outcome(self, attempt: Attempt) -> Graph | None:
        """Give the graph that an attempt leads to, if it is worth trying and does."""
        if not self._worth(attempt):
            return None
        self.ranges.clear()
        try:
            graph = self._try(attempt)
            if attempt.near:
                self._bound(graph, attempt)
            else:
                self._ones(graph, attempt)
                self._halves(graph, attempt)
            self._ends(graph, attempt)
        except UnknownOperator:
            raise
        except Error as error:
            self.why.setdefault(attempt.names, error)
            if attempt.step > 1 and isinstance(error, ModelRaised):
                self.doubled.setdefault(attempt.letters, False)
            return None
        return graph

    def _worth(self, attempt: Attempt) -> bool:
        letters, why = attempt.letters, self.why.get(attempt.names)
        if attempt.near:
            return isinstance(why, Parted | Unproved)
        if attempt.below:
            return isinstance(why, ModelRaised)
        if attempt.step == 1:
            return True
        if attempt.plane and attempt.step == self.deepest:
            return True
        if letters not in self.doubled:
            twice = {n: self.inputs.sizes[n] * (n in attempt.stepping) for n in letters}
            try:
                self._record({n: self.inputs.sizes[n] + more for n, more in twice.items()}, letters)
                self.doubled[letters] = True
            except Error:
                self.doubled[letters] = False
        return self.doubled[letters] and self.spent[attempt.names] < _IN_ALL

    def _asked(self, attempt: Attempt) -> dict[str, int]:
        sizes = self.inputs.every
        return {name: sizes[name] for name in attempt.names}

    def _record(self, point: Point, names: Letters) -> Recording:
        found = self.run(*self.inputs.at(point))
        self.spent[names] += 1
        return found

    def _try(self, attempt: Attempt) -> Graph:
        asked, steps = self._asked(attempt), attempt.steps
        for name in attempt.settings:
            if not self.limits[name].holds(asked[name]):
                allowed = " and ".join(self.limits[name].text(name))
                raise Unproved(f"{name}={asked[name]}", f"is not within {allowed}")
        taken: list[Taken] = []
        for point in islice(attempt.points(asked, self.limits), _RECORDINGS):
            taken.append((point, self._record(point, attempt.names)))
            graph = proved([*taken, (asked, self.base)], steps, self.make)
            if graph is not None:
                return graph
            if len({path(r) for _, r in (*taken, (asked, self.base))}) > _PATHS:
                break
        raise Unproved(", ".join(f"{k}={n}" for k, n in asked.items()), "could not be settled")

    def _ones(self, graph: Graph, attempt: Attempt) -> None:
        """Find out whether a size of one is what the formula says: torch has other paths for it.

        In a large model it is tried for the batch alone; a sequence there has two at least.
        """
        small = len(self.base.calls) <= _SMALL
        for name in attempt.letters:
            n, allowed = self.inputs.sizes[name], attempt.range(name, self.inputs.sizes[name])
            if n == 1 or name in PLANE or allowed.multiple > 1:
                continue
            if name != "B" and not small:
                self.ranges[name] = replace(allowed, least=2)
            elif not self._holds(graph, attempt, {name: 1}):
                two = n == 2 or self._holds(graph, attempt, {name: 2})  # noqa: PLR2004
                least = 2 if two else self._last(graph, attempt, name, n, 2)
                self.ranges[name] = replace(allowed, least=least)

    def _halves(self, graph: Graph, attempt: Attempt) -> None:
        """Find out whether an image of half the sides is what the formula says, if one is taken.

        A kernel or a window that an image no longer fills is another path; it was not looked at
        when recordings at larger sizes gave the formula.
        """
        sides = {} if attempt.below else {n: self.inputs.sizes[n] for n in attempt.plane}
        half = {n: max(size // 2 // attempt.step, 1) * attempt.step for n, size in sides.items()}
        if half == sides:
            return
        if self._holds(graph, attempt, half) or isinstance(self.why_not, ModelRaised):
            return
        alone = [n for n in half if not self._holds(graph, attempt, {n: half[n]})]
        for name, size in sides.items():
            bisected = attempt.step == 1 and alone == list(half)
            least = self._last(graph, attempt, name, size, half[name]) if bisected else size
            self.ranges[name] = replace(attempt.range(name, size), least=least)

    def _bound(self, graph: Graph, attempt: Attempt) -> None:
        """Find how far a formula holds in every letter, with the others as asked for."""
        for name in attempt.letters:
            n = self.inputs.sizes[name]
            far = next(k for k in count(_FAR * n) if prime(k))  # odd: halves are rounded there
            least = self._last(graph, attempt, name, n, 1)
            most = self._last(graph, attempt, name, n, far)
            if most < far:
                self._holds(graph, attempt, {name: most + 1})  # to say what is there
            self.ranges[name] = Range(1, least, None if most == far else most)
            if least == most:
                raise Unproved(f"{name}={n}", "has a formula at this size alone")

    def _ends(self, graph: Graph, attempt: Attempt) -> None:
        """Find out whether a formula holds for a setting as far as it may."""
        for name in attempt.settings:
            n, limit = self._asked(attempt)[name], self.limits[name]
            least = self._last(graph, attempt, name, n, limit.least)
            most = self._last(graph, attempt, name, n, limit.most or n)
            self.ranges[name] = Range(1, least, most)

    def _last(self, graph: Graph, attempt: Attempt, name: str, good: int, bad: int) -> int:
        """Give the last size on the way from one that holds at which it still holds."""
        if self._holds(graph, attempt, {name: bad}):
            return bad
        while abs(bad - good) > 1:
            middle = (good + bad) // 2
            around = {middle, middle + (1 if good > bad else -1)} - {good}
            if all(self._holds(graph, attempt, {name: k}) for k in sorted(around)):
                good = middle
            else:
                bad = middle
        return good

    def _holds(self, graph: Graph, attempt: Attempt, other: Point) -> bool:
        """Whether a recording at some other sizes counts what the graph does."""
        asked = {**self._asked(attempt), **other}
        try:
            check(graph, self.make(self.run(*self.inputs.at(asked)), None), asked)
        except UnknownOperator:
            raise
        except Error as error:
            at = ", ".join(f"{k}={n}" for k, n in other.items())
            self.beyond, self.why_not = f"at {at} {error}", error
            return False
        return True


def _noted(graph: Graph, attempt: Attempt, search: _Search) -> Graph:
    """Give the graph its letters, where they hold, and what stays a number and why."""
    sizes = search.inputs.every
    dims = tuple((name, sizes[name]) for name in sizes if name in attempt.names)
    ranges = {name: search.ranges.get(name) or attempt.range(name, n) for name, n in dims}
    notes = [f"outside of the range another path is taken: {search.beyond}"]
    if not attempt.near or not search.beyond:
        notes = []
    numbers = ", ".join(f"{k}={n}" for k, n in sizes.items() if k not in attempt.names)
    if numbers:
        notes.append(f"{numbers}: no letters here, as {next(iter(search.why.values()), '')}")
    limited = tuple((name, r) for name, r in ranges.items() if r != Range())
    return replace(graph, dims=dims, ranges=limited, notes=(*graph.notes, *notes))
