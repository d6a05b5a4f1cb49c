import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderof.views.numbers import LETTERS, amount, exact, rounded, share, unit_of


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0"),
        (1, "1"),
        (999, "999"),
        (9_999, "9999"),
        (10_000, "10.00 k"),
        (99_994, "99.99 k"),
        (99_995, "100.0 k"),  # rounds up into one digit more
        (999_499, "999.5 k"),
        (999_949, "999.9 k"),
        (999_950, "1.000 M"),  # not 1000 k
        (999_950_000_000, "1.000 T"),
        (999_949_999_999, "999.9 G"),
        (291_648_307_200, "291.6 G"),
        (10**30, "1.000 Q"),
        (123_456 * 10**30, "123456 Q"),
        (-1_234_567, "-1.235 M"),
        (Fraction(850, 3), "283.3"),
        (Fraction(99_999, 10), "10.00 k"),
        (Fraction(1, 30_000), "< 0.0001"),
        (Fraction(12_345_678, 10), "1.235 M"),
    ],
)
def test_amounts(n, text):
    assert amount(n) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (1_742_157_312, "1.742 G"),
        (579_747_072, "0.5797 G"),
        (11_796_480, "0.0118 G"),
        (50_000, "0.0001 G"),  # half a digit rounds up
        (49_999, "< 0.0001 G"),  # and what is less is not 0
        (1, "< 0.0001 G"),
        (0, "0"),
    ],
)
def test_small_numbers_in_the_unit_of_a_large_one(n, text):
    assert rounded(n, unit_of(291_648_307_200)) == text


@given(st.integers(10_000, 10**32))
def test_an_amount_has_four_digits_and_is_near(n):
    text = amount(n)
    number, letter = text.split()
    assert re.fullmatch(r"\d\.\d{3}|\d\d\.\d\d|\d{3}\.\d", number)
    assert abs(Fraction(number) * 1000 ** LETTERS.index(letter) - n) * 2000 <= n * Fraction(
        1001, 1000
    )


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (1, 1, "100.0 %"),
        (1, 3, "33.3 %"),
        (2, 3, "66.7 %"),
        (99_999, 100_000, "> 99.9 %"),
        (1, 100_000, "< 0.1 %"),
        (1, 2_000, "0.1 %"),
        (0, 7, "0 %"),
        (0, 0, "0 %"),
    ],
)
def test_shares(part, whole, text):
    assert share(part, whole) == text


def test_exact_integers_are_in_groups_of_three():
    assert exact(124_439_808) == "124,439,808"
