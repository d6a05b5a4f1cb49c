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
        if type(cached) is functools._lru_cache_wrapper and _fake(cached):
            cached.cache_clear()


def _fake(cached: Any) -> bool:
    """Whether a result is a fake tensor, or a sequence with one."""
    held = gc.get_referents(cached)
    inner = (item for h in held if isinstance(h, tuple | list) for item in h)
    return any(isinstance(item, FakeTensor) for item in (*held, *inner))
