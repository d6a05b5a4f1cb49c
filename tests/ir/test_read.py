"""Texts that are wrong: each gives one error, which names the line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderof.errors import BadSpelling, Error, ShapeMismatch, UnknownOperator, VerifyError
from orderof.ir.line import split
from orderof.ir.text import parse_graph, print_graph
from orderof.ops import lookup

GOOD = """\
graph net(B=2, d=3) {
  module fc : Linear times 2
  input %x : float32[B, d]
  param %w : float32[d, d]
  %0 : float32[B, d] = matmul(%x, %w)  @ fc
  %1 : float32[B, d] = nest exp.d0 "m n -> m n" {exp(x0)} [m=B, n=d] (%0)  @ fc backward
  %2 : float32[B] = sum(%1) {dims=(1,)}
  %3 : float32[B] = loop time trip=[d] carry=1 const=0 stack=0 (%2) {
    input %0 : float32[B]
    return %0
  }
  %4 : float32[B] = irregular x.y "a" span=[1] reads=[B] writes=[B] counts=[cmp.int8: 2*B] (%3)
  grad %w -> %w
  return %4
}
"""


def parse(text):
    return parse_graph(text, lookup)


def test_the_text_is_good():
    assert print_graph(parse(GOOD)) == GOOD


def test_white_space_and_comments_are_free():
    loose = "# a network\n\n" + GOOD.replace("  @", "@").replace("\n", "  \n\n # so\n")
    assert print_graph(parse(loose)) == GOOD


WRONG = [
    ("graph net", "graf net", 1, "`graph `: should stand"),
    ("(B=2, d=3) {", "(B=2, d=3)", 1, "`{`: is missing"),
    ("(B=2,", "(B=two,", 1, "two"),
    ("module fc", "modul fc", 2, "modul: begins no statement"),
    ("times 2", "times 2 2", 2, "is not an expression of sizes"),
    ("float32[B, d]\n", "float32[B, d] d\n", 3, "more than the line can hold"),
    ("input %x :", "input x :", 3, "a value: should stand at `x"),
    ("param %w :", "param %w", 4, "`:`: should stand"),
    ("param %w : float32[d, d]", "param %w : float32[d, d", 4, "is not closed"),
    ("param %w : float32[d, d]", "param %w : float32[d, *]", 4, "not an expression of sizes"),
    ("param %w", "param %x", 4, "%x: is defined twice"),
    (
        "%0 : float32[B, d] = matmul",
        "%0 : float32[d, B] = matmul",
        5,
        "the text says float32[d, B]",
    ),
    (
        "%0 : float32[B, d] = matmul",
        "%0, %9 : float32[B, d] = matmul",
        5,
        "2 results: have 1 types",
    ),
    ("matmul(%x, %w)", "matmul(%x, %v)", 5, "%v: is not defined above"),
    ("matmul(%x, %w)", "matmul(%x, %0)", 5, "%0: is not defined above"),
    ("matmul(%x, %w)", "matmul(%x)", 5, "line 5"),
    ("matmul(%x, %w)", "matmul(%w, %x)", 5, "axis k is d in one operand, B in another"),
    ("matmul(%x, %w)", "matmul(%x, %w", 5, "is not closed"),
    ("matmul(%x, %w)", "matmul %x, %w", 5, "`(`: should stand"),
    ("matmul(%x, %w)", "matmul(%x, %w) {axis}", 5, "cannot be read"),
    ("@ fc\n", "@ fc upward\n", 5, "`upward`: is no phase"),
    ("@ fc\n", "@ fc from here\n  x", 6, "x: begins no statement"),
    ("exp(x0)", "sinh(x0)", 6, "sinh: is no scalar function"),
    ("exp(x0)", "exp(x0", 6, "`{`: is not closed"),
    ("exp(x0)", "exp x0", 6, "cannot be read"),
    ('"m n -> m n"', '"m n - m n"', 6, "is no signature"),
    ('"m n -> m n"', '"m n -> m ?"', 6, "is not an index"),
    ('"m n -> m n"', '"m s*h+1*r -> m n"', 6, "KeyError"),
    ("[m=B,", "[m,", 6, "not an expression of sizes"),
    ("sum(%1) {dims=(1,)}", "sum(%1) {dim=(1,)}", 7, "unexpected keyword argument"),
    ("sum(%1) {dims=(1,)}", "sum(%1)", 7, "missing 1 required"),
    ("sum(%1) {dims=(1,)}", "sum(%1) {", 7, "opens the body of a composite, a loop"),
    ("carry=1", "carry=one", 8, "a number: should stand"),
    ("const=0 ", "", 8, "`const=`: should stand"),
    ("(%2) {", "(%2)", 8, "opens the body"),
    ("    return %0", "    return %2", 10, "%2: is not defined above"),
    ("    return %0\n", "", 10, "`return`: is missing above"),
    ("cmp.int8", "compare.int8", 12, "compare"),
    ("span=[1]", "span=[]", 12, "not enough values"),
    ("grad %w -> %w", "grad %w", 13, "shorter"),
    ("return %4", "return %4,", 14, ": is not defined above"),
    ("return %4\n", "return %4\n  return %4\n", 15, "stands after `return`"),
    ("return %4\n}", "return %4\n}\n}", 16, "the graph has ended above"),
]


@pytest.mark.parametrize(("old", "new", "number", "message"), WRONG)
def test_what_cannot_be_read_is_named_with_its_line(old, new, number, message):
    assert GOOD.count(old) >= 1
    with pytest.raises(BadSpelling, match=re.escape(message)) as caught:
        parse(GOOD.replace(old, new, 1))
    assert caught.value.subject == f"line {number}"


def test_the_cause_is_kept():
    with pytest.raises(BadSpelling) as caught:
        parse(GOOD.replace("matmul(%x, %w)", "matmul(%w, %x)"))
    assert isinstance(caught.value.__cause__, ShapeMismatch)


@pytest.mark.parametrize("lines", range(len(GOOD.splitlines())))
def test_a_text_that_ends_early(lines):
    cut = "".join(GOOD.splitlines(keepends=True)[:lines])
    with pytest.raises(BadSpelling, match="line"):
        parse(cut)


def test_an_operator_without_declaration():
    with pytest.raises(UnknownOperator, match="matmux"):
        parse(GOOD.replace("matmul", "matmux"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[m=B, n=d]", "[m=B, n=B]"),
        ("%1 : float32[B, d] = nest", "%1 : float32[d, B] = nest"),
        ("%1 : float32[B, d] = nest", "%1 : float42[B, d] = nest"),
        ("carry=1", "carry=0"),
        ("reads=[B]", "reads=[]"),
        ("grad %w -> %w", "grad %w -> %x"),
        ("exp(x0)", "exp(x1)"),
        ("{exp(x0)}", "{exp(x0) | min}"),
        ("(B=2,", "(B=0,"),
    ],
)
def test_what_can_be_read_and_is_no_graph(old, new):
    with pytest.raises((VerifyError, BadSpelling)) as caught:
        parse(GOOD.replace(old, new, 1))
    assert caught.value.subject


@given(
    at=st.integers(0, len(GOOD) - 1),
    length=st.integers(0, 8),
    new=st.text('xB0 ,.:=%@(){}[]"*+-/|\n', max_size=3),
)
def test_a_damaged_text_is_a_graph_or_an_error_of_ours(at, length, new):
    damaged = GOOD[:at] + new + GOOD[at + length :]
    try:
        graph = parse(damaged)
    except Error:
        return
    text = print_graph(graph, lookup)  # an operator may have got the name of one that is declared
    assert print_graph(parse(text), lookup) == text


def test_split_keeps_brackets_and_strings_whole():
    assert split("a, max(b, c), [d, e], 'f, g', \"h, (\"") == [
        "a", "max(b, c)", "[d, e]", "'f, g'", '"h, ("',
    ]  # fmt: skip
    assert split("") == []
