"""What counters expect in their own tests and documents: the network of each row, and its figure.

A row is held against the convention of its tool, or of the tool whose rules it has; of a tool that
there is no convention of, what is the same number under any rule. Parameters are held against
their count, as "params". A row without a network says so, and reasons.toml why.
"""

# ruff: noqa: INP001 - a part of a script

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

import languages
import layers
import peers
import torch
from figures import Given, table
from layers import Net, Step, resnet18, shaped, stepped, tensor
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from orderof.ir.graph import Graph
    from orderof.sym import Expr

Row = dict[str, str]
Build = Callable[[str], Net]

TOOLS = {
    "fvcore": "fvcore",
    "pytorch": "torch",
    "torchprofile": "torchprofile",
    "DeepSpeed": "deepspeed",
    "thop(Lyken17) README.md": "thop-0.0.31",
    "thop(Lyken17)": "thop",
    "thop(ultralytics)": "thop",
    "ptflops README.md (aten backend)": "ptflops-aten",
    "ptflops README.md (pytorch backend)": "ptflops-pytorch",
    "calflops": "calflops",
    "torchinfo": "torchinfo",
    "onnx-tool": "onnx-tool",
    "timm": "timm",
    "measured: jax 0.10.2 cpu cost_analysis": "xla",
    "mmengine": "fvcore",
    "Torch-Pruning": "ptflops-pytorch",
}
"""Tool, or a file of it -> its convention.

mmengine has fvcore's code, Torch-Pruning that of an early ptflops; the table of thop's README is of
its first version, its tests are of the last.
"""
TWO = {"calflops", "deepspeed"}
"""Conventions with another one for multiply-adds."""
PLAIN = {
    "torch-scan": {
        "orderof": ("Linear(*", "ReLU", "Conv2d*", "MaxPool2d*"),
        "flops": ("matmul + Linear*",),
    },
    "keras-flops": {
        "orderof": ("Multiply", "*AveragePooling*", "GlobalMaxPooling2D"),
        "flops": ("Dense(3,use_bias=False)",),
    },
    "opt_einsum": {
        "orderof": ("flop_count('a', False, 2)", "flop_count('ab', False, 2)"),
        "flops": ("*flop_count('*', True, 2)",),
    },
    "torch_flops": {"flops": ("Linear(5,4)",)},
}
"""Tools with rules of their own -> a convention of ours and the rows that are the same under it."""


def expected(folder: Path) -> Iterator[Given]:
    """Give what documents and tests of counters say."""
    rows = table(folder / "expected_ops.csv")
    shapes = {_model(r): r["input_shape"] for r in rows if "(" in r["input_shape"]}
    for row in rows:
        shape = shapes.get(_model(row), "") if row["input_shape"] == "any" else row["input_shape"]
        tool = row["source"].partition("@")[0]
        as_ = convention(row)
        build = absent if as_ == "onnx-tool" and row["model_or_op"] in FILES else net
        make = partial(build if as_ else refused, tool, row["model_or_op"], shape)
        name = f"{tool}: {row['model_or_op']} {row['input_shape']}"
        shared = _SPELLED.fullmatch(row["model_or_op"]) and as_ and tool != "mmengine"
        network = f"{row['model_or_op'] if shared else name} {shape}"
        figure = float(row["value"])
        yield Given("expected", as_, name, figure, within(row), network, make)


def _model(row: Row) -> tuple[str, str]:
    """Name a model without what is said of it in brackets or after a colon."""
    return row["source"], re.split(r" \(|: ", row["model_or_op"])[0]


def convention(row: Row) -> str:
    """Name the convention of a row: none where its tool has rules of its own."""
    tool = row["source"].partition("@")[0]
    if row["quantity"] == "params":
        return "params"
    if tool in PLAIN:
        if row["quantity"] == "macs":
            return "macs"
        named = ((as_, p) for as_, patterns in PLAIN[tool].items() for p in patterns)
        return next((as_ for as_, p in named if fnmatchcase(row["model_or_op"], p)), "")
    if "prefill" in row["input_shape"]:
        return "onnx-tool-llm"  # no export, but a graph of the tool's own
    as_ = TOOLS.get(f"{tool} {row['repo_path']}") or TOOLS[tool]
    return f"{as_}-macs" if as_ in TWO and row["quantity"] == "macs" else as_


_ROUNDED = re.compile(r"rounded to ([\d.]+) ([GM])|([\d.]+) G rounding")
_ALLOWED = re.compile(r"tolerance \+-([\d.]+) G")
_PRINTED = re.compile(r"(\d) (?:significant )?digits")
UNITS = {"M": 1e6, "G": 1e9, None: 1e9}


