"""Functions that keep what they gave: a fake tensor must not outlive its recording in them."""

import functools
import gc
from dataclasses import dataclass
from typing import Any

from torch._subclasses.fake_tensor import FakeTensor


@dataclass(slots=True)
class Caches:
    """Whether functions were found that keep tensors: then they are emptied after a recording."""

    found: bool = False


def forget() -> None:
    """Empty every `functools` cache that holds a fake tensor."""
    for cached in gc.get_objects():
        # `isinstance` would ask proxies in modules for their class, which warn that they are old.
        if type(cached) is functools._lru_cache_wrapper and _fake(cached, 4):
            cached.cache_clear()


_HOLDERS = ("tuple", "list", "dict", "functools._lru_list_elem")
"""What a cache has its results in: one with a limit keeps them in a list of its own."""


def _fake(holder: Any, depth: int) -> bool:
    """Whether something holds a fake tensor, or what does."""
    for held in gc.get_referents(holder):
        if isinstance(held, FakeTensor):
            return True
        kind = type(held)
        name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
        if depth and name in _HOLDERS and _fake(held, depth - 1):
            return True
    return False
