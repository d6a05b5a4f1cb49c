"""Reading the text form of a graph; `orderof.ir.text` says how it is written.

Every line is one statement. A text that cannot be read raises `BadSpelling` with its line; one that
can, and breaks a law of graphs, raises `VerifyError`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from orderof.counts import Counts, Kind
from orderof.errors import BadSpelling, Error, UnknownOperator
from orderof.ir.access import access
from orderof.ir.check import verify
from orderof.ir.forms import Branch, Composite, Form, Irregular, Loop, Move, Nest, Series, View
from orderof.ir.graph import Graph, Input, Node, Origin, Phase, Role, Type, Value
from orderof.ir.line import FULL, VALUE, WORD, Line, size, split
from orderof.ir.literal import BARE, FROM, QUOTED, WAS, read_attrs, read_name, read_scalar
from orderof.sym import ONE, Expr, Range

if TYPE_CHECKING:
    from orderof.ir.literal import Attrs

    Place = tuple[str, Phase, str | None, Origin | None]


class Declaration(Protocol):
    """What reading needs of an operator."""

    def instance(self, types: tuple[Type, ...], attrs: Attrs) -> tuple[Form, tuple[Type, ...]]:
        """Give the form and result types for operand types and attributes."""
        ...


Lookup = Callable[[str], Declaration]
"""Finds an operator by name; raises `UnknownOperator`."""


def parse_graph(text: str, lookup: Lookup) -> Graph:
    """Read a graph, and verify it."""
    reader = _Reader(text, lookup)
    graph = reader.whole()
    verify(graph)
    return graph


@contextlib.contextmanager
def _reading(number: int) -> Generator[None]:
    """Turn what goes wrong on a line into one `BadSpelling` that names it."""
    try:
        yield
    except UnknownOperator:
        raise
    except Error as e:
        raise BadSpelling(f"line {number}", str(e), e.hint) from e
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as e:
        # The declaration of an operator did not expect such types or attributes.
        raise BadSpelling(f"line {number}", f"says what cannot be made: {e!r}") from e


@dataclass(eq=False)
class _Draft:
    """A graph that is being read."""

    name: str = ""
    dims: tuple[tuple[str, int], ...] = ()
    notes: list[str] = field(default_factory=list[str])
    ranges: dict[str, Range] = field(default_factory=dict[str, Range])
    modules: list[tuple[str, str, Expr]] = field(default_factory=list[tuple[str, str, Expr]])
    inputs: list[Input] = field(default_factory=list[Input])
    nodes: list[Node] = field(default_factory=list[Node])
    grads: list[tuple[Value, Value]] = field(default_factory=list[tuple[Value, Value]])
    known: dict[str, Value] = field(default_factory=dict[str, Value])
    outputs: tuple[Value, ...] | None = None

    def define(self, token: str, t: Type) -> Value:
        """Make a value under the name by which the text knows it."""
        if token in self.known:
            raise BadSpelling(token, "is defined twice")
        value = Value(t, "" if token[1:].isdecimal() else read_name(token[1:]))
        self.known[token] = value
        return value

    def values(self, text: str) -> tuple[Value, ...]:
        """Look up the values of a list."""
        tokens = split(text)
        for token in tokens:
            if token not in self.known:
                raise BadSpelling(token, "is not defined above")
        return tuple(self.known[token] for token in tokens)

    def statement(self, line: Line) -> None:
        """Read a line that is no node."""
        word = line.need(BARE, "a statement")
        if word == "module":
            self._module(line)
        elif word == "note":
            self.notes.append(read_name(line.need(QUOTED, "a note")))
            line.end()
        elif word == "where":
            name = line.rest.split()[0]
            name, self.ranges[name] = self.ranges.get(name, Range()).narrowed(line.rest)
        elif word in {*Role}:
            token = line.need(VALUE, "a value")
            line.expect(":")
            self.inputs.append(Input(self.define(token, line.type()), Role(word)))
            line.end()
        elif word == "grad":
            x, _, g = line.rest.partition(" -> ")
            self.grads += zip(self.values(x), self.values(g), strict=True)
        elif word == "return":
            self.outputs = self.values(line.rest)
        elif word == "name":
            self.title(line)
            line.end()
        else:
            raise BadSpelling(word, "begins no statement", f"one of {', '.join(_STATEMENTS)}, %")

    def title(self, line: Line) -> None:
        """Read `NAME(DIM=VALUE, ...)`, both optional."""
        self.name = read_name(line.take(WORD) or "")
        if line.rest.startswith("("):
            pairs = (item.partition("=") for item in split(line.group("(")))
            self.dims = tuple((name, int(n)) for name, _, n in pairs)

    def _module(self, line: Line) -> None:
        path = line.word("a module")
        kind = line.word("a class") if line.skip(":") else ""
        times = line.rest.removeprefix("times ")
        self.modules.append((path, kind, size(times) if times else ONE))

    def freeze(self) -> Graph:
        """Give the graph."""
        return Graph(
            inputs=tuple(self.inputs),
            nodes=tuple(self.nodes),
            outputs=self.outputs or (),
            name=self.name,
            dims=self.dims,
            modules=tuple(self.modules),
            grads=tuple(self.grads),
            notes=tuple(self.notes),
            ranges=tuple(self.ranges.items()),
        )


_STATEMENTS = ("note", "where", "module", *Role, "grad", "return", "name")


class _Reader:
    """Walks down the lines of a text."""

    def __init__(self, text: str, lookup: Lookup) -> None:
        self.lines = text.split("\n")
        self.lookup = lookup
        self.number = 0
        self.other = False
        """Whether the body that was read last is followed by one that may run in its place."""

    def next(self) -> Line | None:
        """Step to the next line that says something."""
        while self.number < len(self.lines):
            line = Line(self.lines[self.number])
            self.number += 1
            if line.rest and not line.rest.startswith("#"):
                return line
        return None

    def whole(self) -> Graph:
        """Read a text that is one graph."""
        draft = _Draft()
        line = self.next() or Line("")
        with _reading(self.number):
            line.expect("graph ")
            draft.title(line)
            line.expect("{")
            line.end()
        graph = self.body(draft)
        if self.other or self.next():
            raise BadSpelling(f"line {self.number}", "the graph has ended above")
        return graph

    def body(self, draft: _Draft) -> Graph:
        """Read the statements up to the closing bracket."""
        self.other = False
        while line := self.next():
            with _reading(self.number):
                if line.rest in ("}", _ELSE):
                    self.other = line.rest == _ELSE
                    if draft.outputs is None:
                        raise BadSpelling("`return`", "is missing above")
                    return draft.freeze()
                if draft.outputs is not None:
                    raise BadSpelling(f"`{line.rest}`", "stands after `return`")
                if not line.rest.startswith("%"):
                    draft.statement(line)
                    continue
            self.node(draft, line)
        raise BadSpelling(f"line {self.number}", "the text ends inside a graph", "a `}` is missing")

    def node(self, draft: _Draft, line: Line) -> None:
        """Read a node, with the lines of its body."""
        number = self.number
        with _reading(number):
            head = _head(draft, line)
        bodies = [self.body(_Draft())] if head.opens else []
        while self.other:
            bodies.append(self.body(_Draft()))
        with _reading(number):
            form = head.make(len(head.operands), bodies) if head.make else self.declared(head)
            if len(bodies) > 1 and not isinstance(form, Branch):
                raise BadSpelling("`else`", "belongs to a branch, and to nothing else")
            pairs = zip(head.names, head.types, strict=True)
            results = tuple(draft.define(token, t) for token, t in pairs)
            draft.nodes.append(Node(head.op, form, head.operands, results, head.attrs, *head.place))

    def declared(self, head: _Head) -> Form:
        """Make the form of a declared operator, and hold its result types to the text."""
        operands = tuple(v.type for v in head.operands)
        form, types = self.lookup(head.op).instance(operands, head.attrs)
        if types != head.types:
            found, said = (", ".join(map(str, ts)) for ts in (types, head.types))
            raise BadSpelling(head.op, f"gives {found}, where the text says {said}")
        return form


_ELSE = "} else {"
Make = Callable[[int, Sequence[Graph]], Form]
"""(number of operands, bodies) -> form"""


@dataclass(frozen=True, eq=False)
class _Head:
    """What the first line of a node says."""

    names: list[str]
    types: tuple[Type, ...]
    op: str
    make: Make | None
    """None where the operator is declared."""
    operands: tuple[Value, ...]
    attrs: Attrs
    place: Place
    opens: bool


def _head(draft: _Draft, line: Line) -> _Head:
    names = [line.need(VALUE, "a value")]
    while line.skip(","):
        names.append(line.need(VALUE, "a value"))
    line.expect(":")
    types = [line.type()]
    while line.skip(","):
        types.append(line.type())
    if len(names) != len(types):
        raise BadSpelling(f"{len(names)} results", f"have {len(types)} types")
    line.expect("=")
    full = (line.take(FULL) or "").strip()
    op, make = _FORMS[full](line) if full else (line.word("an operator"), None)
    operands = draft.values(line.group("("))
    attrs = read_attrs(line.group("{")) if line.rest.startswith("{") and line.rest != "{" else ()
    place = _place(line)
    opens = line.skip("{")
    line.end()
    if opens != (full in {"composite", "loop", "series", "branch"}):
        raise BadSpelling("`{`", "opens the body of a composite, a loop, a series or a branch")
    return _Head(names, tuple(types), op, make, operands, attrs, place, opens)


def _place(line: Line) -> Place:
    scope, phase, source, origin = "", Phase.FORWARD, None, None
    if not line.skip("@"):
        return scope, phase, source, origin
    token = line.take(WORD)
    if token and token not in {*Phase, FROM, WAS}:
        scope, token = read_name(token), line.take(WORD)
    if token in {*Phase}:
        phase, token = Phase(token), line.take(WORD)
    if token == FROM:
        source, token = line.word("a source line"), line.take(WORD)
    if token == WAS:
        origin, token = _origin(line.word("what it was")), None
    if token:
        raise BadSpelling(f"`{token}`", "is no phase", f"one of {', '.join(Phase)}")
    return scope, phase, source, origin


def _origin(text: str) -> Origin:
    try:
        return Origin.read(text)
    except ValueError:
        raise BadSpelling(f'"{text}"', "is not OPERATION FUNCTION CLASS") from None


def _nest(line: Line) -> tuple[str, Make]:
    op = line.word("an operator")
    left, arrow, right = read_name(line.need(QUOTED, "a signature")).partition("->")
    if not arrow:
        raise BadSpelling(f"`{left}`", "is no signature", "write operands -> result")
    body, *rest = (part.strip() for part in line.group("{").split("|"))
    axes = (item.partition("=") for item in split(line.group("[")))
    sizes = tuple((axis.strip(), size(n)) for axis, _, n in axes)
    mac = rest[-1:] == ["mac"]
    reduce = " | ".join(rest[: len(rest) - mac]) or None
    scalar, out = read_scalar(body), access(right)

    def make(operands: int, _: Sequence[Graph]) -> Nest:
        texts = left.split(",") if operands or left.strip() else []
        ins = tuple(map(access, texts))
        return Nest(sizes, ins, out, scalar, reduce, mac)

    return op, make


def _view(line: Line) -> tuple[str, Make]:
    return line.word("an operator"), lambda _, __: View()


def _move(line: Line) -> tuple[str, Make]:
    op = line.word("an operator")
    form = Move(line.list_of("reads"), line.list_of("writes"))
    return op, lambda _, __: form


def _irregular(line: Line) -> tuple[str, Make]:
    op = line.word("an operator")
    source = read_name(line.need(QUOTED, "a source"))
    (span,) = line.list_of("span")
    reads, writes = line.list_of("reads"), line.list_of("writes")
    line.expect("counts=")
    counts: dict[tuple[Kind, str], Expr] = {}
    for item in split(line.group("[")):
        key, _, n = item.partition(": ")
        kind, _, dtype = key.partition(".")
        counts[Kind(kind), dtype] = size(n)
    form = Irregular(Counts(counts), span, reads, writes, source)
    return op, lambda _, __: form


def _composite(line: Line) -> tuple[str, Make]:
    return line.word("an operator"), lambda _, bodies: Composite(bodies[0])


def _loop(line: Line) -> tuple[str, Make]:
    plain = line.rest.startswith(("trip=[", "as "))
    label = "" if plain else line.word("a label")
    op = line.word("an operator") if line.skip("as ") else "loop"
    (trip,) = line.list_of("trip")
    carry, const, stack = map(line.count, ("carry", "const", "stack"))
    reverse = line.skip("reverse")
    parts = trip, carry, const, stack, reverse, label
    return op, lambda _, bodies: Loop(bodies[0], *parts)


def _series(line: Line) -> tuple[str, Make]:
    op = line.word("an operator")
    (index,), (last,) = line.list_of("index"), line.list_of("last")
    carry = line.count("carry")
    return op, lambda _, bodies: Series(bodies[0], str(index), last, carry)


def _branch(line: Line) -> tuple[str, Make]:
    return line.word("an operator"), lambda _, bodies: Branch(tuple(bodies))


_FORMS: dict[str, Callable[[Line], tuple[str, Make]]] = {
    "nest": _nest,
    "view": _view,
    "move": _move,
    "irregular": _irregular,
    "composite": _composite,
    "loop": _loop,
    "series": _series,
    "branch": _branch,
}
