"""What ptflops 0.7.5 printed for small modules, next to what its conventions say."""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn
from torch.nn import functional

pytestmark = pytest.mark.framework

IMAGE = 2 * 4 * 8 * 7
"""Elements of the images below."""


def self_attention(**options):
    attention = nn.MultiheadAttention(8, 2)
    return Does(lambda self, x: self.inner(x, x, x, **options)[0], inner=attention)


MASK = torch.zeros(5, 5)
PROJECTIONS = 4 * 5 * 2 * 8 * 8
PROJECTION_BIASES = 4 * 5 * 2 * 8
PRODUCTS = 2 * 2 * 2 * 5 * 5 * 4
SCORES = 2 * 2 * 5 * 5
QUERIES = 5 * 2 * 8

LAYERS = {
    "linear": (nn.Linear(4, 8), (2, 3, 4), 6 * (4 * 8 + 8), 6 * (4 * 8 + 8)),
    "linear without a bias": (nn.Linear(4, 8, bias=False), (2, 3, 4), 6 * 4 * 8, 6 * 4 * 8),
    "conv": (
        nn.Conv2d(4, 8, 3, groups=2, padding=1),
        (2, 4, 8, 7),
        2 * 8 * 56 * (2 * 9 + 1),
        2 * 8 * 56 * (2 * 9 + 1),
    ),
    "transposed": (
        nn.ConvTranspose2d(4, 8, 3, groups=2, stride=2),
        (2, 4, 8, 7),
        2 * (4 * 56 * 4 * 9 + 8 * 17 * 15),
        2 * (4 * 56 * 4 * 9 + 8 * 17 * 15),
    ),
    "conv1d without a batch": (nn.Conv1d(4, 8, 3, bias=False), (4, 8), 4 * 3 * 4 * 8, 6 * 96),
    "conv2d without a batch": (
        nn.Conv2d(4, 8, 3, bias=False), (4, 8, 7), 4 * 5 * 9 * 4 * 8, 30 * 9 * 4 * 8,
    ),
    "conv3d without a batch": (
        nn.Conv3d(4, 8, 3, bias=False), (4, 8, 7, 6), 4 * 20 * 27 * 4 * 8, 120 * 27 * 4 * 8,
    ),
    "transposed 1d without a batch": (
        nn.ConvTranspose1d(4, 8, 3, bias=False), (4, 8), 4 * 3 * 4 * 8, 8 * 3 * 4 * 8,
    ),
    "transposed 2d without a batch": (
        nn.ConvTranspose2d(4, 8, 3, bias=False), (4, 8, 7), 4 * 7 * 9 * 4 * 8, 56 * 9 * 4 * 8,
    ),
    "transposed 3d without a batch": (
        nn.ConvTranspose3d(4, 8, 3, bias=False),
        (4, 8, 7, 6),
        4 * 42 * 27 * 4 * 8,
        336 * 27 * 4 * 8,
    ),
    # the bias too: 4 for the batch, and the places of a channel of the result
    "a bias without a batch": (
        nn.Conv1d(4, 8, 3), (4, 9), 4 * 96 + 4 * 7, 8 * 7 * (12 + 1),
    ),
    "batch norm": (nn.BatchNorm2d(4), (2, 4, 8, 7), 2 * IMAGE, 0),
    "group norm": (nn.GroupNorm(2, 4, affine=False), (2, 4, 8, 7), IMAGE, 0),
    "layer norm": (nn.LayerNorm(7), (2, 4, 8, 7), IMAGE, 0),
    "relu": (nn.ReLU(), (2, 6, 4), 2 * 48, 0),
    "relu6": (nn.ReLU6(), (2, 6, 4), 48, 0),
    "leaky relu": (nn.LeakyReLU(), (2, 6, 4), 48, 0),
    "silu": (nn.SiLU(), (2, 6, 4), 48, 0),
    "prelu": (nn.PReLU(), (2, 6, 4), 2 * 48, 0),
    "softmax": (nn.Softmax(1), (2, 6, 4), 48, 0),
    "pool": (nn.MaxPool2d(3, 2, 1), (2, 4, 8, 7), 2 * IMAGE, 0),
    "adaptive": (nn.AdaptiveAvgPool2d(1), (2, 4, 8, 7), 2 * IMAGE, 0),
    "power pool": (nn.LPPool1d(2, 2), (2, 4, 8), 64 + 2 * 32, 0),
    "response norm": (nn.LocalResponseNorm(2), (2, 5, 6), 2 * 6 * 6 + 3 * 60, 0),
    "nearest": (nn.Upsample(scale_factor=2), (2, 4, 8, 7), 4 * IMAGE + 2 * IMAGE, 0),
    "area": (nn.Upsample(size=5, mode="area"), (2, 4, 8, 7), IMAGE + 200 + 100, 0),
    "bilinear": (nn.UpsamplingBilinear2d(scale_factor=2), (2, 4, 8, 7), 4 * IMAGE, 0),
    "rnn": (nn.RNN(4, 6), (5, 3, 4), 15 * (6 * 10 + 6 + 12), 15 * (6 * 10 + 12)),
    "rnn, batch first": (
        nn.RNN(4, 6, batch_first=True),
        (5, 3, 4),
        15 * (6 * 10 + 6 + 12),
        15 * (6 * 10 + 6),  # its first product is none with a bias
    ),
    "gru": (
        nn.GRU(4, 6, 2, bidirectional=True),
        (5, 3, 4),
        15 * 2 * (18 * (10 + 18) + 2 * (42 + 36)),
        15 * 2 * (18 * (10 + 18) + 2 * 36),
    ),
    "gru, batch first": (
        nn.GRU(4, 6, batch_first=True), (5, 3, 4), 15 * (18 * 10 + 42 + 36), 15 * (18 * 10 + 18),
    ),
    "lstm": (nn.LSTM(4, 6), (5, 3, 4), 15 * (24 * 10 + 60 + 48), 0),
    "rnn without a batch": (nn.RNN(4, 6, bias=False), (5, 4), 20 * (6 * 10 + 6), 5 * 6 * 10),
    "gru without a batch": (nn.GRU(4, 6, bias=False), (5, 4), 20 * (18 * 10 + 42), 5 * 18 * 10),
    "lstm without a batch": (nn.LSTM(4, 6), (5, 4), 20 * (24 * 10 + 60 + 48), 0),
    "rnn cell": (nn.RNNCell(4, 6), (3, 4), 3 * (6 * 10 + 6 + 12), 3 * (6 * 10 + 12)),
    "gru cell": (nn.GRUCell(4, 6), (3, 4), 3 * (18 * 10 + 42 + 36), 3 * (18 * 10 + 36)),
    "lstm cell": (nn.LSTMCell(4, 6), (3, 4), 3 * (24 * 10 + 60 + 48), 3 * (24 * 10 + 48)),
    "attention": (
        self_attention(need_weights=False),
        (5, 2, 8),
        PROJECTIONS + PROJECTION_BIASES + PRODUCTS + SCORES + QUERIES,
        PROJECTIONS + PROJECTION_BIASES,
    ),
    "attention with its weights": (
        self_attention(),
        (5, 2, 8),
        PROJECTIONS + PROJECTION_BIASES + 2 * PRODUCTS + 2 * SCORES + QUERIES,
        PROJECTIONS + PROJECTION_BIASES + PRODUCTS,
    ),
    "attention with its weights and a mask": (
        self_attention(attn_mask=MASK),
        (5, 2, 8),
        PROJECTIONS + PROJECTION_BIASES + 2 * PRODUCTS + 25 + 2 * SCORES + QUERIES,
        PROJECTIONS + PROJECTION_BIASES + PRODUCTS // 2,  # the other is a baddbmm
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    module, shape, pytorch, aten = LAYERS[name]
    assert figure("ptflops-pytorch", module, ones(*shape)) == pytorch
    assert figure("ptflops-aten", module, ones(*shape)) == aten


FUNCTIONS = {
    "x @ y": (lambda _, x, y: x @ y, 0, 60),
    "x.matmul(y)": (lambda _, x, y: x.matmul(y), 60, 60),
    "torch.matmul": (lambda _, x, y: torch.matmul(x, y), 60, 60),
    "a vector": (lambda _, x, y: torch.matmul(x, y[:, 0]), 12 * 4, 0),
    "two vectors": (lambda _, x, y: torch.matmul(x[0], y[:, 0]), 4 * 4, 0),
    "einsum": (lambda _, x, y: torch.einsum("ij,jk->ik", x, y), 0, 60),
    "addmm": (lambda _, x, y: torch.addmm(y[0], x, y), 60 + 5, 60 + 15),
    "linear": (lambda _, x, y: functional.linear(x, y.T, y[0]), 0, 60 + 15),
    "x + x": (lambda _, x, __: x + x, 0, 0),
    "x.add(x)": (lambda _, x, __: x.add(x), 12, 0),
    "torch.add": (lambda _, x, __: torch.add(x, 1), 12, 0),
    "torch.mul": (lambda _, x, __: torch.mul(torch.mul(x, x), 2), 24, 0),
    "from the left": (lambda _, x, __: torch.add(x, x[0]), 4 * 4, 0),
    "relu": (lambda _, x, __: functional.relu(x), 12, 0),
    "torch.relu": (lambda _, x, __: torch.relu(x), 0, 0),
    "softmax": (lambda _, x, __: functional.softmax(x, -1), 12, 0),
    "x.softmax": (lambda _, x, __: x.softmax(-1), 0, 0),
    "pool": (lambda _, x, __: functional.avg_pool1d(x[None], 2), 12, 0),
    "area": (lambda _, x, __: functional.interpolate(x[None], 2, mode="area"), 12 + 6, 0),
    "nearest": (lambda _, x, __: functional.interpolate(x[None], scale_factor=2), 24, 0),
    "antialiased": (
        lambda _, x, __: functional.interpolate(
            x[None, None], size=(2, 3), mode="bilinear", antialias=True
        ),
        6,
        0,
    ),
    "of the first operand": (
        lambda _, x, y: torch.matmul(x, y.expand(6, 4, 5)), 3 * 4 * 5, 6 * 3 * 4 * 5,
    ),
    "attention": (
        lambda _, x, __: functional.scaled_dot_product_attention(*[x[None, None]] * 3), 0, 0,
    ),
    "values of another width": (
        lambda _, x, __: functional.scaled_dot_product_attention(
            *[x[None, None]] * 2, x[None, None, :, :2]
        ),
        0,
        3 * 3 * 4 + 3 * 3 * 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    function, pytorch, aten = FUNCTIONS[name]
    inputs = ones(3, 4), ones(4, 5)
    assert figure("ptflops-pytorch", Does(function), *inputs) == pytorch
    assert figure("ptflops-aten", Does(function), *inputs) == aten


def test_a_learned_mask_takes_attention_apart():
    def attend(self, x):
        mask = self.table.weight[None, None]
        return functional.scaled_dot_product_attention(x, x, x, attn_mask=mask)

    module = Does(attend, table=nn.Embedding(3, 3))
    assert figure("ptflops-aten", module, ones(1, 2, 3, 4)) == 2 * 2 * 3 * 3 * 4


def test_the_function_that_a_transformer_layer_holds_is_not_seen():
    module = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)
    attention = PROJECTIONS + PROJECTION_BIASES + PRODUCTS + SCORES + QUERIES
    linears, norms = 10 * (2 * 8 * 16 + 16 + 8), 2 * 10 * 8
    assert figure("ptflops-pytorch", module, ones(5, 2, 8)) == attention + linears + norms


def test_any_function_that_a_transformer_layer_holds_is_not_seen():
    module = nn.TransformerEncoderLayer(8, 2, 16, activation=functional.silu)
    same = nn.TransformerEncoderLayer(8, 2, 16, activation=functional.relu)
    found = [figure("ptflops-pytorch", m, ones(5, 2, 8)) for m in (module, same)]
    assert found == [6820, 6820]


def test_a_projection_counts_as_a_square_of_its_input():
    module = Does(
        lambda self, x, y: self.inner(x, y, x[:3], need_weights=False)[0],
        inner=nn.MultiheadAttention(8, 2, kdim=6),
    )
    squares = 10 * 64 + 6 * 36 + 6 * 64 + 10 * 64  # of queries, keys, values and what comes out
    biases = (10 + 6 + 6 + 10) * 8
    products, scores = 2 * 2 * 2 * 5 * 3 * 4, 2 * 2 * 5 * 3
    printed = squares + biases + products + scores + QUERIES
    assert figure("ptflops-pytorch", module, ones(5, 2, 8), ones(3, 2, 6)) == printed


def test_the_function_that_an_activation_of_transformers_holds_is_not_seen():
    class GELUActivation(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = functional.gelu

        def forward(self, x):
            return self.act(x)

    GELUActivation.__module__ = "transformers.activations"
    assert figure("ptflops-pytorch", nn.Sequential(GELUActivation()), ones(3, 4)) == 0


class Attention(nn.Module):
    """Timm's, as far as it matters here."""

    def __init__(self, *, fused: bool) -> None:
        super().__init__()
        self.fused = fused
        self.qkv = nn.Linear(8, 24)
        self.proj = nn.Linear(8, 8)

    def forward(self, x):
        q, k, v = self.qkv(x).reshape(2, 5, 3, 2, 4).permute(2, 0, 3, 1, 4)
        if self.fused:
            out = functional.scaled_dot_product_attention(q, k, v)
        else:
            out = ((q * 0.5) @ k.mT).softmax(-1) @ v
        return self.proj(out.transpose(1, 2).reshape(2, 5, 8))


Attention.__module__ = "timm.layers.attention"


@pytest.mark.parametrize("fused", [True, False])
def test_attention_of_timm_is_without_its_projections(fused):
    """ptflops printed this of timm 1.0.31's Attention(8, 2, qkv_bias=True), fused or not."""
    module = nn.Sequential(Attention(fused=fused))
    printed = PRODUCTS + SCORES + QUERIES
    assert figure("ptflops-pytorch", module, ones(2, 5, 8)) == printed == 980
    again = 10 * (8 * 24 + 8 * 8)  # the products with a bias, on meta
    assert figure("ptflops-pytorch-meta", module, ones(2, 5, 8)) == printed + again


def test_by_default_it_is_the_pytorch_backend():
    assert figure("ptflops", nn.ReLU(), ones(3, 4)) == 24


ON_META = {
    "linear": (nn.Linear(4, 8), (2, 3, 4), 6 * (2 * 4 * 8 + 8)),
    "linear without a bias": (nn.Linear(4, 8, bias=False), (2, 3, 4), 6 * 4 * 8),
    "addmm": (Does(lambda _, x: torch.addmm(x[0], x, x.T @ x)), (3, 4), 2 * 3 * 4 * 4 + 4),
    "F.linear": (Does(lambda _, x: functional.linear(x, x, x[:, 0])), (3, 4), 3 * 3 * 4),
    "rnn": (nn.RNN(4, 6), (5, 3, 4), 15 * (2 * 6 * 10 + 6 + 12)),
    "gru": (nn.GRU(4, 6), (5, 3, 4), 15 * (2 * 18 * 10 + 42 + 36)),
    "lstm": (nn.LSTM(4, 6), (5, 3, 4), 15 * (2 * 24 * 10 + 60 + 48)),
    "rnn without a batch": (nn.RNN(4, 6), (5, 4), 20 * (6 * 10 + 6 + 12) + 5 * 6 * 10),
    "gru without a batch": (nn.GRU(4, 6), (5, 4), 20 * (18 * 10 + 42 + 36) + 5 * 18 * 10),
    "lstm without a batch": (nn.LSTM(4, 6), (5, 4), 20 * (24 * 10 + 60 + 48) + 5 * 24 * 10),
    "rnn cell": (nn.RNNCell(4, 6), (3, 4), 3 * (2 * 6 * 10 + 6 + 12)),
    "gru cell": (nn.GRUCell(4, 6), (3, 4), 3 * (2 * 18 * 10 + 42 + 36)),
    "lstm cell": (nn.LSTMCell(4, 6), (3, 4), 3 * (2 * 24 * 10 + 60 + 48)),
    "attention": (
        self_attention(need_weights=False),
        (5, 2, 8),
        2 * PROJECTIONS + PROJECTION_BIASES + PRODUCTS + SCORES + QUERIES,
    ),
    "cdist": (Does(lambda _, x: torch.cdist(x, x)), (30, 6), 30 * 30 * 8 + 30 * 6),
    "grid": (
        Does(lambda _, x: functional.grid_sample(x, ones(1, 4, 4, 2), align_corners=False)),
        (1, 1, 8, 8),
        3 * 16,
    ),
    "divergence": (Does(lambda _, x: functional.kl_div(x, x, reduction="sum")), (2, 6), 12),
    "leaky relu": (nn.LeakyReLU(), (2, 6, 4), 2 * 48),
    "leaky relu, function": (Does(lambda _, x: functional.leaky_relu(x)), (2, 6, 4), 48),
    "linear resizing": (
        nn.Upsample(scale_factor=2, mode="linear"), (2, 4, 8), 128 + 64 + 16 * 4 * 16,
    ),
    "bilinear": (
        nn.UpsamplingBilinear2d(size=(16, 14)),
        (2, 4, 8, 7),
        4 * IMAGE + (2 * 14 + 16) * 4 * 16 * 14,
    ),
    "bicubic": (nn.Upsample(size=5, mode="bicubic"), (2, 4, 8, 7), 200 + 100 + 15 * 200),
    "trilinear": (
        nn.Upsample(size=5, mode="trilinear"), (2, 4, 8, 7, 6), 1500 + (4 + 2 + 1) * 5 * 4 * 125,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ON_META)
def test_on_meta(name):
    module, shape, printed = ON_META[name]
    assert figure("ptflops-pytorch-meta", module, ones(*shape)) == printed


def test_aten_on_meta_sees_what_attention_and_recurrent_layers_are_made_of():
    attention = PROJECTIONS + PROJECTION_BIASES + PRODUCTS
    module = self_attention(need_weights=False)
    assert figure("ptflops-aten-meta", module, ones(5, 2, 8)) == attention
    for layer, gates in ((nn.RNN(4, 6), 1), (nn.GRU(4, 6), 3), (nn.LSTM(4, 6), 4)):
        printed = 15 * gates * (6 * 10 + 12)
        assert figure("ptflops-aten-meta", layer, ones(5, 3, 4)) == printed
