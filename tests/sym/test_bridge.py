"""SymPy, which shares no code with Expr, gives the same values."""

import subprocess
import sys

import pytest
import sympy
from hypothesis import given, settings
from tests.sym.strategies import build, exprs, polynomials, sizes, trees, value

from orderof.errors import BadSpelling, Indivisible
from orderof.sym import parse
from orderof.sym.bridge import from_sympy, to_sympy

x, y = sympy.symbols("x y", integer=True, positive=True)


def at(formula, env):
    """The value of a SymPy formula."""
    return formula.subs({s: env[s.name] for s in formula.free_symbols})


@settings(max_examples=60)
@given(trees, sizes())
def test_values_are_those_of_sympy(tree, env):
    expected = value(tree, env)
    assert at(to_sympy(build(tree)), env) == expected


@settings(max_examples=60)
@given(exprs, sizes())
def test_there_and_back_keeps_the_value(e, env):
    back = from_sympy(to_sympy(e))
    try:
        expected = e.at(env)
    except Indivisible:
        return
    assert back.at(env) == expected


@settings(max_examples=60)
@given(polynomials, polynomials)
def test_polynomials_are_those_of_sympy(a, b):
    assert to_sympy(a * b) == sympy.expand(to_sympy(a) * to_sympy(b))
    assert from_sympy(sympy.factor(to_sympy(a * b))) == a * b


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("0", sympy.Integer(0)),
        ("3*x**2 - y", 3 * x**2 - y),
        ("x*y/x**2", y / x),
        ("6/x", 6 / x),
        ("ceildiv(x, 2)", sympy.ceiling(x / 2)),
        ("floordiv(x + 1, y)", sympy.floor((x + 1) / y)),
        ("floordiv(x + 1, 4)", sympy.floor((x + 1) / 4)),
        ("mod(x, y)", sympy.Mod(x, y)),
        ("min(x, y + 1)", sympy.Min(x, y + 1)),
        ("max(x, 2*y)", sympy.Max(x, 2 * y)),
        ("ceillog2(x*y) + 1", sympy.ceiling(sympy.log(x * y, 2)) + 1),
    ],
)
def test_there_and_back(source, expected):
    assert to_sympy(parse(source)) == expected
    assert from_sympy(expected) == parse(source)


def test_remainders_of_fractions_are_exact():
    e = parse("mod(d/h, d)")
    assert e.at(d=2, h=2) == from_sympy(to_sympy(e)).at(d=2, h=2) == 1


def test_logarithm_of_what_may_be_zero_is_zero():
    assert at(to_sympy(parse("ceillog2(x - 1)")), {"x": 1}) == 0


@pytest.mark.parametrize(
    "formula", [sympy.pi, sympy.sqrt(x), sympy.sin(x), x**y, sympy.oo, sympy.Float(2), sympy.I]
)
def test_refuses_what_is_no_size(formula):
    with pytest.raises(BadSpelling):
        from_sympy(formula)


@pytest.mark.parametrize("formula", [x / 2, sympy.Rational(1, 2), x * (x + 1) / 2])
def test_refuses_coefficients_that_are_no_integers(formula):
    with pytest.raises(Indivisible):
        from_sympy(formula)


def test_sympy_is_not_imported_before_it_is_asked_for():
    code = "import sys, orderof.sym.bridge, orderof.sym.show; assert 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
