"""Our reverse mode against the backward pass that autograd ran, on the whole first set."""

import random

import pytest

pytestmark = pytest.mark.framework


def recorded(case, *, train=True):
    from orderof.frontends.torch.lower import lower
    from orderof.frontends.torch.record import record

    module, args, kwargs = case
    return lower(record(module, args, kwargs, backward=True, train=train))


def names():
    try:
        from tests.cross.models import CASES
    except ImportError:  # the names are known without torch too; conftest skips or fails them
        return []
    return list(CASES)


@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", names())
def test_backward_agrees(name, train):
    from tests.cross.models import CASES

    from orderof.counts import Counts
    from orderof.frontends.torch.agreement import difference

    total, reasons = difference(recorded(CASES[name](), train=train))
    assert total.macs() == 0
    assert total - Counts.sum(reasons.values()) == Counts()


@pytest.mark.parametrize("name", names())
def test_the_same_parameters_have_gradients(name):
    from tests.cross.models import CASES

    from orderof.frontends.torch.agreement import our_backward

    graph = recorded(CASES[name]())
    ours = {p.name for p, _ in our_backward(graph).grads}
    assert ours == {p.name for p, _ in graph.grads}


def test_mean_gradient_at_random_sizes():
    import torch
    from torch import nn

    from orderof.counts import Counts
    from orderof.frontends.torch.agreement import difference

    class Mean(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.w = nn.Parameter(torch.ones(n))

        def forward(self, x):
            return (x * self.w).mean(dim=1)

    for _ in range(5):
        b, n = random.randint(1, 9), random.randint(2, 9)
        total, reasons = difference(recorded((Mean(n), (torch.empty(b, n),), {})))
        assert total == Counts.of("div", "float32", b - b * n)  # once a row, not once an element
        assert reasons["mean_gradient"] == total
        assert reasons["rsqrt_cube"] == Counts()


def test_rsqrt_cube_at_random_sizes():
    import torch
    from torch import nn

    from orderof.counts import Counts
    from orderof.frontends.torch.agreement import difference

    class Root(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.w = nn.Parameter(torch.ones(n))

        def forward(self, x):
            return torch.rsqrt(x * self.w)

    for _ in range(5):
        b, n = random.randint(1, 9), random.randint(2, 9)
        total, reasons = difference(recorded((Root(n), (torch.empty(b, n),), {})))
        want = {("mul", "float32"): 2 * b * n, ("pow", "float32"): -b * n}
        assert total == Counts(want)
        assert reasons["rsqrt_cube"] == total
        assert reasons["mean_gradient"] == Counts()


def test_the_list_is_closed():
    from orderof.frontends.torch.agreement import REASONS

    assert len(REASONS) <= 12
