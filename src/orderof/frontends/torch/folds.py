"""Equal blocks of a module, of which three are recorded: the first, the second and the last.

1. Blocks are equal when they are neighbours in a list of modules and agree in class, shapes of
   parameters and buffers, and all other state, all the way down. A whole number may differ if it
   counts the blocks (`layer_idx`).
2. Such a number is watched: code that asks for its value (`if self.layer_idx % 2`) can tell the
   blocks apart, and nothing is folded then.
3. A block in the middle is not copied and not run. It must be called with what the second block
   was called with, save that results of the block before stand where such stood; it gives the
   second block's result again. Where it is called otherwise, nothing is folded.

Whether the first, the second and the last did the same is found out afterwards, on the graph, by
`transform.roll`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from orderof.frontends.torch.nested import leaves

LEAST = 4
"""Fewer equal blocks have none in the middle."""
_OWN = frozenset({
    "_parameters", "_buffers", "_modules", "_non_persistent_buffers_set", "training",
    "_backward_pre_hooks", "_backward_hooks", "_is_full_backward_hook", "_forward_hooks",
    "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs", "_state_dict_hooks", "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks",
})  # fmt: skip
_PLAIN = (int, float, complex, str, bytes, bool, type(None), type, torch.dtype, torch.device)


@dataclass(frozen=True, slots=True)
class Fold:
    """The paths of a run of equal blocks, in order; the middle ones were not run."""

    paths: tuple[str, ...]


def runs(module: nn.Module) -> list[Fold]:
    """Find the longest runs of equal blocks; blocks within blocks are left alone."""
    found: list[Fold] = []
    _search(module, "", found)
    return [] if _shared(module, found) else found


def _shared(module: nn.Module, folds: list[Fold]) -> bool:
    """Whether a parameter of a middle block is also somewhere else."""
    left_out = {id(p) for block in middle(module, folds) for p in block.parameters()}
    paths = tuple(f"{path}." for fold in folds for path in fold.paths[2:-1])
    pairs = module.named_parameters(remove_duplicate=False) if folds else ()
    return any(id(p) in left_out and not name.startswith(paths) for name, p in pairs)


def middle(module: nn.Module, folds: Sequence[Fold]) -> Iterator[nn.Module]:
    """The blocks that are not run."""
    for fold in folds:
        for path in fold.paths[2:-1]:
            yield module.get_submodule(path)


def _search(module: nn.Module, path: str, found: list[Fold]) -> None:
    children = list(module._modules.items())
    start = 0
    for end in range(1, len(children) + 1):
        if end < len(children) and _follows(children[start], children[end], end - start):
            continue
        if end - start >= LEAST and children[start][1] is not None:
            prefix = f"{path}." if path else ""
            found.append(Fold(tuple(f"{prefix}{name}" for name, _ in children[start:end])))
        else:
            for name, child in children[start:end]:
                if child is not None:
                    _search(child, f"{path}.{name}" if path else name, found)
        start = end


def _follows(a: tuple[str, Any], b: tuple[str, Any], step: int) -> bool:
    """Whether b is the block `step` behind a."""
    (_, first), (_, other) = a, b
    if first is None or other is None or first is other:
        return False
    if next(first.parameters(), None) is None:
        return False
    return _same_module(first, other, step)


def _same_module(a: nn.Module, b: nn.Module, step: int) -> bool:
    if type(a) is not type(b) or a.training != b.training:
        return False
    if a._parameters.keys() != b._parameters.keys() or a._buffers.keys() != b._buffers.keys():
        return False
    pairs = [(a._parameters[k], b._parameters[k]) for k in a._parameters]
    pairs += [(a._buffers[k], b._buffers[k]) for k in a._buffers]
    if not all(_same_tensor(x, y) for x, y in pairs):
        return False
    mine, theirs = vars(a), vars(b)
    if mine.keys() != theirs.keys() or a._modules.keys() != b._modules.keys():
        return False
    if any(not _same(mine[k], theirs[k], step) for k in mine if k not in _OWN):
        return False
    if _hooked(mine) or _hooked(theirs):
        return False
    children = zip(a._modules.values(), b._modules.values(), strict=True)
    return all(x is y or (x and y and _same_module(x, y, step)) for x, y in children)


_HOOKS = tuple(name for name in _OWN if name.endswith("hooks"))


def _hooked(state: Mapping[str, Any]) -> bool:
    """Whether somebody hangs on to it: a hook may do anything."""
    return any(map(state.__getitem__, _HOOKS))


def _same_tensor(x: Any, y: Any) -> bool:
    if x is None or y is None:
        return x is y
    return (
        type(x) is type(y)
        and x is not y
        and x.shape == y.shape
        and x.dtype == y.dtype
        and x.stride() == y.stride()
        and x.requires_grad == y.requires_grad
    )


def _same(x: Any, y: Any, step: int) -> bool:
    """Whether two pieces of state are equal; a number may count the blocks, by `step`."""
    if x is y:
        return True
    if type(x) is not type(y):
        return False
    if type(x) is int and step and y - x == step:
        return True
    if isinstance(x, _PLAIN):
        return bool(x == y)
    if isinstance(x, torch.Tensor):
        return _same_tensor(x, y)
    if isinstance(x, nn.Module):
        return _same_module(x, y, step)
    if isinstance(x, list | tuple):
        return len(x) == len(y) and all(_same(p, q, 0) for p, q in zip(x, y, strict=True))
    if isinstance(x, dict):
        return x.keys() == y.keys() and all(_same(x[k], y[k], 0) for k in x)
    if isinstance(x, functools.partial):
        return all(
            _same(p, q, 0) for p, q in zip(x.__reduce__()[2], y.__reduce__()[2], strict=True)
        )
    return False


class Watched:
    """A number that counts blocks; who asks for its value is told on.

    It is no `int`: Python indexes a list with the value of one without asking.
    """

    __slots__ = ("_told", "_value")

    def __init__(self, value: int, told: list[bool]) -> None:
        self._value, self._told = value, told

    @property
    def __class__(self) -> type[int]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What `isinstance` asks for."""
        self._told.append(True)
        return int


