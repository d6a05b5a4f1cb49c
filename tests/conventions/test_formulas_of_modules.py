"""Formulas of papers on modules of PyTorch: what is measured is what the module has."""

import pytest

from orderof.analyses.compare import account, difference
from orderof.analyses.told import network
from orderof.api import graph
from orderof.conventions import convention
from orderof.errors import Unmeasured

pytestmark = pytest.mark.framework

B, S, d, h, f, V, P = 2, 16, 32, 4, 96, 101, 64
ATTENTION = 4 * d * d
DENSE = 2 * d * f


def block(again):
    from torch import nn
    from torch.utils.checkpoint import checkpoint

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(d)
            self.qkv = nn.Linear(d, 3 * d)
            self.out = nn.Linear(d, d)
            self.up, self.down = nn.Linear(d, f), nn.Linear(f, d)

        def forward(self, x):
            seen = self.qkv(self.norm(x)).chunk(3, dim=-1)
            q, k, v = (t.unflatten(-1, (h, d // h)).transpose(1, 2) for t in seen)
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).flatten(2))
            if again:
                return x + checkpoint(self.dense, x, use_reentrant=False)
            return x + self.dense(x)

        def dense(self, x):
            y = self.down(nn.functional.gelu(self.up(x)))
            return y.sin()  # whose gradient needs y: so both products are computed again

    return Block()


def text_model(*, tied=False, again=False, tables=1):
    import torch
    from torch import nn

    class Text(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.ModuleList(nn.Embedding(V, d) for _ in range(tables))
            self.places = nn.Embedding(P, d)
            self.kinds = nn.Embedding(2, d)
            self.first, self.second = block(again), block(again)
            self.head = nn.Linear(d, V, bias=False)
            if tied:
                self.head.weight = self.words[0].weight

        def forward(self, tokens, kinds, *others):
            x = sum(w(t) for w, t in zip(self.words, (tokens, *others), strict=True))
            x = x + self.kinds(kinds) + self.places(torch.arange(tokens.shape[1]))
            return self.head(self.second(self.first(x)))

    return Text()


def recorded(*, train="sgd", texts=1, **how):
    import torch

    ids = [torch.zeros(B, S, dtype=torch.long) for _ in range(texts + 1)]
    return graph(text_model(tables=texts, **how), *ids, train=train, symbolic=())


def said(net, name):
    terms = difference(account(net, convention("flops")), account(net, convention(name)))
    return {t.why: t.amount.at({}) for t in terms}


@pytest.mark.parametrize("tied", [False, True])
def test_what_is_measured(tied):
    found = network(recorded(tied=tied))
    assert (found.tokens, found.vocabulary, found.width) == (B * S, V, d)
    assert found.matmul_params == 2 * (ATTENTION + DENSE) + V * d
    assert (found.head, found.projections) == (V * d, 2 * ATTENTION)
    assert found.feed_forward == 2 * DENSE
    assert found.positions == P * d  # kinds of segments are an input
    assert found.tables == (P + 2) * d + (0 if tied else V * d)
    assert (found.layers, found.reached, found.length) == (2, 2 * d * S, S)


@pytest.mark.parametrize("train", [None, "sgd"])
def test_every_product_of_both_passes_belongs_to_a_term(train):
    net = recorded(train=train)
    assert said(net, "nemo-24.12") == {}
    assert account(net, convention("nemo-24.12")).total == (6 if train else 2) * B * S * (
        2 * (ATTENTION + DENSE) + V * d + 2 * 2 * S * d
    )


def test_layers_that_are_computed_again_are_set_against_what_is():
    again = "computes all layers again before their backward pass"
    layer = B * S * (24 * d * d + 4 * S * d)  # as Megatron counts it
    assert said(recorded(), "megatron")[again] == 2 * layer
    net = recorded(again=True)  # dense blocks alone
    assert said(net, "megatron")[again] == 2 * (layer - 2 * B * S * DENSE)
    assert said(net, "nemo-24.12") == {"recompute is not counted": -2 * 2 * B * S * DENSE}


def test_two_texts():
    with pytest.raises(Unmeasured, match="takes two texts"):
        account(recorded(train=None, texts=2), convention("6nd"))
