"""calflops on a module: FLOPs and MACs."""

# ruff: noqa: ANN401 - loaded by path; modules and arguments of any kind

from __future__ import annotations

from typing import Any


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Do what `calculate_flops` does: in eval mode, and with gradients.

    Here a module may have no parameters, and what calflops replaces is put back after a failure.
    """
    from orderof.frontends.torch.imports import extra

    extra("torchvision")  # calflops imports it, and it may need to be declared first
    from calflops import calculate_pipline

    found = calculate_pipline.CalFlopsPipline(module.eval(), False, 2.0)  # noqa: FBT003
    found.start_flops_calculate()
    try:
        module(*args, **kwargs)
        flops, macs = found.get_total_flops(), found.get_total_macs()
    finally:
        calculate_pipline.module_flop_count.clear()
        calculate_pipline.module_mac_count.clear()
        found.end_flops_calculate()
    return {"calflops": round(flops), "calflops-macs": round(macs)}
