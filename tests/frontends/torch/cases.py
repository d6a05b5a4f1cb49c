"""Modules to record with their inputs, and what holds of every recording."""

from itertools import chain

import torch
from torch import nn

from orderof.frontends.torch.build import load
from orderof.frontends.torch.record import Recording, Ref, record

torch.set_num_threads(1)


class Does(nn.Module):
    """A module that does what it is told to, with parts to do it with."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.does = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *args):
        return self.does(self, *args)


def vision(name, size=64):
    return load(f"torchvision:{name}").module, (torch.empty(2, 3, size, size),), {}


def language(name):
    load("torchvision:alexnet")  # transformers looks for torchvision, which may need its help
    import transformers

    wide = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    with torch.device("meta"):
        if name == "gpt2":
            config = transformers.GPT2Config(
                vocab_size=99, n_layer=2, n_embd=32, n_head=4, bos_token_id=0, eos_token_id=0
            )
            module = transformers.GPT2LMHeadModel(config)
        elif name == "bert":
            config = transformers.BertConfig(vocab_size=99, intermediate_size=64, **wide)
            module = transformers.BertForMaskedLM(config)
        else:
            kinds = {"llama": transformers.LlamaConfig, "mixtral": transformers.MixtralConfig}
            config = kinds[name](
                vocab_size=99, intermediate_size=64, num_key_value_heads=2, eos_token_id=2, **wide
            )
            module = transformers.AutoModelForCausalLM.from_config(config)
        return module, (), {"input_ids": torch.zeros(2, 16, dtype=torch.int64), "use_cache": False}


def plain(module, *shapes):
    return module, tuple(torch.empty(shape) for shape in shapes), {}


def encoder():
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)


CASES = {
    **{f"{name}": lambda name=name: vision(name) for name in ("resnet18", "resnet50")},
    "mobilenet_v2": lambda: vision("mobilenet_v2"),
    "alexnet": lambda: vision("alexnet", 224),
    **{name: lambda name=name: language(name) for name in ("gpt2", "bert", "llama", "mixtral")},
    "linear": lambda: plain(nn.Linear(3, 4), (2, 5, 3)),
    "conv1d": lambda: plain(nn.Conv1d(3, 4, 3), (2, 3, 8)),
    "conv2d": lambda: plain(nn.Conv2d(4, 4, 3, groups=2), (2, 4, 8, 8)),
    "conv3d": lambda: plain(nn.Conv3d(3, 4, 3), (2, 3, 8, 8, 8)),
    "conv_transpose1d": lambda: plain(nn.ConvTranspose1d(3, 4, 3), (2, 3, 8)),
    "conv_transpose2d": lambda: plain(nn.ConvTranspose2d(3, 4, 3, 2), (2, 3, 8, 8)),
    "conv_transpose3d": lambda: plain(nn.ConvTranspose3d(3, 4, 3), (2, 3, 4, 4, 4)),
    "lstm": lambda: plain(nn.LSTM(3, 4, 2, bidirectional=True), (5, 2, 3)),
    "gru": lambda: plain(nn.GRU(3, 4, 2, bidirectional=True, batch_first=True), (2, 5, 3)),
    "rnn": lambda: plain(nn.RNN(3, 4, nonlinearity="relu"), (5, 2, 3)),
    "mha": lambda: plain(nn.MultiheadAttention(8, 2), (5, 2, 8), (5, 2, 8), (5, 2, 8)),
    "encoder": lambda: plain(encoder(), (2, 5, 8)),
    "weight_norm": lambda: plain(
        nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), (2, 3, 8, 8)
    ),
    "spectral_norm": lambda: plain(
        nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4)), (2, 3)
    ),
}


def refs(value):
    """The values in an argument, through its nesting."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple):
        yield from chain.from_iterable(map(refs, value))


def check_values(recording: Recording) -> None:
    """Every value has one maker, and is made before it is read."""
    held = (*recording.parameters, *recording.buffers)
    made = [p.ref for p in held] + [ref for _, ref in recording.inputs] + [*recording.constants]
    known = set(made)
    for call in recording.calls:
        read = set(refs((*call.args, *call.kwargs.values())))
        assert read <= known, (call.name, read - known)
        results = [ref for ref in call.results if ref is not None]
        known.update(results)
        made.extend(results)
    assert len({ref.id for ref in made}) == len(made)
    assert {*recording.outputs, *(ref for _, ref in recording.gradients)} <= known


def names(recording, phase="forward"):
    return [call.name for call in recording.calls if call.phase == phase]


def of_name(recording, name):
    return [call for call in recording.calls if call.name == name]


def run(module, *shapes, backward=True, train=True):
    return record(*plain(module, *shapes), backward=backward, train=train)
