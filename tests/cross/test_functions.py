"""By value: elementary functions, losses of pairs, folds, scans, search, distances, edges."""

import pytest
from tests.cross.test_places import scaled
from tests.cross.test_values import check, real

pytestmark = pytest.mark.framework

WITHIN = {  # what takes numbers between 0 and 1
    **{
        name: lambda t, x, name=name: getattr(t, name)(x)
        for name in (
            *("tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "atanh", "log2", "log10"),
            *("exp2", "erfc", "erfinv", "frac", "sinc", "logit", "rad2deg", "deg2rad"),
        )
    },
    "acosh": lambda t, x: t.acosh(x + 1),
    "logit away from the ends": lambda t, x: t.logit(x, eps=0.2),
    "entr": lambda t, x: t.special.entr(x),
    "xlog1py": lambda t, x: t.special.xlog1py(x, x),
    "atan2": lambda t, x: t.atan2(x, 1 - x),
    "hypot": lambda t, x: t.hypot(x, 1 - x),
    "fmod": lambda t, x: t.fmod(x, 0.3),
    "logaddexp": lambda t, x: t.logaddexp(x, 1 - x),
    "logaddexp2": lambda t, x: t.logaddexp2(x, 1 - x),
    "ldexp": lambda t, x: t.ldexp(x, t.ones_like(x)),
    "fmax": lambda t, x: t.fmax(x, 1 - x),
    "fmin": lambda t, x: t.fmin(x, 1 - x),
    "copysign": lambda t, x: t.copysign(x, x - 0.5),
    "nan_to_num": lambda t, x: t.nan_to_num(x),
    "heaviside": lambda t, x: x * t.heaviside(x.detach() - 0.5, x.detach()),
    "xor": lambda t, x: x * t.logical_xor(x > 0.5, x > 0.2),
    "signbit": lambda t, x: x * t.signbit(0.5 - x),
    "infinite": lambda t, x: x * t.isinf(x) + x * t.isposinf(x) - x * t.isneginf(x),
    "bce": lambda t, x: t.nn.functional.binary_cross_entropy(x, t.ones_like(x) / 3),
    "bce sum": lambda t, x: t.nn.functional.binary_cross_entropy(x, x.detach(), reduction="sum"),
    "bce with logits": lambda t, x: t.nn.functional.binary_cross_entropy_with_logits(
        x, t.ones_like(x) / 3
    ),
}
ANY = {
    **{
        name: lambda t, x, name=name: getattr(t.nn.functional, name)(x)
        for name in ("celu", "selu", "softshrink", "hardshrink", "rrelu")
    },
    "celu with a number": lambda t, x: t.nn.functional.celu(x, 0.4),
    "selu in place": lambda t, x: t.selu_(1 * x),
    "threshold": lambda t, x: t.nn.functional.threshold(x, 0.1, 20.0),
    "mse": lambda t, x: t.nn.functional.mse_loss(x, x * x),
    "mse of each": lambda t, x: t.nn.functional.mse_loss(x, x * x, reduction="none"),
    "smooth l1": lambda t, x: t.nn.functional.smooth_l1_loss(x, x * x, beta=0.7),
    "huber": lambda t, x: t.nn.functional.huber_loss(x, x * x, reduction="sum"),
    "soft margin": lambda t, x: t.nn.functional.soft_margin_loss(x, t.ones_like(x)),
    "product": lambda t, x: x * t.prod(x.detach(), 1, keepdim=True),
    "product of all": lambda t, x: x * t.prod(x.detach()),
    "cumprod": lambda t, x: x * t.cumprod(x.detach(), 1),
    "logcumsumexp": lambda t, x: x * t.logcumsumexp(x.detach(), 0),
    "cummax": lambda t, x: t.cummax(x, 1).values,
    "cummin": lambda t, x: t.cummin(x, 0).values,
    "amin": lambda t, x: x * t.amin(x, 1, keepdim=True).detach(),
    "min": lambda t, x: t.min(x, 1).values,
    "kthvalue": lambda t, x: t.kthvalue(x, 2, 0).values,
    "median": lambda t, x: t.median(x, 1, keepdim=True).values,
    "median of all": lambda t, x: t.median(x),
    "searchsorted": lambda t, x: x + t.searchsorted(t.sort(x.detach()).values, x.detach()),
    "bucketize": lambda t, x: x + t.bucketize(x.detach(), t.arange(3) - 0.5, right=True),
    "cdist": lambda t, x: t.cdist(x, 2 * x + 0.1),
    "cdist by product": lambda t, x: t.cdist(x, x + 1, compute_mode="use_mm_for_euclid_dist"),
    "edges": lambda t, x: t.nn.functional.pad(x[None], (2, 1), mode="replicate"),
    "channel shuffle": lambda t, x: t.nn.functional.channel_shuffle(x[None, ..., None], 2),
    "greatest put": lambda t, x: (
        x.scatter_reduce(0, t.zeros(1, 3).long(), x[1:2], "amax").detach() * x
    ),
}


def applied(function):
    import torch

    return scaled(lambda x: function(torch, x))


@pytest.mark.parametrize("name", WITHIN)
def test_between_0_and_1(name):
    import torch

    torch.manual_seed(2)
    module = applied(lambda t, x: WITHIN[name](t, x.sigmoid()))
    check(module, (real(4, 3),), {}, atol=1e-8)


@pytest.mark.parametrize("name", ANY)
def test_any_numbers(name):
    import torch

    torch.manual_seed(2)
    check(applied(ANY[name]), (real(4, 3),), {}, atol=1e-7)


def test_bilinear_forms():
    from torch import nn

    class Form(nn.Module):
        def __init__(self):
            super().__init__()
            self.form = nn.Bilinear(3, 4, 2)

        def forward(self, x, y):
            return self.form(x, y)

    check(Form(), (real(5, 3), real(5, 4)), {})


def test_unpooled():
    import torch
    from torch import nn

    def there_and_back(x):
        small, at = nn.functional.max_pool2d(x, 2, return_indices=True)
        return nn.functional.max_unpool2d(small, at, 2)

    found = torch.ones(1, 2, 4, 4)
    from orderof import analyze

    assert analyze(there_and_back, found).forward.ops() == 2 * 4 * 3  # 3 of max for each of 8


def test_what_is_known_to_differ():
    """Of 6 whole numbers 4 differ: a sort of 6 * 3 comparisons, 5 of neighbours, and so on."""
    import torch

    from orderof import analyze

    def differ(at):
        return torch.unique(at)

    at = torch.tensor([3, 1, 1, 5, 0, 3])
    assert analyze(differ, at).forward.ops() == 6 * 3 + 5
    assert analyze(torch.unique_consecutive, at).forward.ops() == 5


def test_a_search_by_hand():
    """Among 7 edges there are 8 places: 3 comparisons for each of 10 numbers."""
    import torch

    from orderof import analyze

    def find(edges, x):
        return torch.searchsorted(edges, x)

    assert analyze(find, torch.ones(7), torch.ones(10)).forward.ops() == 3 * 10
