"""Torch's compiler, which `torch.cond` and its like load when they are called first.

Whoever meets the modes of a recording while it is loaded for good leaves functions alone, and torch
keeps that: the user's own calls would fail afterwards. So a recording that is about to load the
compiler is given up, the compiler is loaded, and told to leave functions alone (`fakes.preserved`).
"""

import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from orderof.errors import Error

_NAME = "torch._dynamo"
T = TypeVar("T")


class _Loads(Exception):
    """The compiler is about to be loaded."""


class _Watch:
    """Stands before all that find modules, and stops an import of the compiler by this thread."""

    def __init__(self) -> None:
        self.met = False
        self._thread = threading.get_ident()

    def find_spec(self, name: str, *_: Any) -> None:
        """Find nothing."""
        if name == _NAME and threading.get_ident() == self._thread:
            self.met = True
            raise _Loads


def compiles() -> bool:
    """Whether torch's compiler is loaded; then a recording tells it to leave functions alone."""
    return _NAME in sys.modules


def compiled(run: Callable[[], T]) -> T:
    """Run something; if it needs the compiler, load that and run it again."""
    if compiles():
        return run()
    watch = _Watch()
    sys.meta_path.insert(0, watch)
    try:
        return run()
    except (Error, _Loads):
        if not watch.met:
            raise
    finally:
        sys.meta_path.remove(watch)
    importlib.import_module(_NAME)
    return run()
