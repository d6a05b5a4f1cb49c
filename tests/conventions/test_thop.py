"""What thop printed for small modules, next to what its conventions say.

0.1.1.post2209072238, and 0.0.31 (Lyken17/pytorch-OpCounter@176c407) on today's torch.
"""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn

pytestmark = pytest.mark.framework

BATCH = 2 * 4 * 8 * 7
"""Elements of the images below."""

LAYERS = {
    "linear": (nn.Linear(4, 8), (2, 3, 4), 2 * 3 * 4 * 8),
    "conv": (nn.Conv2d(4, 8, 3, groups=2, padding=1), (2, 4, 8, 7), 2 * 8 * 8 * 7 * 2 * 9),
    "conv1d without a batch": (nn.Conv1d(4, 8, 3), (4, 8), 8 * 6 * 8 * 3),
    "conv2d without a batch": (nn.Conv2d(4, 8, 3), (4, 8, 7), 8 * 6 * 5 * 8 * 9),
    "conv3d without a batch": (nn.Conv3d(4, 8, 3), (4, 8, 7, 6), 8 * 6 * 5 * 4 * 8 * 27),
    "transposed": (
        nn.ConvTranspose2d(4, 8, 3, groups=2, stride=2),
        (2, 4, 8, 7),
        2 * 8 * 17 * 15 * 2 * 9,  # of the whole result, which is four times too much
    ),
    "batch norm": (nn.BatchNorm2d(4), (2, 4, 8, 7), 4 * BATCH),
    "batch norm without weights": (nn.BatchNorm2d(4, affine=False), (2, 4, 8, 7), 2 * BATCH),
    "instance norm": (nn.InstanceNorm2d(4), (2, 4, 8, 7), 2 * BATCH),
    "layer norm": (nn.LayerNorm(6, bias=False), (2, 5, 6), 4 * 2 * 5 * 6),
    "group norm": (nn.GroupNorm(2, 6), (2, 6, 5), 0),
    "prelu": (nn.PReLU(), (2, 6, 4), 2 * 6 * 4),
    "relu": (nn.ReLU(), (2, 6, 4), 0),
    "gelu": (nn.GELU(), (2, 6, 4), 0),
    "softmax": (nn.Softmax(1), (2, 6, 4), 2 * 4 * (3 * 6 - 1)),
    "average": (nn.AvgPool2d(3, 2, 1), (2, 4, 8, 7), 2 * 4 * 4 * 4),
    "adaptive": (nn.AdaptiveAvgPool2d(3), (2, 4, 8, 7), BATCH + 2 * 4 * 3 * 3),
    "adaptive to one": (nn.AdaptiveAvgPool2d(1), (2, 4, 8, 7), BATCH + 2 * 4),
    "adaptive without a batch": (nn.AdaptiveAvgPool1d(1), (4, 8), 2 * 4),
    "nearest": (nn.Upsample(scale_factor=2), (2, 4, 8, 7), 4 * BATCH),
    "nearest to a size": (nn.Upsample(size=5), (2, 4, 8, 7), 2 * 4 * 5 * 5),
    "linear resizing": (nn.Upsample(scale_factor=2, mode="linear"), (2, 4, 8), 5 * 2 * 4 * 16),
    "bilinear": (nn.UpsamplingBilinear2d(scale_factor=2), (2, 4, 8, 7), 11 * 4 * BATCH),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), (2, 4, 8, 7), 259 * 4 * BATCH),
    "area": (nn.Upsample(scale_factor=2, mode="area"), (2, 4, 8, 7), 0),
    "rnn": (nn.RNN(4, 6), (5, 3, 4), 5 * 3 * (6 * (4 + 6) + 6 + 2 * 6)),
    "gru": (nn.GRU(4, 6, bias=False), (5, 3, 4), 5 * 3 * (3 * 6 * (4 + 6) + 7 * 6)),
    "lstm": (
        nn.LSTM(4, 6, 2, bidirectional=True),
        (5, 3, 4),
        5 * 3 * 2 * (4 * 6 * (4 + 6) + 16 * 6 + 4 * 6 * (12 + 6) + 16 * 6),
    ),
    "rnn without a batch": (nn.RNN(4, 6), (5, 4), 5 * 4 * (6 * (4 + 6) + 3 * 6)),
    "gru without a batch": (nn.GRU(4, 6), (5, 4), 5 * 4 * (3 * 6 * (4 + 6) + 13 * 6)),
    "lstm without a batch": (nn.LSTM(4, 6), (5, 4), 5 * 4 * (4 * 6 * (4 + 6) + 16 * 6)),
    "rnn cell": (nn.RNNCell(4, 6), (3, 4), 3 * (6 * (4 + 6) + 3 * 6)),
    "gru cell": (nn.GRUCell(4, 6), (3, 4), 3 * (3 * 6 * (4 + 6) + 13 * 6)),
    "lstm cell": (nn.LSTMCell(4, 6, bias=False), (3, 4), 3 * (4 * 6 * (4 + 6) + 8 * 6)),
}


