"""A model from its spelling, built without weights, and inputs for it that hold no data."""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orderof.errors import (
    BadSpelling,
    Error,
    ModelError,
    ModelRaised,
    NotImportable,
    Refused,
    UsageError,
)
from orderof.frontends.torch.imports import cwd_importable, extra, patiently, sentence
from orderof.frontends.torch.libraries import LIBRARIES, Build, Built
from orderof.frontends.torch.spelling import (
    InputSpec,
    Resolved,
    TensorInput,
    names_of,
    parse,
    resolve,
)

if TYPE_CHECKING:
    from torch import nn

GIB = 2**30
BYTE_LIMIT = 8 * GIB

_PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A module and what to call it with.

    `axes` has the letters of each tensor's axes, by its id; `notes` says what was chosen on the
    reader's behalf.
    """

    name: str
    module: "nn.Module"
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    dims: dict[str, int]
    axes: dict[int, tuple[str | None, ...]]
    notes: tuple[str, ...]
    widths: dict[str, int] = field(default_factory=dict[str, int])
    """Sizes of the model itself, by the names of its configuration."""
    variant: "Callable[[Mapping[str, int]], nn.Module] | None" = None
    """Builds it with other widths."""
    trips: dict[str, int] = field(default_factory=dict[str, int])
    """How often loops run that values end, by letters that no input has."""


def load(
    spelling: str,
    *,
    inputs: Sequence[str | InputSpec] = (),
    dims: Mapping[str, int] | None = None,
    byte_limit: int = BYTE_LIMIT,
    weights: bool = False,
) -> Loaded:
    """Build a model of a library (`LIBRARIES`) or `pkg.module:attr`, and inputs for it.

    It is built on torch's meta device; where that fails, or with `weights`, on the CPU, up to
    `byte_limit`. Models of libraries have default inputs, whose sizes `dims` overrides by letter;
    of a detector it also says how many regions are looked at, P.
    """
    _refuse_files(spelling)
    extra("torch")
    from orderof.frontends.torch.settings import given

    kind, _, rest = spelling.partition(":")
    if not rest:
        raise BadSpelling(
            spelling,
            "it names no model of PyTorch",
            f"write {', '.join(f'{k}:NAME' for k in LIBRARIES)} or package.module:attribute",
        )
    build: Build = partial(weighted if weights else weightless, byte_limit=byte_limit)
    with cwd_importable():
        library = LIBRARIES.get(kind)
        built = library(rest, build) if library else _attribute(kind, rest, build)
    specs = [
        spec if isinstance(spec, InputSpec) else parse(spec) for spec in inputs or built.inputs
    ]
    named = {n for spec in specs for n in names_of(spec)}
    module, left = given(built.module, dims, named)
    trips = trips_of(left, named)
    resolved, sizes = resolve(specs, {k: n for k, n in left.items() if k not in trips})
    made, axes = tensors(resolved)
    args, kwargs = arguments(module, made)
    wide = built.widths, built.variant
    return Loaded(spelling, module, args, kwargs, sizes, axes, built.notes, *wide, trips)


def trips_of(dims: Mapping[str, Any], named: Collection[str]) -> dict[str, int]:
    """Give those of some sizes that may be those of loops: T, T2, ..., where no input has them."""
    found = {name: n for name, n in dims.items() if re.fullmatch(r"T\d*", name)}
    return {name: n for name, n in found.items() if name not in named and isinstance(n, int)}


def tensors(
    inputs: Mapping[str, Resolved],
) -> tuple[dict[str, Any], dict[int, tuple[str | None, ...]]]:
    """Make the tensors of described inputs; with the letters of their axes, by id."""
    axes: dict[int, tuple[str | None, ...]] = {}
    return {name: _made(value, axes) for name, value in inputs.items()}, axes


def arguments(
    module: "nn.Module", inputs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Inputs as arguments: by keyword where `forward` knows the name, else by place in order."""
    parameters = inspect.signature(module.forward).parameters
    named = {
        name
        for name, parameter in parameters.items()
        if parameter.kind in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}
    }
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    args = tuple(v for name, v in inputs.items() if name not in named and not open_ended)
    kwargs = {name: v for name, v in inputs.items() if name in named or open_ended}
    taken = list(parameters)[: len(args)]
    missing = [
        name
        for name, parameter in list(parameters.items())[len(args) :]
        if name in named and parameter.default is parameter.empty and name not in kwargs
    ]
    if missing or any(name in kwargs for name in taken):
        raise UsageError(
            type(module).__name__,
            f"it takes {', '.join(parameters)}, and got {', '.join(inputs) or 'no input'}",
            f'--input "{(missing or taken)[0]}: float32[B=1, ...]"',
        )
    return args, without_cache(module, kwargs)


