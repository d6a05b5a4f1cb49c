"""torch's FlopCounterMode on a module, on meta tensors and on CPU tensors."""

# ruff: noqa: ANN401 - loaded by path; modules and arguments of any kind

from __future__ import annotations

import copy
from typing import Any


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Count a forward pass in eval mode and without gradients.

    On the meta device what has no meta kernel is left out of the answer.
    """
    import torch

    with torch.no_grad():
        found = {"torch-cpu": _count(module.eval(), args, kwargs)}
        try:
            elsewhere = copy.deepcopy(module).to("meta")
            found["torch"] = _count(elsewhere, *_on_meta((args, kwargs)))
        except (RuntimeError, NotImplementedError):  # values are asked for, as masks do
            pass
    return found


def steps(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Count a forward and a backward pass in training: what each convention has for both.

    The gradient is that of the sum of all outputs that are floating-point numbers.
    """
    found = {"torch-cpu": _step(module.train(), args, kwargs)}
    elsewhere = copy.deepcopy(module).to("meta")
    return {**found, "torch": _step(elsewhere, *_on_meta((args, kwargs)))}


def _count(module: Any, args: Any, kwargs: Any) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        module(*args, **kwargs)
    return counter.get_total_flops()


def _step(module: Any, args: Any, kwargs: Any) -> tuple[int, int]:
    import torch
    from torch.utils._pytree import tree_leaves
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        found = module(*args, **kwargs)
        ahead = counter.get_total_flops()
        leaves = [t for t in tree_leaves(found) if isinstance(t, torch.Tensor)]
        sum(t.sum() for t in leaves if t.requires_grad).backward()
    return ahead, counter.get_total_flops() - ahead


def _on_meta(values: Any) -> Any:
    import torch
    from torch.utils._pytree import tree_map_only

    return tree_map_only(torch.Tensor, lambda t: t.to("meta"), values)
