"""Letters for the widths of a module that no configuration describes, and the module at others.

1. Axes of parameters that grow together (`analyses.axes`) are one width.
2. The module is copied with parameters of other sizes, and with other numbers where an attribute
   says one of the sizes that grew; it is then run, so a width is what the module can really have.
3. A width that does not run alone is joined with one whose sizes are multiples of its own; where
   that does not run either it stays a number.

Which attributes say a size is a guess; a wrong one is found out, as a formula has to hold for the
recordings of all copies (`settle`).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from orderof.analyses.axes import together
from orderof.errors import Error
from orderof.frontends.torch.fakes import copied
from orderof.frontends.torch.lower import lower
from orderof.frontends.torch.nested import leaves, modules_of
from orderof.frontends.torch.record import plain, record
from orderof.ir.graph import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orderof.analyses.axes import Axes, Key
    from orderof.frontends.torch.folds import Fold
    from orderof.frontends.torch.letters import Inputs
    from orderof.frontends.torch.recording import Recording
    from orderof.ir.graph import Graph, Value

_NAMED = frozenset({
    "in_features", "out_features", "in_channels", "out_channels", "num_features", "num_channels",
    "normalized_shape", "embed_dim", "kdim", "vdim", "head_dim", "input_size", "hidden_size",
    "proj_size", "num_embeddings", "embedding_dim", "groups",
})  # fmt: skip
"""Attributes of torch's own modules that say a width."""
_WIDE = ("dim", "embd", "embed", "hidden", "width", "channel", "feature")
"""Parts of names that say a width, in other modules."""
_COUNTS = ("num_", "n_", "heads", "layers", "groups", "kernel", "pad", "stride", "dilat", "patch",
           "window", "image")  # fmt: skip
"""Parts of names that say something else there."""
_TRIED = 3
"""By how much a width grows to see whether the module runs."""


@dataclass(frozen=True)
class Width:
    """Axes of parameters, buffers and inputs that grow together."""

    sets: frozenset[Key]
    sizes: frozenset[int]
    axes: tuple[tuple[str, int, int], ...]
    """(name of a parameter or buffer, axis, size), in order."""
    trained: tuple[int, ...]
    """The sizes that parameters have along them."""
    inputs: frozenset[tuple[int, int]] = frozenset()
    """(id of a tensor of the inputs, axis)."""
    given: int | None = None
    """The size that inputs have along them."""

    @property
    def size(self) -> int:
        """That of the inputs, else the smallest that a sixth of the parameters' axes have."""
        often = Counter(self.trained)
        usual = (n for n, k in often.items() if 6 * k >= len(self.trained))
        return self.given or min(usual, default=min(often))

    @property
    def place(self) -> str:
        """Where to find it."""
        name, axis, _ = next((a for a in self.axes if a[2] == self.size), self.axes[0])
        return f"{name}[{axis}]"

    @property
    def multiple(self) -> int:
        """What the size is a multiple of, as a smaller one in the set is a part of it."""
        return self.size // math.gcd(self.size, *self.sizes)

    def joined(self, other: Width) -> Width:
        """Both as one."""
        return Width(
            self.sets | other.sets,
            self.sizes | other.sizes,
            self.axes + other.axes,
            self.trained + other.trained,
            self.inputs | other.inputs,
            self.given or other.given,
        )

    def related(self, other: Width) -> bool:
        """Whether one could be a multiple of the other."""
        small, large = sorted((self.size, other.size))
        return large % small == 0 or bool(self.sizes & other.sizes)


def resizable(inputs: Inputs, folds: Sequence[Fold]) -> tuple[Inputs, tuple[str, ...]]:
    """Give the widths of a module letters d0, d1, ..., a way to have it at others, and a note.

    Raises what the module raises when it is run.
    """
    given = inputs.module, inputs.args, inputs.kwargs
    recording = record(*given, backward=False, train=False, folds=folds)
    graph = lower(recording, on_unknown="bound")
    axes = together(graph)
    named = _named(recording, graph)
    _alike(axes, named, folds)
    names = {p.name for p in recording.parameters}
    found = list(_widths(axes, named, names, _places(inputs, axes, graph)))
    copies = _Copies(inputs, Spoken(axes, graph, named), tuple(folds))
    running = copies.running(found)
    lettered = {f"d{i}": width for i, width in enumerate(running)}
    which = (f"{letter} = {w.place}" for letter, w in lettered.items())
    notes = (f"widths are letters: {', '.join(which)}",) if lettered else ()
    return copies.lettered(lettered), notes


