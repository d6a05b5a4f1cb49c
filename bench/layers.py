"""The layers, functions and small networks of the tests and documents of counters.

`Conv2d(3,16,k3,p1)` is read as it is written there; what cannot be read so is written out below,
after the file that its row names. Nothing has data.
"""

# ruff: noqa: D102, INP001 - networks of others, each named as it is there

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Net:
    """What is counted for a row: a model with its inputs, or a spelling with sizes."""

    model: Any
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dims: Mapping[str, int] | None = None
    train: bool = False
    """Whether it is in training mode; a backward pass is written where a row has one."""
    parts: tuple[str, ...] = ("",)
    """The modules that are counted."""
    phase: str = ""
    """The only phase that is counted."""


def tensor(*shape: int, grad: bool = False) -> Tensor:
    """Give a tensor without data."""
    return torch.empty(shape, device="meta", requires_grad=grad)


def shaped(text: str) -> list[Tensor]:
    """Give tensors of the shapes in a text: (3,4)@(4,5)."""
    found = re.findall(r"\((\d[\d,]*)\)", text)
    return [tensor(*(int(n) for n in shape.split(",") if n)) for shape in found]


# ------------------------------------------------------------------------------- as it is written

_LAYER = re.compile(r"([A-Z]\w+)(?:\(([^()]*)\))?((?: [\w=]+)*)")
_ARGUMENT = re.compile(r"(\d+)|([kspg])=?(\d+)|([a-z_]+)=(\w+)|([a-z_]+)")
_NAMES = {"k": "kernel_size", "s": "stride", "p": "padding", "g": "groups", "layers": "num_layers"}
_WORDS = {"eval", "train", "depthwise"}


def layer(text: str, shape: str) -> Net | None:
    """Read a layer of torch.nn, and after its sizes the mode that it is in."""
    found = _LAYER.fullmatch(text)
    cls: Any = getattr(nn, found[1], None) if found else None
    if found is None or cls is None:
        return None
    words = found[3].split()
    texts = [*(found[2] or "").split(","), *(w for w in words if w not in _WORDS)]
    args, kwargs = _arguments([*texts, *re.findall("batch_first", shape)])
    inputs = tuple(shaped(shape))
    if found[1].startswith("BatchNorm") and not args:
        args = [inputs[0].shape[1]]
    with torch.device("meta"):
        return Net(cls(*args, **kwargs), inputs, train="train" in words)


def _arguments(texts: Sequence[str]) -> tuple[list[int], dict[str, Any]]:
    args: list[int] = []
    kwargs: dict[str, Any] = {}
    for text in filter(None, texts):
        found = _ARGUMENT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no argument of a layer")
        alone, short, number, name, value, flag = found.groups()
        if alone:
            args.append(int(alone))
        else:
            name = short or name or flag
            value = number or value or "True"
            kwargs[_NAMES.get(name, name)] = int(value) if value.isdigit() else value == "True"
    return args, kwargs


def function(text: str, shape: str) -> Net | None:
    """Read a product by its name, or an einsum by its equation."""
    name, _, rest = text.partition(" ")
    match name:
        case "einsum":
            return Net(partial(torch.einsum, rest), tuple(shaped(shape)))
        case "mm" | "bmm" | "matmul" if rest in ("", "mv"):
            return Net(getattr(torch, name), tuple(shaped(shape)))
        case _:
            return None


# --------------------------------------------------------------------------------------- networks


class Chain(nn.Module):
    """Named layers one after another, flattened before the first linear one."""

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        for name, module in layers.items():
            setattr(self, name, module)

    def forward(self, x: Tensor) -> Tensor:
        for module in self.children():
            x = module(x.flatten(1) if isinstance(module, nn.Linear) else x)
        return x


class ThreeNet(Chain):
    """fvcore, tests/test_flop_count.py."""

    def __init__(self) -> None:
        layers = {"conv": nn.Conv2d(2, 5, 1), "pool": nn.AdaptiveAvgPool2d(1)}
        super().__init__(**layers, linear1=nn.Linear(5, 3), linear2=nn.Linear(3, 1))


class TestModel(Chain):
    """fvcore, the docstring of FlopCountAnalysis."""

    def __init__(self) -> None:
        super().__init__(conv=nn.Conv2d(3, 10, 1), act=nn.ReLU(), fc=nn.Linear(1000, 10))


class Tutorial(nn.Module):
    """The network of torch's tutorial, as its five figures in fvcore's docs/flop_count.md say."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 16, 3)
        self.fc1, self.fc2, self.fc3 = nn.Linear(576, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        for conv in (self.conv1, self.conv2):
            x = functional.max_pool2d(functional.relu(conv(x)), 2)
        x = functional.relu(self.fc1(x.flatten(1)))
        return self.fc3(functional.relu(self.fc2(x)))


class LeNet5(nn.Module):
    """DeepSpeed, tests/unit/profiling/flops_profiler/test_flops_profiler.py."""

    def __init__(self) -> None:
        super().__init__()
        convs = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Conv2d(16, 120, 5)
        act, pool = nn.Tanh(), nn.AvgPool2d(2)
        self.features = nn.Sequential(convs[0], act, pool, convs[1], act, pool, convs[2], act)
        self.classifier = nn.Sequential(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.classifier(self.features(x).flatten(1))
        return logits, functional.softmax(logits, dim=1)


class SimpleModel(nn.Module):
    """DeepSpeed, tests/unit/simple_model.py."""

    def __init__(self) -> None:
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(10, 10)])
        self.loss = nn.CrossEntropyLoss()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.loss(self.linears[0](x), y)


class RecursiveNet(nn.Module):
    """torchinfo, tests/fixtures/models.py."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(64, 64, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(6):
            x = self.conv1(x)
        return x