def within(row: Row) -> float:
    """Give how far off a figure may be: what was rounded away, or what a test allows."""
    notes, value = row["notes"], str(int(float(row["value"])))
    if row["source"].startswith("onnx-tool") and row["quantity"] == "macs":
        return 1e9 if "to 1 G" in notes else 1e6  # cut, not rounded
    if found := _ROUNDED.search(notes):
        return float(found[1] or found[3]) * 0.501 * UNITS[found[2]]
    if found := _ALLOWED.search(notes):
        return float(found[1]) * 1e9
    if found := _PRINTED.match(notes):
        return 10 ** (len(value) - int(found[1]))  # not always rounded
    if row["source"].startswith("onnx-tool"):
        return 10 ** (len(value) - len(value.rstrip("0")))  # cut, not rounded
    return 0


# ---------------------------------------------------------------------------------------- figures


def figures(net: Net, names: Iterable[str]) -> dict[str, int]:
    """Count a network, or parts of it, by several conventions."""
    from orderof.analyses.work import count
    from orderof.api import graph

    how: Any = {"kwargs": net.kwargs, "dims": net.dims, "mode": "train" if net.train else "eval"}
    found = graph(net.model, *net.args, **how, symbolic=(), on_unknown="bound", traced=True)
    at, wanted = dict(found.dims), set(names)
    parameters = {"params": count(found).params.total.at(at)} if "params" in wanted else {}
    return parameters | {n: _figure(found, net, n).at(at) for n in wanted - {"params"}}


def _figure(found: Graph, net: Net, name: str) -> Expr:
    """Count by one convention: all that there is, or the rows of some modules and of a phase."""
    from orderof.analyses.compare import account
    from orderof.analyses.work import count
    from orderof.conventions import convention
    from orderof.sym import Expr

    as_ = convention(name)
    if net.parts == ("",) and not net.phase:
        return account(found, as_).total
    rows = (r for r in count(found, "full", as_).rows if net.phase in ("", r.phase))
    mine = (
        r for r in rows if any(f"{r.scope}.".startswith(f"{p}." if p else "") for p in net.parts)
    )
    return Expr.sum(r.under(as_) for r in mine)


# -------------------------------------------------------------------------------------- networks

_SPELLED = re.compile(r"(torchvision|timm) (\w+)")


def net(tool: str, text: str, shape: str) -> Net:
    """Build what a row speaks of; raises `LookupError` where there is no network for it."""
    peers.declare_torchvision()
    if made := _SPECIAL.get(text):
        return made(shape)
    if found := _SPELLED.fullmatch(text):
        return spelled(":".join(found.groups()), shape, train=tool == "mmengine")
    found = languages.net(text, shape) or layers.layer(text, shape) or layers.function(text, shape)
    if found is None:
        raise LookupError(f"no network for {text}")
    return found


FILES = {
    "SD UNet2DCondition",
    "ConvNeXt-L",
    *(f"ONNX zoo {name}" for name in ("SqueezeNet 1.0", "ResNet50", "RoBERTa-BASE", "GPT-2")),
}
"""Networks whose figure by onnx-tool is that of a file; their parameters are held all the same."""


def absent(*_: str) -> Net:
    """Have no figure for a file that nobody here has."""
    raise LookupError("the ONNX file is not at hand")


def refused(tool: str, *_: str) -> Net:
    """Have no figure for a tool that there is no convention of."""
    raise LookupError(f"no convention of {tool}")


def spelled(name: str, shape: str, *, train: bool) -> Net:
    """Take a model of a library for the images of a row."""
    sizes = re.fullmatch(r"\((\d+),3,(\d+),(\d+)\)", shape)
    dims = dict(zip("BHW", map(int, sizes.groups()), strict=True)) if sizes else None
    return Net(name, dims=dims, train=train)


def part(network: Callable[[], nn.Module], *parts: str, shape: str = "") -> Build:
    """Take modules of a network."""
    return lambda own: Net(network(), tuple(shaped(shape or own)), parts=parts or ("",))


def called(run: Callable[..., Any], *before: tuple[int, ...]) -> Build:
    """Call a function on tensors of some shapes, then on those of the row."""
    return lambda shape: Net(run, (*(tensor(*s) for s in before), *shaped(shape)))


