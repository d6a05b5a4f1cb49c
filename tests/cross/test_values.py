"""Recorded graphs by value: the rows of the table, run by the scalar interpreter on real weights.

A row that counts right and computes another function (a comparison the wrong way round, a
dimension mistaken) shows here: outputs and gradients are torch's.
"""

from dataclasses import replace

import numpy as np
import pytest
from oracle.values import run

from orderof.ir.graph import Phase

pytestmark = pytest.mark.framework


def lowered(module, args, kwargs, *, train):
    """Record with a backward pass, seed it with ones, and give the gradients as outputs too."""
    from orderof.frontends.torch.lower import lower
    from orderof.frontends.torch.record import record

    graph = lower(record(module, args, kwargs, backward=True, train=train))
    nodes, seeds = [], len(graph.outputs)  # each output starts from a tensor of its own
    for node in graph.nodes:
        if node.phase is Phase.BACKWARD and node.op == "fill" and seeds:
            seeds -= 1
            attrs = {**dict(node.attrs), "value": 1.0}
            node = replace(node, attrs=tuple(sorted(attrs.items())))  # noqa: PLW2901
        nodes.append(node)
    gradients = tuple(g for _, g in graph.grads)
    return replace(graph, nodes=tuple(nodes), outputs=(*graph.outputs, *gradients))


def tensors_in(value):
    import torch

    if isinstance(value, torch.Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value
    return [t for item in items for t in tensors_in(item)] if hasattr(items, "__iter__") else []


def check(module, args, kwargs, *, train=False, atol=1e-9):
    import torch

    module = module.double().train(train)
    for p in module.parameters():
        p.data.uniform_(-0.7, 0.7)
    graph = lowered(module, args, kwargs, train=train)
    known = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    known |= kwargs | dict(zip(argument_names(module), args, strict=False))
    arrays = [known[i.value.name].detach().clone().numpy() for i in graph.inputs]
    found, _ = run(graph, arrays, {})
    outputs = tensors_in(module(*args, **kwargs))
    trained = [o for o in outputs if o.requires_grad]
    torch.autograd.backward(trained, [torch.ones_like(o) for o in trained])
    grads = dict(module.named_parameters())
    want = [*outputs, *(grads[p.name].grad for p, _ in graph.grads)]
    names = [*("output" for _ in outputs), *(p.name for p, _ in graph.grads)]
    for name, a, b in zip(names, found, want, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=atol, err_msg=name)


def argument_names(module):
    import inspect

    return inspect.signature(module.forward).parameters


def real(*shape):
    import torch

    return torch.randn(*shape, dtype=torch.float64)


def layers():
    return {**products(), **norms(), **pools(), **blocks(), **activations()}


def products():
    from torch import nn

    return {
        "linear": (nn.Linear(3, 4), real(2, 3)),
        "linear_3d": (nn.Linear(3, 4), real(2, 2, 3)),
        "conv1d": (nn.Conv1d(4, 4, 3, 2, 1, 2, groups=2), real(2, 4, 7)),
        "conv2d": (nn.Conv2d(2, 3, (3, 2), (1, 2), 1), real(1, 2, 4, 5)),
        "conv3d": (nn.Conv3d(2, 2, 2, groups=2), real(1, 2, 3, 3, 3)),
        "conv_transpose1d": (nn.ConvTranspose1d(4, 2, 3, 2, 1, 1, groups=2), real(1, 4, 3)),
        "conv_transpose2d": (nn.ConvTranspose2d(2, 2, 2, 2, dilation=2), real(1, 2, 2, 3)),
    }


def norms():
    from torch import nn

    return {
        "batch_norm": (nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)), real(2, 2, 2, 2)),
        "group_norm": (nn.Sequential(nn.Conv1d(4, 4, 1), nn.GroupNorm(2, 4)), real(2, 4, 3)),
        "rms_norm": (nn.Sequential(nn.Linear(3, 4), nn.RMSNorm(4)), real(2, 3)),
    }