_Named = dict[str, "Value"]
_Places = dict[tuple[int, int], tuple["Key", bool, int]]
"""Axes of inputs by the tensor's id: the set, whether it has a letter, the size."""


def _named(recording: Recording, graph: Graph) -> _Named:
    """The values of parameters and buffers, by all of their names."""
    values = {v.name: v for v in graph.of_role(Role.PARAM, Role.FROZEN, Role.BUFFER)}
    held = (*recording.parameters, *recording.buffers)
    return {name: values[p.name] for p in held for name in (p.name, *p.aliases)}


def _alike(axes: Axes, named: _Named, folds: Sequence[Fold]) -> None:
    """Let equal blocks stay equal: those in the middle were not run."""
    for fold in folds:
        first = f"{fold.paths[0]}."
        for name in [name for name in named if name.startswith(first)]:
            value = named[name]
            for path in fold.paths[1:]:
                other = named[f"{path}.{name[len(first) :]}"]
                for i in range(len(value.shape)):
                    axes.join(value, i, other, i)


def _places(inputs: Inputs, axes: Axes, graph: Graph) -> _Places:
    tensors = {id(t): t for _, t in leaves((inputs.args, inputs.kwargs))}
    return {
        (key, i): (axes.of(value, i), letter in inputs.sizes, value.shape[i].at({}))
        for key, value in zip(tensors, graph.of_role(Role.INPUT), strict=True)
        for i, letter in enumerate(inputs.axes.get(key, (None,) * len(value.shape)))
    }


def _widths(axes: Axes, named: _Named, trained: set[str], places: _Places) -> Iterator[Width]:
    """Sets with an axis of a parameter, and without one that is placed or has a letter."""
    sizes, out = axes.sizes, axes.placed | {key for key, lettered, _ in places.values() if lettered}
    members: dict[Key, list[tuple[str, int, int]]] = {}
    for name, value in named.items():
        for i in reversed(range(len(value.shape))):  # what goes in comes before what goes out
            if (n := value.shape[i].at({})) != 1:
                members.setdefault(axes.of(value, i), []).append((name, i, n))
    for key, held in members.items():
        own = [n for name, _, n in held if name in trained]
        if key in out or not own:
            continue
        taken = {place: n for place, (k, _, n) in places.items() if k == key}
        every = frozenset({*own, *sizes.get(key, ())})
        given = min(taken.values(), default=None)
        yield Width(frozenset({key}), every, tuple(held), tuple(own), frozenset(taken), given)


class Spoken:
    """Which sets have which size, in the modules that hold or use them."""

    def __init__(self, axes: Axes, graph: Graph, named: _Named) -> None:
        self._held: dict[str, dict[int, set[Key]]] = {}
        self._used: dict[str, dict[int, set[Key]]] = {}
        for name, value in named.items():
            self._note(self._held, name.rpartition(".")[0], axes, value)
        for node in graph.nodes:
            for value in (*node.operands, *node.results):
                self._note(self._used, node.scope, axes, value)

    def _note(
        self, known: dict[str, dict[int, set[Key]]], path: str, axes: Axes, value: Value
    ) -> None:
        for i, n in enumerate(value.shape):
            known.setdefault(path, {}).setdefault(n.at({}), set()).add(axes.of(value, i))

    def held(self, path: str, n: int) -> set[Key]:
        """Sets of which a parameter of the module itself has an axis of a size."""
        return self._held.get(path, {}).get(n, set())

    def within(self, path: str, n: int) -> set[Key]:
        """Sets that have a size anywhere in a module."""
        found: set[Key] = set()
        for known in (self._held, self._used):
            for scope, sizes in known.items():
                if not path or scope == path or scope.startswith(f"{path}."):
                    found |= sizes.get(n, set())
        return found


