"""A formula for sizes without a rest is the formula at such sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderof.sym import ceildiv, divisible, floordiv, mod, parse, symbols

B, H, W = symbols("B H W")


@pytest.mark.parametrize(
    ("text", "plain", "multiples"),
    [
        ("5*B*H", "5*B*H", {}),
        ("8*ceildiv(H, 2) + 4*ceildiv(H, 4)", "5*H", {"H": 4}),
        ("16*ceildiv(H, 4)*ceildiv(W, 4)", "H*W", {"H": 4, "W": 4}),
        ("ceildiv(H, 2)*ceildiv(W, 2)", "floordiv(H, 2)*floordiv(W, 2)", {"H": 2, "W": 2}),
        ("6*floordiv(H + 1, 4)", "6*floordiv(H, 4)", {"H": 4}),
        ("mod(H, 2)*B + H", "H", {"H": 2}),
        ("min(H, 7) + ceildiv(H, 2)", "min(H, 7) + ceildiv(H, 2)", {}),
    ],
)
def test_examples(text, plain, multiples):
    assert divisible(parse(text)) == (parse(plain), multiples)


POWERS = st.sampled_from([1, 2, 4, 8])
PART = st.tuples(st.integers(1, 48), st.sampled_from([H, W]), st.integers(-3, 9), POWERS)
PARTS = st.lists(PART, max_size=5)


@given(PARTS, PARTS, st.integers(1, 6), st.integers(1, 6))
def test_at_multiples_it_is_the_same_number(up, down, i, j):
    e = sum((c * B * ceildiv(x + k, n) for c, x, k, n in up), start=B)
    e = e + sum((c * floordiv(x + k, n) for c, x, k, n in down), start=B)
    plain, multiples = divisible(e)
    sizes = {"B": 3, "H": i * multiples.get("H", 1), "W": j * multiples.get("W", 1)}
    assert plain.at(sizes) == e.at(sizes)


def test_quotients_stay_where_letters_would_have_fractions():
    assert divisible(mod(H, 3) + ceildiv(H, 2)) == (3 * floordiv(H, 6), {"H": 6})
