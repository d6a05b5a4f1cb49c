"""Random numbers and what is chosen by them, counted by hand."""

import pytest

from orderof import analyze

pytestmark = pytest.mark.framework


def cost(f, *args):
    return analyze(f, *args, symbolic=()).forward.ops()


def test_one_number_for_each_element_whatever_its_distribution():
    import torch

    x = torch.ones(3, 5)
    fills = ("exponential_", "cauchy_", "log_normal_", "random_", "normal_", "uniform_")
    for name in fills:
        assert cost(lambda x, name=name: getattr(x, name)(), x) == 15
    assert cost(lambda x: x.geometric_(0.5), x) == 15
    assert cost(torch.poisson, x) == 15
    assert cost(torch.binomial, x, x) == 15
    assert cost(lambda x: torch.randint_like(x, 3), x) == 15


def test_numbers_around_tensors_are_stretched_and_moved():
    import torch

    x = torch.ones(3, 5)
    assert cost(torch.normal, x, x) == 15 * (1 + 1 + 1)
    assert cost(lambda x: torch.normal(2.0, x), x) == 15 * (1 + 1 + 1)
    assert cost(lambda x: torch.normal(x, 2.0), x) == 15 * (1 + 1)
    assert cost(lambda x: torch.normal(0.0, 1.0, (3, 5), out=x), x) == 15


def test_places_are_drawn():
    import torch

    p = torch.ones(3, 5)
    keys = 15 + 15  # a random number and a division for each place
    assert cost(lambda p: torch.multinomial(p, 1), p) == keys + 3 * 4
    # two of five: 3 + ceillog2(5) comparisons, and one that puts them in order, of 2 * ceillog2(2)
    assert cost(lambda p: torch.multinomial(p, 2), p) == keys + 3 * (3 + 3) + 3 * 2
    sums = 3 * 4 + 15  # running sums, divided by the last
    again = cost(lambda p: torch.multinomial(p, 8, replacement=True), p)
    assert again == sums + 3 * 8 * (1 + 3)  # five edges: 3 comparisons for each number
    assert cost(lambda p: torch.multinomial(p, 4, replacement=True), p[0]) == 4 + 5 + 4 * 4


def test_a_permutation_and_its_letter():
    import torch

    found = analyze(lambda x: x[torch.randperm(x.shape[0])], torch.ones(7), dims={"x": ("n",)})
    assert found.forward.ops() == 6
    assert str(found.forward.ops) == "n - 1"
