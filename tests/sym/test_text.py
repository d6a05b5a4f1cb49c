"""What is printed is read back, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sym.strategies import exprs

from orderof.errors import BadSpelling, Error
from orderof.sym import Expr, parse, symbols

B, S, d, h = symbols("B S d h")


@given(exprs)
def test_what_is_printed_is_read_back(e):
    assert parse(str(e)) == e
    assert str(parse(str(e))) == str(e)


@given(exprs)
def test_terms_are_printed_in_their_order(e):
    assert Expr.sum(Expr({mono: c}) for mono, c in e.terms()) == e
    assert str(e).startswith(str(Expr(dict([next(e.terms())]))) if e else "0")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (B - B, "0"),
        (-B, "-B"),
        (S * B * 2, "2*B*S"),
        (d + B**2 + B * S + 1 - S, "B**2 + B*S - S + d + 1"),
        (6 * d * d / h, "6*d**2/h"),
        (1 - B / h / h, "1 - B/h**2"),
        (-(d**2) + 1, "-d**2 + 1"),
    ],
)
def test_prints_a_python_expression(size, expected):
    assert str(size) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (" 2 * (B + 1)**2 ", 2 * B**2 + 4 * B + 2),
        ("(d/h)*h", d),
        ("min(3, max(2, 1))", 2),
        ("min*mod", parse("mod*min")),  # names of functions are names as any other
        ("-2**2", -4),
        ("1_000", 1000),
    ],
)
def test_reads_python_expressions(source, expected):
    assert parse(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "",
        "B +",
        "B; S",
        "B = 1",
        "2.5*B",
        "True",
        "'B'",
        "B % S",
        "B // 2",
        "B**S",
        "2**3**2",
        "B.real",
        "B[0]",
        "B < S",
        "[B]",
        "(lambda: 1)()",
        "__import__('os')",
        "ceildiv(B)",
        "floordiv(B, 2, 3)",
        "mod(B)",
        "ceillog2(B, 2)",
        "min()",
        "min(*B)",
        "max(a=B)",
        "sqrt(B)",
        "B\0",
        "(" * 300 + "B" + ")" * 300,
        "-" * 100_000 + "B",
    ],
)
def test_refuses_what_is_no_size(source):
    with pytest.raises(BadSpelling, match="is not an expression of sizes"):
        parse(source)


@given(st.text("BS2+-*/(),. minodcel\n", max_size=12))
def test_any_text_is_a_size_or_an_error_of_ours(source):
    try:
        e = parse(source)
    except Error:
        return
    assert parse(str(e)) == e
