"""Random sizes, as trees that are built into an Expr and, without its code, into an integer."""

import math
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import assume, reject
from hypothesis import strategies as st

from orderof.errors import Indivisible
from orderof.sym import (
    Expr,
    ceildiv,
    ceillog2,
    ceilpow2,
    const,
    floordiv,
    maximum,
    minimum,
    mod,
    symbol,
)

NAMES = "BSdh"


@dataclass(frozen=True)
class Tree:
    """An operation on trees, or a leaf: a symbol, an integer, or the exact quotient d/h."""

    op: str
    args: tuple


BUILD = {
    "symbol": symbol,
    "integer": const,
    "d/h": lambda: symbol("d") / symbol("h"),
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "ceildiv": ceildiv,
    "floordiv": floordiv,
    "mod": mod,
    "min": minimum,
    "max": maximum,
    "ceillog2": ceillog2,
    "ceilpow2": ceilpow2,
}

VALUE = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "ceildiv": lambda a, b: math.ceil(Fraction(a, b)),
    "floordiv": lambda a, b: math.floor(Fraction(a, b)),
    "mod": lambda a, b: a - b * math.floor(Fraction(a, b)),
    "min": lambda *args: min(args),
    "max": lambda *args: max(args),
    "ceillog2": lambda a: next(k for k in range(1000) if 2**k >= a),
    "ceilpow2": lambda a: next(2**k for k in range(1000) if 2**k >= a),
}


def build(tree):
    """The Expr of a tree; examples that divide by zero whatever the sizes are thrown away."""
    args = [build(a) if isinstance(a, Tree) else a for a in tree.args]
    try:
        return BUILD[tree.op](*args)
    except Indivisible:
        reject()


def value(tree, env):
    """The integer of a tree; examples that divide by zero are thrown away."""
    match tree:
        case Tree("symbol", (name,)):
            return env[name]
        case Tree("integer", (n,)):
            return n
        case Tree("d/h", ()):
            assert env["d"] % env["h"] == 0
            return env["d"] // env["h"]
    args = [value(a, env) for a in tree.args]
    assume(tree.op not in {"ceildiv", "floordiv", "mod"} or args[1] != 0)
    return VALUE[tree.op](*args)


small = st.integers(1, 9)


@st.composite
def sizes(draw):
    """A positive integer for each symbol, where h divides d."""
    env = {name: draw(small) for name in NAMES}
    env["d"] *= env["h"]
    return env


def integers(low, high):
    return st.integers(low, high).map(lambda n: Tree("integer", (n,)))


letters = st.sampled_from(NAMES).map(lambda name: Tree("symbol", (name,)))
whole = letters | integers(-3, 9)
leaves = whole | st.just(Tree("d/h", ()))


def _sums(inner):
    return st.builds(Tree, st.sampled_from("+-*"), st.tuples(inner, inner))


def _calls(inner):
    division = st.sampled_from(["ceildiv", "floordiv", "mod"])
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        _sums(inner),
        st.builds(Tree, division, st.tuples(inner, integers(1, 6) | inner)),
        st.builds(Tree, st.sampled_from(["min", "max"]), several),
        st.builds(Tree, st.sampled_from(["ceillog2", "ceilpow2"]), st.tuples(inner)),
    )


trees = st.recursive(leaves, _calls, max_leaves=9)
"""All that an Expr can hold."""
exprs = trees.map(build)
unquotiented = st.recursive(whole, _calls, max_leaves=9).map(build)
"""Without d/h."""
polynomials = st.recursive(whole, _sums, max_leaves=6).map(build)
"""Without d/h and without calls."""


@st.composite
def positives(draw):
    """A sum of products with coefficients >= 1."""
    letter = st.sampled_from(NAMES).map(symbol)
    return Expr.sum(
        draw(small) * Expr.prod(draw(st.lists(letter, max_size=2)))
        for _ in range(draw(st.integers(1, 3)))
    )


@st.composite
def substitutions(draw):
    """A size for some symbols, where that of h divides that of d."""
    h = draw(small) * draw(st.sampled_from(NAMES).map(symbol) | st.just(const(1)))
    images = {"B": draw(positives()), "S": draw(positives()), "h": h, "d": h * draw(positives())}
    kept = {"h", "d", *draw(st.sets(st.sampled_from("BS")))}
    return {name: images[name] for name in images if name in kept}
