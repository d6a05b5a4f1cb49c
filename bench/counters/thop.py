"""What thop says of a module, run by itself; see orderof/conventions/catalog/thop.toml."""

# ruff: noqa: ANN401 - run from its path; the tool is imported on use

from __future__ import annotations

from typing import Any


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Give the first number that `profile` returns, a float, rounded; it takes inputs by place."""
    import thop
    import torch

    class Named(torch.nn.Module):
        """Hands on what has to be given by name."""

        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *values: Any) -> Any:
            named = zip(kwargs, values[len(args) :], strict=True)
            return self.module(*values[: len(args)], **dict(named))

    given = Named() if kwargs else module
    found, _ = thop.profile(given, (*args, *kwargs.values()), verbose=False)
    return {"thop": round(found)}
