"""What a function keeps from one recording is no value of the next."""

import functools

import pytest
import torch
from torch import nn

from orderof import analyze


@functools.lru_cache
def positions(n):
    return torch.arange(n, dtype=torch.float32).exp()


class Cached(nn.Module):
    def forward(self, x):
        return x + positions(x.shape[1])


class Plain(nn.Module):
    def forward(self, x):
        return x + positions.__wrapped__(x.shape[1])


@pytest.mark.parametrize("symbolic", [["B"], []])
def test_every_recording_does_the_work(symbolic):
    positions.cache_clear()
    x = torch.ones(2, 4)
    wanted = analyze(Plain(), x, symbolic=symbolic).forward.ops
    for _ in range(3):
        assert analyze(Cached(), x, symbolic=symbolic).forward.ops == wanted


def test_no_fake_tensor_is_left_behind():
    positions.cache_clear()
    analyze(Cached(), torch.ones(2, 4), symbolic=["B"])
    assert Cached()(torch.zeros(1, 4)).sum() > 0


class Numbered(nn.Module):
    """A block that looks at its own number, so that equal blocks cannot be folded."""

    def __init__(self, layer_idx):
        super().__init__()
        self.layer_idx = layer_idx
        self.a = nn.Linear(4, 4)

    def forward(self, x):
        return self.a(x) + positions(4) if self.layer_idx % 2 else self.a(x)


@pytest.mark.parametrize("symbolic", [["B"], []])
def test_an_attempt_to_fold_leaves_nothing_in_a_cache(symbolic):
    positions.cache_clear()
    model = nn.Sequential(*(Numbered(i) for i in range(6)))
    r = analyze(model, torch.ones(2, 4), symbolic=symbolic)
    assert r.forward.macs() == 6 * 2 * 4 * 4
    assert analyze(model, torch.ones(2, 4), symbolic=symbolic).forward.ops() == r.forward.ops()
