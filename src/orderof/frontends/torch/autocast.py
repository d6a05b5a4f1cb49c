"""Autocast for another device means the same dtypes here, where all tensors are fakes on the CPU.

Without a GPU torch would switch `autocast("cuda")` off with a warning, and half precision would be
counted as full. Which operators are cast is decided by torch's list for the CPU, which differs from
the one for CUDA in a few (docs/known-limits.md).
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch

_ENTER: Callable[..., None] = torch.autocast.__init__


def _here(self: Any, device_type: str, dtype: Any = None, *args: Any, **kwargs: Any) -> None:
    if device_type not in ("cpu", "meta"):
        dtype, device_type = dtype or torch.get_autocast_dtype(device_type), "cpu"
    _ENTER(self, device_type, dtype, *args, **kwargs)


@contextmanager
def on_cpu() -> Generator[None]:
    """Take autocast for any device as that of the CPU."""
    before = torch.autocast.__init__
    torch.autocast.__init__ = _here  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        torch.autocast.__init__ = before
