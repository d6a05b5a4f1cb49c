"""A derivation run as the program that it is: every equation executed, every operation tallied.

Of the derivation only what a reader sees is used: the equations, the ranges of their indices, the
words about views and loops. Values are plain floats in dicts by index.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass, field

from orderof.sym import Expr
from orderof.written import Apply, Entry, Reduced, Word

FUNCTIONS = {
    "add": ("add", lambda a, b: a + b),
    "sub": ("add", lambda a, b: a - b),
    "mul": ("mul", lambda a, b: a * b),
    "div": ("div", lambda a, b: a / b),
    "max": ("max", max),
    "gt": ("cmp", lambda a, b: a > b),
    "ge": ("cmp", lambda a, b: a >= b),
    "eq": ("cmp", lambda a, b: a == b),
    "select": ("select", lambda c, a, b: a if c else b),
    "neg": ("neg", lambda a: -a),
    "exp": ("exp", math.exp),
    "log": ("log", math.log),
    "tanh": ("tanh", math.tanh),
    "sqrt": ("sqrt", math.sqrt),
    "rsqrt": ("rsqrt", lambda a: a**-0.5),
    "erf": ("erf", math.erf),
}


@dataclass
class Tensor:
    shape: tuple[int, ...]
    data: dict[tuple[int, ...], float]

    def __getitem__(self, i):
        """The slice at the first index."""
        rest = {k[1:]: v for k, v in self.data.items() if k[0] == i}
        return Tensor(tuple(1 + max(x) for x in zip(*rest, strict=True)), rest)


def tensor(shape, values):
    places = itertools.product(*map(range, shape))
    return Tensor(tuple(shape), dict(zip(places, values, strict=True)))


def flat(t):
    return [t.data[i] for i in sorted(t.data)]


def reshape(t, shape):
    return tensor(tuple(int(n) for n in shape), flat(t))


def permute(t, order):
    data = {tuple(i[a] for a in order): v for i, v in t.data.items()}
    return Tensor(tuple(t.shape[a] for a in order), data)


def part(t, axis, start, stop):
    data = {
        (*i[:axis], i[axis] - start, *i[axis + 1 :]): v
        for i, v in t.data.items()
        if start <= i[axis] < stop
    }
    return Tensor((*t.shape[:axis], stop - start, *t.shape[axis + 1 :]), data)


def split(t, axis, sizes):
    ends = list(itertools.accumulate(map(int, sizes)))
    return [part(t, axis, end - int(n), end) for n, end in zip(sizes, ends, strict=True)]


def concat(*ts, axis):
    data, at = {}, 0
    for t in ts:
        for i, v in t.data.items():
            data[(*i[:axis], i[axis] + at, *i[axis + 1 :])] = v
        at += t.shape[axis]
    return Tensor((*ts[0].shape[:axis], at, *ts[0].shape[axis + 1 :]), data)


def fill(shape, value=0):
    return tensor([int(n) for n in shape], [float(value)] * math.prod(int(n) for n in shape))


WORDS = {
    "reshape": reshape, "permute": permute, "slice": part, "split": split, "concat": concat,
    "fill": fill, "copy": lambda t: t,
}  # fmt: skip


@dataclass
class Program:
    dims: dict[str, int]
    values: dict[str, Tensor]
    tally: Counter = field(default_factory=Counter)

    def run(self, derivation):
        for chapter in derivation.chapters:
            steps = [s for layer in chapter.layers for s in layer.steps]
            for turns, group in itertools.groupby(steps, lambda s: s.turns):
                self.turn(list(group), turns)
        return self

    def turn(self, steps, turns):
        if not turns:
            for s in steps:
                self.step(s, {}, first=True)
            return
        (turn,) = turns
        n = turn.trip.at(self.dims)
        order = range(n)[::-1] if turn.reverse else range(n)
        for t in order:
            for s in steps:
                self.step(s, {turn.index: t}, first=t == order[0], last=t == order[-1])

    def step(self, s, turn, *, first, last=False):
        if s.equation is not None:
            self.equation(s, turn)
        elif s.op == "turn":
            self.handed(s, turn, first=first, last=last)
        else:
            self.words(s, turn)

    def equation(self, s, turn):
        target, body = s.equation.sides
        sizes = {i: n.at(self.dims) for i, n in s.ranges}
        reduced = isinstance(body, Reduced)
        inner = body.body if reduced else body
        terms: dict[tuple[int, ...], list[float]] = {}
        shaped = [i for i in target.index if i.symbols()] if target.index else []
        if not shaped and reduced and isinstance(inner, Entry):  # whole tensors are added up
            self.added(target, body, sizes)
            return
        for places in itertools.product(*map(range, sizes.values())):
            env = {**self.dims, **turn, **dict(zip(sizes, places, strict=True))}
            names = {}
            for name, stands in s.where:
                names[name] = self.value(stands, env, names)
            at = tuple(i.at(env) for i in target.index)
            terms.setdefault(at, []).append(self.value(inner, env, names))
        for at, found in terms.items():
            if reduced:
                self.tally[body.fn] += len(found) - 1
            whole = {"add": sum, "max": max}[body.fn](found) if reduced else found[0]
            self.store(target.name, at, whole)

    def added(self, target, body, sizes):
        ((_, n),) = sizes.items()
        tensors = [self.values[body.body.name][t] for t in range(n)]
        for i in tensors[0].data:
            self.tally["add"] += n - 1
            self.store(target.name, i, sum(t.data[i] for t in tensors))

    def value(self, w, env, names):
        match w:
            case Expr():
                return w.at(env)
            case Word(text):
                return float(text)
            case Entry(name, ()) if name in names:
                return names[name]
            case Entry(name, index):
                return self.values[name].data[tuple(i.at(env) for i in index)]
            case Apply("pow", (Expr() as base, Word(text))):  # a number that is known beforehand
                return base.at(env) ** float(text)
            case Apply(fn, args):
                kind, function = FUNCTIONS[fn]
                self.tally[kind] += 1
                return function(*(self.value(a, env, names) for a in args))
        raise AssertionError(w)

    def store(self, name, at, value):
        t = self.values.setdefault(name, Tensor((), {}))
        t.data[at] = value
        t.shape = tuple(max(a, b + 1) for a, b in itertools.zip_longest(t.shape, at, fillvalue=0))

    def words(self, s, turn):
        text = s.says.partition(":")[0]
        found = eval(text, {}, {**WORDS, **self.dims, **turn, **self.values})
        for (name, _), t in zip(s.defines, found if len(s.defines) > 1 else [found], strict=True):
            for i, v in t.data.items():
                self.store(name, (*turn.values(), *i), v)

    def handed(self, s, turn, *, first, last):
        start = re.fullmatch(r"(.+) in the first turn, then what was handed on", s.says)
        if start and first:
            source = eval(start[1], {}, {**self.dims, **self.values})
            for i, v in source.data.items():
                self.store(s.defines[0][0], (*turn.values(), *i), v)
        elif not start and not last:
            into, source = s.says.partition(":")[0].split(" = ")
            name, index = re.fullmatch(r"(\w+)\[(.+)\]", into).groups()
            at = eval(index, {}, turn)
            for i, v in eval(source, {}, {**self.dims, **turn, **self.values}).data.items():
                self.store(name, (at, *i), v)
