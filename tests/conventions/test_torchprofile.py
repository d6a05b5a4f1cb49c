"""torchprofile 0.1.0: multiply-adds that it gave for these modules with torch 2.13.0."""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn
from torch.nn import functional

pytestmark = pytest.mark.framework


class Attends(nn.Module):
    def __init__(self, **how):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2)
        self.how = how

    def forward(self, x, y):
        return self.attention(x, y, y, **self.how)


CASES = {
    "linear": (nn.Linear(3, 4), [(5, 3)], 5 * 3 * 4),
    "matmul": (Does(lambda _, x, y: x @ y), [(2, 3, 4), (2, 4, 5)], 2 * 3 * 4 * 5),
    "vector": (Does(lambda _, x, y: torch.matmul(x, y)), [(3, 4), (4,)], 3 * 4),
    "mm": (Does(lambda _, x, y: torch.mm(x, y)), [(3, 4), (4, 5)], 0),
    "einsum": (Does(lambda _, x, y: torch.einsum("ij,jk->ik", x, y)), [(3, 4), (4, 5)], 3 * 4 * 5),
    "einsum of elements": (
        Does(lambda _, x, y: torch.einsum("i,j->ij", x, y)),
        [(3,), (4,)],
        3 * 4,
    ),
    "attention": (
        Does(lambda _, q, k: functional.scaled_dot_product_attention(q, k, k)),
        [(2, 4, 7, 8), (2, 4, 6, 8)],
        2 * (2 * 4 * 7 * 6 * 8),
    ),
    "lstm": (nn.LSTM(3, 5), [(7, 2, 3)], 14 * 4 * 5 * (3 + 5)),
    "gru": (nn.GRU(3, 5), [(7, 2, 3)], 0),
    "lstm cell": (nn.LSTMCell(3, 5), [(2, 3)], 2 * 4 * 5 * (3 + 5) + 3 * 2 * 5),
    "conv": (nn.Conv2d(4, 8, 3, groups=2), [(2, 4, 9, 8)], 2 * 9 * 2 * 8 * 7 * 6),
    "conv same": (nn.Conv2d(4, 8, 3, padding="same"), [(2, 4, 9, 8)], 0),
    # places of the result; all the channels that go in, though there are groups
    "transposed": (
        nn.ConvTranspose1d(4, 8, 3, stride=2, groups=2),
        [(2, 4, 9)],
        2 * 8 * 19 * 4 * 3,
    ),
    # as many channels as before: taken for a plain convolution, with those of one group
    "transposed alike": (nn.ConvTranspose1d(4, 4, 3, groups=2), [(2, 4, 9)], 2 * 4 * 11 * 2 * 3),
    "mul": (Does(lambda _, x, y: 2 * x * y), [(2, 3), (3,)], 2 * 6),
    "batch norm": (nn.BatchNorm1d(4), [(3, 4)], 12),
    "batch norm plain": (nn.BatchNorm1d(4, affine=False), [(3, 4)], 0),
    "layer norm": (nn.LayerNorm(4), [(3, 4)], 12),
    "layer norm plain": (nn.LayerNorm(4, elementwise_affine=False), [(3, 4)], 0),
    "mean": (Does(lambda _, x: x.mean(1)), [(2, 3, 4)], 2 * 4),
    "pool": (nn.AvgPool2d(2), [(2, 3, 8, 8)], 2 * 3 * 16),
    "area of a line": (nn.Upsample(scale_factor=2, mode="area"), [(2, 4, 9)], 2 * 4 * 18 + 1),
    "area of a volume": (
        nn.Upsample(scale_factor=2, mode="area"),
        [(2, 4, 5, 6, 7)],
        2 * 4 * 10 * 12 * 14 + 3,
    ),
    "a number by a tensor": (Does(lambda _, x: 2 / x), [(2, 3)], 6),
    "sizes": (
        Does(lambda _, x: x.reshape(x.shape[0] * x.shape[1], -1).sin()),
        [(2, 3, 4)],
        1,
    ),
    "sizes that lead nowhere": (
        Does(lambda _, x: x.sin() if x.shape[0] * x.shape[1] else x),
        [(2, 3, 4)],
        0,
    ),
    "what leads nowhere": (
        Does(lambda m, x: (m.one(x), m.two(x))[0], one=nn.Linear(8, 4), two=nn.Linear(8, 6)),
        [(2, 8)],
        2 * 8 * 4,
    ),
    "weights that lead nowhere": (
        Does(lambda m, x: m.heads(x, x, x)[0], heads=nn.MultiheadAttention(8, 2, batch_first=True)),
        [(2, 5, 8)],
        2 * 5 * 8 * 32 + 2 * (2 * 5 * 5 * 8) + 2 * 5 * 8 + 4,
    ),
    "area": (nn.Upsample(scale_factor=2, mode="area"), [(2, 3, 4, 4)], 2 * 3 * 64 + 2),
    "leaky relu": (nn.LeakyReLU(), [(2, 3)], 6),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), [(2, 3, 4, 4)], 4 * 2 * 3 * 64),
    "grid": (
        Does(lambda _, x, y: functional.grid_sample(x, y, align_corners=False)),
        [(1, 3, 8, 8), (1, 4, 4, 2)],
        4 * 3 * 16,
    ),
    # products: four of sizes, and the queries by 1/sqrt(4)
    "heads": (
        Attends(need_weights=False),
        [(7, 2, 8), (5, 2, 8)],
        14 * 8 * 8 + 10 * 8 * 16 + 14 * 8 * 8 + 2 * (2 * 7 * 5 * 8) + 4 + 2,
    ),
    "heads with weights": (
        Attends(),
        [(7, 2, 8), (5, 2, 8)],
        14 * 8 * 8
        + 10 * 8 * 16
        + 14 * 8 * 8
        + 2 * (2 * 7 * 5 * 8)
        + 14 * 8  # scaled
        + 2 * 7 * 5  # averaged
        + 4
        + 2,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_figures(case):
    module, inputs, macs = CASES[case]
    assert figure("torchprofile", module, *(ones(*shape) for shape in inputs)) == macs
