"""What onnx-tool 1.0.1 printed for small modules as torch 2.13 exports them, next to ours.

And what its builder of language models counts of two small ones, which it is told the sizes of.
"""

import pytest
import torch
from tests.conventions.cases import Does, figure, ones
from torch import nn
from torch.nn import functional

from orderof.api import analyze
from orderof.frontends.torch.build import load

pytestmark = pytest.mark.framework

IMAGE = (2, 4, 8, 7)
X = 2 * 4 * 8 * 7
"""Elements of the image."""
E = 2 * 6 * 4
"""Elements of the tensors below."""


def conv(**how):
    return nn.Conv2d(4, 8, 3, **how)


def of(function):
    return Does(lambda _, *inputs: function(*inputs))


PRODUCTS = {
    "gemm": (nn.Linear(4, 8), [(3, 4)], 3 * 8 * 4 + 3 * 8),
    "matmul and add": (nn.Linear(4, 8), [(2, 3, 4)], 6 * 8 * 4 + 6 * 8),
    "without a bias": (nn.Linear(4, 8, bias=False), [(2, 3, 4)], 6 * 8 * 4),
    "bilinear": (nn.Bilinear(4, 5, 6), [(3, 4), (3, 5)], 3 * 4 * 6 * 5 + 3 * 6 * 5 + 3 * 6),
    "one batch": (of(torch.matmul), [(2, 6, 3, 4), (4, 5)], 12 * 3 * 4 * 5),
    "both spread": (of(torch.matmul), [(2, 1, 3, 4), (6, 4, 5)], 6 * 3 * 4 * 5),  # of 12
    "addmm": (
        of(lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=2)),
        [(5,), (3, 4), (4, 5)],
        3 * 4 * 5 + 3 * 5,
    ),
    "outer": (of(lambda a, b: torch.einsum("i,j->ij", a, b)), [(3,), (4,)], 12),
    "einsum": (
        of(lambda a, b: torch.einsum("bhwc,hkc->bhwk", a, b)),
        [(2, 3, 4, 6), (3, 5, 6)],
        24 * 5 * 6,
    ),
    "conv": (conv(groups=2, dilation=2, padding=2), [IMAGE], 2 * 8 * 56 * (2 * 9 + 1)),
    "conv same": (conv(padding="same"), [IMAGE], 2 * 8 * 56 * (4 * 9 + 1)),
    "circular": (conv(padding=1, padding_mode="circular"), [IMAGE], 2 * 8 * 56 * (4 * 9 + 1)),
    "transposed": (
        nn.ConvTranspose2d(4, 8, 3, groups=2, stride=2),
        [IMAGE],
        2 * 8 * 17 * 15 * (4 * 9 + 1),
    ),
}

NORMS = {
    "batch norm": (nn.BatchNorm2d(4), [IMAGE], 31 * X),
    "after a conv": (nn.Sequential(conv(), nn.BatchNorm2d(8)), [IMAGE], 2 * 8 * 30 * (36 + 1)),
    "after one without a bias": (
        nn.Sequential(conv(bias=False), nn.BatchNorm2d(8)),
        [IMAGE],
        2 * 8 * 30 * 36,
    ),
    "after a product": (
        nn.Sequential(nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8)),
        [(3, 4)],
        3 * 8 * 4,
    ),
    "after an activation": (
        nn.Sequential(conv(), nn.ReLU(), nn.BatchNorm2d(8)),
        [IMAGE],
        2 * 8 * 30 * (36 + 1 + 1 + 31),
    ),
    "of what is read twice": (
        Does(
            lambda self, x: torch.add(y := self.conv(x), self.norm(y)),
            conv=conv(bias=False),
            norm=nn.BatchNorm2d(8),
        ),
        [IMAGE],
        2 * 8 * 30 * (36 + 31 + 1),
    ),
    "by its own statistics": (nn.BatchNorm2d(4, track_running_stats=False), [IMAGE], 36 * X),
    "instance norm": (nn.InstanceNorm2d(4, affine=True), [IMAGE], 7 * X),
    "tracked instance norm": (nn.InstanceNorm2d(4, track_running_stats=True), [IMAGE], 31 * X),
    "layer norm": (nn.LayerNorm(6), [(2, 5, 6)], 7 * 60 + 29 * 10),
    "layer norm of two": (nn.LayerNorm((5, 6)), [(2, 5, 6)], 7 * 60 + 29 * 2 * 6),
    "group norm": (nn.GroupNorm(2, 4), [IMAGE], 9 * X),
    "rms norm": (nn.RMSNorm(6), [(2, 5, 6)], (32 + 1 + 1 + 1) * 60 + (1 + 28) * 10),
    "local response": (nn.LocalResponseNorm(3), [IMAGE], (1 + 3 + 1 + 1 + 32 + 4) * X),
    "normalize": (of(functional.normalize), [(2, 6, 4)], 25 * E + 2 + 4 * E),
}

