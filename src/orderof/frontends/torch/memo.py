"""What an operation gives, by the layouts of its operands: asked of torch once, then remembered.

Torch needs 50 to 250 microseconds for an operation on fake tensors, half of them to hash its
arguments for a cache of its own. A model runs the same few hundred operations again and again, so
a table keyed by layouts, which compare by identity, gives most of that time back.

1. Remembered are results of ATen operations that depend on layouts and plain arguments alone: not
   on values, not on a known constant, not on a kernel that somebody registered.
2. A result is a new tensor, a view of the first operand, or an operand that was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensor

_LIMIT = 1 << 16
_BY_VALUE = {
    torch.Tag.data_dependent_output,
    torch.Tag.dynamic_output_shape,
    torch.Tag.inplace_view,
}


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How a tensor lies in memory; there is one object for each, so identity is equality."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    dtype: torch.dtype
    name: str
    """The name of the dtype."""
    plain: bool
    """Whether a tensor of this layout can be made from it: strided, and not complex."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The results of an operation: layouts of new tensors, places of operands, or None."""

    results: tuple[Layout | int | None, ...]
    container: type[list[Any]] | type[tuple[Any, ...]] | None
    """What the results come in; None for a single one."""


_LAYOUTS: dict[Any, Layout] = {}
_OUTCOMES: dict[Any, Outcome] = {}


def layout_of(tensor: torch.Tensor) -> Layout:
    """The one Layout of tensors like this."""
    with torch._C.DisableTorchFunction():
        strided = tensor.layout is torch.strided
        stride, offset = (tensor.stride(), tensor.storage_offset()) if strided else ((), 0)
        key = tensor.shape, stride, offset, tensor.dtype, strided
    found = _LAYOUTS.get(key)
    if found is None:
        dtype = tensor.dtype
        plain = strided and not dtype.is_complex
        found = Layout(
            tuple(key[0]), stride, int(offset), dtype, str(dtype)[len("torch.") :], plain
        )
        _LAYOUTS[key] = found
    return found


def memorable(func: OpOverload) -> bool:
    """Whether results of an operation depend on nothing but layouts and plain arguments."""
    return func.namespace == "aten" and _BY_VALUE.isdisjoint(func.tags)


def recall(key: Any) -> Outcome | None:
    """The outcome of a call, if it was seen before; `key` has layouts in place of tensors."""
    return _OUTCOMES.get(key)


def learn(key: Any, operands: Sequence[Any], result: Any, *, view: bool) -> None:
    """Keep the outcome of a call, unless it is more than layouts say."""
    container = type(result) if type(result) in (list, tuple) else None
    found: list[Layout | int | None] = []
    for item in result if container else (result,):
        place = next((i for i, operand in enumerate(operands) if operand is item), None)
        layout = None if item is None or place is not None else _layout(item, view=view)
        if layout is None and place is None and item is not None:
            return
        found.append(layout if place is None else place)
    if len(_OUTCOMES) >= _LIMIT:
        _OUTCOMES.clear()
    _OUTCOMES[key] = Outcome(tuple(found), container)


def _layout(item: Any, *, view: bool) -> Layout | None:
    """The layout of a new tensor, or None where it does not say all."""
    if type(item) is not FakeTensor or item.constant is not None:
        return None
    layout = layout_of(item)
    return layout if layout.plain and (view or not layout.offset) else None
