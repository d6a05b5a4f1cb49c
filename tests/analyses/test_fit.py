"""Power laws through points whose slope is known."""

import pytest

from orderof.analyses.fit import Slope, Timed, fit, slope
from orderof.errors import BadSpelling


def points(seconds, operations=lambda n: n * n, sizes=(8, 16, 32, 64, 128)):
    return [Timed(n, (seconds(n),) * 3, operations(n)) for n in sizes]


def test_a_power_law_is_found_exactly():
    assert slope([1, 3, 9, 27], [5.0, 45.0, 405.0, 3645.0]) == Slope(2.0, 0.0)


def test_the_interval_is_that_of_the_textbook():
    """Three points, residuals 1, -2, 1 times e: b = 0, s**2 = 6*e**2, spread = 2, t(1) = 12.706."""
    from math import exp

    found = slope([exp(0), exp(1), exp(2)], [exp(0.1), exp(-0.2), exp(0.1)])
    assert found.value == pytest.approx(0)
    assert found.margin == pytest.approx(12.706 * (0.06 / 2) ** 0.5)


def test_two_points_are_too_few():
    with pytest.raises(BadSpelling, match="is too few sizes for a slope"):
        slope([1, 2], [1.0, 2.0])


def test_times_that_follow_the_operations_agree():
    found = fit(points(lambda n: 1e-9 * n * n))
    assert (found.measured.value, found.derived, found.agrees) == (2, 2, True)
    assert found.overheads_below is None


def test_constant_overheads_rule_where_the_rate_is_below_half():
    found = fit(points(lambda n: 1e-3 + 1e-6 * n * n, sizes=(4, 8, 16, 32, 64, 128, 256)))
    assert found.overheads_below == 16  # 256e-6 beside 1e-3; at 32 it is 1024e-6
    assert found.measured.value < 1.6 < found.above.value
    assert not found.measured.holds(2)


def test_times_that_grow_otherwise_do_not_agree():
    found = fit(points(lambda n: 1e-9 * n**3))
    assert found.measured.value == 3
    assert not found.agrees


def test_the_median_counts():
    assert Timed(1, (5.0, 1.0, 2.0), 10).typical == 2
    assert Timed(1, (5.0, 1.0, 2.0), 10).rate == 5