def trained(run: Callable[..., Any], rounds: int = 1) -> Build:
    """Call a function forward and backward; the first tensor of the row asks for a gradient."""

    def build(shape: str) -> Net:
        first, *rest = shaped(shape.replace(",grad", ""))
        return stepped(run, first.requires_grad_(), *rest, rounds=rounds)

    return build


def transposed(_: str) -> Net:
    """Run a transposed convolution forward and backward, fifty times."""
    step = Step(nn.ConvTranspose2d(4, 8, 2, stride=2), 50)
    return Net(step, (tensor(1, 4, 30, 2),))


def varied(_: str) -> Net:
    """Multiply in all ways: a, b, a bias, and what follows."""
    shapes = (4, 5), (5, 6), (4, 6), (6, 7), (7, 8), (8, 9), (10, 9), (10,)
    return Net(layers.variety, tuple(tensor(*s) for s in shapes))


def simple(_: str) -> Net:
    """Call DeepSpeed's network on what its test gives it."""
    labels = tensor(1).long()
    return Net(layers.SimpleModel(), (tensor(1, 10), labels))


def worded(_: str) -> Net:
    """Call torchinfo's network of words."""
    return Net(layers.LSTMNet(), (tensor(1, 100).long(),))


def convnext(_: str) -> Net:
    """Build ConvNeXt-L for the 21841 classes of ImageNet-22k."""
    from timm import create_model

    with torch.device("meta"):
        return Net(create_model("convnext_large", num_classes=21841), (tensor(1, 3, 224, 224),))


def resnet50(_: str) -> Net:
    """Build ResNet-50 as the paper has it, arXiv:1512.03385: the first of three steps is of 2."""
    from torchvision import models

    with torch.device("meta"):
        made = models.resnet50()
    for stage in (made.layer2, made.layer3, made.layer4):
        first: Any = stage[0]
        first.conv1.stride, first.conv2.stride = (2, 2), (1, 1)
    return Net(made, (tensor(1, 3, 224, 224),))