EARLY = {
    "linear": (nn.Linear(4, 8), (2, 3, 4), 2 * 3 * 8 * (2 * 4 - 1)),
    "conv": (
        nn.Conv2d(4, 8, 3, groups=2, padding=1),
        (2, 4, 8, 7),
        2 * 8 * 8 * 7 * (2 * 9 + 1),
    ),
    "conv without bias": (nn.Conv1d(4, 8, 3, bias=False), (2, 4, 8), 2 * 8 * 6 * 4 * 3),
    "transposed": (
        nn.ConvTranspose2d(4, 8, 3, groups=2, stride=2),
        (2, 4, 8, 7),
        2 * 8 * 17 * 15 * (2 * 9 + 1),
    ),
    "batch norm without weights": (nn.BatchNorm2d(4, affine=False), (2, 4, 8, 7), 4 * BATCH),
    "layer norm": (nn.LayerNorm(6), (2, 5, 6), 0),
    "leaky relu": (nn.LeakyReLU(), (2, 6, 4), 2 * 6 * 4),
    "average": (nn.AvgPool2d(3, 2, 1), (2, 4, 8, 7), 2 * 4 * 4 * 4 * (3 + 1)),
    "average of a line": (nn.AvgPool1d(3), (2, 4, 8), 2 * 4 * 2 * (3 + 1)),
    "adaptive": (nn.AdaptiveAvgPool2d((2, 3)), (2, 4, 8, 7), 2 * 4 * 2 * 3 * (4 * 2 + 1)),
    "adaptive to one": (nn.AdaptiveAvgPool2d(1), (2, 4, 8, 7), BATCH + 2 * 4),
    "adaptive without a batch": (nn.AdaptiveAvgPool1d(1), (4, 8), 2 * 4),
    "nearest": (nn.Upsample(scale_factor=2), (2, 4, 8, 7), 0),
    "linear resizing": (nn.Upsample(scale_factor=2, mode="linear"), (2, 4, 8), 5 * 2 * 4 * 16),
    "bilinear": (nn.UpsamplingBilinear2d(scale_factor=2), (2, 4, 8, 7), 13 * 4 * BATCH),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), (2, 4, 8, 7), 259 * 4 * BATCH),
    "lstm": (nn.LSTM(4, 6), (5, 3, 4), 0),
}


@pytest.mark.parametrize("name", EARLY)
def test_layers_of_the_version_of_the_readme(name):
    module, shape, printed = EARLY[name]
    assert figure("thop-0.0.31", module, ones(*shape)) == printed


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    module, shape, printed = LAYERS[name]
    assert figure("thop", module, ones(*shape)) == printed


def test_only_exact_classes_count():
    class Own(nn.Linear):
        pass

    module = nn.Sequential(nn.Linear(4, 4), Own(4, 4))
    assert figure("thop", module, ones(3, 4)) == 3 * 4 * 4  # of the first


def test_functions_and_attention_are_nothing():
    attention = nn.MultiheadAttention(8, 2)
    module = Does(lambda self, x: self.attention(x, x, x)[0] @ x.mT, attention=attention)
    assert figure("thop", module, ones(5, 2, 8)) == 0


def test_a_transformer_layer_is_its_linears_and_norms():
    module = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    linears, norms = 2 * 2 * 5 * 8 * 16, 2 * 4 * 2 * 5 * 8
    assert figure("thop", module, ones(2, 5, 8)) == linears + norms


def test_a_module_that_is_called_again_counts_again():
    module = Does(lambda self, x: self.layer(self.layer(x)), layer=nn.Linear(4, 4))
    assert figure("thop", module, torch.ones(3, 4)) == 2 * 3 * 4 * 4
