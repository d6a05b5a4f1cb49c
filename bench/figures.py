"""Figures that others published or measured, each with the convention that it is held against.

timm         gmacs of timm's tables, at every size that they have
torchvision  "GFLOPS" of the weights of classifiers
measured     what nine counters said of the networks of `networks.py`
expected     what counters expect of single layers in their own tests and documents
"""

# ruff: noqa: INP001 - a part of a script

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Given:
    """A figure of somebody else: under which convention, of which model, how exact it is."""

    set: str
    as_: str
    model: str
    theirs: float
    within: float = 0
    network: str = ""
    """What is counted for it: by default the model as it is spelled."""

    def __post_init__(self) -> None:
        """Take the model for the network."""
        object.__setattr__(self, "network", self.network or self.model)


def table(path: Path) -> list[dict[str, str]]:
    """Read a table of figures."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def timm(folder: Path) -> Iterator[Given]:
    """Give the gmacs of timm's tables where its files agree; rounded to 0.01."""
    for row in table(folder / "timm_reference.csv"):
        if row["flags"] in ("", "differs_pt210") and row["gmacs"]:
            g = float(row["gmacs"])
            name = f"timm:{row['model']} H={row['img_size']} W={row['img_size']}"
            yield Given("timm", "timm", name, g * 1e9, max(0.006, 0.005 * g) * 1e9)


def torchvision(folder: Path) -> Iterator[Given]:
    """Give the GFLOPS of torchvision's weights for the images that they were counted with."""
    for row in table(folder / "torchvision_ops.csv"):
        if row["group"] != "classification" or row["is_default"] != "1":
            continue
        _, _, h, w = row["ops_input"].split("x")
        name = f"torchvision:{row['builder']} H={h} W={w}"
        yield Given("torchvision", "torchvision", name, float(row["gops"]) * 1e9, 0.00101e9)


PEERS = {
    ("fvcore@cpu", "macs"): "fvcore",
    ("fvcore@meta", "macs"): "fvcore",
    ("thop@cpu", "macs"): "thop",
    ("thop@meta", "macs"): "thop",
    ("ptflops@cpu", "macs"): "ptflops-pytorch",
    ("ptflops@meta", "macs"): "ptflops-pytorch-meta",
    ("ptflops_aten@cpu", "macs"): "ptflops-aten",
    ("ptflops_aten@meta", "macs"): "ptflops-aten-meta",
    ("torchinfo@cpu", "macs"): "torchinfo",
    ("torchinfo@meta", "macs"): "torchinfo",
    ("calflops@cpu", "macs"): "calflops-macs",
    ("calflops@cpu", "flops"): "calflops",
    ("calflops@meta", "macs"): "calflops-macs",
    ("calflops@meta", "flops"): "calflops",
    ("deepspeed@cpu", "macs"): "deepspeed-macs",
    ("deepspeed@cpu", "flops"): "deepspeed",
    ("deepspeed@meta", "macs"): "deepspeed-meta-macs",
    ("deepspeed@meta", "flops"): "deepspeed-meta",
    ("jax@cpu", "flops_lowered"): "xla",
    ("onnx_tool@cpu", "macs"): "onnx-tool",
    ("flopcounter@meta", "flops"): "torch",
    ("reference@meta", "flops"): "torch",
    ("flopcounter@cpu", "flops"): "torch-cpu",
    ("flopcounter@fake", "flops"): "torch-cpu",
    ("export_flopcounter@cpu", "flops"): "torch-cpu",
}
"""(counter and device, quantity) -> the convention that it is."""


def measured(folder: Path) -> Iterator[Given]:
    """Give what counters said of whole networks."""
    from orderof.conventions import names

    known, networks = set(names()), import_module("networks").MEASURED
    for row in table(folder / "peer_measurements.csv"):
        as_ = PEERS.get((row["peer"], row["quantity"]))
        own = f"{row['model']}_{row['peer'].partition('@')[0]}"
        network = own if own in networks else row["model"]
        if as_ in known and network in networks:
            model = f"{row['model']} {row['peer']}"
            yield Given("measured", as_, model, float(row["value"]), 0, network)


READMES = {
    ("thop(Lyken17)", ""): "thop",
    ("ptflops", "(aten backend)"): "ptflops-aten",
    ("ptflops", "(pytorch backend)"): "ptflops-pytorch",
    ("calflops", ""): "calflops",
    ("torchprofile", ""): "torchprofile",
    ("torchinfo", ""): "torchinfo",
}
"""(tool, backend) -> the convention of its documents."""
_MODEL = re.compile(r"torchvision (\w+)")
_SHAPE = re.compile(r"\((\d+),3,(\d+),(\d+)\)")
_ROUNDED = re.compile(r"rounded to ([\d.]+) G|tolerance \+-([\d.]+) G")


def expected(folder: Path) -> Iterator[Given]:
    """Give what documents of counters say of models of torchvision."""
    for row in table(folder / "expected_ops.csv"):
        model, shape = _MODEL.fullmatch(row["model_or_op"]), _SHAPE.fullmatch(row["input_shape"])
        tool = row["source"].partition("@")[0]
        backend = f"({row['repo_path'].partition('(')[2]}" if "(" in row["repo_path"] else ""
        as_ = READMES.get((tool, backend))
        if not (model and shape and as_) or row["quantity"] not in ("macs", "flops"):
            continue
        macs = "-macs" if as_ == "calflops" and row["quantity"] == "macs" else ""
        sizes = f"B={shape[1]} H={shape[2]} W={shape[3]}"
        figure = float(row["value"])
        yield Given("expected", as_ + macs, f"torchvision:{model[1]} {sizes}", figure, _half(row))


def _half(row: dict[str, str]) -> float:
    """Give how far off a rounded figure may be."""
    if rounded := _ROUNDED.search(row["notes"]):
        return float(rounded[1] or rounded[2]) * (0.501e9 if rounded[1] else 1e9)
    return 10 ** (len(str(int(float(row["value"])))) - 6)  # six digits, not always rounded


SETS: dict[str, Callable[[Path], Iterator[Given]]] = {
    "timm": timm,
    "torchvision": torchvision,
    "measured": measured,
    "expected": expected,
}
