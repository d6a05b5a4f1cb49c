"""Sums over a letter: against adding up, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderof.errors import NoFormula
from orderof.sym import const, parse, symbol
from orderof.sym.sums import power_sum, settled, total

n = symbol("n")


def test_known_sums():
    assert total(parse("1"), "i", n) == n
    assert total(parse("2*i - 1"), "i", n) == n * n
    assert str(total(parse("i"), "i", n)) == "floordiv(n**2 + n, 2)"
    assert str(total(parse("i*i"), "i", n)) == "floordiv(2*n**3 + 3*n**2 + n, 6)"
    assert str(total(parse("ceillog2(i)"), "i", n)) == "n*ceillog2(n) - ceilpow2(n) + 1"
    assert total(parse("i"), "i", const(100)) == 5050


powers = st.lists(st.integers(-4, 9), min_size=1, max_size=5)


@given(powers, st.integers(0, 3), st.integers(0, 40))
def test_adds_up(coefficients, depth, last):
    """Polynomials with letters and logarithms: the same as the loop that they stand for."""
    i, d = symbol("i"), symbol("d")
    e = sum((c * i**k * d for k, c in enumerate(coefficients)), start=parse("ceillog2(i)") * depth)
    found = total(e, "i", n)
    steps = [e.at(i=k, d=3) for k in range(1, last + 1)]
    assert found.at(n=last, d=3) == sum(steps)
    assert total(e, "i", const(last)).at(d=3) == sum(steps)


@given(st.integers(0, 12), st.integers(0, 30))
def test_power_sums(k, last):
    assert sum(c * last**i for i, c in enumerate(power_sum(k))) == sum(
        j**k for j in range(1, last + 1)
    )


@pytest.mark.parametrize("text", ["floordiv(i, 2)", "i*ceillog2(i)", "ceillog2(i)**2", "d/i"])
def test_no_closed_form(text):
    with pytest.raises(NoFormula, match="no closed sum over i"):
        total(parse(text), "i", n)


def test_sums_of_sums_are_settled():
    assert settled(parse("2*floordiv(n**2 + n, 2) - n")) == n * n
    assert settled(parse("6*floordiv(2*n**3 + 3*n**2 + n, 6)")) == parse("2*n**3 + 3*n**2 + n")
    for kept in ("floordiv(n**2 + n, 2)", "2*floordiv(n + 1, 2)", "4*ceildiv(n, 4)"):
        assert settled(parse(kept)) == parse(kept)
