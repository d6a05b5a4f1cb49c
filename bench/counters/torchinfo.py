"""What torchinfo says of a module, run by itself; see catalog/torchinfo.toml."""

# ruff: noqa: ANN401 - run from its path; the tool is imported on use

from __future__ import annotations

from typing import Any


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Give `total_mult_adds`; `summary` takes some names for its own, so inputs go in by place."""
    import torch
    from torchinfo import summary

    names = tuple(kwargs)

    class Given(torch.nn.Module):
        """Hands on what has to be given by name."""

        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *values: Any) -> Any:
            named = zip(names, values[len(args) :], strict=True)
            return self.module(*values[: len(args)], **dict(named))

    given = Given() if kwargs else module
    values = [*args, *kwargs.values()]
    return {"torchinfo": summary(given, input_data=values, verbose=0).total_mult_adds}