POOLS = {
    "max": (nn.MaxPool2d(3, 2, 1), [IMAGE], 2 * 4 * 16 * 9),
    "max of one dimension": (nn.MaxPool1d(3), [(2, 4, 9)], 2 * 4 * 3 * 3),
    "max of three": (nn.MaxPool3d(2), [(2, 4, 6, 6, 6)], 2 * 4 * 27 * 2),
    "places": (nn.MaxPool2d(3, 2, return_indices=True), [IMAGE], 72 * 9 + X + 72),
    "average": (nn.AvgPool2d(3, 2, 1), [IMAGE], 2 * 4 * 16 * 9),
    "to one": (nn.AdaptiveAvgPool2d(1), [IMAGE], X),
    "adaptive": (nn.AdaptiveAvgPool2d(2), [(2, 4, 8, 6)], 2 * 4 * 8 * 6),
    "unequal windows": (nn.AdaptiveAvgPool2d(3), [IMAGE], 2 * 4 * 9 * (4 * 3 - 1 + 4)),
    "adaptive max": (nn.AdaptiveMaxPool2d(2), [(2, 4, 8, 6)], 2 * 4 * 8 * 6),
    "nearest": (nn.Upsample(scale_factor=2), [IMAGE], 0),
    "linear": (nn.Upsample(scale_factor=2, mode="linear"), [(2, 4, 9)], 3 * 2 * 4 * 18),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), [IMAGE], 4 * 4 * X),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), [IMAGE], 8 * 4 * X),
}

