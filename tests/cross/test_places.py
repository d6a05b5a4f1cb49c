"""By value: order, writing where indices say, norms, images at other sizes, windows, mirrors."""

import pytest
from tests.cross.test_values import check, real

from orderof.errors import UnknownOperator

pytestmark = pytest.mark.framework


def scaled(function):
    """A module whose parameter scales the input of a function; `at` are indices, if it has some."""
    from torch import nn

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(real(1))

        def forward(self, x, *at):
            return function(self.w * x, *at)

    class Placed(Scaled):
        def forward(self, x, at):
            return function(self.w * x, at)

    return Placed() if function.__code__.co_argcount > 1 else Scaled()


def _among(x):
    import torch

    return x * torch.isin(x, x[:1].detach())


PLACED = {
    "topk": lambda x: x.topk(3, dim=0).values,
    "smallest": lambda x: x.topk(2, dim=1, largest=False).values,
    "sort": lambda x: x.sort(dim=1).values,
    "sort descending": lambda x: x.sort(dim=0, descending=True).values,
    "argsort": lambda x: x[x.sum(1).argsort()],
    "norm": lambda x: x.norm(dim=1),
    "windows by strides": lambda x: x.contiguous().as_strided((2, 2, 2), (2, 1, 1)) * 2,
    "isin": _among,
    "norm of order 1": lambda x: x.norm(1, dim=1, keepdim=True),
    "norm of order 3": lambda x: x.norm(3),
    "greatest": lambda x: x.norm(float("inf"), dim=0),
    "logsumexp": lambda x: x.logsumexp(1),
    "tril": lambda x: x.tril(-1),
    "triu": lambda x: x.triu(1),
    "std": lambda x: x.std(0, correction=0, keepdim=True),
    "expm1": lambda x: x.expm1(),
    "log1p": lambda x: x.abs().log1p(),
    "floor_divide": lambda x: x + x.detach().floor_divide(0.3),
}


def _columns(x, at):
    y = x.clone()
    y[:, at] = x[:, :2]
    return y


AT = {
    "index_put": (lambda x, at: x.index_put((at,), x[1:3] * 2), [2, 0]),
    "index_put a row": (lambda x, at: x.index_put((at,), x[1]), [2, 0]),
    "index_put in columns": (_columns, [2, 0]),
    "index_put by a mask": (
        lambda x, at: x.index_put((at,), x[1:3] * 2),
        [True, False, False, True],
    ),
    "index_put by a whole mask": (
        lambda x, at: x.index_put((at,), x[0, :2] * 2),
        [[False] * 3, [True, False, True], [False] * 3, [False] * 3],
    ),
    "index_put adds": (lambda x, at: x.index_put((at,), x[1:3], accumulate=True), [1, 1]),
    "scatter": (lambda x, at: x.scatter(1, at, x[:, 1:2] * 3), [[0], [2], [1], [0]]),
    "scatter a number": (lambda x, at: x.scatter(1, at, 0.5), [[0], [2], [1], [0]]),
    "scatter_add": (lambda x, at: x.scatter_add(0, at, x[1:2] * 2), [[0, 0, 1]]),
    "index_add": (lambda x, at: x.index_add(0, at, x[2:4]), [1, 1]),
    "index_copy": (lambda x, at: (x * 2).index_copy(0, at, x[2:4]), [1, 0]),
    "masked_select": (
        lambda x, at: x.masked_select(at) * 3,
        [[True, False, True], [True] * 3, [False] * 3, [False, True, False]],
    ),
    "masked_scatter": (
        lambda x, at: x.masked_scatter(at, x[:2] * 3),
        [[True, False, True], [True] * 3, [False] * 3, [False, True, False]],
    ),
    "index_add scaled": (lambda x, at: x.index_add(0, at, x[2:4], alpha=2.5), [1, 1]),
}


@pytest.mark.parametrize("name", PLACED)
def test_order_and_functions(name):
    check(scaled(PLACED[name]), (real(4, 3),), {})


def test_log_sigmoid():
    import torch

    def function(x):
        return torch.nn.functional.logsigmoid(x)

    check(scaled(function), (real(4, 3),), {})


