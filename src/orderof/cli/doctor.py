"""`orderof doctor`: what is installed, what is missing, what to run."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from orderof.cli.grouped import Grouped
from orderof.cli.screen import LOOK, Look
from orderof.doc import Column, Doc, Fact, Facts, Note, Row, Table
from orderof.result.version import version

if TYPE_CHECKING:
    from orderof.doc import Block

PACKAGES = {
    "torch": ("pkg.module:attr, and all below", "pip install 'orderof[torch]'"),
    "torchvision": ("torchvision:NAME", "pip install torchvision"),
    "transformers": ("hf:CONFIG", "pip install transformers"),
    "jax": ("nothing yet", ""),
    "onnx": ("nothing yet", ""),
}
"""What each package opens, and how it is installed."""


def doctor(**look: Any) -> None:  # noqa: ANN401 - the fields of a Look
    """Look at the installation, without importing any of it."""
    rows: list[Row] = []
    missing: list[str] = []
    for name, (opens, install) in PACKAGES.items():
        found = _version(name)
        rows.append(Row((name, found or "not installed", opens)))
        if install and not found:
            missing.append(install)
    columns = (Column("package"), Column("version"), Column("models it opens"))
    base = "zoo: and mlp: models need none of these."
    blocks: list[Block] = [Table(columns, tuple(rows)), Note(base)]
    labels = ("missing", *[""] * len(missing))
    facts = tuple(Fact(label, (m,)) for label, m in zip(labels, missing, strict=False))
    blocks.append(Facts(facts) if missing else Note("Nothing is missing."))
    about = (f"Python {platform.python_version()}", platform.system())
    summary = Facts(tuple(Fact("", (text,)) for text in about))
    Look(**look).show(Doc(f"orderof {version()}", tuple(blocks), summary))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


COMMAND = Grouped(
    "doctor",
    doctor,
    "Say what is installed, what is missing, and what to run.",
    groups={"What is shown": LOOK},
)