def pools():
    from torch import nn

    return {
        "upsample": (
            nn.Sequential(nn.Conv2d(1, 2, 1), nn.Upsample(scale_factor=2)),
            real(1, 1, 2, 3),
        ),
        "upsample1d": (nn.Sequential(nn.Conv1d(1, 2, 1), nn.Upsample(size=6)), real(1, 1, 3)),
        "shuffle": (nn.Sequential(nn.Conv2d(1, 8, 1), nn.PixelShuffle(2)), real(1, 1, 2, 3)),
        "unshuffle": (nn.Sequential(nn.Conv2d(1, 2, 1), nn.PixelUnshuffle(2)), real(1, 1, 2, 4)),
        "prelu": (nn.Sequential(nn.Conv1d(1, 2, 1), nn.PReLU(2)), real(2, 1, 3)),
        "gru_cell": (nn.GRUCell(3, 4), real(2, 3)),
        "max_pool": (nn.Sequential(nn.Conv2d(1, 2, 1), nn.MaxPool2d(2, 1, 1)), real(1, 1, 3, 3)),
        "max_pool1d": (nn.Sequential(nn.Conv1d(1, 2, 1), nn.MaxPool1d(2)), real(1, 1, 5)),
        "avg_pool1d": (nn.Sequential(nn.Conv1d(1, 2, 1), nn.AvgPool1d(2)), real(1, 1, 5)),
        "instance_norm": (
            nn.Sequential(nn.Conv2d(1, 2, 1), nn.InstanceNorm2d(2)),
            real(2, 1, 2, 3),
        ),
        "no_running": (
            nn.Sequential(nn.Conv1d(2, 2, 1), nn.BatchNorm1d(2, track_running_stats=False)),
            real(2, 2, 3),
        ),
        "same": (nn.Conv2d(1, 2, 3, padding="same"), real(1, 1, 4, 4)),
        "gru_plain": (nn.GRU(2, 3, bias=False), real(3, 2)),
        "avg_pool": (nn.Sequential(nn.Conv2d(1, 2, 1), nn.AvgPool2d(2, 1)), real(1, 1, 3, 3)),
        "adaptive": (nn.Sequential(nn.Conv2d(1, 2, 1), nn.AdaptiveAvgPool2d(2)), real(1, 1, 4, 4)),
        "global": (nn.Sequential(nn.Conv2d(1, 2, 1), nn.AdaptiveAvgPool2d(1)), real(1, 1, 3, 4)),
    }


def blocks():
    from torch import nn

    return {
        "lstm": (nn.LSTM(2, 3, 2, bidirectional=True, batch_first=True), real(2, 3, 2)),
        "gru": (nn.GRU(2, 3), real(3, 2, 2)),
        "rnn": (nn.RNN(2, 3, nonlinearity="relu"), real(3, 2, 2)),
        "encoder_layer": (
            nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True),
            real(2, 3, 4),
        ),
        "norm_first": (
            nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, activation="gelu", norm_first=True),
            real(3, 2, 4),
        ),
    }


def activations():
    from torch import nn

    return {
        **{
            name.__name__: (nn.Sequential(nn.Linear(3, 4), name()), real(2, 3))
            for name in (
                nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Hardswish, nn.ELU,
                nn.Hardsigmoid, nn.LeakyReLU, nn.Softplus, nn.Softsign, nn.Mish,
            )
        },
        "softmax": (nn.Sequential(nn.Linear(3, 4), nn.Softmax(-1)), real(2, 3)),
        "log_softmax": (nn.Sequential(nn.Linear(3, 4), nn.LogSoftmax(-1)), real(2, 3)),
    }  # fmt: skip


def names():
    try:
        return list(layers())
    except ImportError:  # the root conftest skips or fails what needs torch
        return []


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", names())
def test_layers(name, train):
    import torch

    torch.manual_seed(5)
    module, x = layers()[name]
    check(module, (x,), {}, train=train)


def test_a_module_that_is_called_twice():
    from torch import nn

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Linear(3, 3)

        def forward(self, x):
            return self.one(self.one(x).relu())

    check(Twice(), (real(2, 3),), {})


def test_comparisons_with_a_number():
    import torch
    from torch import nn

    class Choose(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(real(3))

        def forward(self, x):
            y = x * self.w
            small = torch.where(y < 0.1, y, 2 * y)
            return torch.where(y <= -0.1, small, torch.where(y > 0.3, y * y, -y))

    check(Choose(), (real(4, 3),), {})


def test_contraction_by_einsum():
    import torch
    from torch import nn

    class Ein(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(real(2, 3, 2))

        def forward(self, x):
            return torch.einsum("bij,hjk->bhik", x, self.w)

    check(Ein(), (real(2, 2, 3),), {})


def test_a_projected_lstm_is_refused():
    from torch import nn

    from orderof.errors import UnknownOperator

    with pytest.raises(UnknownOperator, match="weights"):
        lowered(nn.LSTM(4, 6, proj_size=3).double(), (real(5, 2, 4),), {}, train=False)


@pytest.mark.parametrize("lean", [True, False])
def test_attention(lean):
    from torch import nn

    x = real(2, 3, 4)
    module = nn.MultiheadAttention(4, 2, batch_first=True)
    check(module, (x, real(2, 2, 4), real(2, 2, 4)), {"need_weights": not lean})


@pytest.mark.parametrize("name", ["gpt2", "bert", "llama"])
def test_language(name):
    import torch
    from tests.cross.models import tiny_language

    with torch.device("cpu"):
        module = tiny_language(name)
    tokens = torch.randint(1, 7, (2, 3))  # 0 is padding, and has no gradient
    # Llama computes its norms and angles in float32, whatever the dtype of the weights.
    atol = 1e-6 if name == "llama" else 1e-9
    check(module, (), {"input_ids": tokens, "use_cache": False}, atol=atol)
