"""DeepSpeed's profiler: figures that deepspeed 0.19.8 with torch 2.13.0 gave for these modules."""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn
from torch.nn import functional

pytestmark = pytest.mark.framework

RNN = 14 * (2 * 5 * (3 + 5) - 2 * 5 + 2 * 5 + 5)  # 7 steps, 2 sequences, 3 to 5
GRU = 14 * (2 * 15 * (3 + 5) - 2 * 15 + 2 * 15 + 7 * 5)
LSTM = 14 * (2 * 20 * (3 + 5) - 2 * 20 + 2 * 20 + 10 * 5)


# FLOPs, MACs
BOTH = {
    "linear": (nn.Linear(3, 4, bias=False), [(5, 3)], 2 * 5 * 3 * 4, 5 * 3 * 4),
    "matmul": (Does(lambda _, x, y: x @ y), [(2, 3, 4), (4, 5)], 2 * 6 * 4 * 5, 6 * 4 * 5),
    # of (2, 3, 4, 5) products of matrices only those of the first operand are seen
    "spread": (Does(lambda _, x, y: x.matmul(y)), [(3, 4), (2, 4, 5)], 2 * 3 * 4 * 5, 3 * 4 * 5),
    "vector": (Does(lambda _, x, y: torch.matmul(x, y)), [(3, 4), (4,)], 2 * 3 * 4 * 4, 3 * 4 * 4),
    "linear vector": (
        Does(lambda _, x, y: functional.linear(x, y)),
        [(2, 3), (3,)],
        2 * 6 * 3,
        6 * 3,
    ),
    "baddbmm": (
        Does(lambda _, x, y, z: torch.baddbmm(x, y, z)),
        [(5,), (2, 3, 4), (2, 4, 5)],
        2 * 2 * 3 * 4 * 5 + 5,
        2 * 3 * 4 * 5,
    ),
    "attention": (
        Does(lambda _, q, k: functional.scaled_dot_product_attention(q, k, k)),
        [(2, 4, 7, 8), (2, 4, 6, 8)],
        2 * 2 * (2 * 4 * 7 * 6 * 8),
        2 * (2 * 4 * 7 * 6 * 8),
    ),
    "conv": (
        nn.Conv2d(4, 8, 3, stride=2, groups=2),
        [(2, 4, 9, 8)],
        (2 * 2 * 9 + 1) * 2 * 8 * 4 * 3,
        2 * 9 * 2 * 8 * 4 * 3,
    ),
    # torch pads 0 and 1, which keeps 9; DeepSpeed takes it for none
    "even": (
        nn.Conv1d(4, 8, 2, padding="same"),
        [(2, 4, 9)],
        (2 * 4 * 2 + 1) * 2 * 8 * 8,
        4 * 2 * 2 * 8 * 8,
    ),
    "transposed": (
        nn.ConvTranspose1d(4, 8, 3, stride=2, groups=2),
        [(2, 4, 9)],
        2 * 2 * 9 * 4 * 4 * 3 + 2 * 8 * 19,
        2 * 9 * 4 * 4 * 3,
    ),
}
FLOPS = {
    "relu": (nn.ReLU(), [(2, 3)], 6),
    "taken before": (
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        [(2, 7, 8)],
        2 * 14 * (4 * 64 + 2 * 128) + 2 * 2 * (2 * 7 * 7 * 8) + 2 * 5 * (14 * 8),
    ),
    "silu called": (nn.SiLU(), [(2, 3)], 6),
    "max pool": (nn.MaxPool2d(2), [(2, 3, 9, 9)], 2 * 3 * 81),
    "mean pool": (nn.AdaptiveAvgPool1d(1), [(2, 3, 9)], 2 * 3 * 9),
    "lp pool": (nn.LPPool2d(2, 2), [(2, 3, 8, 8)], 2 * 3 * 64 + 2 * (2 * 3 * 16)),
    "response": (nn.LocalResponseNorm(2), [(2, 4, 5, 5)], 3 * 200 + 2 * 5 * 25),
    "softmax": (nn.Softmax(-1), [(2, 5)], 10),
    "softmax method": (Does(lambda _, x: x.softmax(-1)), [(2, 5)], 0),
    "batch norm": (nn.BatchNorm1d(4), [(3, 4)], 2 * 12),
    "batch norm plain": (nn.BatchNorm1d(4, affine=False), [(3, 4)], 12),
    "batch norm of statistics": (
        nn.BatchNorm1d(4, affine=False, track_running_stats=False),
        [(3, 4)],
        4 * 12,
    ),
    "instance norm": (
        nn.InstanceNorm1d(4, track_running_stats=True),
        [(3, 4, 5)],
        4 * 60,
    ),
    "group norm": (nn.GroupNorm(2, 4), [(3, 4, 5)], 5 * 60),
    "factor": (nn.Upsample(scale_factor=2), [(2, 3, 4, 4)], 2 * 3 * 8 * 8),
    "size": (nn.Upsample(size=(7, 5)), [(2, 3, 4, 4)], 7 * 5),
    "side": (nn.Upsample(size=7), [(2, 3, 4, 4)], 7),
    "area factor": (nn.Upsample(scale_factor=2, mode="area"), [(2, 3, 4, 4)], 6 * 64 + 6 * 16),
    "area size": (nn.Upsample(size=(7, 5), mode="area"), [(2, 3, 4, 4)], 35 + 6 * 16),
    "area side": (nn.Upsample(size=7, mode="area"), [(2, 3, 4, 4)], 7 + 6 * 16),
    "names": (Does(lambda _, x, y: x.add(y).mul(2)), [(2, 3), (3,)], 2 * 6),
    "operators": (Does(lambda _, x, y: (x + y) * 2), [(2, 3), (3,)], 0),
    "einsum": (
        Does(lambda _, x, y: torch.einsum("bhqd,bhkd->bhqk", x, y)),
        [(1, 8, 16, 64)] * 2,
        262100,  # of 2*8*16*16*64 + 1 the first four digits
    ),
    "einsum of elements": (Does(lambda _, x, y: torch.einsum("i,j->ij", x, y)), [(3,), (4,)], 13),
    "rnn": (nn.RNN(3, 5), [(7, 2, 3)], RNN),
    "gru": (nn.GRU(3, 5), [(7, 2, 3)], GRU),
    "lstm": (nn.LSTM(3, 5), [(7, 2, 3)], LSTM),
    "rnn cell": (nn.RNNCell(3, 5), [(2, 3)], RNN // 7),
    "gru cell": (nn.GRUCell(3, 5), [(2, 3)], GRU // 7),
    "lstm cell": (nn.LSTMCell(3, 5), [(2, 3)], LSTM // 7),
}
CDIST = Does(lambda _, x, y: torch.cdist(x, y))
PRODUCTS = 30 * 35 * 6
META = {
    "linear": (nn.Linear(3, 4), [(5, 3)], 2 * 2 * 5 * 3 * 4, 2 * 5 * 3 * 4),
    "linear without bias": (nn.Linear(3, 4, bias=False), [(5, 3)], 2 * 5 * 3 * 4, 5 * 3 * 4),
    "leaky relu": (nn.LeakyReLU(), [(2, 3)], 2 * 6, 0),
    "logsumexp": (Does(lambda _, x: x.logsumexp(1)), [(2, 3)], 2, 0),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), [(1, 3, 4, 4)], 4 * 3 * 64, 0),
    "bilinear size": (nn.Upsample((8, 8), mode="bilinear"), [(1, 3, 4, 4)], 64 + 3 * 3 * 64, 0),
    "bilinear side": (nn.Upsample(8, mode="bilinear"), [(1, 3, 4, 4)], 8 + 3 * 3 * 64, 0),
    "linear resizing": (nn.Upsample(scale_factor=2, mode="linear"), [(1, 3, 4)], 2 * 3 * 8, 0),
    "linear resizing size": (nn.Upsample((8,), mode="linear"), [(1, 3, 4)], 8 + 3 * 8, 0),
    "linear resizing side": (nn.Upsample(8, mode="linear"), [(1, 3, 4)], 8 + 3 * 8, 0),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), [(1, 3, 4, 4)], 16 * 3 * 64, 0),
    "bicubic size": (nn.Upsample((8, 8), mode="bicubic"), [(1, 3, 4, 4)], 64 + 15 * 3 * 64, 0),
    "bicubic side": (nn.Upsample(8, mode="bicubic"), [(1, 3, 4, 4)], 8 + 15 * 3 * 64, 0),
    "trilinear": (nn.Upsample(scale_factor=2, mode="trilinear"), [(1, 3, 2, 2, 2)], 8 * 3 * 64, 0),
    "trilinear size": (nn.Upsample((4,) * 3, mode="trilinear"), [(1, 3, 2, 2, 2)], 64 + 7 * 192, 0),
    "trilinear side": (nn.Upsample(4, mode="trilinear"), [(1, 3, 2, 2, 2)], 4 + 7 * 192, 0),
    "grid": (
        Does(lambda _, x, y: functional.grid_sample(x, y, align_corners=False)),
        [(1, 3, 8, 8), (1, 4, 4, 2)],
        3 * 3 * 16,
        0,
    ),
    "cdist": (CDIST, [(30, 4), (35, 4)], 2 * PRODUCTS + 30 * 4, PRODUCTS),
    "lstm": (nn.LSTM(3, 5), [(7, 2, 3)], LSTM, 0),
    "lstm inside": (nn.Sequential(nn.LSTM(3, 5)), [(7, 2, 3)], LSTM + 2 * 2240, 14 * 20 * (3 + 5)),
    "rnn": (nn.RNN(3, 5), [(7, 2, 3)], RNN, 0),
    "rnn inside": (nn.Sequential(nn.RNN(3, 5)), [(7, 2, 3)], RNN + 2 * 560, 14 * 5 * (3 + 5)),
    "gru": (nn.GRU(3, 5), [(7, 2, 3)], GRU, 0),
    "gru inside": (nn.Sequential(nn.GRU(3, 5)), [(7, 2, 3)], GRU + 2 * 1680, 14 * 15 * (3 + 5)),
    "lstm without a batch": (nn.LSTM(3, 5), [(7, 3)], 3 * LSTM // 2, 0),
    "rnn inside without a batch": (
        nn.Sequential(nn.RNN(3, 5)),
        [(7, 3)],
        3 * RNN // 2 + 560,
        7 * 5 * (3 + 5),
    ),
    "gru inside without a batch": (
        nn.Sequential(nn.GRU(3, 5)),
        [(7, 3)],
        3 * GRU // 2 + 1680,
        7 * 15 * (3 + 5),
    ),
    "lstm inside without a batch": (
        nn.Sequential(nn.LSTM(3, 5)),
        [(7, 3)],
        3 * LSTM // 2 + 2240,
        7 * 20 * (3 + 5),
    ),
    "leaky relu in place": (
        Does(lambda _, x: functional.leaky_relu_(x * 1)),
        [(4, 8)],
        32,
        0,
    ),
    "divergence": (Does(lambda _, x: functional.kl_div(x, x, reduction="sum")), [(2, 6)], 12, 0),
    "cell": (nn.LSTMCell(3, 5), [(2, 3)], LSTM // 7, 0),
    "cell inside": (nn.Sequential(nn.LSTMCell(3, 5)), [(2, 3)], LSTM // 7 + 2 * 320, 2 * 20 * 8),
}


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch's, of the even kernel
@pytest.mark.parametrize("case", BOTH)
def test_both(case):
    module, inputs, flops, macs = BOTH[case]
    tensors = [ones(*shape) for shape in inputs]
    assert figure("deepspeed", module, *tensors) == flops
    assert figure("deepspeed-macs", module, *tensors) == macs


@pytest.mark.parametrize("case", FLOPS)
def test_flops(case):
    module, inputs, flops = FLOPS[case]
    assert figure("deepspeed", module, *(ones(*shape) for shape in inputs)) == flops


@pytest.mark.parametrize("case", META)
def test_meta(case):
    module, inputs, flops, macs = META[case]
    tensors = [ones(*shape) for shape in inputs]
    assert figure("deepspeed-meta", module, *tensors) == flops
    assert figure("deepspeed-meta-macs", module, *tensors) == macs
