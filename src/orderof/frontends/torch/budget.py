"""A limit on the memory that building a model may take."""

from math import prod
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from orderof.errors import ModelError

_FACTORIES = frozenset({"empty", "zeros", "ones", "full", "rand", "randn", "empty_strided"})


class Budget(TorchDispatchMode):
    """Lets tensors be made up to a number of bytes; what is freed does not count as given back."""

    def __init__(self, byte_limit: int, name: str) -> None:
        super().__init__()
        self._left = byte_limit
        self._limit = byte_limit
        self._name = name

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation; raise before one that makes a tensor too large."""
        kwargs = kwargs or {}
        if func._schema.name.removeprefix("aten::") in _FACTORIES:
            self._check(prod(args[0]) * (kwargs.get("dtype") or torch.get_default_dtype()).itemsize)
        result = func(*args, **kwargs)
        if not func.is_view and not func._schema.is_mutable:
            for tensor in result if isinstance(result, list | tuple) else [result]:
                if isinstance(tensor, torch.Tensor) and tensor.device.type == "cpu":
                    size = tensor.untyped_storage().nbytes()
                    self._check(size)
                    self._left -= size
        return result

    def _check(self, size: int) -> None:
        if size > self._left:
            raise ModelError(
                self._name,
                f"building it makes more than {self._limit / 2**30:g} GiB of tensors",
                "build it under torch.device('meta'), where they take none; or raise the limit",
            )
