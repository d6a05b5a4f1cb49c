"""Numbers as text: four digits and an SI letter, shares, integers in full. All in integers.

>>> [rounded(n, unit_of(291648307200)) for n in (291648307200, 1742157312, 5025)]
['291.6 G', '1.742 G', '< 0.0001 G']
>>> amount(999950000000), amount(9999), amount(10000)
('1.000 T', '9999', '10.00 k')
>>> share(1, 3), share(1, 5000), exact(124439808)
('33.3 %', '< 0.1 %', '124,439,808')
"""

from __future__ import annotations

LETTERS = ("", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q")
PLAIN = 10_000
"""Integers below this are shown in full: they have four digits as they are."""
ALL = 1000
"""The whole, in tenths of a per cent."""
DECIMALS = 4
"""No more digits than this stand behind the point."""


def unit_of(largest: int) -> int:
    """Give the power of 1000 to write numbers in, such that the largest is below 1000.

    After rounding, that is: 999,950,000,000 is 1.000 T and not 1000 G.
    """
    n = abs(largest)
    if n < PLAIN:
        return 0
    unit = 1
    while _divide(n * 10, 1000**unit) >= PLAIN and unit < len(LETTERS) - 1:
        unit += 1
    return unit


def rounded(n: int, unit: int) -> str:
    """Write n in a unit, with four digits and no more than four behind the point."""
    if n < 0:
        return f"-{rounded(-n, unit)}"
    if unit == 0 or n == 0:
        return str(n)
    letter, scale = LETTERS[unit], 1000**unit
    decimals = DECIMALS
    while decimals and _divide(n * 10**decimals, scale) >= PLAIN:
        decimals -= 1
    digits = _divide(n * 10**decimals, scale)
    if not digits:
        return f"< 0.0001 {letter}"
    whole, rest = divmod(digits, 10**decimals)
    return f"{whole}.{rest:0{decimals}} {letter}" if decimals else f"{whole} {letter}"


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


def _divide(n: int, by: int) -> int:
    """Divide and round to the nearest, halves up."""
    return (2 * n + by) // (2 * by)
