"""From the nodes of a graph to steps: loops are entered, composites opened, all in order.

1. Every result gets a symbol when it is defined, and no step reads a symbol before.
2. What a loop makes has the loop's index in front: a slice is its stack at that index, what is kept
   of every turn is the symbol itself. What is handed on is said in words.
3. A view is said where something reads it, together with the views that it is a view of.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from orderof.analyses.derivation.equations import spoken
from orderof.analyses.derivation.types import Count, Part, Step, Turn, times
from orderof.counts import Kind
from orderof.ir.forms import Branch, Composite, Irregular, Loop, Move, Nest, Series, View
from orderof.ir.graph import Phase
from orderof.ops.work import loop_sums, work
from orderof.sym import ONE, ZERO, Expr, symbol
from orderof.written import Entry, Equal, Reduced, Total

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orderof.analyses.derivation.names import Names
    from orderof.ir.forms import Form
    from orderof.ir.graph import Attr, Graph, Node, Value
    from orderof.ops.work import Padding

BASES = {
    Part.FORWARD: "y", Part.MASK: "y", Part.LOSS: "c", Part.RECOMPUTE: "y",
    Part.ERROR: "e", Part.WEIGHT: "e", Part.UPDATE: "u",
}  # fmt: skip
_PARTS = {
    Phase.FORWARD: Part.FORWARD,
    Phase.LOSS: Part.LOSS,
    Phase.MASK: Part.MASK,
    Phase.RECOMPUTE: Part.RECOMPUTE,
    Phase.OPTIMIZER: Part.UPDATE,
}
UNKNOWN = "unknown:"
TURN = "turn"
"""The operator of a step that says what a loop hands on."""


@dataclass(frozen=True, slots=True)
class Here:
    """Where a node stands: in which module, in which loops, for what."""

    scope: str = ""
    phase: Phase = Phase.FORWARD
    turns: tuple[Turn, ...] = ()

    @property
    def index(self) -> tuple[Expr, ...]:
        """The indices of the loops."""
        return tuple(symbol(t.index) for t in self.turns)


@dataclass
class Walk:
    """Makes the steps of a graph; `weights` are contributions to gradients of parameters."""

    names: Names
    padding: Padding
    weights: set[Value]
    unknown: list[str] = field(default_factory=list[str])
    views: dict[Value, tuple[Step, str]] = field(default_factory=dict[Any, tuple[Step, str]])
    """Views that are not said yet: the step, and how it is written within another view."""

    def graph(self, graph: Graph) -> Iterator[Step]:
        """Give all steps."""
        yield from self._nodes(graph.nodes, Here())

    def _nodes(self, nodes: Iterable[Node], here: Here) -> Iterator[Step]:
        for node in nodes:
            phase = node.phase if here.phase is Phase.FORWARD and not here.turns else here.phase
            at = replace(here, scope=node.scope or here.scope, phase=phase)
            if not isinstance(node.form, View):
                yield from self._seen(node.operands)
            match node.form:
                case Nest():
                    yield self._nest(node, node.form, at)
                case Composite(body):
                    yield from self._composite(node, body, at)
                case Loop():
                    yield from self._loop(node, node.form, at)
                case View():
                    self._view(node, at)
                case Move() | Irregular() | Series() | Branch():
                    yield self._in_words(node, at)

    def _part(self, here: Here, value: Value) -> Part:
        if here.phase is Phase.BACKWARD:
            return Part.WEIGHT if value in self.weights else Part.ERROR
        return _PARTS[here.phase]

    def _step(self, node: Node, here: Here, **more: Any) -> Step:  # noqa: ANN401 - fields of a Step
        """Make a step, whose results are defined by now."""
        part = self._part(here, node.results[0]) if node.results else _PARTS[here.phase]
        defines = tuple((self.names.of(v).name, v.shape) for v in node.results)
        uses = tuple(dict.fromkeys(self.names.of(v).name for v in node.operands))
        return Step(node.op, part, here.scope, defines, uses, turns=here.turns, **more)

    def _define(self, values: Iterable[Value], here: Here) -> None:
        for v in values:
            self.names.fresh(v, BASES[self._part(here, v)], here.index)

    def _nest(self, node: Node, nest: Nest, here: Here) -> Step:
        known = [self.names.of(v) for v in node.operands]
        self._define(node.results, here)
        entries = [*known, self.names.of(node.results[0])]
        taken = self.names.taken | {t.index for t in here.turns}
        found = spoken(node, nest, entries, taken, self.padding)
        return self._step(
            *(node, here),
            equation=found.equation,
            where=found.where,
            ranges=found.ranges,
            counts=found.counts,
        )

    def _view(self, node: Node, here: Here) -> None:
        """Keep a view until it is read."""
        texts = [
            self.views[v][1] if v in self.views else written(self.names.of(v))
            for v in node.operands
        ]
        reads = [u for v in node.operands for u in self._reads(v)]
        self._define(node.results, here)
        text = f"{node.op}({', '.join((*texts, *_settings(node)))})"
        says = f"{text}: the same numbers in another shape"
        step = replace(self._step(node, here, says=says), uses=tuple(dict.fromkeys(reads)))
        many = len(node.results) > 1
        for i, value in enumerate(node.results):
            self.views[value] = step, f"{text}[{i}]" if many else text

    def _reads(self, value: Value) -> tuple[str, ...]:
        return self.views[value][0].uses if value in self.views else (self.names.of(value).name,)

    def _seen(self, values: Iterable[Value]) -> Iterator[Step]:
        """Say the views among some values, each once."""
        said = {id(found[0]): found[0] for v in values if (found := self.views.get(v))}
        for step in said.values():
            for value in [v for v, (s, _) in self.views.items() if s is step]:
                del self.views[value]
            yield step

    def _in_words(self, node: Node, here: Here) -> Step:
        """Say what has no equation: copies, algorithms, what is unknown."""
        read = [written(self.names.of(v)) for v in node.operands]
        self._define(node.results, here)
        name = node.op.removeprefix(UNKNOWN)
        of = f"{name}({', '.join((*read, *_settings(node)))})"
        if node.op.startswith(UNKNOWN):
            self.unknown.append(name)
            return self._step(node, here, says=f"{of}, which has no rule: what it costs is on top")
        if not isinstance(node.form, Move):
            counts = tuple(Count(k, n, n) for (k, _), n in work(node) if k is not Kind.MAC)
            return self._step(node, here, says=f"{of}, {_how(node.form)}", counts=counts)
        says = f"{of}: {'copied' if read else 'filled in'}, not computed"
        return self._step(node, here, says=says)

    def _composite(self, node: Node, body: Graph, here: Here) -> Iterator[Step]:
        takes = [i.value for i in body.inputs]
        self.names.alias(dict(zip(takes, node.operands, strict=True)))
        for inner, outer in zip(body.outputs, node.results, strict=True):
            if outer in self.names.wanted:
                self.names.wanted[inner] = self.names.wanted[outer]
        yield from self._nodes(body.nodes, here)
        yield from self._seen(body.outputs)
        self.names.alias(dict(zip(node.results, body.outputs, strict=True)))

    def _loop(self, node: Node, loop: Loop, here: Here) -> Iterator[Step]:
        inside = replace(here, turns=(*here.turns, self._turn(loop, here)))
        takes = [i.value for i in loop.body.inputs]
        carried, same, sliced = _cut(takes, loop.carry, loop.const)
        starts, consts, stacks = _cut(node.operands, loop.carry, loop.const)
        self.names.alias(dict(zip(same, consts, strict=True)))
        for inner, outer in zip(sliced, stacks, strict=True):
            known = self.names.of(outer)
            self.names.define(inner, known.name, (*known.index, *inside.index[-1:]))
        for inner, start in zip(carried, starts, strict=True):
            first = f"{written(self.names.of(start))} in the first turn, then what was handed on"
            uses = (self.names.of(start).name,)
            self._define((inner,), inside)
            part = self._part(inside, inner)
            defines = ((self.names.of(inner).name, inner.shape),)
            yield Step(TURN, part, inside.scope, defines, uses, says=first, turns=inside.turns)
        yield from self._nodes(loop.body.nodes, inside)
        yield from self._seen(loop.body.outputs)
        for inner, end in zip(carried, loop.body.outputs, strict=False):
            yield self._handed(inner, end, loop, inside)
        yield from self._after(node, loop, here)

    def _turn(self, loop: Loop, here: Here) -> Turn:
        """Choose the index of a loop."""
        used = self.names.taken | {t.index for t in here.turns}
        wanted = "lmnj" if loop.label == "layers" else "tuvj"
        index = next((x for x in wanted if x not in used), f"t_{len(here.turns)}")
        return Turn(index, loop.trip, loop.label, reverse=loop.reverse)

    def _handed(self, inner: Value, end: Value, loop: Loop, inside: Here) -> Step:
        """Say what a turn gives to the next."""
        *outer, index = inside.index
        after = index - 1 if loop.reverse else index + 1
        into = Entry(self.names.of(inner).name, (*outer, after))
        source = self.names.of(end)
        says = f"{written(into)} = {written(source)}: handed on to the next turn"
        uses = (into.name, source.name)
        part = self._part(inside, inner)
        return Step(TURN, part, inside.scope, (), uses, says=says, turns=inside.turns)

    def _after(self, node: Node, loop: Loop, here: Here) -> Iterator[Step]:
        """Name what a loop gives: the last of what was handed on, all turns, sums."""
        last = ZERO if loop.reverse else loop.trip - 1
        ends, results = loop.body.outputs, node.results
        for i, (end, result) in enumerate(zip(ends, results, strict=True)):
            known = self.names.of(end)
            inner = known.index[: len(here.turns)] if len(known.index) > len(here.turns) else ()
            if i < loop.carry:
                at = (*inner, last) if len(known.index) > len(here.turns) else known.index
                self.names.define(result, known.name, at)
            elif i < loop.carry + loop.stack:
                self.names.define(result, known.name, inner)
            else:
                yield self._sum(end, result, loop, here, counted=result in loop_sums(node, loop))

    def _sum(self, end: Value, result: Value, loop: Loop, here: Here, *, counted: bool) -> Step:
        """Add up what every turn gives."""
        known = self.names.of(end)
        self._define((result,), here)
        mine = self.names.of(result)
        turn = self._turn(loop, here).index
        each = Total((loop.trip, -ONE)) if loop.trip.value is None else loop.trip - 1
        value = (loop.trip - 1) * result.type.size
        counts = (Count(Kind.ADD, times((each, *result.shape)), value),) if counted else ()
        return Step(
            *("sum", self._part(here, result), here.scope, ((mine.name, result.shape),)),
            (known.name,),
            equation=Equal((mine, Reduced("add", (turn,), known))),
            ranges=((turn, loop.trip),),
            counts=counts,
            turns=here.turns,
        )


def _cut(items: Sequence[Value], *lengths: int) -> list[Sequence[Value]]:
    out: list[Sequence[Value]] = []
    start = 0
    for n in lengths:
        out.append(items[start : start + n])
        start += n
    return [*out, items[start:]]


def _how(form: Form) -> str:
    match form:
        case Irregular(source=source):
            return f"counted by hand: {source}"
        case Series(_, index, last):
            return f"added up over {index} = 1 .. {last}"
        case _:
            return "the most that one of its bodies costs"


def _settings(node: Node) -> list[str]:
    """Write what an operator was told, but for the dtype of its result."""
    return [f"{k}={_plain(v)}" for k, v in node.attrs if k != "dtype"]


def _plain(v: Attr) -> str:
    """Write a setting; a tuple of sizes as a tuple."""
    if isinstance(v, tuple):
        return f"({', '.join(map(str, v))}{',' if len(v) == 1 else ''})"
    return repr(v) if isinstance(v, str) else str(v)


def written(e: Entry) -> str:
    """Write an entry as text."""
    index = ", ".join(map(str, e.index))
    return f"{e.name}[{index}]" if index else e.name