@pytest.mark.parametrize("name", AT)
def test_places(name):
    import torch

    function, at = AT[name]
    check(scaled(function), (real(4, 3), torch.tensor(at)), {})


@pytest.mark.parametrize(
    ("shape", "size", "mode"),
    [
        ((1, 2, 3, 4), (5, 3), "nearest"),
        ((1, 2, 3, 4), (6, 8), "nearest"),
        ((1, 2, 3, 4), (5, 3), "bilinear"),
        ((1, 1, 3, 3), (4, 5), "bicubic"),
        ((1, 2, 5), (3,), "linear"),
        ((1, 1, 2, 3, 2), (3, 2, 3), "trilinear"),
    ],
)
def test_images_of_another_size(shape, size, mode):
    import torch

    def resize(x):
        return torch.nn.functional.interpolate(x, size, mode=mode)

    check(scaled(resize), (real(*shape),), {})


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(2, 3), (4, 9), (7, 3), (5, 6)])
def test_images_without_aliases(mode, size):
    import torch

    def resize(x):
        return torch.nn.functional.interpolate(x, size, mode=mode, antialias=True)

    check(scaled(resize), (real(1, 2, 5, 6),), {})


@pytest.mark.parametrize("size", [(2, 3), (4, 9), (1, 1)])
def test_the_largest_of_parts(size):
    import torch

    def pool(x):
        return torch.nn.functional.adaptive_max_pool2d(x, size)

    check(scaled(pool), (real(1, 2, 5, 6),), {})


FUNCTIONS = {
    "places of extremes": lambda f, x: x * (x.argmax() + x.argmin(1, keepdim=True)),
    "whole numbers": lambda f, x: x.clone().round_() + x.ceil() * x.trunc(),
    "windows": lambda f, x: x.unfold(2, 2, 1).unfold(3, 2, 2),
    "columns": lambda f, x: f.unfold(x, 2, padding=1, stride=2),
    "columns and back": lambda f, x: f.fold(f.unfold(x, 3, padding=1), (4, 4), 3, padding=1),
    "mirrored": lambda f, x: f.pad(x, (1, 2, 3, 0), mode="reflect"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_windows_and_mirrors(name):
    import torch

    def function(x):
        return FUNCTIONS[name](torch.nn.functional, x)

    check(scaled(function), (real(1, 2, 4, 4),), {})


def test_numbers_are_counted_by_their_part():
    import torch
    from torch import nn

    class Count(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(real(4))

        def forward(self, at):
            return self.w * torch.histc(at.to(torch.float64), 4, 0, 3)

    check(Count(), (torch.tensor([0, 1, 1, 3, 0, 1]),), {})


def test_whole_numbers_stay_whole():
    import torch
    from torch import nn

    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(real(4))

        def forward(self, at):
            half = torch.floor_divide(at, 2)
            return self.w[half].unsqueeze(-1) * half.unsqueeze(-1)

    check(Half(), (torch.tensor([0, 3, 5, 7]),), {})


@pytest.mark.parametrize("order", [0, float("-inf")])
def test_norms_without_a_rule(order):
    from orderof import analyze

    with pytest.raises(UnknownOperator, match="has no rule for order"):
        analyze(scaled(lambda x: x.norm(order)), real(4, 3))


def test_scatter_that_adds_is_counted():
    import torch
    from torch import nn

    from orderof import analyze

    class Add(nn.Module):
        def forward(self, x, at):
            return torch.zeros(4, 8).scatter(1, at, x, reduce="add")

    x, at = torch.ones(4, 8), torch.zeros(4, 8, dtype=torch.int64)
    assert analyze(Add(), x, at).forward.ops() >= 32


def test_a_mirror_of_a_size_that_varies():
    import torch

    import orderof

    def even(x):
        doubled = torch.nn.functional.pad(x, (0, x.shape[-1] - 1), mode="reflect")
        return doubled @ doubled.mT

    r = orderof.analyze(even, real(2, 3, 5), dims={"S": 5})
    assert [r.forward.macs(S=n) for n in (5, 8)] == [2 * 3 * 3 * 9, 2 * 3 * 3 * 15]
