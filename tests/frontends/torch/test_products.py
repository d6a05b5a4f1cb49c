"""Products of sizes: what reaches a function of torch counts, once, and numbers stay numbers."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from orderof.api import graph
from orderof.frontends.torch.products import Ratio, Size, reached, sizes

pytestmark = pytest.mark.framework


def products(function, *shape):
    class Does(nn.Module):
        def forward(self, x):
            return function(x)

    how = {"symbolic": (), "traced": True}
    found = graph(Does(), torch.ones(shape), **how)
    plain = graph(Does(), torch.ones(shape), **how | {"traced": False})
    assert not any(n.origin.products for n in plain.nodes if n.origin)
    return sum(n.origin.products for n in found.nodes if n.origin)


def test_sizes_are_the_numbers_that_they_are():
    b, n = sizes((6, 4))
    found = [b * n, 2 * b, b + n, 10 - b, b // n, b % n, b**2, -b, b / n, b * 0.5]
    assert found == [24, 12, 10, 4, 1, 2, 36, -6, 1.5, 3.0]
    assert [type(v) for v in found] == [Size] * 8 + [Ratio] * 2
    assert type(int(b)) is int
    assert pow(b, n, 5) == 6**4 % 5
    assert type(b * np.sqrt(4.0)) is np.float64
    assert repr([b, n]) == "[6, 4]"
    assert [0] * n == n * [0] == [0, 0, 0, 0]


def test_what_a_product_is_made_of_counts_once():
    b, n = sizes((6, 4))
    both = b * n
    assert reached((1, [both, slice(0, both + 1)]), {}) == 1
    assert reached((both * 2,), {}) == 1
    assert reached((), {"size": (both, n)}) == 0


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda x: x.reshape(x.shape[0] * x.shape[1], 4).sin(), 1),
        (lambda x: x.sin().view(x.size(0) * x.size(1) * x.size(2)), 2),  # the last is a view
        (lambda x: x.flatten()[: math.prod(x.shape) // 2].sin(), 3),  # it begins with 1
        (lambda x: x.sin() if x.shape[0] * x.shape[1] == 6 else x, 0),  # it decides
        (lambda x: x.reshape(int(x.shape[0] * 3), -1).sin(), 0),  # a number of Python
        (lambda x: x * (x.numel() * 0.5), 1),
    ],
)
def test_products_of_sizes_in_a_graph(function, found):
    assert products(function, 2, 3, 4) == found
