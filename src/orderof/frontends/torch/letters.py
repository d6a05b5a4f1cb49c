"""Which sizes of the inputs are letters, and at which sizes a model is recorded to settle them.

Axes that nobody named get a letter by what they are in nearly every model:

    int [B, S]   float [B, S, ·]   float [B, ·, H, W]   float [B, ·, T, H, W]   float [B, ·]

An axis of a further input has the letter of the axis of the same size and kind in the first one.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Any

import torch

from orderof.frontends.torch.nested import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from torch import nn

    from orderof.frontends.torch.settings import Settings
    from orderof.sym import Range

    Names = tuple[str | None, ...]

_FLOAT: dict[int, Names] = {
    2: ("B", None),
    3: ("B", "S", None),
    4: ("B", None, "H", "W"),
    5: ("B", None, "T", "H", "W"),
}
_WHOLE: dict[int, Names] = {1: ("B",), 2: ("B", "S"), 4: ("B", None, None, "S")}
PLANE = frozenset("HW")
STEPS = (1, 2, 4, 8, 16, 32, 64, 7, 14, 10, 12)
"""Multiples that a size may have to be of: powers of two for pyramids, then usual patches."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a module is called with: letters of the axes by the tensor's id, and their sizes."""

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    axes: dict[int, Names]
    sizes: dict[str, int]
    widths: dict[str, int] = field(default_factory=dict[str, int])
    """Sizes of the model itself, by the names of its configuration."""
    variant: Callable[[Mapping[str, int]], nn.Module] | None = None
    """Builds the model with other widths."""
    multiples: dict[str, int] = field(default_factory=dict[str, int])
    """What a width is a multiple of, if not of 1."""
    settings: Settings | None = None
    """Sizes of the model that no parameter has, and a way to have it in others."""

    @property
    def every(self) -> dict[str, int]:
        """The sizes of all that may be letters."""
        return {**self.sizes, **self.widths, **(self.settings.sizes if self.settings else {})}

    def at(self, sizes: Mapping[str, int]) -> tuple[nn.Module, tuple[Any, ...], dict[str, Any]]:
        """The same module and inputs in other sizes."""
        widths = {name: n for name, n in sizes.items() if name in self.widths}
        module = self.variant(widths) if self.variant and widths else self.module
        module = self.settings.at(module, sizes) if self.settings else module
        return module, *self._inputs(sizes)

    def _inputs(self, sizes: Mapping[str, int]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        memo: dict[int, Any] = {}
        for _, tensor in leaves((self.args, self.kwargs)):
            names = self.axes.get(id(tensor), (None,) * tensor.dim())
            shape = [sizes.get(name or "", n) for name, n in zip(names, tensor.shape, strict=True)]
            memo[id(tensor)] = _in_shape(tensor, shape)
        found: Any = copy.deepcopy((self.args, self.kwargs), memo)
        return found


def _in_shape(tensor: torch.Tensor, shape: list[int]) -> torch.Tensor:
    """Give a tensor in another shape: without data, unless they are one number or as many."""
    if shape == list(tensor.shape):
        return tensor
    data = tensor.device.type == "cpu" and not tensor.is_floating_point() and tensor.numel()
    if data and bool((tensor == tensor.flatten()[0]).all()):
        return tensor.flatten()[0].expand(shape).clone()
    made = torch.empty(shape, dtype=tensor.dtype, device="meta")
    return made.requires_grad_(tensor.requires_grad)


def usual(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[int, Names]:
    """Letters for axes that nobody named, by rank and dtype."""
    found: dict[int, Names] = {}
    sizes: dict[str, int] = {}
    for _, tensor in leaves((args, dict(kwargs))):
        names = _usual(tensor, sizes)
        found[id(tensor)] = names
        sizes.update({k: int(n) for k, n in zip(names, tensor.shape, strict=True) if k})
    return found


def _usual(tensor: torch.Tensor, sizes: Mapping[str, int]) -> Names:
    """The letters of one tensor; a letter that is taken by another size is another letter."""
    kinds = _FLOAT if tensor.is_floating_point() else _WHOLE
    names = kinds.get(tensor.dim(), (None,) * tensor.dim())
    out: list[str | None] = []
    for letter, n in zip(names, tensor.shape, strict=True):
        usable = letter and (n > 1 or letter == "B")
        others = (letter, "T") if letter == "S" else (letter,)
        free = (name for name in others if name and sizes.get(name, n) == n)
        out.append(next(free, None) if usable else None)
    return tuple(out)


def sizes_of(inputs: Mapping[int, Names], args: Any, kwargs: Any) -> dict[str, int]:
    """The sizes of the letters of named tensors."""
    found: dict[str, int] = {}
    for _, tensor in leaves((args, kwargs)):
        for name, n in zip(inputs.get(id(tensor), ()), tensor.shape, strict=False):
            if name:
                found[name] = int(n)
    return found


_APART = 40
"""How far apart sizes are: a pyramid of five halvings rounds nearer ones to the same number."""
_FAR = 8
"""A size that has no limit is tried up to so many times what was asked for."""
_BATCH = 30
"""A batch is larger: a number in a recording that its prime divides is hardly of the model."""


def points(
    sizes: Mapping[str, int], step: Mapping[str, int], *, below: bool
) -> Iterator[dict[str, int]]:
    """Sizes to record at: primes times the step, above or below; a batch is always above.

    The side of an image that was the longer one is the shorter one next: else the longer of both
    would look like one of them.
    """
    used = [n for name, n in sizes.items() if name != "B"]
    last = {name: n if below and name != "B" else _beyond(name, n) for name, n in sizes.items()}
    start, order = dict(last), list(sizes)
    while True:
        for name in order:
            down, taken = below and name != "B", [] if name == "B" else used
            apart = 0 if name == "B" else 1 if down else _APART
            found = _further(start[name], step.get(name, 1), taken, apart, down=down)
            if found is None:
                return
            last[name] = found
            used.append(found)
            start = {**last, **{side: found for side in PLANE & last.keys() if name in PLANE}}
        yield dict(last)
        order = sorted(sizes, key=last.__getitem__, reverse=not below)


def _further(start: int, by: int, taken: Collection[int], apart: int, *, down: bool) -> int | None:
    """Find the next prime times `by` that is so far from those taken; None where there is none."""
    factors = count(start // by - 1, -1) if down else count(start // by + 1)
    for k in factors:
        if k < 2:  # noqa: PLR2004 - the first prime
            return None
        if prime(k) and all(abs(k * by - n) >= apart for n in taken):
            return k * by
    return None


def _beyond(name: str, n: int) -> int:
    """Where to look for the first size: half as much again, so that few quotients stay the same."""
    return max(_BATCH, n) if name == "B" else n + n // 2


_WIDE = ("hidden_size", "intermediate", "vocab_size", "head", "embd", "d_model", "d_ff", "d_kv",
         "ffn", "inner", "_dim", "width", "position")  # fmt: skip


def widths_of(config: Mapping[str, Any]) -> dict[str, int]:
    """The sizes in a configuration that are those of parameters, or divide them."""
    return {
        name: n
        for name, n in config.items()
        if type(n) is int and n > 1 and any(part in name for part in _WIDE)
    }


def widened(widths: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Other widths for a model: numbers of heads times powers of two, the others times primes.

    So heads still divide the width that they share, as far as it has factors of two. Heads of keys
    are as many at first, then grow with the heads of queries: else one would be a multiple of the
    other at all points.
    """
    primes = (n for n in count(3) if prime(n))
    for i in count(1):
        yield {name: n * _times(name, i, primes) for name, n in widths.items()}


def _times(name: str, i: int, primes: Iterator[int]) -> int:
    if "head" not in name or "dim" in name:
        return next(primes)
    if "key" in name or "kv" in name:
        return 1 if i % 2 else 2**i
    return 2**i


def between(sizes: Mapping[str, int], limits: Mapping[str, Range]) -> Iterator[dict[str, int]]:
    """Other sizes within limits: primes, those below first."""
    each = [_within(n, limits[name]) for name, n in sizes.items()]
    found = zip(*each, strict=False) if each else repeat(())
    return (dict(zip(sizes, point, strict=True)) for point in found)


def _within(n: int, limit: Range) -> Iterator[int]:
    above = range(n + 1, (limit.most or _FAR * n) + 1)
    below = range(n - 1, limit.least - 1, -1)
    return (k for k in chain(below, above) if prime(k))


def near(sizes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Sizes next to those asked for: above, then below."""
    for more in (1, 2, 3, -1, -2, -3):
        point = {name: n + (k + 1) * more for k, (name, n) in enumerate(sizes.items())}
        if min(point.values()) > 0:
            yield point


def telling(n: int) -> bool:
    """Whether a number that it divides is hardly one of the model: a prime that is not small."""
    return n > _BATCH and prime(n)


def prime(n: int) -> bool:
    """Whether only 1 and itself divide a number."""
    return n > 1 and all(n % k for k in range(2, int(n**0.5) + 1))
