"""torch's FlopCounterMode: what torch 2.13.0 counted forward and backward, meta and CPU."""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn
from torch.nn import functional

from orderof.api import analyze

pytestmark = pytest.mark.framework


def does(function):
    return Does(lambda _, *inputs: function(*inputs))


def step(name, module, *inputs):
    r = analyze(module, *inputs, train="adamw", as_=name, symbolic=())
    return r.forward.total()(), r.backward.total()()


class Attends(nn.Module):
    def __init__(self, *, bias=False, dropout=0.0, values=8):
        super().__init__()
        self.query, self.values = nn.Linear(8, 8), nn.Linear(8, values)
        self.bias = nn.Parameter(ones(7, 7)) if bias else None
        self.dropout = dropout

    def forward(self, x):
        q, v = self.query(x), self.values(x)
        attend = functional.scaled_dot_product_attention
        return attend(q, q, v, attn_mask=self.bias, dropout_p=self.dropout)


class Starts(nn.Module):
    """A recurrent layer whose first state is trained."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.start = nn.Parameter(ones(1, 2, 5))

    def forward(self, x):
        return self.layer(x, self.start)


def attention(q, k):
    return functional.scaled_dot_product_attention(q, k, k)


HEADS = 2 * 2 * (2 * 7 * 7 * 8) + 2 * 14 * 4 * 64  # two products and four projections
# meta, CPU
FORWARD = {
    "linear": (nn.Linear(3, 4), [(5, 3)], 2 * 5 * 3 * 4, 2 * 5 * 3 * 4),
    "vector": (Does(lambda _, x, y: x @ y), [(3, 4), (4,)], 0, 0),
    "dot": (does(torch.dot), [(4,), (4,)], 0, 0),
    "distances": (does(torch.cdist), [(30, 4), (35, 4)], 0, 0),
    "lstm": (nn.LSTM(3, 5), [(7, 2, 3)], 2 * 14 * 20 * (3 + 5), 0),
    "gru": (nn.GRU(3, 5), [(7, 2, 3)], 2 * 14 * 15 * (3 + 5), 2 * 14 * 15 * (3 + 5)),
    "attention": (does(attention), [(2, 4, 7, 8), (2, 4, 6, 8)], 2 * 2 * (2 * 4 * 7 * 6 * 8), 0),
    "attention of three": (does(attention), [(2, 7, 8), (2, 6, 8)], *[2 * 2 * (2 * 7 * 6 * 8)] * 2),
    "heads": (
        Does(lambda m, x: m.heads(x, x, x)[0], heads=nn.MultiheadAttention(8, 2)),
        [(7, 2, 8)],
        HEADS,
        HEADS,
    ),
    "heads, batches first": (
        Does(lambda m, x: m.heads(x, x, x)[0], heads=nn.MultiheadAttention(8, 2, batch_first=True)),
        [(2, 7, 8)],
        HEADS,
        0,
    ),
    # a mask of numbers has no fast path, one of booleans has
    "heads, masked": (
        Does(
            lambda m, x: m.heads(x, x, x, attn_mask=torch.zeros(7, 7), need_weights=False)[0],
            heads=nn.MultiheadAttention(8, 2, batch_first=True),
        ),
        [(2, 7, 8)],
        HEADS,
        HEADS - 2 * 2 * (2 * 7 * 7 * 8),
    ),
    "heads, masked by booleans": (
        Does(
            lambda m, x: m.heads(x, x, x, key_padding_mask=torch.zeros(2, 7, dtype=torch.bool))[0],
            heads=nn.MultiheadAttention(8, 2, batch_first=True),
        ),
        [(2, 7, 8)],
        HEADS,
        0,
    ),
    "attention, a mask of three": (
        does(lambda q, m: functional.scaled_dot_product_attention(q, q, q, attn_mask=m)),
        [(2, 4, 7, 8), (4, 7, 7)],
        *[2 * 2 * (2 * 4 * 7 * 7 * 8)] * 2,
    ),
    "layer": (
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        [(2, 7, 8)],
        HEADS + 2 * 14 * 2 * 8 * 16,
        0,
    ),
    "layer, norm first": (
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True),
        [(2, 7, 8)],
        HEADS + 2 * 14 * 2 * 8 * 16,
        0,
    ),
}
CONV = 2 * (2 * 9 * 2 * 8 * 4 * 4)  # 3x3, of 4 channels in 2 groups to 8, at 2*4*4 places
CONV1 = 2 * (2 * 36 * 4 * 4)
BACK = 2 * (2 * 36 * 4 * 8 // 2 * 9)
LINEAR = 2 * 56 * 8 * 8
PRODUCT = 2 * (2 * 4 * 7 * 7 * 8)
CELL = 2 * 14 * (3 + 5)
# meta: forward, backward; CPU: forward, backward
STEP = {
    "linear": (nn.Linear(3, 4), [(5, 3)], (120, 120), (120, 120)),
    # a weight in 2 groups counts twice
    "groups": (
        nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 8, 3, groups=2)),
        [(2, 4, 6, 6)],
        *[(CONV1 + CONV, CONV1 + CONV + 2 * CONV)] * 2,
    ),
    "groups, transposed": (
        nn.Sequential(nn.Conv2d(4, 4, 1), nn.ConvTranspose2d(4, 8, 3, groups=2)),
        [(2, 4, 6, 6)],
        *[(CONV1 + BACK, CONV1 + BACK + 2 * BACK)] * 2,
    ),
    # no gradient of the input, none of the first state: 2*5*5 for each of 2 sequences
    "rnn": (nn.RNN(3, 5), [(7, 2, 3)], *[(5 * CELL, 5 * CELL + 2 * 14 * 25 - 100)] * 2),
    "rnn inside": (
        nn.Sequential(nn.Linear(3, 3), nn.RNN(3, 5)),
        [(7, 2, 3)],
        *[(5 * CELL + 252, 252 + 10 * CELL - 100)] * 2,
    ),
    "rnn from a state": (
        Starts(nn.RNN(3, 5)),
        [(7, 2, 3)],
        *[(5 * CELL, 5 * CELL + 2 * 14 * 25)] * 2,
    ),
    "lstm": (nn.LSTM(3, 5), [(7, 2, 3)], (20 * CELL, 20 * CELL + 2 * 14 * 100 - 400), (0, 0)),
    "attention": (
        Attends(),
        [(2, 4, 7, 8)],
        (2 * LINEAR + 2 * PRODUCT, 2 * LINEAR + 4 * PRODUCT),
        (2 * LINEAR, 2 * LINEAR),
    ),
    "attention, dropout": (
        Attends(dropout=0.1),
        [(2, 4, 7, 8)],
        *[(2 * LINEAR + 2 * PRODUCT, 2 * LINEAR + 4 * PRODUCT)] * 2,
    ),
    "attention, bias": (
        Attends(bias=True),
        [(2, 4, 7, 8)],
        *[(2 * LINEAR + 2 * PRODUCT, 2 * LINEAR + 4 * PRODUCT)] * 2,
    ),
    "attention, narrow": (
        Attends(values=4),
        [(2, 4, 7, 8)],
        *[(3 * LINEAR // 2 + 3 * PRODUCT // 2, 3 * LINEAR // 2 + 3 * PRODUCT)] * 2,
    ),
    "attention of three": (
        Attends(),
        [(2, 7, 8)],
        *[(LINEAR // 2 + PRODUCT // 2, LINEAR // 2 + PRODUCT)] * 2,
    ),
}


@pytest.mark.parametrize("case", FORWARD)
def test_forward(case):
    module, inputs, meta, cpu = FORWARD[case]
    tensors = [ones(*shape) for shape in inputs]
    assert figure("torch", module, *tensors) == meta
    assert figure("torch-cpu", module, *tensors) == cpu


@pytest.mark.parametrize("case", STEP)
def test_step(case):
    module, inputs, meta, cpu = STEP[case]
    tensors = [ones(*shape) for shape in inputs]
    assert step("torch", module, *tensors) == meta
    assert step("torch-cpu", module, *tensors) == cpu
