"""From a module, or the spelling of one, to a Graph."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orderof.errors import BadSpelling, ShapeMismatch, UnknownDim
from orderof.frontends.torch.build import Loaded, arguments, load, without_cache
from orderof.frontends.torch.lower import lower
from orderof.frontends.torch.record import record
from orderof.frontends.torch.spelling import parse, resolve
from orderof.transform.loss import reseed
from orderof.transform.optimizer import optimize, optimizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orderof.frontends.torch.lower import OnUnknown
    from orderof.ir.graph import Graph


def graph_of(
    model: Any,
    inputs: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    input_specs: Sequence[str] = (),
    dims: Mapping[str, Any] | None = None,
    train: str | None = None,
    mode: str = "eval",
    loss: str | None = None,
    on_unknown: OnUnknown = "raise",
) -> Graph:
    """Record a module and lower the recording; in training with gradients and the update.

    Sizes are numbers in a recording. `dims` gives values to the names in `input_specs`, or to the
    letters of a spelling's default inputs; for a module with its inputs it names sizes and axes.
    """
    rule = optimizer(train) if train else None
    if isinstance(model, str):
        if inputs or kwargs:
            hint = "describe them by input_specs, or pass the module itself"
            raise BadSpelling(model, "is built from its name and takes no tensors", hint)
        loaded = load(model, inputs=input_specs, dims=dims)
    else:
        loaded = _given(model, inputs, kwargs or {}, input_specs, dims)
    training = mode == "train"
    recording = record(
        loaded.module, loaded.args, loaded.kwargs, backward=rule is not None, train=training
    )
    graph = lower(recording, name=loaded.name, on_unknown=on_unknown)
    graph = replace(graph, notes=(*loaded.notes, *_sizes(loaded.dims)))
    if rule is None:
        return graph
    return optimize(reseed(graph, loss) if loss else graph, rule)


def _given(
    module: Any,
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any],
    specs: Sequence[str],
    dims: Mapping[str, Any] | None,
) -> Loaded:
    """Take a module of the caller's with its inputs, or with descriptions of them."""
    name, sizes = type(module).__name__, {}
    if specs:
        resolved, sizes = resolve([parse(s) for s in specs], dims)
        args, named = arguments(module, resolved)
        inputs, kwargs = (*args, *inputs), {**named, **kwargs}
    else:
        sizes = _named_sizes(module, inputs, kwargs, dims or {})
    named = without_cache(module, dict(kwargs))
    return Loaded(name, module, tuple(inputs), named, sizes, {}, ())


def _named_sizes(
    module: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any], dims: Mapping[str, Any]
) -> dict[str, int]:
    """Read {"B": 2} as sizes, and {"x": ("B", None, "H")} as names of the axes of an input."""
    sizes = {name: n for name, n in dims.items() if isinstance(n, int)}
    axes = {name: names for name, names in dims.items() if name not in sizes}
    given = dict(zip(inspect.signature(module.forward).parameters, inputs, strict=False))
    given |= kwargs
    for name, names in axes.items():
        shape = getattr(given.get(name), "shape", None)
        if shape is None or len(shape) != len(names):
            wrong = "is no input" if shape is None else f"has {len(shape)} axes, not {len(names)}"
            hint = f"the inputs are {', '.join(given)}; name each axis, or None"
            raise UnknownDim(name, wrong, hint)
        for axis, n in zip(names, shape, strict=True):
            if axis is not None and sizes.setdefault(axis, int(n)) != n:
                raise ShapeMismatch(axis, f"is {sizes[axis]} in one place and {n} in {name}")
    return sizes


def _sizes(dims: Mapping[str, int]) -> tuple[str, ...]:
    if not dims:
        return ()
    return ("sizes are numbers in a recording: " + ", ".join(f"{k}={v}" for k, v in dims.items()),)
