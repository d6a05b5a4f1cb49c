"""The list of the zoo's models, and how one is found and built."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling, Error, ShapeMismatch, UnknownDim
from orderof.frontends.zoo import (
    alexnet,
    bert,
    gpt2,
    lenet,
    llama,
    mlp,
    mobilenet,
    resnet,
    rnn,
    seq2seq,
    single,
    squeezenet,
    superres,
    transformer,
    vgg,
    vit,
)
from orderof.frontends.zoo.layers import Net
from orderof.ops.elementwise import ACTIVATIONS
from orderof.sym import const, symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from orderof.ir.graph import Graph, Value


@dataclass(frozen=True, slots=True)
class Model:
    """A network of the zoo: its name, one line about it, how it is made, its default sizes."""

    name: str
    about: str
    make: Callable[..., Sequence[Value]]
    dims: Mapping[str, int]
    within: tuple[tuple[str, str], ...] = ()
    """(a, b): the model has weights for a <= b only; a larger a is counted, and noted."""


ZOO = {
    m.name: m
    for m in (
        Model("mlp", "feed-forward network; other widths: mlp:784-300-10,relu", mlp.mlp, mlp.DIMS),
        Model("conv", "one convolution, windows of k by k", single.conv, single.CONV_DIMS),
        Model(
            "attention",
            "one layer of self-attention with h heads and its four projections",
            single.attention,
            single.ATTENTION_DIMS,
        ),
        Model("lenet", "LeNet-5 on grey images, 61,706 parameters", lenet.lenet, lenet.DIMS),
        Model("alexnet", "AlexNet in one column on colour images", alexnet.alexnet, alexnet.DIMS),
        Model("vgg16", "VGG with 16 layers on colour images", vgg.vgg16, vgg.DIMS),
        *(
            Model(
                name,
                f"ResNet-{name.removeprefix('resnet')} on colour images",
                functools.partial(resnet.resnet, block=block, blocks=blocks),
                resnet.DIMS,
            )
            for name, (block, blocks) in resnet.PLANS.items()
        ),
        Model(
            "squeezenet1_0",
            "SqueezeNet 1.0 on colour images, 1,248,424 parameters",
            squeezenet.squeezenet1_0,
            squeezenet.DIMS,
        ),
        *(
            Model(name, about, functools.partial(mobilenet.mobilenet_v1, **how), mobilenet.DIMS)
            for name, (about, how) in mobilenet.VARIANTS.items()
        ),
        Model(
            "vdsr", "VDSR with 20 layers on an enlarged grey image", superres.vdsr, superres.VDSR
        ),
        *(
            Model(
                name,
                f"FSRCNN (56, 12, 4): a grey image {scale} times higher and wider",
                functools.partial(superres.fsrcnn, scale=scale),
                superres.FSRCNN,
            )
            for name, scale in superres.SCALES.items()
        ),
        Model(
            "espcn", "ESPCN: a grey image r times higher and wider", superres.espcn, superres.ESPCN
        ),
        *(
            Model(
                cell,
                f"one {cell.upper()} layer over S steps, no head",
                functools.partial(rnn.rnn, cell=cell),
                rnn.DIMS,
            )
            for cell in rnn.CELLS
        ),
        Model(
            "bilstm",
            "one LSTM layer in each direction over S steps, no head",
            functools.partial(rnn.rnn, cell="lstm", bidirectional=True),
            rnn.DIMS,
        ),
        Model(
            "seq2seq",
            "RNNsearch of Bahdanau et al. 2014, GRU and attention, teacher forcing",
            seq2seq.seq2seq,
            seq2seq.DIMS,
        ),
        Model(
            "seq2seq_beam",
            "RNNsearch, the target searched for by a beam of width b",
            seq2seq.seq2seq_beam,
            seq2seq.BEAM,
        ),
        Model(
            "transformer",
            "encoder and decoder of Vaswani et al. 2017, base size, tied embedding",
            transformer.transformer,
            transformer.DIMS,
        ),
        Model(
            "gpt2", "GPT-2 small, 124 M parameters, tied head", gpt2.gpt2, gpt2.DIMS, (("S", "P"),)
        ),
        Model("bert", "BERT base with its pooler, no head", bert.bert, bert.DIMS, (("S", "P"),)),
        Model("llama", "Llama 3 8B, grouped queries, head of its own", llama.llama, llama.DIMS),
        Model("vit", "ViT-B/16 on colour images", vit.vit, vit.DIMS),
    )
}


def find(spelling: str) -> Model:
    """Find `NAME` of the zoo, or read a network in words: `mlp:30-30-30,sigmoid,bias=unit`."""
    if spelling.startswith("mlp:"):
        return _mlp(spelling)
    try:
        return ZOO[spelling]
    except KeyError:
        hint = f"the zoo has {', '.join(ZOO)}"
        raise BadSpelling(f"zoo:{spelling}", "is not in the zoo", hint) from None


def build(spelling: str, *, train: bool = False, dims: Mapping[str, int] | None = None) -> Graph:
    """Build a model with letters for sizes; `dims` replaces defaults, which must fit the model."""
    model = find(spelling)
    unknown = [k for k in dims or {} if k not in model.dims]
    if unknown:
        hint = f"its dims are {', '.join(model.dims)}"
        raise UnknownDim(unknown[0], f"is no dim of {model.name}", hint)
    sizes = {**model.dims, **(dims or {})}
    for name, n in sizes.items():
        if n < 1:
            raise BadSpelling(f"{name}={n}", "is no size", "sizes are 1 or more")
    if dims:
        _try(model, sizes)
    net = Net(train=train)
    outputs = model.make(net, {name: symbol(name) for name in model.dims})
    graph = net.graph(outputs, model.name, sizes.items())
    return replace(graph, notes=tuple(_beyond(model, sizes)))


def _try(model: Model, sizes: Mapping[str, int]) -> None:
    """Build with numbers: letters cannot tell that a window is too large, or a rest is left."""
    try:
        model.make(Net(), {name: const(n) for name, n in sizes.items()})
    except Error as error:
        given = ", ".join(f"{name}={n}" for name, n in sizes.items())
        hint = f"its defaults are {', '.join(f'{k}={v}' for k, v in model.dims.items())}"
        raise ShapeMismatch(f"{model.name} at {given}", f"does not fit: {error}", hint) from None


def _beyond(model: Model, sizes: Mapping[str, int]) -> Iterator[str]:
    for a, b in model.within:
        if sizes[a] > sizes[b]:
            yield f"{a}={sizes[a]} is beyond {b}={sizes[b]}: counted, but no such weights exist"


def _mlp(spelling: str) -> Model:
    """Read `mlp:WIDTHS[,ACTIVATION][,bias=add|unit|none]`; the last layer has no activation."""
    widths, *rest = spelling.removeprefix("mlp:").split(",")
    numbers = widths.split("-")
    bias = next((r.removeprefix("bias=") for r in rest if r.startswith("bias=")), "add")
    names = [r for r in rest if not r.startswith("bias=")] or ["relu"]
    good = (
        len(numbers) > 1
        and all(n.isdecimal() and int(n) for n in numbers)
        and len(names) == 1
        and names[0] in ACTIVATIONS
        and bias in ("add", "unit", "none")
    )
    if not good:
        hint = f"write mlp:784-300-10,relu,bias=add with one of {', '.join(ACTIVATIONS)}"
        raise BadSpelling(spelling, "is not a feed-forward network", hint)
    acts = (*names * (len(numbers) - 2), "")
    dims = {"B": 1, **{f"n{i}": int(n) for i, n in enumerate(numbers)}}
    return Model(spelling, "feed-forward", functools.partial(mlp.mlp, acts=acts, bias=bias), dims)
