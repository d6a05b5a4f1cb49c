"""Small experiments on this machine's CPU: what a clock says to claims about cost.

Each gives names and figures, seconds unless said otherwise, on one thread unless threads are the
question: the median of some runs, after one that is left out.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from orderof.errors import BadSpelling
from orderof.frontends.torch.fakes import preserved
from orderof.frontends.torch.nested import leaves

if TYPE_CHECKING:
    from collections.abc import Callable

EXPERIMENTS: dict[str, Callable[[], dict[str, float]]] = {}
_LEAST, _MOST, _SECONDS = 5, 200, 0.4
_LEFT = 0.1
"""The part of the weights that pruning leaves."""


def experiment(name: str) -> dict[str, float]:
    """Run one by name; nothing global is changed by it."""
    try:
        run = EXPERIMENTS[name]
    except KeyError:
        hint = f"they are {', '.join(EXPERIMENTS)}"
        raise BadSpelling(name, "is no experiment", hint) from None
    with preserved(), threads(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a sparse format is new
        torch.manual_seed(0)
        return run()


def machine() -> str:
    """Say what the experiments run on."""
    cores = f"{os.cpu_count()} cores, {platform.machine()}"
    return f"{cores}, torch {torch.__version__}, one thread if not said"


def registered(run: Callable[[], dict[str, float]]) -> Callable[[], dict[str, float]]:
    """Register an experiment under the name of its function."""
    EXPERIMENTS[run.__name__] = run
    return run


@contextmanager
def threads(n: int) -> Generator[None]:
    """Run on some threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def clocked(run: Callable[[], Any]) -> float:
    """The median time of some runs, after one that is left out."""
    run()
    found: list[float] = []
    start = time.perf_counter()
    while len(found) < _LEAST or (len(found) < _MOST and time.perf_counter() - start < _SECONDS):
        before = time.perf_counter()
        run()
        found.append(time.perf_counter() - before)
    return statistics.median(found)


def quietly(module: nn.Module, *args: Any) -> float:
    """The time of a forward pass that keeps nothing for a backward one."""
    module.eval()

    def run() -> None:
        with torch.no_grad():
            module(*args)

    return clocked(run)


@registered
def activation() -> dict[str, float]:
    """One elementwise function of a million values, and of 32,768, which stay in the cache."""
    found: dict[str, float] = {}
    for where, n in (("memory", 1 << 20), ("cache", 1 << 15)):
        x, y = torch.randn(n), torch.empty(n)
        found[f"multiply.{where}"] = clocked(lambda x=x, y=y: torch.mul(x, x, out=y))
        for name in ("sigmoid", "tanh", "exp"):
            apply = getattr(torch, name)
            found[f"{name}.{where}"] = clocked(lambda x=x, y=y, f=apply: f(x, out=y))
        found[f"relu.{where}"] = clocked(lambda x=x, y=y: torch.clamp_min(x, 0, out=y))
    return found


@registered
def sizes() -> dict[str, float]:
    """A 30-30-30 network and a ResNet-50, each with one example."""
    from orderof.frontends.torch.build import load

    small = nn.Sequential(nn.Linear(30, 30), nn.Sigmoid(), nn.Linear(30, 30))
    loaded = load("torchvision:resnet50", weights=True)
    return {
        "mlp": quietly(small, torch.randn(1, 30)),
        "ResNet-50": quietly(loaded.module, torch.randn(1, 3, 224, 224)),
    }


@registered
def rnn() -> dict[str, float]:
    """A layer of each over 128 places of width 256, 8 examples."""
    x = torch.randn(8, 128, 256)
    lstm = nn.LSTM(256, 256, batch_first=True)
    conv = nn.Conv1d(256, 256, 3, padding=1)
    return {"lstm": quietly(lstm, x), "conv": quietly(conv, x.transpose(1, 2).contiguous())}


@registered
def batch() -> dict[str, float]:
    """128 examples through 784-300-100-10, at once and one by one."""
    net = perceptron(784, 300, 100, 10)
    x = torch.randn(128, 784)

    def single() -> None:
        with torch.no_grad():
            for row in x.split(1):
                net(row)

    return {"whole": quietly(net, x), "single": clocked(single)}


@registered
def pruning() -> dict[str, float]:
    """A product with 1024 by 1024 weights: dense, with zeros, in a sparse format, with half."""
    w, x = torch.randn(1024, 1024), torch.randn(1024, 64)
    zeros = w * (torch.rand_like(w) < _LEFT)
    sparse, half = zeros.to_sparse_csr(), w[:512].contiguous()
    return {
        "dense": clocked(lambda: w @ x),
        "zeros": clocked(lambda: zeros @ x),
        "sparse": clocked(lambda: sparse @ x),
        "half": clocked(lambda: half @ x),
    }


@registered
def rank() -> dict[str, float]:
    """1024 by 1024 weights, or two factors of rank 64."""
    w, x = torch.randn(1024, 1024), torch.randn(1024, 64)
    a, b = torch.randn(1024, 64), torch.randn(64, 1024)
    return {"one": clocked(lambda: w @ x), "two": clocked(lambda: a @ (b @ x))}