ELEMENTS = {
    "add": (of(lambda a: a + 2), 1),
    "sub": (of(lambda a: 2 - a), 1),
    "scaled": (of(lambda a: torch.add(a, a, alpha=2)), 2),
    "no product": (of(lambda a: a * 1.0), 0),
    "no addition": (of(lambda a: a + 0), 0),
    "div": (of(lambda a: a / 2), 4),
    "reciprocal": (of(lambda a: 1 / a), 4),
    "power": (of(lambda a: a**2), 32),
    "roots": (of(lambda a: a.sqrt().rsqrt()), 24 + 28),
    "exp": (of(lambda a: a.exp().expm1()), 32 + 33),
    "logarithms": (of(lambda a: a.log().log2().log1p()), 43 + 47 + 44),
    "sines": (of(lambda a: a.sin().cos().atan()), 39 + 39 + 64),
    "erf": (of(lambda a: a.erf()), 0),
    "erfc": (of(lambda a: a.erfc()), 1),
    "clip": (of(lambda a: a.clamp(0, 1)), 2),
    "one side": (of(lambda a: a.clamp(min=0.5)), 2),
    "clips": (of(lambda a: a.clamp(min=0).clamp(max=1)), 2),
    "relu and clip": (nn.Sequential(nn.ReLU(), nn.ReLU6()), 2),
    "relu twice": (nn.Sequential(nn.ReLU(), nn.ReLU()), 1),
    "the same again": (of(lambda a: a.relu() + a.relu()), 2),
    "ne": (of(lambda a: a != 1), 2),
    "gt": (of(lambda a: (a > 1) & (a < 2)), 3),
    "trunc": (of(lambda a: a.trunc()), 4),
    "lerp": (of(lambda a: a.lerp(a.neg(), 0.3)), 1 + 5),
    "floor": (of(lambda a: a // 2), 5),
    "mean": (of(lambda a: a.mean(-1)), 1),
    "all": (of(lambda a: (a > 1).all()), 2),
    "variance": (of(lambda a: a.var(-1, unbiased=False)), 4),
    "cumsum": (of(lambda a: a.cumsum(-1)), 1),
    "softmax": (nn.Softmax(1), 36),
    "log softmax": (nn.LogSoftmax(1), 80),
    "gelu": (nn.GELU("tanh"), 34),
    "silu": (nn.SiLU(), 33),
    "sigmoid": (nn.Sigmoid(), 32),
    "elu": (nn.ELU(), 35),
    "tanh": (nn.Tanh(), 76),
    "softplus": (nn.Softplus(), 77),
    "log sigmoid": (nn.LogSigmoid(), 75),
    "leaky": (nn.LeakyReLU(), 2),
    "prelu": (nn.PReLU(), 2),
    "hard swish": (nn.Hardswish(), 5),
    "hard sigmoid": (nn.Hardsigmoid(), 4),
    "hard tanh": (nn.Hardtanh(), 2),
    "shrink": (nn.Softshrink(), 6),
    "threshold": (nn.Threshold(0.1, 20), 1),
    "embedding": (of(lambda a: a[:, torch.tensor([0, 2])]), 0),
}

B, S, H = 3, 5, 6
RECURRENT = {
    "lstm": (nn.LSTM(4, H), 15 * (24 * 10 + 48 + 180 * H)),
    "lstm without biases": (nn.LSTM(4, H, bias=False), 15 * (24 * 10 + 180 * H)),
    "two ways": (
        nn.LSTM(4, H, 2, bidirectional=True),
        15 * (48 * 10 + 96 + 180 * H + 48 * 18 + 96 + 180 * H),
    ),
    "gru": (nn.GRU(4, H), 15 * (18 * 10 + 36 + 110 * H)),
    "rnn": (nn.RNN(4, H), 15 * H * (4 + 1 + 77) + 12 * H * (H + 1)),
    "rnn with relu": (nn.RNN(4, H, nonlinearity="relu"), 15 * H * (4 + 1 + 2) + 12 * H * (H + 1)),
}
SCORES = 2 * 3 * 5 * 7


@pytest.mark.parametrize("name", (all_ := {**PRODUCTS, **NORMS, **POOLS}))
def test_layers(name):
    module, shapes, count = all_[name]
    assert figure("onnx-tool", module, *(ones(*shape) for shape in shapes)) == count


@pytest.mark.parametrize("name", ELEMENTS)
def test_elements(name):
    module, count = ELEMENTS[name]
    assert figure("onnx-tool", module, ones(2, 6, 4)) == count * E


def test_a_variance_with_a_correction():
    assert figure("onnx-tool", of(lambda a: a.var(-1)), ones(2, 6, 4)) == 4 * E + 5 * 12


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers(name):
    module, count = RECURRENT[name]
    assert figure("onnx-tool", module, ones(S, B, 4)) == count


@pytest.mark.parametrize(
    ("how", "more"),
    [
        ({}, 2 * 3 * (5 + 7) * 4),
        ({"scale": 1.0}, 0),
        ({"attn_mask": torch.ones(5, 7)}, 2 * 3 * (5 + 7) * 4 + SCORES),
    ],
)
def test_attention(how, more):
    module = of(lambda q, k: functional.scaled_dot_product_attention(q, k, k, **how))
    found = figure("onnx-tool", module, ones(2, 3, 5, 4), ones(2, 3, 7, 4))
    assert found == SCORES * (4 + 36 + 4) + more


def test_causal_attention():
    def module(x):
        return functional.scaled_dot_product_attention(x, x, x, is_causal=True)

    assert figure("onnx-tool", of(module), ones(2, 3, 5, 4)) == 150 * (4 + 37 + 4) + 2 * 120


def test_what_is_computed_while_exporting():
    module = Does(lambda self, x: x @ self.a(self.t), a=nn.Linear(90, 2, bias=False))
    module.t = nn.Parameter(torch.ones(3, 90))
    assert figure("onnx-tool", module, ones(4, 3)) == 4 * 3 * 2
    module.t = nn.Parameter(torch.ones(100, 90))  # more than 8192
    assert figure("onnx-tool", module, ones(4, 100)) == 4 * 100 * 2 + 100 * 90 * 2


def heads(x, a):
    return a(x, x, x, need_weights=False)[0]


HEADS = 10 * 24 * 9 + 2 * 80 + 100 * (4 + 36 + 4) + 10 * 8 * 8
"""Of ten tokens, eight wide, in two batches and two heads."""


def test_a_bias_of_zeros_is_left_out():
    module = Does(lambda self, x: heads(x, self.a), a=nn.MultiheadAttention(8, 2))
    assert figure("onnx-tool", module, ones(5, 2, 8)) == HEADS
    assert figure("onnx-tool-trained", module, ones(5, 2, 8)) == HEADS + 10 * 8


@pytest.mark.parametrize(
    ("first", "norm", "shape", "out"),
    [
        (conv(bias=False), nn.BatchNorm2d(8), IMAGE, 2 * 8 * 30),
        (nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8), (3, 4), 3 * 8),
    ],
)
def test_a_norm_that_is_trained_leaves_a_bias(first, norm, shape, out):
    both = [figure(n, nn.Sequential(first, norm), ones(*shape)) for n in NAMES]
    assert both[1] - both[0] == out
    biased = type(first)(4, 8, *([3] if len(shape) > 2 else []))
    assert figure(NAMES[1], nn.Sequential(biased, norm), ones(*shape)) == both[1]


NAMES = ("onnx-tool", "onnx-tool-trained")


def vgg(**modules):
    """Something that is called as a network that begins with biases of zeros."""
    kind = type("VGG", (Does,), {})
    return kind(lambda self, x: self.b(self.a(x).flatten(1)), **modules)


def test_networks_that_begin_with_zeros():
    module = vgg(a=conv(), b=nn.Linear(240, 5))
    products = 2 * 8 * 30 * 36 + 2 * 240 * 5
    assert figure("onnx-tool", module, ones(*IMAGE)) == products
    assert figure("onnx-tool-trained", module, ones(*IMAGE)) == products + 2 * 8 * 30 + 2 * 5


def test_its_own_graph_of_a_language_model():
    load("torchvision:alexnet")  # transformers looks for torchvision, which may need its help
    import transformers

    sizes = {"vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "pad_token_id": 0}
    sizes |= {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    products = 16 * (2 * (64 * (64 + 64) + 64 * 64 + 3 * 64 * 96) + 64 * 100) + 2 * 2 * 16 * 16 * 64
    scores, turned = 2 * 4 * 16 * 16, 2 * 16 * (64 + 32)
    norms = 5 * (7 * 16 * 64 + 29 * 16)
    printed = products + 36 * scores + 80 * turned + 34 * 2 * 16 * 96 + norms + 2 * 2 * 16 * 64
    assert printed == 1617168
    for kind in ("Llama", "Phi3"):
        config = getattr(transformers, f"{kind}Config")(**sizes, attn_implementation="eager")
        with torch.device("meta"):
            model = getattr(transformers, f"{kind}ForCausalLM")(config)
            ids = torch.zeros(1, 16, dtype=torch.int64)
        asked = {"kwargs": {"input_ids": ids, "use_cache": False}, "symbolic": ()}
        assert analyze(model, as_="onnx-tool-llm", **asked).forward.total()() == printed
