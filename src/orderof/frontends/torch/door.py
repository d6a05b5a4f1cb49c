"""From a module, or the spelling of one, to a Graph."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orderof.errors import BadSpelling
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
    letters of a spelling's default inputs.
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
    named = without_cache(module, dict(kwargs))
    return Loaded(name, module, tuple(inputs), named, sizes, {}, ())


def _sizes(dims: Mapping[str, int]) -> tuple[str, ...]:
    if not dims:
        return ()
    return ("sizes are numbers in a recording: " + ", ".join(f"{k}={v}" for k, v in dims.items()),)
