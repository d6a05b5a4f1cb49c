"""Steps in layers, layers in chapters, chapters with their sums, special cases and orders."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from orderof.analyses.derivation.essay import contrasts, matrices
from orderof.analyses.derivation.marks import contributions
from orderof.analyses.derivation.names import Names
from orderof.analyses.derivation.types import (
    PHASES,
    Case,
    Chapter,
    Derivation,
    Given,
    Layer,
    Letter,
    Part,
    Whole,
)
from orderof.analyses.derivation.walk import Walk
from orderof.analyses.training import BATCH, EPOCHS, EXAMPLES, epoch, split, training
from orderof.analyses.work import count, visits
from orderof.errors import Error, VerifyError
from orderof.ir.forms import Loop
from orderof.ir.graph import Phase, Role
from orderof.sym import ZERO, Expr, ceildiv, const, symbol
from orderof.sym.growth import order
from orderof.written import Product, Total

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from orderof.analyses.derivation.essay import Contrast
    from orderof.analyses.derivation.types import Step
    from orderof.ir.graph import Graph
    from orderof.ops.work import Padding
    from orderof.sym.growth import Order

_NUMBERED = re.compile(r"([A-Za-z]+)(\d+)")


def derive(
    graph: Graph,
    padding: Padding = "full",
    *,
    train: str | None = None,
    mode: str = "eval",
    meanings: Mapping[str, str] | None = None,
) -> Derivation:
    """Derive the cost of a graph from its equations, part by part.

    `meanings` says what the letters are called. The sums are held to what `count` counts: raises
    `VerifyError` where a step is missing.
    """
    letters = (*_letters(graph, meanings or {}), *(_RUN if train and _runs(graph) else ()))
    names = Names(graph, (x.name for x in letters))
    given = tuple(
        Given(names.of(i.value).name, i.value.name or "a tensor in the code", i.value.shape, i.role)
        for i in graph.inputs
    )
    walk = Walk(names, padding, contributions(graph))
    steps = list(walk.graph(graph))
    divided = _divided(graph, padding)
    chapters = tuple(_chapters(graph, steps, divided))
    _held(graph, chapters, padding, complete=not walk.unknown)
    return Derivation(
        model=graph.name,
        letters=letters,
        given=given,
        chapters=chapters,
        wholes=tuple(_wholes(chapters, divided)),
        contrasts=tuple(_contrasts(graph, padding)),
        train=train,
        mode=mode,
        unknown=tuple(dict.fromkeys(walk.unknown)),
        notes=graph.notes,
        dims=dict(graph.dims),
    )


_RUN = (
    Letter(EXAMPLES, "examples that an epoch goes through", None),
    Letter(EPOCHS, "epochs", None),
)


def _runs(graph: Graph) -> bool:
    """Whether epochs can be told in letters: the batch is one, m and e are none of its own."""
    names = {name for name, _ in graph.dims}
    return BATCH in names and not {EXAMPLES, EPOCHS} & names


def _letters(graph: Graph, meanings: Mapping[str, str]) -> tuple[Letter, ...]:
    """Say of each letter what it is, and where it stands first."""
    sizes = dict(graph.dims)
    found: dict[str, str] = {}
    for i in graph.inputs:
        for axis, n in enumerate(i.value.shape, 1):
            for name in sorted(n.symbols()):
                found.setdefault(
                    name,
                    f"{'in ' if str(n) != name else ''}dimension {axis} of "
                    f"{i.value.name or 'a tensor in the code'}",
                )
    for name in sizes:
        found.setdefault(name, "a size of the network")
    return tuple(
        Letter(name, f"{meanings[name]}: {where}" if name in meanings else where, sizes.get(name))
        for name, where in sorted(found.items(), key=lambda x: [*sizes, x[0]].index(x[0]))
    )


def _divided(graph: Graph, padding: Padding) -> dict[str, str]:
    """Which letter is a multiple of which: "h | d" makes d one of h."""
    pairs = (a.split(" | ") for a in count(graph, padding).assumptions)
    return {p[1]: p[0] for p in pairs if len(p) == 2 and all(x.isidentifier() for x in p)}  # noqa: PLR2004


def _chapters(graph: Graph, steps: Sequence[Step], divided: Mapping[str, str]) -> Iterator[Chapter]:
    kinds = {path: kind for path, kind, _ in graph.modules}
    numbers = itertools.count(1)
    for part in Part:
        mine = [replace(s, number=next(numbers)) for s in steps if s.part is part]
        if not mine:
            continue
        grow = functools.partial(_grown, equal=_equal(graph), divided=divided)
        layers = tuple(_layers(mine, kinds, grow))
        total = Expr.sum(x.ops for x in layers)
        cases = tuple(_cases(graph, layers, divided))
        yield Chapter(part, layers, grows(total, divided), cases)


def _grown(x: Layer, equal: Mapping[str, Expr], divided: Mapping[str, str]) -> Layer:
    """Say of a layer how it grows, and what it costs where all widths are equal."""
    if not x.ops:
        return x
    same = x.ops.subs(equal) if equal.keys() & x.ops.symbols() else None
    return replace(x, order=grows(x.ops, divided), equal=same)


def _layers(
    steps: Sequence[Step], kinds: Mapping[str, str], grow: Callable[[Layer], Layer]
) -> Iterator[Layer]:
    """Put neighbours of one module together; a layer that repeats an earlier one says so."""
    seen: dict[Hashable, Layer] = {}
    for scope, group in itertools.groupby(steps, lambda s: s.scope):
        layer = grow(Layer(scope, kinds.get(scope, ""), tuple(group)))
        same = seen.setdefault(_alike(layer), layer)
        yield layer if same is layer else replace(layer, like=same)


def _alike(layer: Layer) -> Hashable:
    """What two layers have in common that the same lines derive."""
    order_ = {name: i for i, name in enumerate((*layer.uses, *(n for n, _ in layer.defines)))}
    return (
        layer.kind,
        tuple(
            (
                s.op,
                s.counts,
                s.ranges,
                s.turns,
                tuple(order_[u] for u in s.uses),
                tuple(shape for _, shape in s.defines),
                s.equation is None,
            )
            for s in layer.steps
        ),
    )


def _held(graph: Graph, chapters: Iterable[Chapter], padding: Padding, *, complete: bool) -> None:
    """Hold the sums to what is counted otherwise."""
    if not complete:
        return
    counted: dict[Phase, Expr] = {}
    for row in count(graph, padding).rows:
        counted[row.phase] = counted.get(row.phase, ZERO) + row.counts.ops()
    derived: dict[Phase, Expr] = {}
    for chapter in chapters:
        phase = PHASES[chapter.part]
        derived[phase] = derived.get(phase, ZERO) + chapter.total
    for phase, n in counted.items():
        if derived.get(phase, ZERO) != n:
            raise VerifyError(f"{graph.name}, {phase}", "is derived otherwise than it is counted")


def grows(e: Expr, divided: Mapping[str, str]) -> Order | None:
    """Find the order in all letters; None where there is none to find."""
    try:
        return order(e, divided=divided) if e.symbols() else None
    except Error:
        return None


def _cases(graph: Graph, layers: Sequence[Layer], divided: Mapping[str, str]) -> Iterator[Case]:
    """Put one letter for all widths; then as many layers as the widths are."""
    equal = _equal(graph)
    if not equal:
        return
    widths, n = list(equal), str(next(iter(equal.values())))
    total = Expr.sum(x.ops.subs(equal) for x in layers)
    found = grows(total, divided)
    if found is None:
        return
    puts = tuple((w, n) for w in widths)
    yield Case(f"all widths are {n}", puts, total, found)
    more = _inner(layers, equal, len(widths) - 1)
    if more is None:
        return
    deep = total + (symbol(n) - const(len(widths) - 1)) * more
    if high := grows(deep, divided):
        yield Case(f"all widths are {n}, and there are {n} layers", puts, deep, high)


def _equal(graph: Graph) -> dict[str, Expr]:
    """Put one letter for all widths, where there are several."""
    widths = _widths(graph)
    if len(widths) < 2:  # noqa: PLR2004
        return {}
    return dict.fromkeys(widths, symbol("n" if "n" not in dict(graph.dims) else "w"))


def _widths(graph: Graph) -> list[str]:
    """Letters that differ by a number (n0, n1, n2), or the two that all parameters are made of."""
    found = [(m, name) for name, _ in graph.dims if (m := _NUMBERED.fullmatch(name))]
    if found and len({m[1] for m, _ in found}) == 1:
        return [name for _, name in found]
    sizes = {n for v in graph.of_role(Role.PARAM) for n in v.shape if n.symbols()}
    letters = sorted({name for n in sizes for name in n.symbols()})
    bare = {symbol(x) for x in letters} <= sizes  # and at most one multiple of each besides
    plain = all(sum(x in n.symbols() for n in sizes) <= 2 for x in letters)  # noqa: PLR2004
    trips = {x for node, _ in visits(graph) if isinstance(node.form, Loop)
             for x in node.form.trip.symbols()}  # fmt: skip
    return letters if len(letters) == 2 and bare and plain and not trips & {*letters} else []  # noqa: PLR2004


def _inner(layers: Sequence[Layer], equal: Mapping[str, Expr], n: int) -> Expr | None:
    """What one more layer costs among others of its width; None where inner layers differ.

    The layers are the modules next below the root; the first and the last of them may be special.
    """
    blocks: dict[str, Expr] = {}
    for layer in layers:
        top = layer.scope.partition(".")[0]
        blocks[top] = blocks.get(top, ZERO) + layer.ops.subs(equal)
    _, *inner, _ = blocks.values() if len(blocks) > 1 else (ZERO, ZERO)
    return inner[0] if len(blocks) == n and inner and len(set(inner)) == 1 else None


def _wholes(chapters: Sequence[Chapter], divided: Mapping[str, str]) -> Iterator[Whole]:
    backward = [c.total for c in chapters if PHASES[c.part] is Phase.BACKWARD]
    if len(backward) > 1:
        total = Expr.sum(backward)
        yield Whole("backward", Total(tuple(backward)), total, grows(total, divided))
    every = [c.total for c in chapters if c.part is not Part.MASK]
    if len(every) < 2:  # noqa: PLR2004 - nothing is trained
        return
    step = Expr.sum(every)
    yield Whole("one step of training", Total(tuple(every)), step, grows(step, divided))
    if BATCH not in step.symbols() or {EXAMPLES, EPOCHS} & step.symbols():
        return
    m, e, once = symbol(EXAMPLES), symbol(EPOCHS), epoch(step)
    parts = split(step)
    batches = ceildiv(m, symbol(BATCH))
    terms = (m * parts.each, batches * parts.fixed) if parts else (once,)
    yield Whole("one epoch: m examples, the last batch smaller", Total(terms), once, None)
    run = training(step)
    yield Whole("all of training: e epochs", Product((e, once)), run, grows(run, divided))


def _contrasts(graph: Graph, padding: Padding) -> Iterator[Contrast]:
    """Put what an essay counts beside what is counted, where a graph is its network."""
    pairs = matrices(graph)
    if pairs is None:
        return
    batch = graph.inputs[0].value.shape[0]
    macs = Expr.sum(r.counts.macs() for r in count(graph, padding).rows if r.phase is Phase.FORWARD)
    first, *others = contrasts(pairs, batch)
    if first.counted != macs:
        raise VerifyError(graph.name, f"multiplies {macs} times, not {first.counted}")
    yield from (first, *others)
