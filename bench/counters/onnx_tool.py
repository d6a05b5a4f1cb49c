"""onnx-tool on what torch.onnx exports of a module: as it is made, and as if it were trained."""

# ruff: noqa: ANN401 - loaded by path; modules and arguments of any kind

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from typing import Any


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Export with the dynamo exporter in eval mode and profile, twice.

    The exporter drops a bias of zeros, which a network often has as it is made: so the second time
    parameters and buffers that are nothing but zeros are random.
    """
    found = {"onnx-tool": _macs(module, args, kwargs)}
    return {**found, "onnx-tool-trained": _macs(_without_zeros(module), args, kwargs)}


def _macs(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """What `onnx_tool.model_profile` does, and the sum that it prints."""
    import onnx_tool
    import torch

    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with warnings.catch_warnings(), torch.no_grad(), quiet[0], quiet[1]:
        warnings.simplefilter("ignore")
        given: Any = {"kwargs": kwargs} if kwargs else {}
        program = torch.onnx.export(
            _tensors_only(module).eval(), tuple(args), dynamo=True, verbose=False, **given
        )
        graph = onnx_tool.Model(program.model_proto, {"verbose": False}).graph
        graph.graph_reorder_nodes()
        graph.shape_infer(None)
        graph.profile(exclude_ops=onnx_tool.NoMacsOps)
    return round(graph.macs[0])


def _without_zeros(module: Any) -> Any:
    import torch

    module = copy.deepcopy(module)
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point() and not tensor.any():
                tensor.uniform_(0.5, 1.5)
    return module


def _tensors_only(module: Any) -> Any:
    """Leave caches out of what a model of transformers gives: the exporter does not know them."""
    import functools

    from torch import nn

    if not hasattr(module, "config"):
        return module

    class Bound(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        @functools.wraps(module.forward)
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            found = self.module(*args, **kwargs)
            values = found.values() if hasattr(found, "values") else found
            return tuple(v for v in values if hasattr(v, "shape"))

    return Bound()
