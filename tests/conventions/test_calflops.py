"""calflops 0.3.2: figures that it gave for these modules with torch 2.13.0, FLOPs and MACs."""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn
from torch.nn import functional

pytestmark = pytest.mark.framework

RNN = 14 * (2 * 5 * (3 + 5) - 2 * 5 + 2 * 5 + 5)  # 7 steps, 2 sequences, 3 to 5
GRU = 14 * (2 * 15 * (3 + 5) - 2 * 15 + 2 * 15 + 7 * 5)
LSTM = 14 * (2 * 20 * (3 + 5) - 2 * 20 + 2 * 20 + 10 * 5)


CASES = {
    "linear": (nn.Linear(3, 4), [(5, 3)], 2 * 5 * 3 * 4, 5 * 3 * 4),
    "linear vector": (
        Does(lambda _, x, y: functional.linear(x, y)),
        [(2, 3), (3,)],
        2 * 6 * 3,
        6 * 3,
    ),
    "addmm": (
        Does(lambda _, x, y, z: torch.addmm(x, y, z)),
        [(5,), (3, 4), (4, 5)],
        2 * 3 * 4 * 5 + 5,
        3 * 4 * 5,
    ),
    "matmul": (Does(lambda _, x, y: torch.matmul(x, y)), [(2, 3, 4), (4, 5)], 2 * 6 * 20, 6 * 20),
    "spread": (Does(lambda _, x, y: torch.matmul(x, y)), [(3, 4), (2, 4, 5)], 2 * 3 * 20, 3 * 20),
    "vector": (Does(lambda _, x, y: x.matmul(y)), [(3, 4), (4,)], 2 * 3 * 4 * 4, 3 * 4 * 4),
    "operator": (Does(lambda _, x, y: x @ y), [(3, 4), (4, 5)], 0, 0),
    "bmm": (Does(lambda _, x, y: torch.bmm(x, y)), [(2, 3, 4), (2, 4, 5)], 0, 0),
    "attention": (
        Does(lambda _, q, k: functional.scaled_dot_product_attention(q, k, k)),
        [(2, 4, 7, 8), (2, 4, 6, 8)],
        0,
        0,
    ),
    "einsum": (
        Does(lambda _, x, y: torch.einsum("ij,jk->ik", x, y)),
        [(30, 40), (40, 50)],
        120000,
        0,
    ),
    "einsum of elements": (
        Does(lambda _, x, y: torch.einsum("i,j->ij", x, y)),
        [(3,), (4,)],
        13,
        0,
    ),
    "conv": (
        nn.Conv2d(4, 8, 3, stride=2, groups=2),
        [(2, 4, 9, 8)],
        (2 * 2 * 9 + 1) * 2 * 8 * 4 * 3,
        2 * 9 * 2 * 8 * 4 * 3,
    ),
    # 8 channels in 2 groups are divided by 2 twice; the bias is for 4, at (9 - 3) // 2 + 1 places
    "transposed": (
        nn.ConvTranspose1d(4, 8, 3, stride=2, groups=2),
        [(2, 4, 9)],
        2 * 2 * 9 * 4 * 2 * 3 + 2 * 4 * 4,
        2 * 9 * 4 * 2 * 3,
    ),
    "transposed 2": (
        nn.ConvTranspose2d(4, 8, 3),
        [(2, 4, 9, 8)],
        2 * 2 * 72 * 4 * 8 * 9 + 2 * 8 * 7 * 6,
        2 * 72 * 4 * 8 * 9,
    ),
    "transposed 3": (
        nn.ConvTranspose3d(4, 8, 3),
        [(2, 4, 9, 8, 7)],
        2 * 2 * 504 * 4 * 8 * 27 + 2 * 8 * 7 * 6 * 5,
        2 * 504 * 4 * 8 * 27,
    ),
    "gelu": (nn.GELU(), [(2, 3)], 6, 0),
    "taken before": (
        nn.TransformerEncoderLayer(8, 2, 16),
        [(2, 7, 8)],
        2 * 14 * (4 * 64 + 2 * 128) + 2 * 5 * (14 * 8),
        14 * (4 * 64 + 2 * 128),
    ),
    "pool": (nn.AvgPool2d(2), [(2, 3, 9, 9)], 2 * 3 * 81, 0),
    "lp pool": (nn.LPPool1d(2, 2), [(2, 3, 8)], 2 * 3 * 8 + 2 * (2 * 3 * 4), 0),
    "response": (nn.LocalResponseNorm(2), [(2, 4, 5, 5)], 3 * 200 + 2 * 5 * 25, 0),
    "softmax": (nn.Softmax(-1), [(2, 5)], 10, 0),
    "batch norm": (nn.BatchNorm1d(4), [(3, 4)], 2 * 12, 0),
    "batch norm plain": (nn.BatchNorm1d(4, affine=False), [(3, 4)], 12, 0),
    "instance norm": (nn.InstanceNorm1d(4, track_running_stats=True), [(3, 4, 5)], 4 * 60, 0),
    "layer norm plain": (nn.LayerNorm(4, elementwise_affine=False), [(3, 4)], 4 * 12, 0),
    "layer norm": (nn.LayerNorm(4), [(3, 4)], 5 * 12, 0),
    "factor": (nn.Upsample(scale_factor=2), [(2, 3, 4, 4)], 2 * 3 * 4 * 4, 0),
    "size": (nn.Upsample(size=(7, 5)), [(2, 3, 4, 4)], 7 * 5, 0),
    "side": (nn.Upsample(size=7), [(2, 3, 4, 4)], 7, 0),
    "area factor": (nn.Upsample(scale_factor=2, mode="area"), [(2, 3, 4, 4)], 2 * 96, 0),
    "area size": (nn.Upsample(size=(7, 5), mode="area"), [(2, 3, 4, 4)], 35 + 96, 0),
    "area side": (nn.Upsample(size=7, mode="area"), [(2, 3, 4, 4)], 7 + 96, 0),
    # (2, 3, 4) and (4,) are taken for (2, 3, 4) and (4, 1, 1)
    "front": (Does(lambda _, x, y: x.add(y)), [(2, 3, 4), (4,)], 4 * 3 * 4, 0),
    "front mul": (Does(lambda _, x, y: torch.mul(x, y)), [(2, 3, 4), (4,)], 4 * 3 * 4, 0),
    "number": (Does(lambda _, x: x.mul(2).add(1)), [(2, 3)], 2 * 6, 0),
    "rnn": (nn.RNN(3, 5), [(7, 2, 3)], RNN, 0),
    "gru": (nn.GRU(3, 5), [(7, 2, 3)], GRU, 0),
    "lstm": (nn.LSTM(3, 5), [(7, 2, 3)], LSTM, 0),
    # 7 steps of 3 features are taken for 7 sequences of 3 steps
    "rnn without a batch": (nn.RNN(3, 5), [(7, 3)], 3 * RNN // 2, 0),
    "gru without a batch": (nn.GRU(3, 5), [(7, 3)], 3 * GRU // 2, 0),
    "lstm without a batch": (nn.LSTM(3, 5), [(7, 3)], 3 * LSTM // 2, 0),
    "rnn cell": (nn.RNNCell(3, 5), [(2, 3)], RNN // 7, 0),
    "gru cell": (nn.GRUCell(3, 5), [(2, 3)], GRU // 7, 0),
    "lstm cell": (nn.LSTMCell(3, 5), [(2, 3)], LSTM // 7, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_figures(case):
    module, inputs, flops, macs = CASES[case]
    tensors = [ones(*shape) for shape in inputs]
    assert figure("calflops", module, *tensors) == flops
    assert figure("calflops-macs", module, *tensors) == macs
