"""The equation of a Nest, and its counts as they follow from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from orderof.analyses.derivation.types import Count, times
from orderof.counts import Kind
from orderof.ir.access import Axis, Compose, Fixed, Window, axes_of
from orderof.ir.scalar import FUNCTIONS, Power, position, steps
from orderof.ops.nest import effective, typed
from orderof.ops.work import domain
from orderof.sym import ONE, ZERO, Expr, const, symbol
from orderof.written import Apply, Entry, Equal, Product, Reduced, Total, Word

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from orderof.ir.access import Index
    from orderof.ir.forms import Nest
    from orderof.ir.graph import Node
    from orderof.ir.scalar import Scalar
    from orderof.ops.work import Padding
    from orderof.written import Written

_EXACT = 2**53
POOL = "ijklmnopqrstuvwacefgxyz"
"""Letters for indices, after those that the operator itself or the size suggests."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """An equation with what its names stand for, the ranges of its indices, and its counts."""

    equation: Written
    where: tuple[tuple[str, Written], ...]
    ranges: tuple[tuple[str, Expr], ...]
    counts: tuple[Count, ...]


def spoken(
    node: Node, nest: Nest, names: Sequence[Entry], taken: Collection[str], padding: Padding
) -> Spoken:
    """Write the equation of a node; `names` are its operands and its result."""
    letters = _letters(nest, taken)
    sizes = nest.sizes
    indexed = [
        Entry(e.name, (*e.index, *(_position(i, letters, sizes) for i in acc)))
        for e, acc in zip(names, (*nest.ins, nest.out), strict=True)
    ]
    *ins, out = indexed
    write = _Scalars(ins, letters)
    body = write.top(nest.body)
    if nest.reduce:
        written = {a for i in nest.out if not isinstance(i, Window) for a in axes_of(i)}
        over = tuple(letters[a] for a, n in nest.axes if a not in written and n != ONE)
        body = Reduced(nest.reduce, over, body)
    return Spoken(
        Equal((out, body)),
        tuple(write.shared),
        tuple((letters[a], n) for a, n in nest.axes if n != ONE),
        tuple(_counts(node, nest, padding)),
    )


def _letters(nest: Nest, taken: Collection[str]) -> dict[str, str]:
    """Name each axis by one letter that stands for nothing else."""
    found: dict[str, str] = {}
    for axis, size in nest.axes:
        size_letter = str(size).lower() if len(str(size)) == 1 else ""
        wanted = [axis] if len(axis) == 1 else []
        wanted += [size_letter] if size_letter.isalpha() else []
        free = (x for x in (*wanted, *POOL) if x not in taken and x not in found.values())
        found[axis] = next(free, f"i_{len(found)}")
    return found


def _position(index: Index, letters: Mapping[str, str], sizes: Mapping[str, Expr]) -> Expr:
    match index:
        case Axis(name):
            return _at(name, letters, sizes)
        case Compose(names):
            at = ZERO
            for name in names:
                at = at * sizes[name] + _at(name, letters, sizes)
            return at
        case Window(outer, inner, stride, dilation, pad):
            first, second = _at(outer, letters, sizes), _at(inner, letters, sizes)
            return first * stride + second * dilation - pad
        case Fixed():
            return ZERO
        case _:
            assert_never(index)


def _at(axis: str, letters: Mapping[str, str], sizes: Mapping[str, Expr]) -> Expr:
    """Give the index of an axis; one of size 1 has no other than 0."""
    return ZERO if sizes[axis] == ONE else symbol(letters[axis])


class _Scalars:
    """Writes the body of a nest; what stands in it more than once gets a name."""

    def __init__(self, ins: Sequence[Entry], letters: Mapping[str, str]) -> None:
        self.ins = ins
        self.letters = letters
        self.shared: list[tuple[str, Written]] = []
        self._known: dict[Scalar, Written] = {}

    def top(self, body: Scalar) -> Written:
        users = Counter(a for s in steps(body) for a in s.args)
        for s in steps(body):
            if users[s] > 1:
                name = f"u_{len(self.shared) + 1}"
                self.shared.append((name, self._write(s)))
                self._known[s] = Entry(name)
        return self._write(body)

    def _write(self, s: Scalar) -> Written:
        if s in self._known:
            return self._known[s]
        if s.fn == "var":
            return self.ins[position(s)]
        if s.fn == "coord":
            return symbol(self.letters[str(s.at)])
        if s.fn == "const":
            return _number(s.at)
        args = tuple(map(self._write, s.args))
        return Apply(s.fn, args, FUNCTIONS[s.fn].infix)


def _number(at: object) -> Written:
    if isinstance(at, Power):
        if at.exponent == 1:
            return at.base
        return Apply("pow", (at.base, Word(f"{at.exponent:g}")))
    if isinstance(at, int):
        return const(at)
    if isinstance(at, float) and at.is_integer() and abs(at) < _EXACT:
        return const(int(at))
    return Word(f"{at:g}")


def _counts(node: Node, nest: Nest, padding: Padding) -> list[Count]:
    """Count: the points times the body, and one less than the terms for each output."""
    ins, out = tuple(v.type for v in node.operands), node.results[0].type
    kinds, _ = typed(nest.body, effective(ins), cast=out.dtype)
    points, outputs = domain(nest, ins, out, padding)
    whole = times(tuple(n for _, n in nest.axes))
    every: Written = whole if Expr.prod(n for _, n in nest.axes) == points else points
    found = [
        Count(kind, times((const(n), every)), points * n)
        for kind, n in Counter(kind for kind, _ in kinds).items()
    ]
    joins = points - outputs
    if nest.reduce and joins:
        found.append(Count(Kind(nest.reduce), _joins(nest, points, outputs), joins))
    return found


def _joins(nest: Nest, points: Expr, outputs: Expr) -> Written:
    """Write outputs * (terms - 1) where every output has as many terms."""
    kept = {a for i in nest.out for a in axes_of(i)}
    out = tuple(n for a, n in nest.axes if a in kept)
    terms = Expr.prod(n for a, n in nest.axes if a not in kept)
    if Expr.prod(out) == outputs and outputs * terms == points and terms.value is None:
        return times((*out, Total((terms, -ONE))))
    if Expr.prod(out) == outputs and outputs * terms == points:
        return times((*out, terms - 1))
    return Total((points, Product((-ONE, outputs))))
