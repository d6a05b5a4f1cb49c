"""From a module, or the spelling of one, to a Graph."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from torch import nn

from orderof.analyses.work import trips
from orderof.errors import BadSpelling, ShapeMismatch, UnknownDim
from orderof.frontends.torch import detection
from orderof.frontends.torch.build import (
    Loaded,
    arguments,
    load,
    tensors,
    trips_of,
    without_cache,
)
from orderof.frontends.torch.caches import Caches, forget
from orderof.frontends.torch.fakes import uncollected
from orderof.frontends.torch.folds import Fold, runs
from orderof.frontends.torch.functions import AS_IT_IS, as_module, called
from orderof.frontends.torch.letters import Inputs, sizes_of, usual
from orderof.frontends.torch.lower import lower
from orderof.frontends.torch.nested import leaves
from orderof.frontends.torch.record import plain, record
from orderof.frontends.torch.resize import resizable
from orderof.frontends.torch.settings import given as with_settings
from orderof.frontends.torch.settings import settings
from orderof.frontends.torch.settle import settle
from orderof.frontends.torch.spelling import names_of, parse, resolve
from orderof.frontends.torch.tape import Kept
from orderof.transform.loss import reseed
from orderof.transform.optimizer import optimize, optimizer
from orderof.transform.roll import roll

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orderof.frontends.torch.letters import Names
    from orderof.frontends.torch.lower import OnUnknown
    from orderof.frontends.torch.recording import Choice, Recording
    from orderof.frontends.torch.sizes import Sizes
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
    symbolic: Sequence[str] | None = None,
    fold: bool = True,
    decode: int | None = None,
    prefill: bool = False,
    causal: str = "full",
    cond: Choice = "max",
    traced: bool = False,
) -> Graph:
    """Record a module and lower the recording; in training with gradients and the update.

    Batch, sequence and image sizes are letters, or those of them that `symbolic` names. `dims`
    gives values to the names in `input_specs`, or to the letters of a spelling's default inputs;
    for a module with its inputs it names sizes and axes. `fold` records three of many equal blocks.
    `prefill` is the pass of a language model over its prompt, `decode` a step after so many tokens.
    `cond` is the function of `torch.cond` that is counted where its predicate is not known. Nodes
    of what is `traced` say how many products of sizes they are the first to depend on.
    """
    rule = optimizer(train) if train else None
    loaded = _loaded(model, inputs, kwargs or {}, input_specs, dims)
    if prefill or decode is not None:
        loaded = _with_cache(loaded, decode, alone=not (train or (prefill and decode)))
    folds = runs(plain(loaded.module)) if fold else []
    asked = on_unknown, tuple(folds), causal == "exact", cond, traced
    how = _How(loaded, rule is not None, mode == "train", *asked)
    with uncollected():
        graph = _settled(how, *_inputs(loaded, symbolic, folds))
    if rule is None:
        return graph
    return optimize(reseed(graph, loss) if loss else graph, rule)


def _settled(how: _How, asked: Inputs, notes: tuple[str, ...]) -> Graph:
    """Record with letters, and make loops of equal blocks where they are equal indeed."""
    named = {name for names in asked.axes.values() for name in names if name}
    how = replace(how, loops=frozenset({*named, *how.loaded.dims, *asked.every}))
    try:
        graph = _rolled(*settle(asked, how.run, how.make))
    except Unequal:
        how = replace(how, folds=())
        graph, _ = settle(asked, how.run, how.make)
    assumed = detection.notes(how.loaded.module)
    graph = replace(graph, notes=(*how.loaded.notes, *assumed, *notes, *graph.notes))
    return _with_trips(graph, how.loaded)


def _with_trips(graph: Graph, loaded: Loaded) -> Graph:
    """Give letters of loops that values end their sizes: 1, where nothing else was said."""
    found = trips(graph)
    for name in loaded.trips:
        if name not in found:
            known = f"the dims are {', '.join((*loaded.dims, *found)) or 'none'}"
            raise UnknownDim(name, "no input and no loop has a dim of this name", known)
    return replace(graph, dims=(*graph.dims, *((n, loaded.trips.get(n, 1)) for n in found)))


def _with_cache(loaded: Loaded, decode: int | None, *, alone: bool) -> Loaded:
    """Take the pass over the prompt, or a step after some tokens."""
    from orderof.frontends.torch import decode as cached

    if not alone:
        hint = "ask for prefill, for decode or for training"
        raise BadSpelling(loaded.name, "is asked for several passes at once", hint)
    return cached.prefill(loaded) if decode is None else cached.step(loaded, decode)


WIDTHS = "widths"
"""Stands in `symbolic` for all sizes of the model itself."""


class Unequal(Exception):
    """Blocks that look equal do not do the same."""


@dataclass(frozen=True, slots=True)
class _How:
    """How a module is recorded and lowered."""

    loaded: Loaded
    backward: bool
    train: bool
    on_unknown: OnUnknown
    folds: tuple[Fold, ...]
    exact: bool = False
    cond: Choice = "max"
    traced: bool = False
    loops: frozenset[str] = frozenset()
    """Letters that no loop may have."""
    caches: Caches = field(default_factory=Caches)

    def run(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Recording:
        """Record on some inputs."""
        how: Any = {"backward": self.backward, "train": self.train, "exact": self.exact}
        how |= {"loops": self.loops, "cond": self.cond, "traced": self.traced}
        try:
            return record(module, args, kwargs, **how, folds=self.folds)
        except Kept:  # its work belongs to every recording, as to the first call of a program
            self.caches.found = True
            forget()
            return record(module, args, kwargs, **how, folds=self.folds)
        finally:
            if self.caches.found:
                forget()

    def make(self, recording: Recording, sizes: Sizes | None) -> Graph:
        """Lower what was run; folded blocks are three still."""
        how: Any = {"name": self.loaded.name, "on_unknown": self.on_unknown, "exact": self.exact}
        return lower(recording, sizes=sizes, **how)


def _rolled(graph: Graph, folds: Iterable[Sequence[str]]) -> Graph:
    """Make a loop of each run of equal blocks; raises `Unequal`."""
    for paths in folds:
        found = roll(graph, paths)
        if found is None:
            raise Unequal
        graph = found
    return graph


def _loaded(
    model: Any,
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any],
    specs: Sequence[str],
    dims: Mapping[str, Any] | None,
) -> Loaded:
    if isinstance(model, Loaded):
        return model
    if not isinstance(model, str):
        return _given(model, inputs, kwargs, specs, dims)
    if inputs or kwargs:
        hint = "describe them by input_specs, or pass the module itself"
        raise BadSpelling(model, "is built from its name and takes no tensors", hint)
    return load(model, inputs=specs, dims=dims)


def _inputs(
    loaded: Loaded, symbolic: Sequence[str] | None, folds: Sequence[Fold]
) -> tuple[Inputs, tuple[str, ...]]:
    """Take the letters that were named, else the usual ones; of them those that were asked for."""
    axes = loaded.axes
    if not any(name for names in axes.values() for name in names):
        axes = usual(loaded.args, loaded.kwargs)
    sizes = sizes_of(axes, loaded.args, loaded.kwargs)
    own = settings(loaded.module).without(sizes)
    usual_ones = tuple(sizes) if symbolic else (*sizes, *own.sizes)
    asked = usual_ones if symbolic in (None, (WIDTHS,)) else symbolic
    for name in asked:
        if name not in sizes and name not in own.sizes and name != WIDTHS:
            hint = f"the inputs have {', '.join(sizes) or 'no letters'}"
            raise UnknownDim(name, "is no letter of the inputs", hint)
    kept = {name: n for name, n in sizes.items() if name in asked}
    own = own.without(own.sizes.keys() - set(asked))
    given = Inputs(loaded.module, loaded.args, loaded.kwargs, axes, kept, settings=own)
    if symbolic is None or WIDTHS not in symbolic:
        return given, ()
    if loaded.widths:
        halved = {name: 2 for name in loaded.widths if "head_dim" in name}  # to be rotated
        return replace(given, widths=loaded.widths, variant=loaded.variant, multiples=halved), ()
    found, notes = resizable(given, folds)
    if not found.widths:
        hint = "orderof.family counts what a builder of yours makes of other sizes"
        raise UnknownDim(WIDTHS, f"of {loaded.name} cannot be changed after it is built", hint)
    return found, notes


def _given(
    module: Any,
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any],
    specs: Sequence[str],
    dims: Mapping[str, Any] | None,
) -> Loaded:
    """Take a module or function of the caller's with its inputs, or with descriptions of them."""
    notes: tuple[str, ...] = ()
    if isinstance(module, nn.Module):
        name = type(module).__name__
    elif callable(module):
        name, module, notes = called(module), as_module(module), (AS_IT_IS,)
    else:
        hint = "pass a module, a function, or the name of a model"
        raise BadSpelling(type(module).__name__, "is no model", hint)
    read = [parse(s) for s in specs]
    axes_named = {n for names in (dims or {}).values() if not isinstance(names, int) for n in names}
    taken = axes_named.union(*map(names_of, read))
    module, dims = with_settings(module, dims, taken)
    trips: dict[str, int] = {}
    if specs:
        trips = trips_of(dims, taken)
        resolved, sizes = resolve(read, {k: n for k, n in dims.items() if k not in trips})
        made, axes = tensors(resolved)
        args, named = arguments(module, made)
        inputs, kwargs = (*args, *inputs), {**named, **kwargs}
    else:
        sizes, axes = _named_axes(module, inputs, kwargs, dims)
        trips = trips_of(dims, {n for names in axes.values() for n in names if n})
        sizes = {name: n for name, n in sizes.items() if name not in trips}
    named = without_cache(module, dict(kwargs))
    return Loaded(name, module, tuple(inputs), named, sizes, axes, notes, trips=trips)


