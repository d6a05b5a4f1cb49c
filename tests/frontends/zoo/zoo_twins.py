"""The models of the zoo as people write them in torch, each with inputs for given sizes."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from orderof.frontends.torch.build import load

Twin = tuple[nn.Module, tuple[torch.Tensor, ...]]


class Mlp(nn.Module):
    def __init__(self, *widths: int) -> None:
        super().__init__()
        for i, (m, n) in enumerate(itertools.pairwise(widths), 1):
            self.add_module(f"layer{i}", nn.ModuleDict({"linear": nn.Linear(m, n)}))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *hidden, last = self.children()
        for layer in hidden:
            x = functional.relu(layer["linear"](x))
        return last["linear"](x)


class LeNet(nn.Module):
    def __init__(self, H: int, W: int, n1: int, n2: int, n3: int, n4: int, C: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, n1, 5, padding=2), nn.Conv2d(n1, n2, 5)
        places = ((H // 2 - 4) // 2) * ((W // 2 - 4) // 2)
        self.fc1, self.fc2, self.fc3 = (
            nn.Linear(n2 * places, n3),
            nn.Linear(n3, n4),
            nn.Linear(n4, C),
        )
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(torch.tanh(self.conv1(x)))
        x = self.pool(torch.tanh(self.conv2(x)))
        x = torch.tanh(self.fc1(x.flatten(1)))
        return self.fc3(torch.tanh(self.fc2(x)))


class Transformer(nn.Module):
    def __init__(self, S: int, T: int, d: int, h: int, f: int, L: int, V: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, d)
        self.register_buffer("positions", torch.empty(max(S, T), d))
        whole = nn.Transformer(d, h, L, L, f, batch_first=True)
        self.encoder, self.decoder = whole.encoder, whole.decoder
        self.head = nn.Linear(d, V, bias=False)
        self.head.weight = self.embedding.weight

    def forward(
        self, source: torch.Tensor, target: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        memory = self.encoder(self.embed(source))
        y = self.decoder(self.embed(target), memory, tgt_mask=mask, tgt_is_causal=True)
        return self.head(y)

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens) * math.sqrt(self.embedding.embedding_dim)
        return functional.dropout(x + self.positions[: tokens.shape[1]], 0.1, self.training)


def mlp(B: int, **widths: int) -> Twin:
    return Mlp(*widths.values()), (torch.empty(B, widths["n0"]),)


def lenet(B: int, **sizes: int) -> Twin:
    return LeNet(**sizes), (torch.empty(B, 1, sizes["H"], sizes["W"]),)


def resnet(name: str) -> Callable[..., Twin]:
    def make(B: int, H: int, W: int, C: int) -> Twin:
        load("torchvision:alexnet")  # makes torchvision importable beside any build of torch
        from torchvision import models

        return getattr(models, name)(num_classes=C), (torch.empty(B, 3, H, W),)

    return make


def conv(B: int, C0: int, C1: int, H: int, W: int, k: int) -> Twin:
    return nn.Conv2d(C0, C1, k), (torch.empty(B, C0, H + k - 1, W + k - 1),)


class Attention(nn.Module):
    def __init__(self, d: int, h: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(d, d) for _ in range(4))
        self.h = h

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, S, d = x.shape
        parts = (f(x) for f in (self.query, self.key, self.value))
        heads = (p.view(B, S, self.h, d // self.h).transpose(1, 2) for p in parts)
        y = functional.scaled_dot_product_attention(*heads)
        return self.out(y.transpose(1, 2).reshape(B, S, d))


def attention(B: int, S: int, d: int, h: int) -> Twin:
    return Attention(d, h), (torch.empty(B, S, d),)


def rnn(kind: type[nn.RNNBase]) -> Callable[..., Twin]:
    def make(B: int, S: int, I: int, d: int) -> Twin:  # noqa: E741
        return kind(I, d, batch_first=True), (torch.empty(B, S, I),)

    return make


def transformer(B: int, **sizes: int) -> Twin:
    S, T = sizes["S"], sizes["T"]
    tokens = (torch.zeros(B, n, dtype=torch.int64) for n in (S, T))
    return Transformer(**sizes), (*tokens, torch.empty(T, T))


MAKERS: dict[str, Callable[..., Twin]] = {
    "mlp": mlp,
    "lenet": lenet,
    "conv": conv,
    "attention": attention,
    **{name: resnet(name) for name in ("resnet18", "resnet34", "resnet50", "resnet101")},
    "lstm": rnn(nn.LSTM),
    "gru": rnn(nn.GRU),
    "transformer": transformer,
}


def twin(model: str, sizes: dict[str, Any]) -> Twin:
    """Make the twin of a model without memory for its weights."""
    with torch.device("meta"):
        return MAKERS[model](**sizes)
