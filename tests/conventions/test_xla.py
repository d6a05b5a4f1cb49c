"""What jax 0.10.2 printed for functions as JAX writes them, next to ours for modules of torch.

`jax.jit(f).lower(...).cost_analysis()["flops"]`; `bench/counters/xla.py` makes f of a module.
"""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn
from torch._higher_order_ops.scan import scan
from torch.nn import functional

from orderof.analyses.compare import account
from orderof.api import graph
from orderof.conventions import convention

pytestmark = pytest.mark.framework

IMAGE = (2, 4, 8, 7)
X = 2 * 4 * 8 * 7
E = 2 * 6 * 4
PLACES = torch.zeros(2, 5, dtype=torch.int64)


def of(function):
    return Does(lambda _, *inputs: function(*inputs))


LAYERS = {
    "product": (of(torch.matmul), [(4, 8), (8, 8)], 512),
    "square": (of(torch.matmul), [(256, 256), (256, 256)], 33554432),
    "dot": (of(torch.matmul), [(4,), (4,)], 8),
    "batches": (of(torch.matmul), [(2, 6, 3, 4), (4, 5)], 1440),
    "linear": (nn.Linear(4, 8), [(3, 4)], 2 * 3 * 8 * 4 + 3 * 8),
    "outer": (of(lambda a, b: torch.einsum("i,j->ij", a, b)), [(3,), (4,)], 24),
    "conv": (nn.Conv2d(3, 12, 5, padding=1, bias=False), [(1, 3, 32, 32)], 1577088),
    "stride": (nn.Conv2d(4, 8, 3, 2, 1, bias=False), [IMAGE], 14080),
    "groups": (nn.Conv2d(4, 8, 3, 1, 2, 2, groups=2, bias=False), [IMAGE], 21760),
    "bias": (nn.Conv2d(4, 8, 3), [IMAGE], 2 * 8 * 30 * (2 * 36 + 1)),
    "transposed": (nn.ConvTranspose2d(4, 8, 3, 2, bias=False), [IMAGE], 64512),
    "transposed in groups": (nn.ConvTranspose2d(4, 8, 3, 2, groups=2), [IMAGE], 36336),
    "of a length": (nn.Conv1d(4, 8, 3, padding=1), [(2, 4, 8)], 2 * 8 * (2 * 4 * 22 + 8)),
    "batch norm": (nn.BatchNorm2d(4), [IMAGE], 4 * X + 4),
    "without weights": (nn.BatchNorm2d(4, affine=False), [IMAGE], 2 * X + 4),
    "norm of the batch": (nn.BatchNorm2d(4, track_running_stats=False), [IMAGE], 8 * X + 4),
    "instance norm": (nn.InstanceNorm2d(4, affine=True), [IMAGE], 8 * X + 8),
    "plain instance norm": (nn.InstanceNorm2d(4), [IMAGE], 6 * X + 8),
    "rms norm": (nn.RMSNorm(6), [(2, 5, 6)], 4 * 60 + 10),
    "layer norm": (nn.LayerNorm(6), [(2, 5, 6)], 8 * 60 + 10),
    "layer norm of two": (nn.LayerNorm((5, 6)), [(2, 5, 6)], 8 * 60 + 2),
    "without a bias": (nn.LayerNorm(6, bias=False), [(2, 5, 6)], 7 * 60 + 10),
    "plain layer norm": (nn.LayerNorm(6, elementwise_affine=False), [(2, 5, 6)], 6 * 60 + 10),
    "group norm": (nn.GroupNorm(2, 4), [IMAGE], 8 * X + 4),
    "max pooling": (nn.MaxPool2d(3, 2, 1), [IMAGE], 8 * 2 * 4 * 16),
    "average pooling": (nn.AvgPool2d(3, 2), [IMAGE], 9 * 2 * 4 * 9),
    "pooling of a length": (nn.AvgPool1d(3), [(2, 4, 9)], 72),
    "pooling of a cube": (nn.MaxPool3d(2), [(2, 4, 6, 6, 6)], 7 * 8 * 27),
    "mean pooling": (nn.AdaptiveAvgPool2d(1), [IMAGE], X),
    "softmax": (nn.Softmax(1), [(2, 6, 4)], 4 * E - 8),
    "log softmax": (nn.LogSoftmax(-1), [(2, 6, 4)], 4 * E - 12),
    "three": (of(lambda a: a**3), [(2, 6, 4)], 2 * E),
    "inverse": (of(lambda a: a**-1), [(2, 6, 4)], E),
    "square of each": (of(lambda a: a**2), [(2, 6, 4)], E),
    "root of each": (of(lambda a: a**0.5), [(2, 6, 4)], 0),
    "exponential": (of(lambda a: a.exp().log().tanh()), [(2, 6, 4)], 0),
    "sum": (of(lambda a: a.sum(-1)), [(2, 6, 4)], E - 12),
    "mean": (of(lambda a: a.mean(-1)), [(2, 6, 4)], E),
    "variance": (of(lambda a: a.var(-1)), [(2, 6, 4)], 4 * E + 12 + 3),
    "logsumexp": (of(lambda a: a.logsumexp(-1)), [(2, 6, 4)], 3 * E + 36),
    "one over": (of(lambda a: 1 / a), [(2, 6, 4)], E),
    "times one": (of(lambda a: a * 1.0 + 0), [(2, 6, 4)], 0),
    "half": (of(lambda a: a * 0.5 + 0.5), [(2, 6, 4)], 2 * E),
    "sign": (of(torch.sign), [(2, 6, 4)], E),
    "one function": (of(lambda a: a.expm1().log1p().tan()), [(2, 6, 4)], 0),
    "relu": (nn.ReLU(), [(2, 6, 4)], E),
    "relu6": (nn.ReLU6(), [(2, 6, 4)], 2 * E),
    "sigmoid": (nn.Sigmoid(), [(2, 6, 4)], 3 * E),
    "silu": (nn.SiLU(), [(2, 6, 4)], 4 * E),
    "elu": (nn.ELU(), [(2, 6, 4)], 4 * E),
    "selu": (nn.SELU(), [(2, 6, 4)], 6 * E),
    "mish": (nn.Mish(), [(2, 6, 4)], 7 * E),
    "log sigmoid": (nn.LogSigmoid(), [(2, 6, 4)], 8 * E),
    "gated": (nn.GLU(), [(2, 6, 4)], 4 * E // 2),
    "softplus": (nn.Softplus(), [(2, 6, 4)], 6 * E),
    "gelu": (nn.GELU(), [(2, 6, 4)], 66 * E),
    "gelu by tanh": (nn.GELU("tanh"), [(2, 6, 4)], 8 * E),
    "hard swish": (nn.Hardswish(), [(2, 6, 4)], 5 * E),
    "sort": (of(lambda a: a.sort()[0]), [(1000,)], 10000),
    "sort of rows": (of(lambda a: a.sort()[0]), [(3, 5)], 15 * 4),
    "lstm": (nn.LSTM(256, 256, 2), [(128, 1, 256)], 2109956),
    "lstm without biases": (nn.LSTM(4, 6, bias=False), [(5, 3, 4)], 1748),
    "two ways": (nn.LSTM(4, 6, 2, bidirectional=True), [(5, 3, 4)], 9872),
    "gru": (nn.GRU(4, 6), [(5, 3, 4)], 1442),
    "gru cell": (nn.GRUCell(4, 6), [(3, 4)], 1440),
    "rnn": (nn.RNN(4, 6), [(5, 3, 4)], 2 * 3 * 6 * 10 + 3 * 18 + 2),
    "rnn with relu": (nn.RNN(4, 6, nonlinearity="relu"), [(5, 3, 4)], 2 * 180 + 4 * 18 + 2),
    "mlp": (
        nn.Sequential(
            nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
        ),
        [(1, 784)],
        1339402,
    ),
}
"""The products, the first convolution, the sort, the LSTM of two layers and the MLP are given."""


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    module, shapes, count = LAYERS[name]
    assert figure("xla", module, *(ones(*shape) for shape in shapes)) == count


def test_an_embedding():
    assert figure("xla", nn.Embedding(10, 6), PLACES) == 3 * 10


@pytest.mark.parametrize(
    ("function", "shape", "count"),
    [
        (lambda x, i: x[i], (10, 6), 3 * 10),
        (lambda x, i: x[i, i], (10, 6), 2 * 3 * 10),
        (lambda x, i: x.gather(1, i), (2, 6), 7 * 10),
    ],
)
def test_places(function, shape, count):
    assert figure("xla", of(function), ones(*shape), PLACES) == count


SCORES = 2 * 3 * 5 * 7


@pytest.mark.parametrize(
    ("how", "more"),
    [
        ({}, SCORES),
        ({"scale": 1.0}, 0),
        ({"attn_mask": torch.ones(5, 7)}, 2 * SCORES),
        ({"attn_mask": torch.ones(5, 7, dtype=torch.bool)}, 2 * SCORES),
    ],
)
def test_attention(how, more):
    module = of(lambda q, k: functional.scaled_dot_product_attention(q, k, k, **how))
    found = figure("xla", module, ones(2, 3, 5, 4), ones(2, 3, 7, 4))
    assert found == SCORES * (16 + 4) - 2 * 3 * 5 + more


def test_causal_attention():
    def module(x):
        return functional.scaled_dot_product_attention(x, x, x, is_causal=True)

    assert figure("xla", of(module), ones(2, 3, 5, 4)) == 3320


class Block(nn.Module):
    """A block of a transformer: 8 heads of 64, a hidden layer of 2048."""

    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(512), nn.LayerNorm(512)
        self.qkv, self.proj = nn.Linear(512, 1536), nn.Linear(512, 512)
        self.fc1, self.fc2 = nn.Linear(512, 2048), nn.Linear(2048, 512)

    def forward(self, x):
        b, s, d = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(b, s, 3, 8, 64).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(y.transpose(1, 2).reshape(b, s, d))
        return x + self.fc2(functional.gelu(self.fc1(self.ln2(x)), approximate="tanh"))


def test_a_block():
    assert figure("xla", Block(), ones(1, 128, 512)) == 843382016


class Turns(nn.Module):
    """Multiplies by a matrix ten times: by a scan, or written out."""

    def __init__(self, *, out: bool):
        super().__init__()
        self.out = out
        self.w = nn.Parameter(ones(8, 8))

    def forward(self, x, steps):
        if self.out:
            for _ in range(10):
                x = x @ self.w
            return x
        return scan(lambda c, a: (c @ self.w, a.clone()), x, steps)[0]


def test_the_body_of_a_loop_counts_once():
    assert figure("xla", Turns(out=True), ones(4, 8), ones(10, 1)) == 5120
    assert figure("xla", Turns(out=False), ones(4, 8), ones(10, 1)) == 514
    found = account(
        graph(Turns(out=False), ones(4, 8), ones(10, 1), symbolic=()), convention("xla")
    )
    assert found.macs.value == 10 * 4 * 8 * 8
    assert {t.why: t.amount.value for t in found.terms} == {
        "XLA counts the body of a loop once": -9 * 512,
        "XLA counts the counter of a loop once": 2,
    }


def test_equal_blocks_are_no_loop():
    module = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(6)))
    assert figure("xla", module, ones(3, 4)) == 6 * (2 * 48 + 12 + 12)