def _named_axes(
    module: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any], dims: Mapping[str, Any]
) -> tuple[dict[str, int], dict[int, Names]]:
    """Read {"B": 2} as the name of a size, {"x": ("B", None, "H")} as those of an input's axes."""
    sizes = {name: n for name, n in dims.items() if isinstance(n, int)}
    named = {name: names for name, names in dims.items() if name not in sizes}
    try:
        parameters = list(inspect.signature(module.forward).parameters)
    except (TypeError, ValueError):  # a function that is not written in Python
        parameters = []
    given = dict(zip(parameters or map(str, range(len(inputs))), inputs, strict=False))
    given |= kwargs
    letters = {n: name for name, n in sizes.items()}
    tensors = [t for _, t in leaves(given)] if sizes else []
    axes: dict[int, Names] = {id(t): tuple(map(letters.get, t.shape)) for t in tensors}
    for name, names in named.items():
        shape = getattr(given.get(name), "shape", None)
        if shape is None or len(shape) != len(names):
            wrong = "is no input" if shape is None else f"has {len(shape)} axes, not {len(names)}"
            hint = f"the inputs are {', '.join(given)}; name each axis, or None"
            raise UnknownDim(name, wrong, hint)
        axes[id(given[name])] = tuple(names)
        for axis, n in zip(names, shape, strict=True):
            if axis is not None and sizes.setdefault(axis, int(n)) != n:
                raise ShapeMismatch(axis, f"is {sizes[axis]} in one place and {n} in {name}")
    return sizes, axes
