"""Imports that a spelling asks for: with a hint where something is missing, and from here too."""

import importlib
import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from orderof.errors import MissingExtra, NotImportable

_INSTALL = {
    "torch": "pip install 'orderof[torch]'",
    "torchvision": "pip install torchvision",
    "transformers": "pip install transformers",
    "timm": "pip install timm",
    "diffusers": "pip install diffusers",
}
_KEEP: list[Any] = []  # a torch.library.Library withdraws what it declared when it is collected


def extra(name: str) -> ModuleType:
    """Import a framework; raises `MissingExtra` where it is not installed."""
    try:
        return patiently(name, lambda: importlib.import_module(name))
    except NotImportable as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and cause.name == name:
            raise MissingExtra(name, "it is not installed", _INSTALL[name]) from cause
        raise


def patiently(name: str, act: Callable[[], Any]) -> Any:
    """Import something; once more, should torchvision want kernels that did not load."""
    try:
        try:
            return act()
        except Exception as error:
            if not any("operator torchvision::nms does not" in str(e) for e in _chain(error)):
                raise
        _declare_torchvision()
        return act()
    except Exception as error:
        absent = isinstance(error, ModuleNotFoundError)
        hint = "is its folder the current one, or on PYTHONPATH?" if absent else ""
        raise NotImportable(name, f"reading it raised {sentence(error)}", hint) from error


def _declare_torchvision() -> None:
    """Declare the two operators that torchvision's import looks for.

    A torchvision made for another build of torch loads none of its kernels. Model definitions
    do without them.
    """
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEEP.append(library)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def sentence(error: Exception) -> str:
    """Its type and the first sentence of what it says."""
    text = re.split(r"\n|(?<=[.!?]) ", str(error).strip())[0].rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextmanager
def cwd_importable() -> Generator[None]:
    """Let modules in the current folder be imported."""
    saved = list(sys.path)
    sys.path.insert(0, str(Path.cwd()))
    try:
        yield
    finally:
        sys.path[:] = saved