_THREE, _TUTORIAL, _TEST = "ThreeNet", "PyTorch tutorial Net", "TestModel"
_PLACES = "(4,2,10,10)"
_PAIR = "(10,10)@(10,10)"
_SPECIAL: dict[str, Build] = {
    f"{_THREE} conv1x1(2,5)": part(layers.ThreeNet, "conv"),
    f"{_THREE} linear1(5,3)+linear2(3,1)": part(layers.ThreeNet, "linear1", "linear2"),
    f"{_THREE} AdaptiveAvgPool2d(1)": part(layers.ThreeNet, "pool", shape=_PLACES),
    f"{_THREE} total (by_module root)": part(layers.ThreeNet),
    f"{_TUTORIAL}: total": part(layers.Tutorial),
    f"{_TUTORIAL}: conv1 = Conv2d(1,6,3)": part(layers.Tutorial, "conv1"),
    f"{_TUTORIAL}: conv2 = Conv2d(6,16,3)": part(layers.Tutorial, "conv2"),
    f"{_TUTORIAL}: fc1 = Linear(576,120)": part(layers.Tutorial, "fc1"),
    f"{_TUTORIAL}: fc2 = Linear(120,84)": part(layers.Tutorial, "fc2"),
    f"{_TUTORIAL}: fc3 = Linear(84,10)": part(layers.Tutorial, "fc3"),
    f"{_TEST}: total": part(layers.TestModel),
    f"{_TEST}: fc = Linear(1000,10)": part(layers.TestModel, "fc"),
    f"{_TEST}: conv = Conv2d(3,10,1)": part(layers.TestModel, "conv"),
    **{
        f"F.{norm} {affine}": partial(layers.normed, f"{norm} {affine}")
        for norm in ("batch_norm eval", "batch_norm train", "group_norm 2 groups")
        for affine in ("affine", "no affine")
    },
    "F.interpolate x2 bilinear": called(
        partial(functional.interpolate, scale_factor=2, mode="bilinear")
    ),
    "addmm three times": lambda _: Net(
        layers.added, tuple(tensor(*s) for s in ((4, 5), (5, 6), (4, 6), (4, 1), (6,)))
    ),
    "baddbmm": called(torch.baddbmm, (3, 4, 6)),
    "conv2d 3->6 k4 p1": called(lambda x: functional.conv2d(x, tensor(6, 3, 4, 4), padding=1)),
    "conv1d 3->6 k4 p1": called(lambda x: functional.conv1d(x, tensor(6, 3, 4), padding=1)),
    "variety: mm+addmm+matmul+einsum+Linear(9,10)": varied,
    "fwd+bwd: mm, expand 7, bmm": lambda _: stepped(
        layers.spread, tensor(4, 5, grad=True), tensor(5, 6), tensor(7, 6, 7)
    ),
    "fwd+bwd x2: a.mm(a.t())": trained(lambda a: a.mm(a.t()), 2),
    "autograd.Function fwd 1 mm, bwd 2 mm": trained(layers.Square.apply),
    "conv_transpose2d fwd": called(functional.conv_transpose2d),
    "conv2d fwd": called(functional.conv2d),
    "conv_transpose2d fwd+bwd 50 times ConvTranspose2d(4,8,2,s=2)": transposed,
    "resnet18 fwd+bwd": lambda _: resnet18(),
    "resnet18 layer1 conv fwd": lambda _: resnet18("model.layer1", phase="forward"),
    "resnet18 layer1 conv bwd": lambda _: resnet18("model.layer1", phase="backward"),
    "resnet18 fwd (derived)": lambda _: resnet18(phase="forward"),
    "sdpa fwd": partial(layers.attends, grad=False),
    **{
        f"sdpa fwd+bwd {kernel}": partial(layers.attends, grad=True)
        for kernel in ("math backend", "math", "flash / mem_efficient", "mem_efficient")
    },
    "mm with out=": called(lambda a, b: torch.mm(a, b, out=tensor(10, 10))),
    "two modules mm(x,x) fwd+bwd": trained(layers.squared(2)),
    "one module mm(x,x) fwd+bwd": trained(layers.squared(1)),
    "grid_sample bilinear": lambda _: layers.sampled("bilinear"),
    "grid_sample nearest": lambda _: layers.sampled("nearest"),
    "LeNet5(10)": part(layers.LeNet5),
    "SimpleModel(hidden 10)": simple,
    "Conv2d(3,64,3,p1)": lambda _: layers.layer("Conv2d(3,64,3,p1)", "(1,3,224,224)"),
    "ConvNeXt-L": convnext,
    "ONNX zoo SqueezeNet 1.0": lambda _: Net("torchvision:squeezenet1_1"),
    "ONNX zoo ResNet50": resnet50,
    "Sequential(Conv2d(3,64,3,p1), SiLU) with custom SiLU rule": part(
        lambda: nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.SiLU())
    ),
    "RecursiveNet (Conv2d(64,64,3,p1) six times)": part(layers.RecursiveNet),
    "RecursiveNet": part(layers.RecursiveNet),
    "LSTMNet(vocab20,emb300,hid512,layers2)": worded,
    "TestNet: four Linear(10,10)": part(layers.TestNet),
    "matmul + Linear(4,2)": called(lambda a, b: functional.linear(a @ b, tensor(2, 4), tensor(2))),
    "Multiply": called(torch.mul),
    "Dense(3,use_bias=False)": called(lambda x: functional.linear(x, tensor(3, 8))),
    "AveragePooling1D(2)": called(lambda x: functional.avg_pool1d(x.transpose(1, 2), 2)),
    "AveragePooling2D(2)": called(lambda x: functional.avg_pool2d(x.permute(0, 3, 1, 2), 2)),
    "GlobalAveragePooling2D": called(lambda x: x.mean((1, 2))),
    "GlobalMaxPooling2D": called(lambda x: x.amax((1, 2))),
    "flop_count('a', False, 2)": lambda _: Net(torch.mul, (tensor(10), tensor(10))),
    "flop_count('ab', False, 2)": lambda _: Net(torch.mul, (tensor(10, 10), tensor(10, 10))),
    "flop_count('a', True, 2)": lambda _: Net(torch.dot, (tensor(10), tensor(10))),
    "flop_count('ab', True, 2)": lambda _: Net(torch.matmul, (tensor(10, 10), tensor(10))),
    "GEMM flop_count('abc', True, 2)": called(torch.matmul, (10, 10), (10, 10)),
    "flop_count('abc', True, 2)": called(torch.matmul, (2, 3), (3, 5)),
    "x@W": called(torch.matmul),
    "a@b": called(torch.matmul),
    "conv_general_dilated 3->12 k5 p1": called(
        lambda x: functional.conv2d(x, tensor(12, 3, 5, 5), padding=1)
    ),
    "lax.scan 10 x (c@W)": called(layers.scanned),
    "unrolled loop 10 x (x@W)": called(layers.unrolled),
    "jax.grad of sum(x@W) wrt W": called(lambda x, _: x.t() @ x.new_ones(4, 8)),
    "sort": called(torch.sort),
}
"""Rows that cannot be read as they are written."""
