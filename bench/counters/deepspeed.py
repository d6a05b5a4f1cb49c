"""DeepSpeed's flops profiler on a module: FLOPs and MACs, on CPU tensors and on meta tensors."""

# ruff: noqa: ANN401 - loaded by path; modules and arguments of any kind

from __future__ import annotations

import copy
import os
from typing import Any


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Run the profiler on a module and on a copy of it on the meta device.

    As `get_model_profile` does: in eval mode, and with gradients. What has no meta kernel is
    left out of the answer.
    """
    os.environ.setdefault("DS_ACCELERATOR", "cpu")
    flops, macs = _profile(module, args, kwargs)
    found = {"deepspeed": flops, "deepspeed-macs": macs}
    try:
        flops, macs = _profile(copy.deepcopy(module).to("meta"), *_on_meta((args, kwargs)))
    except (RuntimeError, NotImplementedError):  # values are asked for, as masks do
        return found
    return {**found, "deepspeed-meta": flops, "deepspeed-meta-macs": macs}


def _profile(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, int]:
    """What `get_model_profile` does; but what it replaces is put back after a failure too."""
    from deepspeed.profiling.flops_profiler import profiler

    found = profiler.FlopsProfiler(module.eval())
    found.start_profile()
    try:
        module(*args, **kwargs)
        return round(found.get_total_flops()), round(found.get_total_macs())
    finally:
        profiler.module_flop_count.clear()
        profiler.module_mac_count.clear()
        found.end_profile()


def _on_meta(values: Any) -> Any:
    import torch
    from torch.utils._pytree import tree_map_only

    return tree_map_only(torch.Tensor, lambda t: t.to("meta"), values)
