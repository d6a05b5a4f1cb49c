"""The tensors in nested arguments and results."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

import torch


def leaves(value: object, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors in lists, tuples, mappings and dataclasses, each with its place in them."""
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
    for key, item in items:
        yield from leaves(item, f"{name}.{key}" if name else str(key))
