"""Polynomials that are said to be never negative are not, wherever they are evaluated."""

from hypothesis import given
from hypothesis import strategies as st

from orderof.sym import parse
from orderof.sym.growth.positive import positive

ATOMS = ["S", "d", "S*d", "S**2", "d**2", "ceillog2(S)", "ceillog2(d)", "S*ceillog2(d)", "S/d", "1"]


@st.composite
def texts(draw):
    """Draw sums and differences of products."""
    parts = draw(st.lists(st.tuples(st.integers(-9, 9), st.sampled_from(ATOMS)), min_size=1))
    return " + ".join(f"{c}*{atom}" for c, atom in parts)


@given(texts(), st.integers(1, 9), st.integers(1, 9))
def test_what_is_positive_is_so_everywhere(text, a, b):
    e, least = parse(text), {"S": a, "d": b}
    if positive(e, least):
        for d in (b, b + 1, 7 * b, 1000 * b):
            for k in (1, 2, 50, 4000):
                assert e.at({"S": a * d * k, "d": d}) >= 0


def test_by_hand():
    assert positive(parse("n**2 - 4*n"), {"n": 4})
    assert not positive(parse("n**2 - 4*n"), {"n": 3})
    assert positive(parse("n - ceillog2(n)"), {})
    assert not positive(parse("S*ceillog2(S) - d"), {})
    assert positive(parse("d/h - 1"), {"d": 1, "h": 1}) is False  # h may be d + 1 for all we know
    assert positive(parse("S + max(d, 3) - 4"), {})
