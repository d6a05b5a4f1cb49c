"""Questions about the layers of a derivation, and what is wrong with an answer.

An answer is right if it is the same formula in any form. A wrong one is held to the mistakes that
can be made with this layer, each the truth with one thing changed; where none fits, the terms that
differ are named.

>>> from orderof.sym import parse
>>> q = Question("multiplications of (1)", (), parse("B*m*n"), (Slip(parse("m*n"), "no batch"),))
>>> judge(q, parse("n*B*m")).right, judge(q, parse("m*n")).says
(True, ('no batch',))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.analyses.derivation.report import WORDS
from orderof.analyses.derivation.types import Part
from orderof.analyses.explain import below
from orderof.errors import Indivisible
from orderof.sym import ONE, Expr
from orderof.sym.show import factored
from orderof.written import Equal, Product, Reduced
from orderof.written.notation import TEXT, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orderof.analyses.derivation.types import Count, Derivation, Layer, Step


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake: the answer that it gives, and what is wrong with it."""

    answer: Expr
    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, the equations it is about, the answer, and mistakes that are often made."""

    asks: str
    equations: tuple[str, ...]
    truth: Expr
    slips: tuple[Slip, ...]
    solution: tuple[str, ...] = ()
    """The lines of the derivation."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is right, and what there is to say about it."""

    right: bool
    says: tuple[str, ...]


def questions(found: Derivation, scope: str = "") -> tuple[Question, ...]:
    """Ask for the counts of the layers of the forward pass, each kind of layer once."""
    layers = (x for c in found.chapters if c.part is Part.FORWARD for x in c.layers)
    inside = (x for x in layers if below(x.scope, scope))
    return tuple(q for x in inside if x.like is None and x.ops for q in _asked(x))


def _asked(x: Layer) -> Iterator[Question]:
    """Ask for each frequent kind of a layer, then for all its operations."""
    equations = tuple(line for s in x.steps for line in _lines(s))
    where = x.scope or "the network"
    counts = [(s, c) for s in x.steps for c in s.counts]
    kinds = dict.fromkeys(c.kind for _, c in counts)
    for kind in kinds if len(kinds) > 1 else ():
        mine = [(s, c) for s, c in counts if c.kind is kind]
        truth = Expr.sum(c.value * s.times for s, c in mine)
        asks = f"How many {WORDS[kind]} does {where} take?"
        yield Question(asks, equations, truth, _slips(mine, truth), _solved(mine, truth))
    what = WORDS[next(iter(kinds))] if len(kinds) == 1 else "operations in all"
    asks, slips = f"How many {what} does {where} take?", _slips(counts, x.ops)
    yield Question(asks, equations, x.ops, slips, _solved(counts, x.ops))


def _lines(s: Step) -> Iterator[str]:
    if s.equation is None:
        names = ", ".join(name for name, _ in s.defines)
        yield f"({s.number}) {names}{' is ' if names else ''}{s.says}"
        return
    ranges = ", ".join(f"{i} < {n}" for i, n in s.ranges)
    turns = "".join(f", in each of {t.trip} turns {t.index}" for t in s.turns)
    yield f"({s.number}) {write(s.equation, TEXT)}  for {ranges}{turns}"
    yield from (f"    where {name} = {write(stands, TEXT)}" for name, stands in s.where)


def _solved(counts: list[tuple[Step, Count]], truth: Expr) -> tuple[str, ...]:
    lines = [
        f"({s.number}) {WORDS[c.kind]}: {write(Equal((_every(s, c), c.value * s.times)), TEXT)}"
        for s, c in counts
    ]
    return (*lines, f"in all: {factored(truth)}")


def _every(s: Step, c: Count) -> Product:
    return Product((*(t.trip for t in s.turns), c.written))


def _slips(counts: list[tuple[Step, Count]], truth: Expr) -> tuple[Slip, ...]:
    """Keep the mistakes that change the answer."""
    return tuple(slip for slip in _mistakes(counts, truth) if slip.answer != truth)


def _mistakes(counts: list[tuple[Step, Count]], truth: Expr) -> Iterator[Slip]:
    """Change one thing: leave a count out, count it twice, forget a factor or the first term."""
    if "B" in truth.symbols():
        yield Slip(truth.subs({"B": 1}), "B is missing: every example of the batch is computed")
    yield from _firsts(counts, truth)
    for s, c in counts:
        name, value = f"the {WORDS[c.kind]} of ({s.number})", c.value * s.times
        yield Slip(truth - value, f"{name} are missing: {factored(value)}")
        yield Slip(truth + value, f"{name} are counted twice")
        for t in s.turns:
            yield Slip(truth - value + c.value, f"{name} are needed in each of {t.trip} turns")
        yield from _factors(s, name, value, truth)


def _factors(s: Step, name: str, value: Expr, truth: Expr) -> Iterator[Slip]:
    for index, n in s.ranges:
        if n == ONE:
            continue
        try:
            less = value / n
        except Indivisible:
            continue
        if any(power < 0 for mono, _ in less.terms() for _, power in mono):
            continue
        yield Slip(truth - value + less, f"{name} lack a factor {n}: there is one for each {index}")
        yield Slip(truth - value + value * n, f"{name} have a factor {n} too many")


def _firsts(counts: list[tuple[Step, Count]], truth: Expr) -> Iterator[Slip]:
    """A sum of n terms takes n - 1 additions, not n; where it is of products, not their number."""
    more = truth
    for s, c in counts:
        if not (isinstance(s.equation, Equal) and isinstance(s.equation.sides[-1], Reduced)):
            continue
        made = Expr.prod(n for _, shape in s.defines for n in shape) * s.times
        if c.kind == s.equation.sides[-1].fn:
            why = f"a sum of n terms takes n - 1 additions: in ({s.number}) one less for each"
            yield Slip(truth + made, why)
            more = more + made
    yield Slip(more, "a sum of n terms takes n - 1 additions: one less for each result of a sum")


def judge(q: Question, answer: Expr, dims: Mapping[str, int] | None = None) -> Verdict:
    """Say whether an answer is right, and else which term is wrong and why."""
    if answer == q.truth:
        return Verdict(right=True, says=())
    if answer.value is not None and dims and q.truth.symbols() <= dims.keys():
        return _number(q, answer.value, dims)
    for slip in q.slips:
        if slip.answer == answer:
            return Verdict(right=False, says=(slip.why,))
    return Verdict(right=False, says=tuple(_terms(q.truth, answer)))


def _number(q: Question, n: int, dims: Mapping[str, int]) -> Verdict:
    """Judge a number at the sizes of the network."""
    if q.truth.at(dims) == n:
        return Verdict(right=True, says=(f"as a formula: {factored(q.truth)}",))
    fits = (s.why for s in q.slips if s.answer.symbols() <= dims.keys() and s.answer.at(dims) == n)
    return Verdict(right=False, says=(next(fits, f"{n:,} it is not"),))


def _terms(truth: Expr, answer: Expr) -> Iterator[str]:
    """Name the terms that differ."""
    wanted, given = dict(truth.terms()), dict(answer.terms())
    unknown = sorted(answer.symbols() - truth.symbols())
    if unknown:
        yield f"{', '.join(unknown)} has nothing to do with it"
    for mono in {**wanted, **given}:
        term = Expr({mono: 1})
        have, want = given.get(mono, 0), wanted.get(mono, 0)
        if have == want or set(unknown) & term.symbols():
            continue
        if not have:
            yield f"the term {want * term} is missing"
        elif not want:
            yield f"there is no term {have * term}"
        else:
            yield f"the term {term} is there {want} times, not {have}"