def _telling(name: str) -> Callable[..., Any]:
    def method(self: Watched, *args: Any) -> Any:
        self._told.append(True)
        return getattr(self._value, name)(*args)

    return method


_ASKING = (
    "eq ne lt le gt ge add radd sub rsub mul rmul mod rmod floordiv rfloordiv truediv rtruediv "
    "divmod rdivmod pow rpow and rand or ror xor rxor lshift rlshift rshift rrshift neg pos abs "
    "invert bool int index float hash str repr format round trunc floor ceil"
)
for _name in _ASKING.split():
    setattr(Watched, f"__{_name}__", _telling(f"__{_name}__"))


class Folder:
    """The runs of one module while its copy is run."""

    def __init__(self, module: nn.Module, folds: Sequence[Fold]) -> None:
        self.folds = folds
        self.told: list[bool] = []
        self.broken = False
        self.reached = False
        self.left_out = {id(block) for block in middle(module, folds)}
        self._module = module

    @property
    def valid(self) -> bool:
        """Whether the middle blocks could be left out."""
        return not self.broken and not self.told

    @property
    def blamed(self) -> bool:
        """Whether what went wrong may be due to what was left out."""
        return self.reached or bool(self.told)

    def seed(self, memo: dict[int, Any], copied: Callable[[nn.Module], nn.Module]) -> None:
        """Copy the second block of each run, and let it stand for those in the middle."""
        for fold in self.folds:
            second = self._module.get_submodule(fold.paths[1])
            stand_in = copied(second)
            for path in fold.paths[2:-1]:
                memo[id(self._module.get_submodule(path))] = stand_in

    def watch(self, copy: nn.Module, calls: Callable[[], int]) -> None:
        """Put watched numbers into the copy, and a gate before each second block."""
        for fold in self.folds:
            first, second = (self._module.get_submodule(p) for p in fold.paths[:2])
            for path in (fold.paths[0], fold.paths[1], fold.paths[-1]):
                self._number(copy.get_submodule(path), first, second)
            block = copy.get_submodule(fold.paths[1])
            gate = _Gate(block.forward, len(fold.paths) - 3, calls, self)
            block.forward = gate  # on our own copy

    def _number(self, block: nn.Module, first: nn.Module, second: nn.Module) -> None:
        """Watch every number that differs between the first and the second block."""
        triples = zip(block.modules(), first.modules(), second.modules(), strict=True)
        for part, one, two in triples:
            for name, value in vars(one).items():
                if type(value) is int and name not in _OWN and vars(two)[name] != value:
                    part.__dict__[name] = Watched(vars(part)[name], self.told)


class _Gate:
    """Runs the second block once; what is called in its place later gets its result."""

    def __init__(
        self,
        forward: Callable[..., Any],
        uses: int,
        calls: Callable[[], int],
        folder: Folder,
    ) -> None:
        self._forward, self._uses, self._calls, self._folder = forward, uses, calls, folder
        self._args: Any = None
        self._result: Any = None
        self._after = -1

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run, or give the result again."""
        if self._args is None:
            self._folder.reached = True
            self._args = args, kwargs
            self._result = self._forward(*args, **kwargs)
            self._after = self._calls()
            return self._result
        made = {id(t) for _, t in leaves(self._result)}
        same = self._calls() == self._after and torch.is_grad_enabled()
        moved: list[bool] = []
        if not same or not _again(self._args, (args, kwargs), made, moved) or not any(moved):
            self._folder.broken = True
        result, self._uses = self._result, self._uses - 1
        if not self._uses:
            self._args = self._result = None  # a tensor that is held may be copied where it is not
        return result


def _again(first: Any, now: Any, made: set[int], moved: list[bool]) -> bool:
    """Whether arguments are those of the second block, or what it made in their place."""
    if isinstance(first, torch.Tensor):
        if id(now) in made:
            moved.append(True)
            return True
        return now is first
    if type(first) is not type(now):
        return False
    if isinstance(first, list | tuple):
        return len(first) == len(now) and all(
            _again(a, b, made, moved) for a, b in zip(first, now, strict=True)
        )
    if isinstance(first, Mapping):
        return first.keys() == now.keys() and all(
            _again(first[k], now[k], made, moved) for k in first
        )
    return bool(first is now or (isinstance(first, _PLAIN) and first == now))
