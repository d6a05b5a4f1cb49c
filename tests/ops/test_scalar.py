"""The table of scalar functions, the folding of trivial work, and derivatives of bodies."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle.interpreter import evaluate

from orderof.ir.scalar import FUNCTIONS, Const, G, Scalar, Var, Y, adjoint, apply, depth, steps

STEP = 1e-6


def _erf(x):
    t = np.linspace(0, x, 20001)
    return 2 / np.sqrt(np.pi) * np.trapezoid(np.exp(-t * t), t)


def _erfinv(y):
    """Follow dx/dy = exp(x * x) * sqrt(pi)/2 from 0, in small steps of fourth order."""
    x, h = 0.0, y / 2000

    def slope(x):
        return np.exp(x * x) * np.sqrt(np.pi) / 2

    for _ in range(2000):
        a = slope(x)
        b = slope(x + h * a / 2)
        c = slope(x + h * b / 2)
        x += h * (a + 2 * b + 2 * c + slope(x + h * c)) / 6
    return x


ONE = [(-1.3,), (0.4,), (2.2,)]
INSIDE = [(-0.6,), (0.2,), (0.9,)]
ABOVE = [(0.3,), (1.7,), (4.0,)]
TWO = [(0.7, 1.9), (-1.1, 0.6), (2.5, -0.4)]
TIES = [*TWO, (1.0, 1.0), (0.0, -0.0)]
BITS = [(a, b) for a in (False, True) for b in (False, True)]
TABLE = {
    "add": (np.add, TWO),
    "sub": (np.subtract, TWO),
    "mul": (np.multiply, TWO),
    "div": (np.divide, TWO),
    "neg": (np.negative, ONE),
    "abs": (np.abs, ONE),
    "max": (np.maximum, TWO),
    "min": (np.minimum, TWO),
    "ge": (np.greater_equal, TIES),
    "gt": (np.greater, TIES),
    "eq": (np.equal, TIES),
    "ne": (np.not_equal, TIES),
    "and": (np.logical_and, BITS),
    "or": (np.logical_or, BITS),
    "xor": (np.logical_xor, BITS),
    "not": (np.logical_not, [(False,), (True,)]),
    "select": (np.where, [(True, 1.5, -2.0), (False, 1.5, -2.0)]),
    "causal": (lambda s, t, a, b: np.where(t <= s, a, b), [(0, 1, 3.0, 4.0), (2, 2, 3.0, 4.0)]),
    "exp": (np.exp, ONE),
    "log": (np.log, ABOVE),
    "sqrt": (np.sqrt, ABOVE),
    "rsqrt": (lambda x: 1 / np.sqrt(x), ABOVE),
    "pow": (np.power, [(0.7, 1.9), (2.5, -0.4), (1.3, 3.0)]),
    "sin": (np.sin, ONE),
    "cos": (np.cos, ONE),
    "tanh": (np.tanh, ONE),
    "asin": (np.arcsin, INSIDE),
    "acos": (np.arccos, INSIDE),
    "atan": (np.arctan, ONE),
    "atan2": (np.arctan2, TWO),
    "erfinv": (_erfinv, INSIDE),
    "erf": (_erf, ONE),
    "floor": (np.floor, ONE),
    "ceil": (np.ceil, ONE),
    "round": (np.round, ONE),
    "trunc": (np.trunc, ONE),
    "cast": (np.positive, ONE),
}
"""Function -> (the same by numpy, points at which to compare)."""

every = pytest.mark.parametrize("fn", sorted(TABLE))


def test_every_function_is_in_the_table():
    assert sorted(FUNCTIONS) == sorted(TABLE)


@every
def test_value_is_that_of_numpy(fn):
    reference, points = TABLE[fn]
    for point in points:
        assert FUNCTIONS[fn].value(*point) == pytest.approx(reference(*point), rel=1e-8)


@every
def test_partial_derivatives_are_finite_differences(fn):
    reference, points = TABLE[fn]
    args = tuple(map(Var, range(len(points[0]))))
    partials = FUNCTIONS[fn].partials(Scalar(fn, args), *args)
    for point in points:
        if fn in {"ge", "gt", "eq", "ne", "and", "or", "xor", "not"}:
            assert {*partials} == {None}
            continue
        for i, partial in enumerate(partials):
            if partial is None and fn in {"select", "causal"}:
                continue  # a condition, or a position
            found = 0 if partial is None else _value(partial, point)
            ends = [reference(*_moved(point, i, h)) for h in (STEP, -STEP)]
            assert found == pytest.approx((ends[0] - ends[1]) / (2 * STEP), rel=1e-6, abs=1e-8)


def _moved(point, i, h):
    return (*point[:i], point[i] + h, *point[i + 1 :])


def _value(body, point, also=None):
    return evaluate(body, dict(enumerate(point)) | (also or {}))[0]


# ------------------------------------------------------------------------------- expressions

NUMBERS = st.sampled_from([0, 1, -1, 2, 0.5, -3])
LEAVES = st.one_of(st.integers(0, 2).map(Var), NUMBERS.map(Const))
POINTS = st.tuples(*[st.integers(-2000, 2000)] * 3).map(
    lambda point: tuple(x / 1000 + (i + 1) * 1e-4 for i, x in enumerate(point))
)
"""Three numbers, none of them 0 and no two the same."""
quick = settings(max_examples=150)


def trees(join):
    """Draw expressions; `join(fn, *args)` makes an application."""
    unary = ("neg", "abs", "sin", "cos", "tanh", "erf", "cast")
    binary = ("add", "sub", "mul", "max", "min", "div", "mul", "add")

    def grow(inner):
        choice = st.tuples(st.sampled_from(("gt", "ge")), inner, inner, inner, inner)
        return st.one_of(
            st.tuples(st.sampled_from(unary), inner).map(lambda t: join(*t)),
            st.tuples(st.sampled_from(binary), inner, inner).map(lambda t: join(*t)),
            choice.map(lambda t: join("select", join(*t[:3]), *t[3:])),
            st.tuples(st.just("select"), st.just(("gt", Var(0), Const(0))), NUMBERS, NUMBERS).map(
                lambda t: join("select", join(*t[1]), Const(t[2]), Const(t[3]))
            ),
            st.tuples(inner, st.sampled_from((1, 2, 3))).map(
                lambda t: join("pow", t[0], Const(t[1]))
            ),
        )

    return st.recursive(LEAVES, grow, max_leaves=8)


def _refold(body):
    """Build a body again through `apply`, which folds."""
    return apply(body.fn, *map(_refold, body.args)) if body.args else body


@quick
@given(trees(lambda fn, *args: Scalar(fn, args)), POINTS)
def test_folding_keeps_the_value_and_adds_no_work(body, point):
    try:
        plain = _value(body, point)
    except (ZeroDivisionError, OverflowError):
        assume(False)
    folded = _refold(body)
    assert _value(folded, point) == pytest.approx(plain, rel=1e-9, abs=1e-9)
    assert depth(folded) <= depth(body)


@quick
@given(trees(lambda fn, *args: Scalar(fn, args)))
def test_steps_and_depth_are_those_of_an_execution(body):
    try:
        _, ops, chain = evaluate(body, {0: 0.3, 1: -0.7, 2: 1.9})
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assert len(steps(body)) == sum(ops.values())
    assert depth(body) == chain
    done = set()
    for s in steps(body):
        assert all(a in done for a in s.args if a.args)
        done.add(s)


SMOOTH = st.sampled_from(("sin", "cos", "tanh", "erf", "neg", "exp", "log", "sqrt", "rsqrt"))
GUARD = {"exp": lambda a: apply("tanh", a)} | dict.fromkeys(
    ("log", "sqrt", "rsqrt"), lambda a: 1 + a * a
)
"""Keeps what goes into an exponential small, and what goes into a root positive."""


def _smooth(inner):
    return st.one_of(
        st.tuples(SMOOTH, inner).map(lambda t: apply(t[0], GUARD.get(t[0], lambda a: a)(t[1]))),
        st.tuples(st.sampled_from(("add", "sub", "mul")), inner, inner).map(lambda t: apply(*t)),
        st.tuples(inner, inner).map(lambda t: t[0] / (2 + apply("tanh", t[1]))),
        st.tuples(inner, inner).map(lambda t: apply("pow", 1 + t[0] * t[0], apply("sin", t[1]))),
        st.tuples(inner, inner).map(lambda t: apply("max", t[0], t[1] + 5)),
        st.tuples(inner, inner).map(lambda t: apply("select", apply("gt", t[0], 9), t[0], t[1])),
    )


@pytest.mark.parametrize("saved", [None, Y], ids=["computed again", "saved"])
@quick
@given(body=st.recursive(st.integers(0, 2).map(Var), _smooth, max_leaves=8), point=POINTS)
def test_adjoint_is_a_finite_difference(saved, body, point):
    g, y = 1.7, _value(body, point)
    assume(abs(y) < 1e4)
    found = adjoint(body, saved)
    known = {-1: g, -2: y}
    for i in range(3):
        value = _value(found[i], point, also=known) if i in found else 0
        ends = [_value(body, _moved(point, i, h)) for h in (STEP, -STEP)]
        expected = g * (ends[0] - ends[1]) / (2 * STEP)
        assume(abs(expected) < 1e6)
        assert value == pytest.approx(expected, rel=1e-4, abs=1e-5 * (1 + abs(y)))


def test_adjoint_of_what_reads_nothing_is_empty():
    assert adjoint(Const(3), None) == {}
    assert adjoint(Var(1), None) == {1: G}


def test_equal_subexpressions_are_one_operation():
    x = Var(0)
    assert [s.fn for s in steps(x * x + x * x)] == ["mul", "add"]
    assert math.isclose(_value(x * x + x * x, (1.5,)), 4.5)
