"""Numbers as text: four digits and an SI letter, shares, integers in full. All exact.

>>> [rounded(n, unit_of(291648307200)) for n in (291648307200, 1742157312, 5025)]
['291.6 G', '1.742 G', '< 0.0001 G']
>>> amount(999950000000), amount(9999), amount(10000)
('1.000 T', '9999', '10.00 k')
>>> share(1, 3), share(1, 5000), exact(124439808)
('33.3 %', '< 0.1 %', '124,439,808')
>>> rounded(Fraction(6336, 25), 0), ratio(Fraction(6336, 25))
('253.4', '6,336/25')
"""

from __future__ import annotations

from fractions import Fraction

LETTERS = ("", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q")
PLAIN = 10_000
"""Integers below this are shown in full: they have four digits as they are."""
ALL = 1000
"""The whole, in tenths of a per cent."""
DECIMALS = 4
"""No more digits than this stand behind the point."""


def unit_of(largest: int | Fraction) -> int:
    """Give the power of 1000 to write numbers in, such that the largest is below 1000.

    After rounding, that is: 999,950,000,000 is 1.000 T and not 1000 G.
    """
    n = abs(largest)
    if _divide(n, 1) < PLAIN:
        return 0
    unit = 1
    while _divide(n * 10, 1000**unit) >= PLAIN and unit < len(LETTERS) - 1:
        unit += 1
    return unit


def rounded(n: int | Fraction, unit: int) -> str:
    """Write n in a unit, with four digits and no more than four behind the point."""
    if n < 0:
        return f"-{rounded(-n, unit)}"
    if n == 0 or (unit == 0 and n.denominator == 1):
        return str(n)
    letter, scale = LETTERS[unit], 1000**unit
    decimals = DECIMALS
    while decimals and _divide(n * 10**decimals, scale) >= PLAIN:
        decimals -= 1
    digits = _divide(n * 10**decimals, scale)
    if not digits:
        return f"< 0.0001 {letter}".rstrip()
    whole, rest = divmod(digits, 10**decimals)
    text = f"{whole}.{rest:0{decimals}} {letter}" if decimals else f"{whole} {letter}"
    return text.rstrip()


def amount(n: int) -> str:
    """Write a number that stands alone."""
    return rounded(n, unit_of(n))


def share(part: int, whole: int) -> str:
    """Write a share in per cent: 100.0 % is the whole and nothing less, 0 % is nothing at all."""
    if not part:
        return "0 %"
    tenths = _divide(part * ALL, whole)
    if not tenths:
        return "< 0.1 %"
    if tenths == ALL and part < whole:
        return "> 99.9 %"
    return f"{tenths // 10}.{tenths % 10} %"


def exact(n: int) -> str:
    """Write an integer in full, in groups of three."""
    return f"{n:,}"


def ratio(n: Fraction) -> str:
    """Write a Fraction in full."""
    return exact(n.numerator) if n.denominator == 1 else f"{n.numerator:,}/{n.denominator:,}"


def _divide(n: int | Fraction, by: int) -> int:
    """Divide and round to the nearest, halves up."""
    return (2 * n + by) // (2 * by)