@dataclass(frozen=True)
class _Copies:
    """Copies of a module in other widths."""

    inputs: Inputs
    spoken: Spoken
    folds: tuple[Fold, ...]

    def running(self, widths: Sequence[Width]) -> list[Width]:
        """The widths that the module can have otherwise, joined where it needs them to be."""
        alone = [self._runs(w) for w in widths]
        good = [w for w, runs in zip(widths, alone, strict=True) if runs]
        bad = [w for w, runs in zip(widths, alone, strict=True) if not runs]
        while bad:
            width = bad.pop(0)
            others = [w for w in (*bad, *good) if width.related(w)]
            equal = [w for w in others if w.sizes & width.sizes]
            for more in (*([w] for w in others), equal, others):
                joined = reduce(Width.joined, more, width)
                if more and self._runs(joined):
                    good = [*(w for w in good if w not in more), joined]
                    bad = [w for w in bad if w not in more]
                    break
        return sorted(
            good, key=lambda w: min(i for i, one in enumerate(widths) if one.sets <= w.sets)
        )

    def _runs(self, width: Width) -> bool:
        asked = self.lettered({"d0": width})
        try:
            given = asked.at({"d0": _TRIED * width.size})
            record(*given, backward=False, train=False, folds=self.folds)
        except Error:
            return False
        return True

    def lettered(self, widths: Mapping[str, Width]) -> Inputs:
        """The inputs with letters for widths, and the module at other ones."""
        axes = dict(self.inputs.axes)
        for _, tensor in leaves((self.inputs.args, self.inputs.kwargs)):
            names = list(axes.get(id(tensor), (None,) * tensor.dim()))
            for name, width in widths.items():
                for i in (i for key, i in width.inputs if key == id(tensor)):
                    names[i] = name
            axes[id(tensor)] = tuple(names)

        def variant(sizes: Mapping[str, int]) -> nn.Module:
            grown = {w: Fraction(sizes[n], w.size) for n, w in widths.items() if n in sizes}
            return self._copy(grown)

        return replace(
            self.inputs,
            axes=axes,
            widths={name: w.size for name, w in widths.items()},
            variant=variant,
            multiples={name: w.multiple for name, w in widths.items()},
        )

    def _copy(self, grown: _Grown) -> nn.Module:
        """The module without data, with other sizes of parameters and in attributes."""
        places = {(name, i): by for w, by in grown.items() for name, i, _ in w.axes}
        memo: dict[int, Any] = {}
        parts = modules_of(plain(self.inputs.module))
        for path, part in parts:
            for name, tensor in (*part._parameters.items(), *part._buffers.items()):
                if tensor is not None and id(tensor) not in memo:
                    full = f"{path}.{name}" if path else name
                    shape = [int(n * places.get((full, i), 1)) for i, n in enumerate(tensor.shape)]
                    memo[id(tensor)] = _empty(tensor, shape)
        found: nn.Module = copied(plain(self.inputs.module), memo)
        for path, part in modules_of(found):
            for name, value in list(vars(part).items()):
                if not name.startswith("_") and type(value) in (int, tuple):
                    part.__dict__[name] = self._number(path, part, name, value, grown)
        return found

    def _number(self, path: str, part: nn.Module, name: str, value: Any, grown: _Grown) -> Any:
        """What an attribute says, in other widths: a size that is one of one width only."""
        own = type(part).__module__.startswith("torch.nn.")
        if isinstance(value, tuple):
            inner = [self._number(path, part, name, v, grown) for v in value] if own else value
            return tuple(inner)
        if type(value) is not int or not _says_width(name, own=own):
            return value
        sets = self.spoken.held(path, value) or self.spoken.within(path, value)
        widths = {key: (w, by) for w, by in grown.items() for key in w.sets}
        if own:
            weight = part._parameters.get("weight")
            if (
                name == "groups" and weight is not None and weight.shape[1] != 1
            ):  # as many, each of more channels
                return value
            sets = {key for key in sets if key in widths}
        found = {widths.get(key) for key in sets}
        one = next(iter(found)) if len(found) == 1 else None
        return int(value * one[1]) if one else value


_Grown = dict[Width, Fraction]


def _empty(tensor: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    empty = torch.empty(shape, dtype=tensor.dtype, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty


def _says_width(name: str, *, own: bool) -> bool:
    if own:
        return name in _NAMED
    return any(part in name for part in _WIDE) or not any(part in name for part in _COUNTS)
