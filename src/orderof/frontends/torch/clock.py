"""How long a model takes on this machine: built with weights, run on the CPU at several sizes."""

from __future__ import annotations

import copy
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from orderof.errors import Error, ModelRaised
from orderof.frontends.torch.build import load
from orderof.frontends.torch.fakes import preserved
from orderof.frontends.torch.letters import usual
from orderof.frontends.torch.nested import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torch import nn

    from orderof.frontends.torch.build import Loaded

_LEAST, _MOST = 3, 25
"""How often a size is run at least and at most."""
_SECONDS = 1.0
"""How long a size is run, if not _MOST times."""


def timed(
    spelling: str,
    letter: str,
    sizes: Sequence[int],
    *,
    input_specs: Sequence[str] = (),
    dims: Mapping[str, int] | None = None,
    backward: bool = False,
    tell: Callable[[int, float], None] | None = None,
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Run a model at each size of a letter; gives the seconds of each run, the first left out.

    With `backward` the sum of its float outputs is differentiated. Raises `ModelRaised` where it
    refuses a size.
    """
    with preserved():
        loaded = load(spelling, inputs=input_specs, dims=dims, weights=True)
        loaded.module.train(backward)
        for n in sizes:
            args, kwargs = _filled(loaded, {letter: n})
            found = tuple(_runs(loaded.module, args, kwargs, backward=backward))
            if tell:
                tell(n, min(found))
            yield n, found


def _filled(loaded: Loaded, sizes: Mapping[str, int]) -> tuple[Any, Any]:
    """Inputs with data: normal numbers, and zeros for whole ones, which index anything."""
    axes = loaded.axes
    if not any(name for names in axes.values() for name in names):
        axes = usual(loaded.args, loaded.kwargs)
    memo: dict[int, Any] = {}
    for _, tensor in leaves((loaded.args, loaded.kwargs)):
        names = axes.get(id(tensor), (None,) * tensor.dim())
        shape = [sizes.get(name or "", n) for name, n in zip(names, tensor.shape, strict=True)]
        make = torch.randn if tensor.is_floating_point() else torch.zeros
        memo[id(tensor)] = make(shape, dtype=tensor.dtype)
    args, kwargs = copy.deepcopy((loaded.args, loaded.kwargs), memo)
    return args, kwargs


def _runs(module: nn.Module, args: Any, kwargs: Any, *, backward: bool) -> Iterator[float]:
    _once(module, args, kwargs, backward=backward)
    start = time.perf_counter()
    for i in range(_MOST):
        if i >= _LEAST and time.perf_counter() - start > _SECONDS:
            return
        before = time.perf_counter()
        _once(module, args, kwargs, backward=backward)
        yield time.perf_counter() - before


def _once(module: nn.Module, args: Any, kwargs: Any, *, backward: bool) -> None:
    try:
        with nullcontext() if backward else torch.no_grad():
            result = module(*args, **kwargs)
        if backward:
            outputs = [t for _, t in leaves(result) if t.requires_grad]
            module.zero_grad(set_to_none=True)
            torch.stack([t.sum() for t in outputs]).sum().backward()
    except Error:
        raise
    except Exception as error:
        text = str(error).strip().partition("\n")[0]
        hint = "measure the sizes that it takes"
        raise ModelRaised(type(module).__name__, f"{type(error).__name__}: {text}", hint) from error
