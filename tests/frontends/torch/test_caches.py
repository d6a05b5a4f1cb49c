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
