"""Figures that others published or measured, each with the convention that it is held against.

timm         gmacs of timm's tables, at every size that they have
torchvision  "GFLOPS" of the weights of classifiers
measured     what nine counters said of the networks of `networks.py`
expected     what counters expect in their own tests and documents, of layers and networks
"""

# ruff: noqa: INP001 - a part of a script

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

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
    make: Callable[[], Any] | None = None
    """What builds that, where it is neither a spelling nor a name of `networks.MEASURED`."""

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


def expected(folder: Path) -> Iterator[Given]:
    """Give what counters expect in their own tests and documents."""
    return import_module("documents").expected(folder)


SETS: dict[str, Callable[[Path], Iterator[Given]]] = {
    "timm": timm,
    "torchvision": torchvision,
    "measured": measured,
    "expected": expected,
}
