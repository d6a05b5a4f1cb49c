"""The six functions fold by their laws, and folding changes no value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sym.strategies import exprs, polynomials, sizes, unquotiented

from orderof.errors import Inconclusive, Indivisible
from orderof.sym import (
    at_least,
    bounds,
    ceildiv,
    ceillog2,
    floordiv,
    maximum,
    minimum,
    mod,
    parse,
    symbols,
)

B, S, d, h, H = symbols("B S d h H")
numbers = st.integers(1, 12)


# -------------------------------------------------------------------------------------- division


@given(unquotiented, unquotiented, numbers)
def test_multiples_of_the_divisor_leave_the_division(x, y, n):
    assert floordiv(x + n * y, n) == y + floordiv(x, n)
    assert ceildiv(x + n * y, n) == y + ceildiv(x, n)
    assert mod(x + n * y, n) == mod(x, n)


@given(unquotiented, numbers)
def test_rounding_up_is_rounding_down(x, n):
    assert ceildiv(x, n) == floordiv(x + n - 1, n)


@given(unquotiented, numbers, numbers, st.integers(-20, 20))
def test_common_factors_leave_the_division(x, m, n, c):
    assert floordiv(m * x + c, m * n) == floordiv(x + floordiv(c, m), n)
    assert ceildiv(m * x + c, m * n) == ceildiv(x + ceildiv(c, m), n)


@given(polynomials, polynomials, numbers, numbers)
def test_nested_divisions_are_one(x, y, m, n):
    assert floordiv(floordiv(x, m) + y, n) == floordiv(x + m * y, m * n)
    assert ceildiv(ceildiv(x, m) + y, n) == ceildiv(x + m * y, m * n)


@given(unquotiented, numbers)
def test_negative_divisors_turn_the_sign(x, n):
    assert floordiv(x, -n) == floordiv(-x, n)
    assert ceildiv(x, -n) == ceildiv(-x, n)


@pytest.mark.parametrize("s", range(1, 9))
def test_outputs_of_a_strided_window_are_written_one_way(s):
    assert floordiv(H - 1, s) + 1 == ceildiv(H, s)
    assert ceildiv(H - s, s) + 1 == ceildiv(H, s)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (floordiv(H - 1, 2) + 1, "ceildiv(H, 2)"),
        (ceildiv(ceildiv(H, 2), 2), "ceildiv(H, 4)"),
        (floordiv(floordiv(H - 3, 2) + 1 - 3, 2) + 1, "floordiv(H + 1, 4) - 1"),
        (floordiv(2 * H + 2, 4), "ceildiv(H, 2)"),
        (floordiv(4 * H + 3, 4), "H"),
        (ceildiv(B * S + B, S + 1), "ceildiv(B*S + B, S + 1)"),
        (ceildiv(B * S, S), "B"),
        (ceildiv(d / h, 2), "ceildiv(d/h, 2)"),
        (floordiv(2 * d / h, 2), "d/h"),
        (mod(5 * H + 7, 3), "mod(2*H + 1, 3)"),
        (mod(B * S, S), "0"),
        (floordiv(mod(H, 3), 3), "0"),
        (ceildiv(H, H), "1"),
        (ceildiv(0, H - S), "0"),
        (mod(0, H), "0"),
    ],
)
def test_canonical_form(size, expected):
    assert str(size) == expected


@pytest.mark.parametrize("divide", [ceildiv, floordiv, mod])
def test_division_by_zero_is_refused(divide):
    for ask in (
        lambda: divide(H, 0),
        lambda: divide(5, 0),
        lambda: divide(5, H - H),
        lambda: divide(H, S - 1).at(H=5, S=1),
    ):
        with pytest.raises(Indivisible):
            ask()


# --------------------------------------------------------------------------------- min and max


@pytest.mark.parametrize("extreme", [minimum, maximum])
@given(a=unquotiented, b=unquotiented, c=unquotiented)
def test_extremes_form_semilattices(extreme, a, b, c):
    assert extreme(a) == extreme(a, a) == a
    assert extreme(a, b) == extreme(b, a)
    assert extreme(a, extreme(b, c)) == extreme(extreme(a, b), c) == extreme(c, b, a)


@given(exprs, exprs, exprs, sizes())
def test_folding_of_extremes_keeps_the_value(a, b, c, env):
    try:
        values = [x.at(env) for x in (a, b, c)]
    except Indivisible:
        return
    assert minimum(a, b, c).at(env) == min(values)
    assert maximum(a, b, c).at(env) == max(values)
    assert maximum(a, minimum(b, c)).at(env) == max(values[0], min(values[1:]))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (minimum(B, 1), "1"),
        (maximum(B, 1), "B"),
        (maximum(0, B - 1), "B - 1"),
        (maximum(B, B + 1, B * S), "max(B + 1, B*S)"),
        (minimum(B * S, 3 * B * S), "B*S"),
        (minimum(mod(B, 4), 3), "mod(B, 4)"),
        (maximum(d / h, 1), "d/h"),
        (maximum(2 * d / h, 2), "max(2, 2*d/h)"),  # h | 2*d alone leaves 1 possible
    ],
)
def test_extremes_fold_as_far_as_bounds_tell(size, expected):
    assert str(size) == expected


@given(numbers, numbers)
def test_logarithm_is_the_depth_of_a_tree(leaves, more):
    n = leaves * more
    depth = ceillog2(n).value
    assert 2**depth >= n > 2**depth // 2
    assert ceillog2(0) == ceillog2(1) == 0


# --------------------------------------------------------------------------- bounds, comparison


@given(exprs, sizes())
def test_bounds_hold(e, env):
    low, high = bounds(e)
    try:
        value = e.at(env)
    except Indivisible:
        return
    assert low is None or low <= value
    assert high is None or value <= high


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("7", (7, 7)),
        ("B*S", (1, None)),
        ("-2*B", (None, -2)),
        ("B - S", (None, None)),
        ("d/h", (1, None)),
        ("3*d/h", (1, None)),
        ("6/h", (1, 6)),
        ("mod(B, 8)", (0, 7)),
        ("mod(min(B, 5), S)", (0, 5)),
        ("min(B, 5) + 2*max(S, 3)", (1 + 2 * 3, None)),
        ("2*min(B, 5)**2", (2, 2 * 5**2)),
        ("ceildiv(B, S)", (1, None)),
        ("floordiv(B, S)", (0, None)),
        ("floordiv(B - 8, 4)", (-2, None)),
        ("ceildiv(min(B, 9), S + 1)", (1, 5)),
        ("floordiv(B, S - 5)", (None, None)),
        ("ceillog2(min(B, 9))", (0, 4)),
        ("ceillog2(B + 8)", (4, None)),
    ],
)
def test_bounds_are_as_close_as_terms_allow(source, expected):
    assert bounds(parse(source)) == expected


@given(exprs, exprs, sizes())
def test_a_decided_comparison_holds_everywhere(a, b, env):
    try:
        decided = at_least(a, b)
        truth = a.at(env) >= b.at(env)
    except (Inconclusive, Indivisible):
        return
    assert decided is truth


@pytest.mark.parametrize(
    ("a", "b"), [(B, S), (B, 2), (ceildiv(B, 2), S), (mod(B, 3), 1), (B**2, 2 * B), (d / h, 2)]
)
def test_an_undecidable_comparison_is_refused(a, b):
    with pytest.raises(Inconclusive, match="cannot be decided"):
        at_least(a, b)


def test_a_decidable_comparison_is_decided():
    assert at_least(B, 1)
    assert at_least(B * S + B, 2)
    assert at_least(3, minimum(B, 3))
    assert not at_least(0, B)
    assert not at_least(mod(B, 3), 3)
