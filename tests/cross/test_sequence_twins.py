"""Recurrent models of the zoo against torch: in both directions, and with attention."""

import itertools
import random

import numpy as np
import pytest
import torch
from oracle.values import run
from tests.cross.against import agree, same_values
from torch import nn
from torch.nn import functional

from orderof.counts import Counts
from orderof.frontends.zoo import build
from orderof.ir.graph import Role

pytestmark = pytest.mark.framework


def bilstm(B, S, I, d):  # noqa: E741 - the width of the input
    return nn.LSTM(I, d, batch_first=True, bidirectional=True), (torch.empty(B, S, I),), {}


def test_both_directions():
    draw = random.Random(2)
    for _ in range(5):
        sizes = {k: draw.randint(1, 9) for k in "BSId"}
        agree("bilstm", sizes, bilstm(**sizes))


def test_parameters_of_both_directions():
    module, _, _ = bilstm(1, 5, 16, 32)
    graph = build("bilstm")
    found = {
        p.name: tuple(n.at(dict(graph.dims)) for n in p.shape) for p in graph.of_role(Role.PARAM)
    }
    assert found == {path: tuple(p.shape) for path, p in module.named_parameters()}


class Attention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.query, self.key = nn.Linear(d, d, bias=False), nn.Linear(2 * d, d)
        self.score = nn.Linear(d, 1, bias=False)

    def forward(self, s, keys, memory):
        e = self.score(torch.tanh(self.query(s)[:, None] + keys))
        return (torch.softmax(e[..., 0], -1)[:, None] @ memory)[:, 0]


class Encoder(nn.Module):
    def __init__(self, I, d, V):  # noqa: E741
        super().__init__()
        self.embedding = nn.Embedding(V, I)
        self.rnn = nn.GRU(I, d, batch_first=True, bidirectional=True)

    def forward(self, source):
        memory, last = self.rnn(self.embedding(source))
        return memory, last[1]


class Cell(nn.GRUCell):
    """The same by operators that the recorder knows."""

    def forward(self, x, s):
        mine = functional.linear(x, self.weight_ih, self.bias_ih).chunk(3, 1)
        theirs = functional.linear(s, self.weight_hh, self.bias_hh).chunk(3, 1)
        r, z = (torch.sigmoid(a + b) for a, b in zip(mine[:2], theirs[:2], strict=True))
        n = torch.tanh(mine[2] + r * theirs[2])
        return n + z * (s - n)


class Decoder(nn.Module):
    def __init__(self, I, d, f, V):  # noqa: E741
        super().__init__()
        self.embedding, self.attention = nn.Embedding(V, I), Attention(d)
        self.init, self.rnn = nn.ModuleDict({"linear": nn.Linear(d, d)}), Cell(I + 2 * d, d)
        self.readout, self.head = nn.Linear(I + 3 * d, 2 * f), nn.Linear(f, V)

    def forward(self, memory, last, target):
        keys, s, seen = self.attention.key(memory), torch.tanh(self.init["linear"](last)), []
        for y in self.embedding(target).unbind(1):
            x = torch.cat([y, self.attention(s, keys, memory)], 1)
            s = self.rnn(x, s)
            seen.append(torch.cat([s, x], 1))
        t = self.readout(torch.stack(seen, 1))
        return self.head(t.unflatten(-1, (-1, 2)).amax(-1))


class Seq2seq(nn.Module):
    def __init__(self, I, d, f, V):  # noqa: E741
        super().__init__()
        self.encoder, self.decoder = Encoder(I, d, V), Decoder(I, d, f, V)

    def forward(self, source, target):
        return self.decoder(*self.encoder(source), target)


def seq2seq(B, S, T, **sizes):
    tokens = (torch.zeros(B, n, dtype=torch.int64) for n in (S, T))
    return Seq2seq(**sizes), tuple(tokens), {}


def pairs(_, sizes):
    """Ours minus torch's.

    Ours gives the gradient of a maximum to the first, one addition each; torch compares both of a
    pair with it, and divides evenly among those that are equal. Our loop starts with a gradient of
    zeros for the last state, and adds to it.
    """
    n = sizes["B"] * sizes["T"] * sizes["f"]
    theirs = {"cmp": 2 * n, "cast": 3 * n, "div": n, "mul": 2 * n}
    ours = Counts.of("add", "float32", n + sizes["B"] * sizes["d"])
    return ours - Counts({(kind, "float32"): count for kind, count in theirs.items()})


def drawn(draw, letters="BSTIdfV"):
    return {k: draw.randint(2, 6) for k in letters}


def test_attention():
    draw = random.Random(2)
    for _ in range(5):
        sizes = drawn(draw)
        agree("seq2seq", sizes, seq2seq(**sizes), but=pairs)


SMALL = {"B": 2, "S": 3, "T": 2, "I": 2, "d": 2, "f": 2, "V": 3}


def tokens(sizes, *lengths):
    return [torch.randint(sizes["V"], (sizes["B"], n)) for n in lengths]


def test_the_values():
    torch.manual_seed(5)
    sizes = SMALL
    same_values("seq2seq", sizes, Seq2seq(2, 2, 2, 3), *tokens(sizes, sizes["S"], sizes["T"]))


def test_a_beam_that_is_wide_enough_finds_the_best_of_all_targets():
    """Two words and three steps: with four hypotheses nothing is left out before the last step."""
    torch.manual_seed(6)
    sizes = {**SMALL, "T": 3, "V": 2}
    module = Seq2seq(2, 2, 2, 2).double()
    (source,) = tokens(sizes, sizes["S"])
    graph = build("seq2seq_beam", dims={**sizes, "b": 4})
    arrays = [source, *(dict(module.named_parameters())[p.name] for p in graph.of_role(Role.PARAM))]
    (found, score), _ = run(graph, [a.detach().numpy() for a in arrays], {**sizes, "b": 4})
    targets = torch.tensor(list(itertools.product(range(2), repeat=3)))
    read = torch.cat([torch.zeros(8, 1, dtype=torch.int64), targets[:, :-1]], 1)  # word 0 begins
    for row, words, best in zip(source, found, score, strict=True):
        logp = torch.log_softmax(module(row.expand(8, -1), read), -1)
        total = logp.gather(2, targets[..., None]).sum((1, 2))
        assert words.tolist() == targets[total.argmax()].tolist()
        np.testing.assert_allclose(best, total.max().item(), atol=1e-9)
