"""Sizes form a commutative ring, evaluation and substitution respect it, quotients are exact."""

import copy
import os
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sym.strategies import (
    build,
    exprs,
    polynomials,
    sizes,
    substitutions,
    trees,
    value,
)

from orderof.errors import Indivisible, UnknownDim
from orderof.sym import ONE, ZERO, Expr, assumptions, ceildiv, const, minimum, symbol, symbols

B, S, d, h = symbols("B S d h")


def same(a, b):
    """Whether two Exprs are one: equal, of equal hash, printed alike."""
    return a == b and hash(a) == hash(b) and str(a) == str(b)


def or_refused(ask):
    """The answer, or None where a division has a rest."""
    try:
        return ask()
    except Indivisible:
        return None


@given(exprs, exprs, exprs)
def test_sizes_are_a_commutative_ring(a, b, c):
    assert same(a + b, b + a)
    assert same(a * b, b * a)
    assert same((a + b) + c, a + (b + c))
    assert same((a * b) * c, a * (b * c))
    assert same(a * (b + c), a * b + a * c)
    assert same(a + 0, a)
    assert same(a * 1, a)
    assert same(a - a, ZERO)
    assert same(a - b, -(b - a))


@given(st.lists(exprs | st.integers(-3, 3), max_size=5))
def test_many_at_once_is_one_after_the_other(items):
    total, product = ZERO, ONE
    for item in items:
        total, product = total + item, product * item
    assert same(Expr.sum(items), total)
    assert same(Expr.prod(items), product)


@given(exprs, st.integers(0, 4))
def test_power_is_repeated_multiplication(a, n):
    assert same(a**n, Expr.prod([a] * n))


@given(trees, sizes())
def test_value_is_that_of_plain_arithmetic(tree, env):
    expected = value(tree, env)
    assert build(tree).at(env) == build(tree).at(**env) == expected


@given(exprs, exprs, sizes())
def test_evaluation_is_a_homomorphism(a, b, env):
    x, y = or_refused(lambda: a.at(env)), or_refused(lambda: b.at(env))
    if x is not None and y is not None:
        assert (a + b).at(env) == x + y
        assert (a - b).at(env) == x - y
        assert (a * b).at(env) == x * y


@given(exprs, substitutions(), sizes())
def test_substitution_then_evaluation_is_evaluation(e, images, env):
    composed = env | {name: image.at(env) for name, image in images.items()}
    if composed["d"] % composed["h"] == 0:
        directly = or_refused(lambda: e.at(composed))
        in_two_steps = or_refused(lambda: e.subs(images).at(env))
        assert None in {directly, in_two_steps} or directly == in_two_steps


@given(polynomials, substitutions(), sizes())
def test_substitution_into_polynomials_is_never_refused(e, images, env):
    composed = env | {name: image.at(env) for name, image in images.items()}
    assert e.subs(images).at(env) == e.at(composed)
    assert e.subs(composed) == e.at(composed)


def test_substitution_is_simultaneous():
    assert (B + 2 * S).subs({"B": S, "S": B}) == S + 2 * B


def test_substitution_divides_after_multiplying():
    assert (d * S / h).subs({"d": 2, "S": 3, "h": 6}) == 1
    assert (2 * d / h).subs({"h": 2}) == d
    assert (d / h).subs({"d": 6}).subs({"h": 3}) == 2


@given(exprs)
def test_symbols_are_those_that_matter(e):
    assert e.symbols() <= set("BSdh")
    assert e.subs(dict.fromkeys(set("BSdh") - e.symbols(), const(7))) == e
    assert (e.value is None) == bool(e.symbols())


@given(exprs)
def test_survives_copies(e):
    assert same(pickle.loads(pickle.dumps(e)), e)
    assert same(copy.deepcopy(e), e)


def test_survives_a_process_boundary():
    e = 3 * B * ceildiv(S, 2) - d / h
    code = (
        "import pickle, sys; from orderof.sym import parse;"
        "there, here = pickle.load(sys.stdin.buffer), parse('3*B*ceildiv(S, 2) - d/h');"
        "assert there == here and hash(there) == hash(here) and there - here == 0"
    )
    env = os.environ | {"PYTHONHASHSEED": "1"}
    hash(e)  # which must not travel
    subprocess.run([sys.executable, "-c", code], input=pickle.dumps(e), check=True, env=env)


# ------------------------------------------------------------------------------ exact quotients


def test_quotient_times_divisor():
    assert (d / h) * h == d
    assert (6 * B * d / (2 * h)) * h == 3 * B * d
    assert (d / h) / (d / h) == 1
    assert d * h**-1 == (ONE / h) * d == d / h
    assert d / ceildiv(S, 2) * ceildiv(S, 2) == d


@given(exprs, st.integers(1, 9), st.lists(st.sampled_from("BSdh").map(symbol), max_size=3))
def test_division_undoes_multiplication(e, n, factors):
    divisor = n * Expr.prod(factors)
    assert same(e * divisor / divisor, e)


@pytest.mark.parametrize(
    ("a", "b"), [(d, B + S), (d, 0), (d + 1, 2), (3 * d, 2 * h), (const(7), 2), (ONE, ZERO)]
)
def test_refuses_quotients_that_cannot_be_exact(a, b):
    with pytest.raises(Indivisible):
        a / b


@given(st.integers(1, 50), st.integers(1, 12), st.integers(1, 6))
def test_quotient_is_exact_or_refused(x, y, c):
    if c * x % y:
        with pytest.raises(Indivisible, match=f"is not an integer at d={x}, h={y}"):
            (c * d / h + 1).at(d=x, h=y)
    else:
        assert (c * d / h + 1).at(d=x, h=y) == c * x // y + 1


def test_each_term_is_exact_by_itself():
    e = (d + S) / h
    assert assumptions(e) == {"h | d", "h | S"}
    assert e.at(d=6, S=3, h=3) == 6 // 3 + 3 // 3
    with pytest.raises(Indivisible):
        e.at(d=1, S=1, h=2)  # though h divides d + S


def test_quotient_by_a_call_that_is_zero_is_refused():
    with pytest.raises(Indivisible):
        (d / minimum(S - 1, B)).at(d=2, S=1, B=1)


# --------------------------------------------------------------------------- what is no size


@pytest.mark.parametrize("name", ["", "2B", "B S", "B-1", "lambda", "None"])
def test_refuses_names_that_cannot_be_read_back(name):
    with pytest.raises(UnknownDim):
        symbol(name)


def test_refuses_floats():
    products = (lambda: B * 2.0, lambda: 2.5 * B, lambda: ONE * 0.5)
    for make in (*products, lambda: const(1.5), lambda: B**2.0, lambda: B / 0.5):
        with pytest.raises(TypeError):
            make()


def test_names_the_size_that_is_missing():
    with pytest.raises(UnknownDim, match="S: has no value"):
        (B * ceildiv(S, 2)).at(B=1)


def test_integers_are_equal_to_sizes():
    assert const(3) == 3
    assert hash(const(3)) == hash(3)
    assert B - B == 0
    assert B != 3
    assert not B == "B"  # noqa: SIM201 - the operator itself is tested
    assert not ZERO
    assert B
