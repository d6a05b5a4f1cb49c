"""The modules in a module, and the tensors in nested arguments and results."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

import torch
from torch import nn


def modules_of(module: nn.Module, without: Collection[int] = ()) -> list[tuple[str, nn.Module]]:
    """A module and all in it with their paths, one that is shared under each of its own.

    `named_modules` does the same and asks of each whether it was there before; a recording is too
    short to go through a large model more than once in each copy. What is in `without`, by id, is
    left out.
    """
    found: list[tuple[str, nn.Module]] = []
    left = [("", module)]
    while left:
        path, part = left.pop()
        if id(part) in without:
            continue
        found.append((path, part))
        prefix = f"{path}." if path else ""
        children = reversed(part._modules.items())
        left.extend((prefix + name, child) for name, child in children if child is not None)
    return found


def leaves(value: object, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors in lists, tuples, mappings, dataclasses and caches, each with its place."""
    if isinstance(value, torch.Tensor):
        yield name, value
        return
    items: list[tuple[object, object]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = list(enumerate(value))
    elif is_dataclass(value) and not isinstance(value, type):
        items = [(field.name, getattr(value, field.name)) for field in fields(value)]
    elif type(value).__module__ == "transformers.cache_utils":
        items = list(vars(value).items())
    for key, item in items:
        yield from leaves(item, f"{name}.{key}" if name else str(key))