class LSTMNet(nn.Module):
    """torchinfo, tests/fixtures/models.py."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 300)
        self.encoder = nn.LSTM(300, 512, 2, batch_first=True)
        self.decoder = nn.Linear(512, 20)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(self.embedding(x))[0])


class TestNet(Chain):
    """mmengine, docs/en/advanced_tutorials/model_analysis.md."""

    def __init__(self) -> None:
        super().__init__(**{f"linear{n}": nn.Linear(10, 10) for n in range(4)})


# ---------------------------------------------------------------------------------- steps of torch


class Step(nn.Module):
    """A network forward and backward."""

    def __init__(self, model: nn.Module, rounds: int = 1) -> None:
        super().__init__()
        self.model, self.rounds = model, rounds

    def forward(self, *inputs: Tensor) -> None:
        for _ in range(self.rounds):
            self.model(*inputs).sum().backward()


class Calls(nn.Module):
    """A function as a network."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs)


class Square(torch.autograd.Function):
    """One product forward and two backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ANN401 - torch has no name for it
        ctx.save_for_backward(x)
        return x @ x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:  # noqa: ANN401
        (x,) = ctx.saved_tensors
        return grads[0] @ x.t() + x.t() @ grads[0]


def stepped(function: Callable[..., Tensor], *inputs: Tensor, rounds: int = 1) -> Net:
    """Run a function forward and backward."""
    return Net(Step(Calls(function), rounds), inputs)


def variety(*inputs: Tensor) -> Tensor:
    """Multiply by every function that has a formula: test_flop_counter_variety."""
    a, b, bias, c, d, x, weight, added = inputs
    torch.mm(a, b)
    torch.addmm(bias, a, b)
    torch.matmul(b, c)
    torch.einsum("ab,bc->ac", c, d)
    return functional.linear(x, weight, added)


def spread(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Multiply, repeat, multiply."""
    return a.mm(b).unsqueeze(0).expand(7, 4, 6).bmm(c)


def added(a: Tensor, b: Tensor, *biases: Tensor) -> list[Tensor]:
    """Add three biases to the same product."""
    return [torch.addmm(bias, a, b) for bias in biases]


def squared(times: int) -> Callable[[Tensor], Tensor]:
    """Multiply a tensor with itself, some times."""

    def run(x: Tensor) -> Tensor:
        for _ in range(times):
            x = torch.mm(x.relu(), x.relu())
        return x

    return run


def attends(shape: str, *, grad: bool) -> Net:
    """Attend: B4 H8 Sq128 Sk256 D64."""
    b, h, n, m, d = (int(s) for s in re.findall(r"[A-Za-z](\d+)", shape))
    made = [tensor(b, h, s, d, grad=grad) for s in (n, m, m)]
    attend = functional.scaled_dot_product_attention
    return stepped(attend, *made) if grad else Net(attend, tuple(made))


def resnet18(*parts: str, phase: str = "") -> Net:
    """Run ResNet-18 forward and backward to its input: test_resnet18 and test_module."""
    from torchvision.models import resnet18 as build

    with torch.device("meta"):
        step = Step(build())
    return Net(step, (tensor(1, 3, 224, 224, grad=True),), parts=parts or ("",), phase=phase)


# ------------------------------------------------------------------------------------ by their name


def normed(text: str, *_: Tensor) -> Net:
    """Call a norm as a function: fvcore's test_batchnorm and test_groupnorm."""
    x, ones = tensor(2, 2, 2, 2), tensor(2)
    weights = (None, None) if "no affine" in text else (ones, ones)
    if "group" in text:
        return Net(partial(functional.group_norm, num_groups=2), (x,), named(weights))
    train = "train" in text
    means = {"running_mean": ones, "running_var": ones, "training": train}
    return Net(functional.batch_norm, (x,), {**named(weights), **means}, train=train)


def named(weights: tuple[Any, Any]) -> dict[str, Any]:
    """Name the weights of a norm."""
    return dict(zip(("weight", "bias"), weights, strict=True))


def scanned(c: Tensor, w: Tensor) -> Tensor:
    """Multiply ten times in a loop that is one operation."""
    from torch._higher_order_ops.scan import scan

    def turn(c: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        return c @ w, c.new_zeros(())

    return scan(turn, c, c.new_zeros(10))[0]


def unrolled(x: Tensor, w: Tensor) -> Tensor:
    """Multiply ten times."""
    for _ in range(10):
        x = x @ w
    return x


def sampled(mode: str) -> Net:
    """Sample a grid: torchprofile's test."""
    sample = partial(functional.grid_sample, mode=mode, align_corners=False)
    return Net(sample, (tensor(1, 3, 8, 8), tensor(1, 4, 4, 2)))