@registered
def strassen() -> dict[str, float]:
    """A product at n = 2048, and one level of Strassen's (Winograd's form has fewer sums)."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)

    def once() -> None:
        (p, q), (r, s) = (h.chunk(2, 1) for h in a.chunk(2))
        (t, u), (v, w) = (h.chunk(2, 1) for h in b.chunk(2))
        m1, m2, m3 = (p + s) @ (t + w), (r + s) @ t, p @ (u - w)
        m4, m5 = s @ (v - t), (p + q) @ w
        m6, m7 = (r - p) @ (t + u), (q - s) @ (v + w)
        top = torch.cat((m1 + m4 - m5 + m7, m3 + m5), 1)
        torch.cat((top, torch.cat((m2 + m4, m1 - m2 + m3 + m6), 1)))

    return {"plain": clocked(lambda: a @ b), "strassen": clocked(once)}


@registered
def small_networks() -> dict[str, float]:
    """One image through torchvision's networks."""
    from orderof.frontends.torch.build import load

    x = torch.randn(1, 3, 224, 224)
    names = {"VGG-16": "vgg16", "AlexNet": "alexnet", "SqueezeNet 1.0": "squeezenet1_0",
             "MobileNet V2": "mobilenet_v2"}  # fmt: skip
    built = ((name, load(f"torchvision:{x}", weights=True)) for name, x in names.items())
    return {name: quietly(found.module, x) for name, found in built}


@registered
def differences() -> dict[str, float]:
    """784-300-100-10 and one example: forward, all derivatives, one direction."""
    net, x = perceptron(784, 300, 100, 10), torch.randn(1, 784)
    params = dict(net.named_parameters())
    along = {name: torch.randn_like(p) for name, p in params.items()}

    def reverse() -> None:
        net.zero_grad(set_to_none=True)
        net(x).sum().backward()

    def tangent() -> None:
        plain = {name: p.detach() for name, p in params.items()}
        torch.func.jvp(lambda p: torch.func.functional_call(net, p, (x,)), (plain,), (along,))

    return {"forward": quietly(net, x), "reverse": clocked(reverse), "tangent": clocked(tangent)}


@registered
def backward() -> dict[str, float]:
    """Forward, backward, a step with SGD, and the bytes held, of four networks."""
    from orderof.frontends.torch.build import load

    image = torch.randn(4, 3, 112, 112)
    layer = nn.TransformerEncoderLayer(256, 4, 1024, 0.0, "gelu", batch_first=True)
    cases: dict[str, tuple[nn.Module, torch.Tensor]] = {
        "MLP": (perceptron(784, 1024, 1024, 10), torch.randn(128, 784)),
        "CNN": (load("torchvision:resnet18", weights=True).module, image),
        "RNN": (nn.LSTM(128, 128, batch_first=True), torch.randn(32, 64, 128)),
        "transformer": (
            nn.TransformerEncoder(layer, 4, enable_nested_tensor=False),
            torch.randn(4, 128, 256),
        ),
    }
    found: dict[str, float] = {}
    for name, (module, x) in cases.items():
        found.update({f"{name}.{key}": n for key, n in _step(module, x).items()})
    return found


def _step(module: nn.Module, x: torch.Tensor) -> dict[str, float]:
    """Times of the parts of a training step, and the bytes that autograd keeps."""
    module.train()
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)
    parts: dict[str, list[float]] = {"forward": [], "backward": [], "step": []}
    kept: dict[int, int] = {}
    owned = {p.untyped_storage().data_ptr() for p in module.parameters()}

    def pack(t: torch.Tensor) -> torch.Tensor:
        storage = t.untyped_storage()
        if storage.data_ptr() not in owned:
            kept[storage.data_ptr()] = storage.nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        outputs = module(x)
        held = float(sum(kept.values()))
    del outputs
    for _ in range(2 * _LEAST):
        optimizer.zero_grad(set_to_none=True)
        a = time.perf_counter()
        total = torch.stack([t.sum() for _, t in leaves(module(x))]).sum()
        b = time.perf_counter()
        total.backward()
        c = time.perf_counter()
        optimizer.step()
        d = time.perf_counter()
        for name, t in (("forward", b - a), ("backward", c - b), ("step", d - a)):
            parts[name].append(t)
    return {name: statistics.median(times[1:]) for name, times in parts.items()} | {"held": held}


@registered
def threads_of() -> dict[str, float]:
    """A product of matrices and a recurrent layer, on one thread and on two."""
    a = torch.randn(1024, 1024)
    lstm, x = nn.LSTM(256, 256, batch_first=True), torch.randn(1, 128, 256)
    found: dict[str, float] = {}
    for n in (1, 2):
        with threads(n):
            found[f"product.{n}"] = clocked(lambda: a @ a)
            found[f"lstm.{n}"] = quietly(lstm, x)
    return found


def perceptron(*widths: int) -> nn.Sequential:
    """A feed-forward network with ReLU between its layers."""
    layers: list[nn.Module] = []
    for n, m in pairwise(widths):
        layers += [nn.Linear(n, m), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
