"""Experts that run one by one: every row is multiplied once, and all of them run."""

import pytest
import torch
from torch import nn

import orderof
from orderof.errors import ModelRaised
from orderof.frontends.torch.routing import NOTE

pytestmark = pytest.mark.framework

T, D, F, E, K = 12, 4, 6, 3, 2
X = torch.zeros(T, D)


class Mixture(nn.Module):
    """Experts as modules of their own, and a loop over those that some token chose."""

    def __init__(self, chooser):
        super().__init__()
        self.add_module(chooser, nn.Linear(D, E, bias=False))
        self.experts = nn.ModuleDict(
            {
                f"expert_{i}": nn.Sequential(
                    nn.Linear(D, F, bias=False), nn.Linear(F, D, bias=False)
                )
                for i in range(E)
            }
        )
        self.chooser = chooser

    def forward(self, x):
        weights, places = Choice.apply(getattr(self, self.chooser), x)
        mask = nn.functional.one_hot(places, E).permute(2, 1, 0)
        out = torch.zeros_like(x)
        for expert in mask.sum((-1, -2)).greater(0).nonzero():
            j, t = torch.where(mask[expert].squeeze(0))
            made = self.experts[f"expert_{expert[0]}"](x[t]) * weights[t, j, None]
            out.index_add_(0, t, made)
        return out


class Choice:
    @staticmethod
    def apply(router, x):
        return router(x).softmax(-1).topk(K)


class Routed(nn.Module):
    """The same below a module that says what it is."""

    def __init__(self):
        super().__init__()
        self.moe = Mixture("router")

    def forward(self, x):
        return self.moe(x)


def test_every_row_is_multiplied_once():
    r = orderof.analyze(Routed(), X, symbolic=())
    assert r.forward.macs() == T * D * E + T * K * 2 * D * F
    assert NOTE in r.notes


def test_and_in_training():
    r = orderof.analyze(Routed(), X, train="sgd", symbolic=())
    experts = T * K * 2 * D * F
    # Each product has two gradients; x needs none, of the router and of the first layers.
    assert r.backward.macs() == 2 * experts - T * K * D * F + T * D * E


def test_a_selection_that_is_no_routers_stays_unknown():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = Mixture("scores")

        def forward(self, x):
            return self.part(x)

    with pytest.raises(ModelRaised, match="nonzero"):
        orderof.analyze(Plain(), X, symbolic=())