def without_cache(module: "nn.Module", kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments that keep a transformers model from building a cache of keys and values."""
    library = sys.modules.get("transformers")
    if library is None:
        return kwargs
    if not isinstance(module, patiently("transformers", lambda: library.PreTrainedModel)):
        return kwargs
    if "use_cache" in kwargs or "use_cache" not in inspect.signature(module.forward).parameters:
        return kwargs
    return {**kwargs, "use_cache": False}


def _made(value: Resolved, axes: dict[int, tuple[str | None, ...]]) -> Any:
    """A value to pass: tensors without data are on the meta device, which holds none."""
    import torch

    match value:
        case TensorInput(dtype=dtype, shape=shape, names=names, data=data):
            kind = getattr(torch, dtype)
            tensor = torch.empty(shape, dtype=kind, device="meta")
            if data:
                found = torch.tensor(data, dtype=kind)
                tensor = found.expand(shape).clone() if len(data) == 1 else found.reshape(shape)
            axes[id(tensor)] = names
            return tensor
        case dict():
            return {key: _made(item, axes) for key, item in value.items()}
        case list():
            return [_made(item, axes) for item in value]
        case _:
            return value


def _refuse_files(spelling: str) -> None:
    suffix = Path(spelling).suffix.lower()
    if suffix in _PICKLES:
        raise Refused(
            spelling,
            "it is a pickle, and reading a pickle runs whatever code is in it",
            "name the code that makes the model instead: package.module:function; "
            "or export it to ONNX",
        )
    if suffix == ".safetensors":
        raise Refused(
            spelling,
            "it holds weights, and no model to count",
            "name what makes the model: hf:DIRECTORY, or package.module:function",
        )


def _attribute(module_name: str, path: str, build: Build) -> Built:
    import torch

    from orderof.frontends.torch.functions import AS_IT_IS, as_module, takes_inputs

    spelling = f"{module_name}:{path}"
    value: Any = patiently(spelling, lambda: importlib.import_module(module_name))
    for part in path.split("."):
        if not hasattr(value, part):
            near = get_close_matches(part, dir(value), n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"look into {module_name}"
            raise NotImportable(spelling, f"there is no {part} in it", hint)
        value = getattr(value, part)
    if not isinstance(value, torch.nn.Module):
        if not callable(value):
            raise NotImportable(spelling, f"it is {_a(value)}, neither a module nor a function")
        if not isinstance(value, type) and takes_inputs(value):
            return Built(as_module(value), notes=(AS_IT_IS,))
        value = build(value, spelling)
    if not isinstance(value, torch.nn.Module):
        raise NotImportable(spelling, f"it returned {_a(value)}, not a torch.nn.Module")
    return Built(value)


def _a(value: object) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


def weightless(make: Callable[[], Any], name: str, byte_limit: int = BYTE_LIMIT) -> Any:
    """Build on the meta device; where that fails, on the CPU within the limit."""
    import torch

    from orderof.frontends.torch.fakes import Legible, preserved

    with preserved():
        try:
            with torch.device("meta"), Legible():
                return make()
        except Exception as error:  # noqa: BLE001 - whatever it is, the CPU may do without it
            first = error
        try:
            return weighted(make, name, byte_limit)
        except ModelError as error:
            if isinstance(first, Error) or sentence(first) in error.message:
                raise
            why = f"{error.message}; on torch's meta device it raised {sentence(first)}"
            raise type(error)(name, why, error.hint) from error


def weighted(make: Callable[[], Any], name: str, byte_limit: int = BYTE_LIMIT) -> Any:
    """Build on the CPU within the limit, with the weights that it starts from."""
    from orderof.frontends.torch.budget import Budget
    from orderof.frontends.torch.fakes import preserved

    with preserved():
        try:
            with Budget(byte_limit, name):
                return make()
        except Error:
            raise
        except Exception as error:
            raise ModelRaised(
                name,
                f"building it raised {sentence(error)}",
                "it is called without arguments: write a function that returns the model",
            ) from error
