"""What the expressions of a rule are made of: the sizes and counts of one node.

    macs            multiply-adds of contractions
    taps            the same without those that lie in padding
    ops             operations of all kinds; and each kind by its name: add, mul, exp, cmp, ...
    x0, x1, ...     elements of an operand, 0 where there is none; y0, y1, ... of a result
    g0, g1, ...     those of an operand as the function was given it, before it spread or padded it
    xn, yn          those of the last operand, of the last result
    x0_1, y0_1      one dimension of an operand, of a result; x0_last the last, x0_axis the one that
                    the attribute `axis` says, x0_rank how many there are, x0_trained 1 where the
                    operand depends on a trained parameter
    out, out_1, ... elements and dimensions of what the module around it gives
    params          elements of the parameters that it reads
    leaf            1 where the module around it has no modules of its own
    operands        how many there are
    batch           the first dimension of the first operand
    depth           modules around the module that it is in
    trained         1 where the network is trained, else 0
    varies          1 where the node depends on an input of the network, 0 where on parameters alone
    masks           1 where the module around it attends with a mask
    live            1 where a result of the network depends on it
    again           1 where the same was computed of the same operands before
    ANY_NAME        an attribute of the operator: a whole number; a tuple's product; True as 1
    ANY_NAME_1      one number of an attribute that is a tuple
    of_NAME         what NAME is of the node that made the first operand; of3_NAME that of x3

A name that a node lacks is 0. In `where` there are texts too: those of attributes, and

    opens, opens_1  a pattern of the functions of the first five operations of the module, of that
                    around it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from orderof.conventions.context import Context
from orderof.counts import NONE, Kind
from orderof.ops.work import work
from orderof.sym import ONE, ZERO, Expr, const

if TYPE_CHECKING:
    from orderof.counts import Counts
    from orderof.ir.graph import Attr, Node, Value

_SIZE = re.compile(r"(?:([xyg])(\d|n)|out)(?:_(\d|last|axis|rank|trained))?")
_PART = re.compile(r"(\w+)_(\d)")
_OPENS = re.compile(r"opens(?:_(\d))?")
_OF = re.compile(r"of(\d?)_(\w+)")
_BEFORE = re.compile(r"g[\dn](_\w+)?|of\d?_\w+|opens(_\d)?")
_OUTWARD = 3
"""So many modules outward openings are looked at."""
_KINDS = frozenset(map(str, Kind))
_LAID_OUT = {"expand", "reshape", "copy", "pad"}
"""What a function does to its operands before it works on them."""


def looks_back(name: str) -> bool:
    """Whether a name depends on what was before a node."""
    return _BEFORE.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Place:
    """What is around a node."""

    around: tuple[str, ...] = ()
    """The classes of the modules, the innermost last."""
    leaf: bool = True
    """Whether the innermost has no modules of its own."""
    out: tuple[Expr, ...] = ()
    """The shape of what comes out of the innermost module, of its first result."""
    reads: tuple[tuple[str, Expr], ...] = ()
    """The parameters that the node reads, by the last part of their names, with their elements."""
    learns: tuple[int, ...] = ()
    """Which operands depend on a trained parameter."""
    trained: bool = False
    """Whether the network is trained."""
    after: tuple[str, ...] = ()
    """Which operator made the first operand, ours and the framework's, for this node alone."""
    varies: bool = True
    """Whether the node depends on an input of the network."""
    again: bool = False
    """Whether the same was computed before."""
    masks: bool = False
    """Whether the module around it attends with a mask."""
    live: bool = True
    """Whether a result of the network depends on the node."""


