"""Modules of the first set, small, with their inputs: what several tests run."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from orderof.frontends.torch.build import load

Case = tuple[nn.Module, tuple[torch.Tensor, ...], dict[str, Any]]


def vision(name: str, *, batch: int = 1, height: int = 64, width: int = 64) -> Case:
    module = load(f"torchvision:{name}").module
    return module, (torch.empty(batch, 3, height, width),), {}


def language_model(name: str, width: int, words: int, **sizes: int) -> nn.Module:
    load("torchvision:alexnet")  # makes torchvision importable, which transformers looks for
    import transformers

    shared = {"vocab_size": words, "bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}
    wide = {"hidden_size": width, "intermediate_size": 2 * width, **shared}
    depth = {"num_hidden_layers": 2, "num_attention_heads": 4, **sizes}
    if name == "gpt2":
        heads, layers = depth["num_attention_heads"], depth["num_hidden_layers"]
        config = transformers.GPT2Config(
            n_layer=layers, n_embd=width, n_head=heads, n_positions=64, **shared
        )
        return transformers.GPT2LMHeadModel(config)
    if name == "bert":
        return transformers.BertForMaskedLM(transformers.BertConfig(**wide, **depth))
    keys = depth["num_attention_heads"] // 2
    config = transformers.LlamaConfig(num_key_value_heads=keys, **wide, **depth)
    return transformers.LlamaForCausalLM(config)


def language(name: str, *, batch: int = 2, length: int = 16) -> Case:
    with torch.device("meta"):
        tokens = torch.zeros(batch, length, dtype=torch.int64)
        return language_model(name, 32, 101), (), {"input_ids": tokens, "use_cache": False}


def tiny_language(name: str) -> nn.Module:
    return language_model(name, 8, 7, num_hidden_layers=1, num_attention_heads=2)


def plain(module: nn.Module, *shapes: tuple[int, ...], **kwargs: Any) -> Case:
    return module, tuple(torch.empty(s) for s in shapes), kwargs


CASES: dict[str, Callable[[], Case]] = {
    "resnet18": lambda: vision("resnet18"),
    "resnet50": lambda: vision("resnet50", batch=2, height=96),
    "mobilenet_v2": lambda: vision("mobilenet_v2"),
    "alexnet": lambda: vision("alexnet", height=224, width=224),
    "gpt2": lambda: language("gpt2"),
    "bert": lambda: language("bert"),
    "llama": lambda: language("llama"),
    "linear": lambda: plain(nn.Linear(16, 32), (4, 16)),
    "conv1d": lambda: plain(
        nn.Conv1d(4, 8, 3, stride=2, dilation=2, groups=2, padding=1), (2, 4, 16)
    ),
    "conv2d": lambda: plain(nn.Conv2d(4, 6, (3, 2), stride=(1, 2), padding=1), (2, 4, 7, 8)),
    "conv3d": lambda: plain(nn.Conv3d(4, 8, 3, groups=4), (2, 4, 6, 6, 6)),
    "conv_transpose1d": lambda: plain(
        nn.ConvTranspose1d(4, 6, 3, 2, groups=2, output_padding=1), (1, 4, 8)
    ),
    "conv_transpose2d": lambda: plain(nn.ConvTranspose2d(4, 4, 3, 2, groups=4), (1, 4, 8, 8)),
    "conv_transpose3d": lambda: plain(
        nn.ConvTranspose3d(2, 4, 3, 2, padding=1, dilation=2), (1, 2, 4, 4, 4)
    ),
    "lstm": lambda: plain(nn.LSTM(16, 32), (5, 1, 16)),
    "lstm_deep": lambda: plain(
        nn.LSTM(16, 32, 2, bidirectional=True, batch_first=True, dropout=0.1), (3, 5, 16)
    ),
    "gru": lambda: plain(nn.GRU(16, 32), (5, 1, 16)),
    "mha": lambda: plain(nn.MultiheadAttention(64, 4, batch_first=True), *((1, 16, 64),) * 3),
    "mha_lean": lambda: plain(
        nn.MultiheadAttention(64, 4), *((16, 1, 64),) * 3, need_weights=False
    ),
    "encoder_layer": lambda: plain(
        nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), (1, 16, 64)
    ),
}
