"""The tools themselves, one file each: what each prints of a torch module.

A file has `figures(module, args, kwargs)`, which runs the tool on real tensors of the CPU and gives
its figures by the names of our conventions, as integers. Tools are imported on use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def positional(module: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:  # noqa: ANN401
    """Give a module, and arguments by place alone, for tools that take no others."""
    if not kwargs:
        return module, tuple(args)
    from torch import nn

    names = list(kwargs)

    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, *given: Any) -> Any:  # noqa: ANN401
            named = dict(zip(names, given[len(args) :], strict=True))
            found = self.inner(*given[: len(args)], **named)
            return tuple(found.values()) if isinstance(found, Mapping) else found

    return Named().train(module.training), (*args, *kwargs.values())
