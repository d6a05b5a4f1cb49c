"""Written mathematics: what it is worth, and how it looks in each notation."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderof.errors import VerifyError
from orderof.sym import Expr, const, symbols
from orderof.written import Apply, Entry, Equal, Product, Reduced, Total, Word, worth
from orderof.written.notation import LATEX, MATHML, TEXT, write

B, m, n, i, j = symbols("B m n i j")
ONE = const(1)

LEAVES = st.sampled_from([B, m, n, const(2), m + n, 3 * m, m - n, const(-2)])
WRITTEN = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)),
        st.sampled_from([Product, Total]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


@given(WRITTEN)
def test_text_means_what_it_is_worth(w):
    """Brackets stand where they must: Python reads the text as the same number."""
    sizes = {"B": 3, "m": 5, "n": 7}
    value = worth(w)
    assert isinstance(value, Expr)
    assert eval(write(w, TEXT), {}, sizes) == value.at(sizes)


@given(WRITTEN)
def test_equal_holds_its_sides_to_one_another(w):
    value = worth(w)
    Equal((w, value))
    with pytest.raises(VerifyError):
        Equal((w, value + 1))


X = Entry("x_1", (i, 2 * j - 1))
CASES = {
    X: ("x_1[i, 2*j - 1]", r"x_{1}[i, 2\,j - 1]"),
    Apply("mul", (Apply("add", (X, ONE), "+"), X), "*"): (
        "(x_1[i, 2*j - 1] + 1) * x_1[i, 2*j - 1]",
        r"(x_{1}[i, 2\,j - 1] + 1)\,x_{1}[i, 2\,j - 1]",
    ),
    Apply("sub", (ONE, Apply("sub", (ONE, Entry("a")), "-")), "-"): ("1 - (1 - a)", "1 - (1 - a)"),
    Apply("div", (ONE, Apply("add", (ONE, Entry("a")), "+")), "/"): (
        "1 / (1 + a)",
        r"\frac{1}{1 + a}",
    ),
    Apply("div", (Entry("a"), Apply("mul", (Entry("b"), Entry("c")), "*")), "/"): (
        "a / (b * c)",
        r"\frac{a}{b\,c}",
    ),
    Apply("neg", (Apply("add", (Entry("a"), ONE), "+"),)): ("-(a + 1)", "-(a + 1)"),
    Apply("select", (Apply("gt", (Entry("a"), const(0))), ONE, const(0))): (
        "1 if a > 0 else 0",
        r"\begin{cases} 1 & \text{if } a > 0 \\ 0 & \text{else} \end{cases}",
    ),
    Apply("pow", (m, Word("-0.5"))): ("pow(m, -0.5)", "{(m)}^{-0.5}"),
    Apply("sqrt", (Entry("a"),)): ("sqrt(a)", r"\sqrt{a}"),
    Reduced("max", ("j",), X): (
        "maximum over j of x_1[i, 2*j - 1]",
        r"\max_{j} x_{1}[i, 2\,j - 1]",
    ),
    Apply("mul", (Entry("a"), Word("-0.001")), "*"): ("a * (-0.001)", r"a\,(-0.001)"),
    Equal((Product((B, n)), B * n)): ("B*n", r"B\,n"),
    Equal((Product((B, Total((n, -ONE)))), B * n - B)): (
        "B * (n - 1) = B*n - B",
        r"B\,(n - 1) = B\,n - B",
    ),
}


@pytest.mark.parametrize("w", CASES, ids=[v[0] for v in CASES.values()])
def test_notations(w):
    text, latex = CASES[w]
    assert write(w, TEXT) == text
    assert write(w, LATEX) == latex
    opened = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Reader().feed(write(w, MATHML))
    assert opened == []