class Site:
    """A node where it stands."""

    __slots__ = ("_context", "_counts", "_found", "node", "place")

    def __init__(
        self,
        node: Node,
        counts: Counts,
        place: Place,
        context: Context | None = None,
    ) -> None:
        self.node = node
        self.place = place
        self._counts = counts
        self._context = context or Context()
        self._found: dict[str, Expr] = {}

    @property
    def written(self) -> Expr:
        """How often the node stands in the program: in a loop of the model's own once."""
        return self._context.written[self.node]

    @property
    def past(self) -> object:
        """What a name that looks back can depend on."""
        makers = (self._maker(n) for n in range(len(self.node.operands)))
        before = tuple(Site(m, NONE, Place(), self._context)._kind() if m else None for m in makers)
        return self._kind(), before, tuple(map(self._opens, range(_OUTWARD)))

    def _kind(self) -> object:
        node, learned = self.node, self._context.learned
        given = tuple((v.type, self._given(v).type, v in learned) for v in node.operands)
        return node.op, node.attrs, given, tuple(v.type for v in node.results)

    def _opens(self, outward: int) -> str:
        path = self.node.scope
        for _ in range(outward):
            path = path.rpartition(".")[0]
        return self._context.openings.get(path, "")

    def value(self, e: Expr) -> Expr:
        """Evaluate an expression of the names above."""
        if e.value is not None:
            return e
        return e.subs({name: self[name] for name in e.symbols()})

    def holds(self, e: Expr, value: Expr | str) -> bool:
        """Whether an expression has a value, or an attribute is a text."""
        if isinstance(value, Expr):
            return self.value(e) == value
        if match := _OPENS.fullmatch(str(e)):
            return fnmatchcase(self._opens(int(match[1] or 0)), value)
        return str(self.node.attr(str(e))) == value

    def __getitem__(self, name: str) -> Expr:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._find(name)
        return found

    def _find(self, name: str) -> Expr:
        if match := _SIZE.fullmatch(name):
            if match[3] == "trained":
                return const(int(self._learns(match[2])))
            axis = match[3] if match[3] != "axis" else str(self.node.attr("axis", "last"))
            return _size(self._shape(match[1], match[2]), axis)
        if match := _OF.fullmatch(name):
            maker = self._maker(int(match[1] or 0))
            return Site(maker, NONE, Place(), self._context)[match[2]] if maker else ZERO
        match name:
            case "macs":
                return self._counts.macs()
            case "taps":
                return work(self.node, "exact").macs()
            case "ops":
                return self._counts.ops()
            case "operands":
                return const(len(self.node.operands))
            case "batch":
                return self["x0_0"]
            case "depth":
                return const(max(len(self.place.around) - 1, 0))
            case "params":
                return Expr.sum(elements for _, elements in self.place.reads)
            case "leaf" | "trained" | "varies" | "again" | "masks" | "live":
                return const(int(getattr(self.place, name)))
            case _ if name in _KINDS:
                return self._counts.group_by(lambda kind, _: kind).get(name, ZERO)
            case _:
                return _attribute(self.node, name)

    def _shape(self, kind: str | None, at: str | None) -> tuple[Expr, ...] | None:
        if kind is None or at is None:
            return self.place.out
        values = self.node.results if kind == "y" else self.node.operands
        n = len(values) - 1 if at == "n" else int(at)
        if not 0 <= n < len(values):
            return None
        return (self._given(values[n]) if kind == "g" else values[n]).shape

    def _learns(self, at: str | None) -> bool:
        operands = self.node.operands
        n = len(operands) - 1 if at == "n" else int(at or 0)
        return n < len(operands) and operands[n] in self._context.learned

    def _maker(self, n: int) -> Node | None:
        operands = self.node.operands
        return self._context.makers.get(operands[n]) if n < len(operands) else None

    def _given(self, value: Value) -> Value:
        """Give an operand as the function that this node is of was given it."""
        own, makers = self.node.origin, self._context.makers
        while own and own.function and (maker := makers.get(value)):
            same = maker.origin and maker.origin.function == own.function
            if not same or maker.op not in _LAID_OUT or maker.scope != self.node.scope:
                break
            (value, *_) = maker.operands
        return value


def _attribute(node: Node, name: str) -> Expr:
    value = node.attr(name)
    if value is None and (match := _PART.fullmatch(name)):
        numbers: tuple[Attr, ...] = node.attr(match[1], ())
        place = int(match[2])
        return _number(numbers[place]) if place < len(numbers) else ZERO
    return _number(value)


def _size(shape: tuple[Expr, ...] | None, axis: str | None) -> Expr:
    if shape is None:
        return ZERO
    match axis:
        case None:
            return Expr.prod(shape)
        case "rank":
            return const(len(shape))
        case "last":
            return shape[-1] if shape else ONE
        case _:
            return shape[int(axis)] if int(axis) < len(shape) else ONE


def _number(value: Attr | Expr) -> Expr:
    """Give an attribute as a size."""
    match value:
        case bool() | int():
            return const(int(value))
        case float() if value.is_integer():
            return const(int(value))
        case Expr():
            return value
        case tuple():
            return Expr.prod(_number(v) for v in value)
        case _:
            return ZERO
