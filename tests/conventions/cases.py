"""Modules that several conventions are asked about, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from orderof.api import analyze

if TYPE_CHECKING:
    from collections.abc import Callable


def figure(name: str, module: nn.Module, *inputs: torch.Tensor) -> int:
    """What a convention says of a forward pass, with sizes as numbers."""
    return analyze(module.eval(), *inputs, as_=name, symbolic=()).forward.total()()


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(shape)


class Does(nn.Module):
    """Runs a function of itself and of its inputs."""

    def __init__(self, function: Callable[..., Any], **modules: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)
