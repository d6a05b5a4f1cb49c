"""Attributes and bodies are written, read, and are the same."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderof.errors import BadSpelling
from orderof.ir.literal import ARITY, read_attrs, read_scalar, write_attrs
from orderof.ir.scalar import Const, Coord, G, Power, Scalar, Var, Y, adjoint, exp, text
from orderof.sym import ceildiv, const, symbols

B, d, e, inf = symbols("B d e inf")
SIZES = st.sampled_from(
    [B, d / e, 2 * B * d - 1, ceildiv(B, 2), const(6), const(0), const(-1), inf]
)
NUMBERS = st.integers() | st.floats() | st.booleans()
POWERS = st.builds(Power, SIZES, st.floats(allow_nan=False) | st.integers(-3, 3))
VALUES = st.recursive(
    NUMBERS | SIZES | POWERS | st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)
NAMES = st.sampled_from(["axis", "by", "shape", "size", "pow"])


@given(st.dictionaries(NAMES, VALUES).map(lambda found: tuple(found.items())))
def test_attributes(attrs):
    assert repr(read_attrs(write_attrs(attrs)[1:-1])) == repr(attrs)


LEAVES = (
    st.builds(Var, st.integers(0, 12))
    | st.builds(Coord, st.sampled_from(["h", "_0", "a1"]))
    | st.builds(Const, st.integers() | st.floats(allow_nan=False) | st.booleans())
    | st.builds(
        Const,
        st.builds(Power, st.sampled_from([B, d / e, B + d, const(4), const(1)]), st.floats(-2, 2)),
    )
)


def plain(s):
    return s.fn == "const" and not isinstance(s.at, Power)


def is_made(s):
    """A power of two numbers is a number; nobody makes the function of them."""
    return s.fn != "pow" or not all(map(plain, s.args))


def calls(inner):
    applied = [
        st.tuples(*[inner] * n).map(lambda args, fn=fn: Scalar(fn, args)) for fn, n in ARITY.items()
    ]
    return st.one_of(applied).filter(is_made)


@given(st.recursive(LEAVES, calls, max_leaves=12))
def test_bodies(body):
    assert read_scalar(text(body)) == body
    assert text(read_scalar(text(body))) == text(body)


def test_adjoints_are_read():
    body = adjoint(exp(Var(0) * Var(1)), Y)[0]
    assert read_scalar(text(body)) == body
    assert {a.at for a in read_scalar("g * y").args} == {G.at, Y.at}


def test_a_power_of_a_size_is_a_number_and_a_power_of_an_operand_is_work():
    assert read_scalar("pow(n, -1)").at == Power(symbols("n")[0], -1)
    assert read_scalar("pow(4, 1)").at == Power(const(4), 1)
    assert read_scalar("pow(4.5, x0)").args == (Const(4.5), Var(0))
    assert read_scalar("pow(x0, -1)").args == (Var(0), Const(-1))
    assert read_scalar("pow(pow(n, -1), 2)").fn == "pow"
    assert math.isinf(read_scalar("-inf").at)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x0 +",
        "x0 ** 2",
        "x0 @ x1",
        "z",
        "exp(x0, x1)",
        "pow(x0)",
        "at(1)",
        "sine(x0)",
        "exp(a=x0)",
        "x0.real",
        "__import__('os')",
        "(" * 300,
        "'x0'",
        "-x0",
    ],
)
def test_what_is_no_body(source):
    with pytest.raises(BadSpelling):
        read_scalar(source)


@pytest.mark.parametrize(
    "source",
    ["1", "a", "a=", "a=1, a=2", "**b", "a=b'x'", "a=1j", "a=...", "a=f(x)", "a=pow(2, n)", "a={}"],
)
def test_what_is_no_attribute(source):
    with pytest.raises(BadSpelling):
        read_attrs(source)
