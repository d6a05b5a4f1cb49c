"""What whole numbers and booleans are, where what was recorded so far says it.

A recording has shapes and no data. Where a model asks for a value (`mask.all()`, `grid.tolist()`,
`nonzero`), the recorded calls are run after all, those whose operands are known: inputs that were
given with data, buffers, literals, `arange` and its like, and what is made of them. They are run in
their order and on one memory, so that a write through one view is seen through another. Nobody
pays for it who does not ask. What depends on weights, on chance or on more than two million numbers
is not known, and the model is refused as before.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from orderof.frontends.torch.recording import REREAD, Call, Ref, refs
from orderof.frontends.torch.routing import chosen

_MOST, _IN_ALL = 1 << 21, 1 << 26
"""How many elements a tensor has that is looked into, and all of them."""
WHOLE = frozenset({"bool", "uint8", "int8", "int16", "int32", "int64"})
_DROPPED = frozenset({"device", "layout", "pin_memory", "non_blocking"})
_NAMED = ("dtype", "memory_format")
"""Settings that a recording has by their name in torch."""
_BY_SHAPE = frozenset(
    f"aten.{kind}.default"
    for kind in ("new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like")
)
"""What these give depends on the shape of their first operand, not on what is in it."""


class Known:
    """The values of Refs, from those that are given and the calls that made the others."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._values: dict[int, torch.Tensor] = {}
        self._read = 0
        self._left = _IN_ALL
        self._routed: set[int] = set()
        self._outer: Known | None = None
        self.routed = False
        """Whether an answer rested on which experts are taken to be chosen."""

    def beside(self, calls: Sequence[Call]) -> Known:
        """Follow calls that may not stay, with copies of what is known so far."""
        found = Known(calls)
        found._outer = self
        return found

    def give(self, ref: Ref, tensor: torch.Tensor, *, literal: bool = False) -> None:
        """Take the data of a tensor, if it holds whole numbers, or is written in the code."""
        held = tensor.device.type == "cpu" and type(tensor) in (torch.Tensor, torch.nn.Parameter)
        if held and (literal or ref.dtype in WHOLE) and _size(ref) <= _MOST:
            with _disable_current_modes(), torch._C.DisableTorchFunction():
                self._values[ref.id] = tensor.detach().clone()

    def value(self, ref: Ref) -> torch.Tensor | None:
        """Give the data that a value has now; None where it is not known."""
        with _disable_current_modes(), torch._C.DisableTorchFunction(), torch.no_grad():
            for call in self._calls[self._read :]:
                self._follow(call)
            self._fetch([ref])
        self._read = len(self._calls)
        self.routed = self.routed or ref.id in self._routed
        return self._values.get(ref.id)

    def _fetch(self, refs: Iterable[Ref]) -> None:
        """Take over from outside what these are, if it is known there."""
        for ref in refs if self._outer else ():
            assert self._outer is not None  # noqa: S101 - there is none to go through else
            if ref.id not in self._values and (v := self._outer.value(ref)) is not None:
                self._values[ref.id] = v.clone()

    def outcome(self, name: str, args: Any, kwargs: dict[str, Any]) -> list[Any] | None:
        """Give what an operation on known values gives; None where one is not known."""
        if any(self.value(r) is None for r in refs((*args, *kwargs.values()))):
            return None
        with _disable_current_modes(), torch._C.DisableTorchFunction(), torch.no_grad():
            return self._applied(name, args, kwargs)

    def _follow(self, call: Call) -> None:
        results = [r for r in call.results if r is not None]
        self._fetch(refs((*call.args, *call.kwargs.values())))
        if call.name == REREAD:
            old, written = (self._values.get(r.id) for r in refs(call.args))
            found: list[Any] | None = [old] if written is not None else None
        elif sum(map(_size, results)) > (_MOST if _shares(call.name) else min(_MOST, self._left)):
            found = None
        else:
            found = self._applied(call.name, call.args, call.kwargs)
        if found is None:
            self._forget(_written(call))
            if (found := chosen(call)) is None:
                return
            self._routed.update(r.id for r in results)
        elif any(r.id in self._routed for r in refs((*call.args, *call.kwargs.values()))):
            self._routed.update(r.id for r in results)
        for ref, item in zip(call.results, found, strict=False):
            if ref is not None and _fits(ref, item):
                self._values[ref.id] = item
                self._left -= 0 if _shares(call.name) else item.numel()

    def _applied(self, name: str, args: Any, kwargs: dict[str, Any]) -> list[Any] | None:
        op = _overload(name)
        if name in _BY_SHAPE:
            args = (_blank(args[0]), *args[1:])
        given_refs = refs((*args, *kwargs.values()))
        if op is None or any(r.id not in self._values for r in given_refs):
            return None
        given = {k: self._real(v) for k, v in kwargs.items() if k not in _DROPPED}
        for key in _NAMED:
            if isinstance(setting := given.get(key), str):
                given[key] = getattr(torch, setting.removeprefix("torch."))
        try:
            found = op(*map(self._real, args), **given)
        except Exception:  # noqa: BLE001 - then it is not known, whatever the reason
            return None
        return list(found) if isinstance(found, list | tuple) else [found]

    def _real(self, a: Any) -> Any:
        if isinstance(a, Ref):
            return self._values[a.id]
        return [self._real(item) for item in a] if isinstance(a, tuple) else a

    def _forget(self, refs: Iterable[Ref]) -> None:
        """What was written with something unknown, its other views too, is known no more."""
        for ref in refs:
            if (lost := self._values.get(ref.id)) is not None:
                memory = _memory(lost)
                kept = {k: v for k, v in self._values.items() if _memory(v) != memory}
                self._values = kept


def _fits(ref: Ref, item: Any) -> bool:
    return isinstance(item, torch.Tensor) and tuple(item.shape) == ref.shape


def _memory(v: torch.Tensor) -> int:
    return v.untyped_storage().data_ptr()


def _blank(ref: Ref) -> torch.Tensor:
    return torch.empty((), dtype=getattr(torch, ref.dtype)).expand(ref.shape)


def _size(ref: Ref) -> int:
    return math.prod(ref.shape)


@functools.lru_cache(maxsize=1024)
def _overload(name: str) -> Any:
    """Find an ATen operation whose result depends on its operands alone."""
    found = _operation(name) if name.startswith("aten.") else None
    if found is None or torch.Tag.nondeterministic_seeded in found.tags:
        return None
    return found


def _operation(name: str) -> Any:
    """Find an operation of torch; those of our own are none."""
    space, op, *rest = name.split(".")
    packet = getattr(getattr(torch.ops, space, None), op, None) if space != "orderof" else None
    return getattr(packet, rest[0], None) if packet is not None and rest else None


@functools.lru_cache(maxsize=1024)
def _shares(name: str) -> bool:
    """Whether what a call gives stands where an operand does."""
    op = _operation(name)
    return name == REREAD or (op is not None and (op.is_view or op._schema.is_mutable))


def _written(call: Call) -> list[Ref]:
    """The operands that a call writes to."""
    places = _writes(call.name)
    given = [a for i, a in enumerate(call.args) if i in places]
    return refs((*given, *(a for name, a in call.kwargs.items() if name in places)))


@functools.lru_cache(maxsize=1024)
def _writes(name: str) -> frozenset[int | str]:
    op = _operation(name)
    arguments = op._schema.arguments if op is not None else ()
    return frozenset(
        key
        for i, a in enumerate(arguments)
        if a.alias_info is not None and a.alias_info.is_write
        for key in (i, a.name)
    )
