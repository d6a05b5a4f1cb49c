"""torchprofile on a module: multiply-adds; it takes no keyword arguments."""

# ruff: noqa: ANN401 - loaded by path; modules and arguments of any kind

from __future__ import annotations

import warnings
from typing import Any


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Run `profile_macs` in eval mode; keyword arguments are handed in by a wrapper."""
    from torch import nn
    from torchprofile import profile_macs

    class Bound(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *given: Any) -> Any:
            return self.module(
                *given[: len(args)], **dict(zip(kwargs, given[len(args) :], strict=True))
            )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = (*args, *kwargs.values())
        return {"torchprofile": profile_macs(Bound().eval() if kwargs else module.eval(), given)}
