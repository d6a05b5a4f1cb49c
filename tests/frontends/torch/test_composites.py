"""Attention and recurrent layers are recorded whole, whichever way they are reached."""

import pytest
import torch
from tests.frontends.torch.cases import CASES, Does, check_values, names, of_name, run
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_sequence

from orderof.errors import ModelError, ModelRaised

pytestmark = pytest.mark.framework

FUSED = ("_native_multi_head", "_transformer_encoder_layer", "flash", "mkldnn_rnn", "lstm_cell")


def attend(module, *shapes, train=True):
    recording = run(module, *shapes, train=train)
    check_values(recording)
    assert not [call.name for call in recording.calls if any(f in call.name for f in FUSED)]
    return recording


def multi_head(*, need_weights, **options):
    return Does(
        lambda self, x: self.mha(x, x, x, need_weights=need_weights)[0],
        mha=nn.MultiheadAttention(8, 2, **options),
    )


@pytest.mark.parametrize("train", [True, False])
def test_multi_head_attention_without_weights(train):
    recording = attend(multi_head(need_weights=False, dropout=0.1), (5, 3, 8), train=train)
    (there,) = of_name(recording, "orderof.attention.forward")
    (back,) = of_name(recording, "orderof.attention.backward")
    assert [arg.shape for arg in there.args[:3]] == [(3, 2, 5, 4)] * 3
    assert there.args[3] is None
    assert there.results[0].shape == (3, 2, 5, 4)
    dropout = 0.1 if train else 0.0
    assert there.kwargs == {"causal": False, "dropout": dropout, "scale": None, "gqa": False}
    assert back.args[1:] == there.args
    assert back.kwargs == there.kwargs
    assert [ref and ref.shape for ref in back.results] == [(3, 2, 5, 4)] * 3 + [None]
    assert there.scope == back.scope == "mha"


@pytest.mark.parametrize("train", [True, False])
def test_multi_head_attention_with_weights_runs_its_two_products(train):
    recording = attend(multi_head(need_weights=True), (5, 3, 8), train=train)
    assert names(recording).count("aten.bmm.default") == 2
    assert names(recording).count("aten._softmax.default") == 1
    assert names(recording, "backward").count("aten.bmm.default") == 4


@pytest.mark.parametrize("train", [True, False])
def test_transformer_encoder_takes_no_fast_path(train):
    module, args, _ = CASES["encoder"]()
    recording = attend(nn.TransformerEncoder(module, 2), args[0].shape, train=train)
    scopes = [call.scope for call in of_name(recording, "orderof.attention.forward")]
    assert scopes == ["layers.0.self_attn", "layers.1.self_attn"]


def test_grouped_heads_and_a_learnt_mask():
    def forward(self, x):
        q = self.to_q(x).view(2, 5, 4, 2).transpose(1, 2)
        k, v = (self.to_kv(x).view(2, 5, 2, 2).transpose(1, 2) for _ in "kv")
        mask = self.bias.weight
        return functional.scaled_dot_product_attention(q, k, v, mask, scale=0.5, enable_gqa=True)

    parts = {"to_q": nn.Linear(8, 8), "to_kv": nn.Linear(8, 4), "bias": nn.Embedding(5, 5)}
    recording = attend(Does(forward, **parts), (2, 5, 8))
    (there,) = of_name(recording, "orderof.attention.forward")
    (back,) = of_name(recording, "orderof.attention.backward")
    assert there.kwargs == {"causal": False, "dropout": 0.0, "scale": 0.5, "gqa": True}
    assert there.results[0].shape == (2, 4, 5, 2)
    assert [ref.shape for ref in back.results] == [(2, 4, 5, 2), (2, 2, 5, 2), (2, 2, 5, 2), (5, 5)]


def test_only_the_gradients_that_are_needed():
    def forward(self, x):
        return functional.scaled_dot_product_attention(self.a(x), x, x, is_causal=True)

    recording = attend(Does(forward, a=nn.Linear(8, 8)), (2, 5, 8))
    (back,) = of_name(recording, "orderof.attention.backward")
    assert [ref is not None for ref in back.results] == [True, False, False, False]
    assert back.kwargs["causal"] is True


