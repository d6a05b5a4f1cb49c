"""What ptflops says of a module, run by itself, in both of its ways of counting.

See orderof/conventions/catalog/ptflops-pytorch.toml and ptflops-aten.toml.
"""

# ruff: noqa: ANN401 - run from its path; the tool is imported on use

from __future__ import annotations

import contextlib
import copy
import io
from typing import Any


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Give what `get_model_complexity_info` returns first, on the CPU and on meta if it runs there.

    Inputs go in by name: of inputs by place it would divide by the first one's first dimension.
    """
    import torch
    from torch.utils._pytree import tree_map_only

    def meta(tensor: Any) -> Any:
        return tensor.to("meta")

    away = copy.deepcopy(module).to("meta")  # before a run: what it caches cannot be copied
    found = {
        "ptflops": _figure(module, args, kwargs, {}),
        "ptflops-pytorch": _figure(module, args, kwargs, {"backend": "pytorch"}),
        "ptflops-aten": _figure(module, args, kwargs, {"backend": "aten"}),
    }
    there = tree_map_only(torch.Tensor, meta, (args, kwargs))
    found["ptflops-pytorch-meta"] = _figure(away, *there, {"backend": "pytorch"})
    found["ptflops-aten-meta"] = _figure(away, *there, {"backend": "aten"})
    return {name: figure for name, figure in found.items() if figure is not None}


def _figure(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], options: dict[str, str]
) -> int | None:
    import torch
    from ptflops import get_model_complexity_info

    class Given(torch.nn.Module):
        """Takes everything by name."""

        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, **named: Any) -> Any:
            places = [named.pop(f"input_{place}") for place in range(len(args))]
            return self.module(*places, **named)

    def inputs(_: Any) -> dict[str, Any]:
        return {f"input_{place}": value for place, value in enumerate(args)} | kwargs

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found, _ = get_model_complexity_info(
            Given(), (1,), print_per_layer_stat=False, as_strings=False,
            input_constructor=inputs, **options,
        )  # fmt: skip
    return None if found is None else int(found)
