"""What whole numbers and booleans are, where what was recorded so far says it.

A recording has shapes and no data. Where a model asks for a value (`mask.all()`, `grid.tolist()`,
`nonzero`), that value is computed now, on the way that the recorded calls describe, from what is
known: inputs that were given with data, buffers, literals, `arange` and its like. Nobody pays for
it who does not ask. What depends on weights, on chance or on more than a million numbers is not
known, and the model is refused as before.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from orderof.frontends.torch.recording import Call, Ref

_MOST = 1 << 20
"""A tensor of more elements is not looked into."""
WHOLE = frozenset({"bool", "uint8", "int8", "int16", "int32", "int64"})
_DROPPED = frozenset({"device", "layout", "memory_format", "pin_memory", "non_blocking"})


class Known:
    """The values of Refs, from those that are given and the calls that made the others."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._values: dict[int, torch.Tensor | None] = {}
        self._made: dict[int, Call] = {}
        self._read = 0

    def give(self, ref: Ref, tensor: torch.Tensor) -> None:
        """Take the data of a tensor, if it holds whole numbers, and some."""
        held = tensor.device.type == "cpu" and type(tensor) in (torch.Tensor, torch.nn.Parameter)
        if held and ref.dtype in WHOLE and math.prod(ref.shape) <= _MOST:
            self._values[ref.id] = tensor

    def value(self, ref: Ref) -> torch.Tensor | None:
        """Give the data of a value; None where it is not known."""
        for call in self._calls[self._read :]:
            self._made.update((r.id, call) for r in call.results if r is not None)
        self._read = len(self._calls)
        try:
            with _disable_current_modes(), torch._C.DisableTorchFunction(), torch.no_grad():
                return self._value(ref)
        except RecursionError:
            return None

    def _value(self, ref: Ref) -> torch.Tensor | None:
        if ref.id not in self._values:
            self._values[ref.id] = None
            call = self._made.get(ref.id)
            if call is not None and all(_small(r) for r in call.results if r is not None):
                self._run(call)
        return self._values[ref.id]

    def outcome(self, name: str, args: Any, kwargs: dict[str, Any]) -> list[Any] | None:
        """Give what an operation on known values gives; None where one is not known."""
        for r in _refs((*args, *kwargs.values())):
            if self.value(r) is None:
                return None
        with _disable_current_modes(), torch._C.DisableTorchFunction(), torch.no_grad():
            return self._applied(name, args, kwargs)

    def _run(self, call: Call) -> None:
        found = self._applied(call.name, call.args, call.kwargs)
        pairs = zip(call.results, found or (), strict=False)
        self._values.update((r.id, v) for r, v in pairs if r is not None and _fits(r, v))

    def _applied(self, name: str, args: Any, kwargs: dict[str, Any]) -> list[Any] | None:
        op = _overload(name)
        data = {r.id: self._value(r) for r in _refs((*args, *kwargs.values()))}
        if op is None or any(v is None for v in data.values()):
            return None
        held = {k: v.clone() for k, v in data.items() if v is not None}  # it may write there
        given = {k: _real(v, held) for k, v in kwargs.items() if k not in _DROPPED}
        if isinstance(dtype := given.get("dtype"), str):
            given["dtype"] = getattr(torch, dtype)
        try:
            found = op(*(_real(a, held) for a in args), **given)
        except Exception:  # noqa: BLE001 - then it is not known, whatever the reason
            return None
        return list(found) if isinstance(found, list | tuple) else [found]


def _small(ref: Ref) -> bool:
    return math.prod(ref.shape) <= _MOST


def _fits(ref: Ref, v: Any) -> bool:
    return isinstance(v, torch.Tensor) and tuple(v.shape) == ref.shape


@functools.lru_cache(maxsize=1024)
def _overload(name: str) -> Any:
    """Find an ATen operation whose result depends on its operands alone."""
    space, op, *rest = name.split(".")
    packet = getattr(torch.ops.aten, op, None) if space == "aten" else None
    found = getattr(packet, rest[0], None) if packet is not None and rest else None
    if found is None or torch.Tag.nondeterministic_seeded in found.tags or op.startswith("empty"):
        return None
    return found


def _refs(a: Any) -> list[Ref]:
    if isinstance(a, Ref):
        return [a]
    return [r for item in a for r in _refs(item)] if isinstance(a, tuple) else []


def _real(a: Any, data: dict[int, torch.Tensor]) -> Any:
    if isinstance(a, Ref):
        return data[a.id]
    return [_real(item, data) for item in a] if isinstance(a, tuple) else a
