"""What torchinfo 1.8.0 printed for small modules, next to what its convention says."""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn

pytestmark = pytest.mark.framework


class Conv1D(nn.Module):
    """A linear layer with a name like that of a convolution, as GPT-2 has."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(ones(4, 8))
        self.bias = nn.Parameter(ones(8))

    def forward(self, x):
        size = (*x.shape[:-1], 8)
        return torch.addmm(self.bias, x.reshape(-1, 4), self.weight).view(size)


class Scale(nn.Module):
    """Parameters of three kinds of names."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(ones(4))
        self.my_bias = nn.Parameter(ones(4))
        self.gamma = nn.Parameter(ones(4))

    def forward(self, x):
        return (x * self.weight + self.my_bias) * self.gamma


LAYERS = {
    "linear": (nn.Linear(4, 8), (3, 4), 3 * (4 * 8 + 8)),
    "linear over a sequence": (nn.Linear(4, 8), (2, 3, 4), 2 * (4 * 8 + 8)),
    "conv": (nn.Conv2d(4, 8, 3, groups=2), (2, 4, 8, 7), 2 * 6 * 5 * (8 * 2 * 9 + 8)),
    "conv without a batch": (nn.Conv1d(4, 8, 3), (4, 8), 8 * (8 * 4 * 3 + 8)),
    "transposed": (
        nn.ConvTranspose2d(4, 8, 3, stride=2, bias=False),
        (2, 4, 8, 7),
        2 * 17 * 15 * 4 * 8 * 9,
    ),
    "batch norm": (nn.BatchNorm2d(4), (2, 4, 8, 7), 2 * (4 + 4)),
    "instance norm": (nn.InstanceNorm2d(4, affine=True), (2, 4, 8, 7), 2 * (4 + 4)),
    "prelu": (nn.PReLU(6), (2, 6, 4), 2 * 6),
    "relu": (nn.ReLU(), (2, 6, 4), 0),
    "lstm": (nn.LSTM(4, 6), (5, 3, 4), 5 * 3 * (4 * 6 * (4 + 6) + 2 * 4 * 6)),
    "lstm, batch first": (
        nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True),
        (5, 3, 4),
        5 * 3 * 2 * (4 * 6 * (4 + 6 + 12 + 6) + 4 * 4 * 6),
    ),
    "gru cell": (nn.GRUCell(4, 6), (3, 4), 3 * 6 * (3 * 6 * (4 + 6) + 2 * 3 * 6)),
    "attention": (Does(lambda s, x: s.a(x, x, x)[0], a=nn.MultiheadAttention(8, 2)), (5, 2, 8), 0),
    "a name with Conv in it": (nn.Sequential(Conv1D()), (2, 3, 4), 2 * 8 * (4 * 8 + 8)),
    "names": (nn.Sequential(Scale()), (2, 3, 4), 2 * 4 + 2 * 3 * 4),
    "called again": (
        Does(lambda s, x: s.a(s.a(x)), a=nn.Conv2d(4, 4, 3)),
        (1, 4, 9, 9),
        (7 * 7 + 5 * 5) * (4 * 4 * 9 + 4),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    module, shape, printed = LAYERS[name]
    assert figure("torchinfo", module, ones(*shape)) == printed


def test_a_table_counts_whole():
    tokens = torch.zeros(2, 3, dtype=torch.int64)
    assert figure("torchinfo", nn.Embedding(10, 4), tokens) == 2 * 10 * 4