@pytest.mark.parametrize(
    ("q", "k", "v"),
    [
        ((2, 5, 8), (2, 5, 7), (2, 5, 8)),
        ((2, 5, 8), (2, 4, 8), (2, 5, 8)),
        ((2, 5, 8), (3, 5, 8), (3, 5, 8)),
    ],
)
def test_operands_that_do_not_fit(q, k, v):
    with pytest.raises(ModelRaised, match="RuntimeError"):
        run(Does(lambda self, *x: functional.scaled_dot_product_attention(*x)), q, k, v)


@pytest.mark.parametrize("shape", [(2, 3, 5, 8), (5, 8), (1, 5, 8)])
@pytest.mark.parametrize("values", [8, 6])
def test_attention_has_the_shape_that_it_really_has(shape, values):
    v = torch.rand(*shape[:-1], values)
    real = functional.scaled_dot_product_attention(torch.rand(shape), torch.rand(shape), v)
    module = Does(lambda self, *x: functional.scaled_dot_product_attention(*x))
    recording = run(module, shape, shape, v.shape, backward=False)
    assert recording.outputs[0].shape == tuple(real.shape)


RNNS = {
    "lstm": lambda **options: nn.LSTM(3, 4, **options),
    "gru": lambda **options: nn.GRU(3, 4, **options),
    "rnn_tanh": lambda **options: nn.RNN(3, 4, **options),
    "rnn_relu": lambda **options: nn.RNN(3, 4, nonlinearity="relu", **options),
}
OPTIONS = [
    {},
    {"num_layers": 2, "bidirectional": True, "dropout": 0.1},
    {"batch_first": True, "bias": False},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", RNNS)
def test_recurrent_layers(name, options):
    module = RNNS[name](**options)
    recording = attend(module, (5, 2, 3))
    states = 2 if name == "lstm" else 1
    outputs, finals = module(torch.rand(5, 2, 3))
    finals = finals if name == "lstm" else (finals,)
    (there,) = of_name(recording, f"orderof.{name}.forward")
    (back,) = of_name(recording, f"orderof.{name}.backward")
    weights = [tuple(p.shape) for p in module.parameters()]
    assert [ref.shape for ref in there.args[1 + states :]] == weights
    assert [ref.shape for ref in there.results] == [tuple(t.shape) for t in (outputs, *finals)]
    assert back.args[1 + states :] == there.args
    nothing = [None] * (1 + states)
    assert [ref and ref.shape for ref in back.results] == [*nothing, *weights]
    assert there.kwargs == {
        "layers": options.get("num_layers", 1),
        "bidirectional": options.get("bidirectional", False),
        "batch_first": options.get("batch_first", False),
        "bias": options.get("bias", True),
        "dropout": options.get("dropout", 0.0),
        "train": True,
    }


def test_a_projected_lstm_and_a_state_that_is_not_used():
    module = Does(lambda self, x: self.rnn(x)[0], rnn=nn.LSTM(3, 4, proj_size=2))
    recording = attend(module, (5, 2, 3))
    (back,) = of_name(recording, "orderof.lstm.backward")
    assert recording.outputs[0].shape == (5, 2, 2)
    assert back.args[1:3] == (None, None)


@pytest.mark.parametrize("make", [nn.LSTM, nn.GRU, nn.RNN])
def test_packed_sequences_are_refused(make):
    module = Does(lambda self, x: self.rnn(pack_sequence([x[0], x[1]]))[0].data, rnn=make(3, 4))
    with pytest.raises(ModelError, match="the lengths, which are values"):
        run(module, (2, 5, 3))


def test_autocast_reaches_attention():
    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return functional.scaled_dot_product_attention(x, x, x)

    recording = run(Does(forward), (2, 5, 8), backward=False)
    assert recording.outputs[0].dtype == "bfloat16"
