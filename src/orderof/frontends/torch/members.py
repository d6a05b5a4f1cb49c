"""Members of a family: a configuration with other numbers in it, or a builder with arguments.

A configuration of transformers is read, numbers in it are replaced, and its class takes the rest:
sizes that follow from others follow (the width of a head), those that stand in the file do not. A
list with an entry for each layer goes on with its period, or ends earlier.
"""

import copy
import importlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from torch import nn

from orderof.errors import BadSpelling, ModelRaised, NotImportable, UnknownDim
from orderof.frontends.torch.build import (
    BYTE_LIMIT,
    Loaded,
    arguments,
    tensors,
    weightless,
)
from orderof.frontends.torch.defaults.inputs import described
from orderof.frontends.torch.imports import cwd_importable, extra, patiently
from orderof.frontends.torch.libraries import configured
from orderof.frontends.torch.spelling import names_of, parse, resolve

LETTERS = {
    "num_hidden_layers": "L", "n_layer": "L", "num_layers": "L", "n_layers": "L",
    "hidden_size": "d", "n_embd": "d", "d_model": "d", "dim": "d",
    "num_attention_heads": "h", "n_head": "h", "num_heads": "h", "n_heads": "h",
    "num_key_value_heads": "K",
    "intermediate_size": "f", "n_inner": "f", "d_ff": "f", "ffn_dim": "f",
    "vocab_size": "V",
    "max_position_embeddings": "P", "n_positions": "P",
    "patch_size": "k",
}  # fmt: skip
"""The usual letters of sizes, by their names in configurations."""

_ADVICE = "it is called with the sizes by keyword: write a function that returns the model"


class Family:
    """Models that one spelling describes: `hf:CONFIG`, or `package.module:builder`."""

    def __init__(self, spelling: str) -> None:
        kind, _, rest = spelling.partition(":")
        if kind == "torchvision" or not rest:
            hint = "vary hf:CONFIG, or package.module:builder with keyword arguments"
            raise BadSpelling(spelling, "has no sizes that can be varied", hint)
        extra("torch")
        self.spelling = spelling
        source = _Config if kind == "hf" else _Builder
        with cwd_importable():
            self._source: _Config | _Builder = source(spelling)
        self.letters = LETTERS if kind == "hf" else {}

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """The sizes of these names, as they stand there."""
        return {name: self._source.size(name) for name in names}

    def at(
        self, sizes: Mapping[str, int], specs: Sequence[str], dims: Mapping[str, int] | None
    ) -> Loaded:
        """The member of some sizes, with inputs for it that hold no data."""
        with cwd_importable():
            module, inputs, notes = self._source.made(sizes)
        read = [parse(s) for s in specs or inputs]
        own = {name: n for name, n in sizes.items() if any(name in names_of(r) for r in read)}
        resolved, found = resolve(read, {**(dims or {}), **own})
        made, named = tensors(resolved)
        args, kwargs = arguments(module, made)
        axes = {t: tuple(None if n in own else n for n in names) for t, names in named.items()}
        return Loaded(self.spelling, module, args, kwargs, found, axes, notes)


def called(builder: Callable[..., Any], sizes: Mapping[str, int]) -> Any:
    """What a builder of the caller's gives at some sizes, without weights."""
    name = getattr(builder, "__name__", type(builder).__name__)
    return _made(name, lambda: builder(**sizes))


def _made(name: str, make: Callable[[], Any]) -> Any:
    try:
        return weightless(make, name, BYTE_LIMIT)
    except ModelRaised as error:
        raise ModelRaised(error.subject, error.message, _ADVICE) from error


class _Builder:
    """A function of sizes."""

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling
        kind, _, path = spelling.partition(":")
        value: Any = patiently(spelling, lambda: importlib.import_module(kind))
        for part in path.split("."):
            if not hasattr(value, part):
                raise NotImportable(spelling, f"there is no {part} in it")
            value = getattr(value, part)
        if not callable(value) or isinstance(value, nn.Module):
            raise NotImportable(spelling, "is no function of sizes", _ADVICE)
        self._builder: Callable[..., Any] = value

    def size(self, name: str) -> int:
        """The default of an argument."""
        known = inspect.signature(self._builder).parameters
        if name not in known and not any(p.kind is p.VAR_KEYWORD for p in known.values()):
            hint = f"its arguments are {', '.join(known) or 'none'}"
            raise UnknownDim(name, f"is no argument of {self.spelling}", hint)
        default = known[name].default if name in known else None
        if type(default) is not int:
            hint = f"give it one: {name}=64"
            raise UnknownDim(name, f"has no whole number as its default in {self.spelling}", hint)
        return default

    def made(self, sizes: Mapping[str, int]) -> tuple[nn.Module, Sequence[str], tuple[str, ...]]:
        """The module of some sizes, inputs in words, and notes."""
        module = _made(self.spelling, lambda: self._builder(**sizes))
        if not isinstance(module, nn.Module):
            raise NotImportable(self.spelling, "it did not return a torch.nn.Module")
        return module, (), ()


class _Config:
    """A configuration of transformers; names may go into parts of it, `text_config.hidden_size`."""

    def __init__(self, spelling: str) -> None:
        path = Path(spelling.partition(":")[2])
        self.spelling = spelling
        self._file = path / "config.json" if path.is_dir() else path
        if not self._file.is_file():
            hint = "give a directory with a config.json, or the file; nothing is downloaded"
            raise NotImportable(spelling, f"there is no file {self._file}", hint)
        extra("transformers")
        found = patiently(spelling, lambda: configured(self._file))
        self._config, self._factory, self._note = found
        self._content: dict[str, Any] = json.loads(self._file.read_text("utf-8"))

    def size(self, name: str) -> int:
        """The number that a name stands for."""
        value: Any = self._config
        for part in name.split("."):
            value = getattr(value, part, None)
        if type(value) is not int:
            near = get_close_matches(name, vars(self._config), n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "name keys of the file"
            raise UnknownDim(name, f"is no whole number in {self.spelling}", hint)
        return value

    def made(self, sizes: Mapping[str, int]) -> tuple[nn.Module, Sequence[str], tuple[str, ...]]:
        """The module of some sizes, inputs in words, and notes."""
        content = copy.deepcopy(self._content)
        for name, n in sizes.items():
            self._put(content, self._config, name.split("."), n)
        config = patiently(self.spelling, lambda: type(self._config).from_dict(content))
        module = _made(self.spelling, lambda: self._factory(config))
        return module, tuple(described(module, config)), (self._note,)

    def _put(self, content: dict[str, Any], config: Any, parts: Sequence[str], n: int) -> None:
        """Put a number in, under the name that the file has for it."""
        name, *below = parts
        if below:
            self._put(content.setdefault(name, {}), getattr(config, name), below, n)
            return
        old = getattr(config, name)
        key = name if name in content else config.attribute_map.get(name, name)
        content[key] = n
        for other, value in content.items():
            if "layer" in other and isinstance(value, list) and len(value) == old > 1:
                content[other] = _continued(value, n)


def _continued(values: list[Any], n: int) -> list[Any]:
    """A list with n entries that goes on as it began.

    >>> _continued(["full", "slide", "full", "slide"], 5)
    ['full', 'slide', 'full', 'slide', 'full']
    """
    period = next(p for p in range(1, len(values) + 1) if values[p:] == values[: len(values) - p])
    return [values[i % period] for i in range(n)]
