"""A function as a module, so that it can be copied and recorded like one.

What a function uses of modules and optimizers (in its closure, its defaults, the globals that its
code names, the parts of a partial, the object of a method) is copied in fakes with it, and nothing
of yours is touched. A training step is such a function: forward pass, `backward()`, clipping,
`optimizer.step()`, averages of weights.
"""

from __future__ import annotations

import copy
import functools
import inspect
from types import CellType, CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from orderof.frontends.torch.fakes import copied

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    Seen = set[int]

_HELD = (nn.Module, torch.optim.Optimizer)
_PLAIN = (str, bytes, int, float, complex, bool, type(None), type, torch.Tensor)


class Function(nn.Module):
    """A function whose modules are its children, under the names that it has for them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        own = vars(self)
        function = getattr(function, "_torchdynamo_orig_callable", function)  # as it is written
        for name, part in _parts(function, set()):
            if isinstance(part, nn.Module) and not any(part is c for c in self.children()):
                self.add_module(_apart(name, {*own, *dir(nn.Module), *self._modules}), part)
        self.forward = function

    def train(self, mode: bool = True) -> Function:  # noqa: FBT001, FBT002, ARG002 - as torch has it
        """Leave what the function uses in the mode that it is in."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Function:
        new = Function.__new__(type(self))
        nn.Module.__init__(new)
        memo[id(self)] = new
        for name, part in self._modules.items():
            if part is not None:
                new.add_module(name, copied(part, memo))
        new.forward = _bound(self.forward, memo)
        return new


AS_IT_IS = "a function is recorded as it is: its modules stay in the mode that they are in"


def as_module(function: Callable[..., Any]) -> Function:
    """Make a module of a function; its class has the function's name."""
    return type(called(function), (Function,), {})(function)


def takes_inputs(function: Callable[..., Any]) -> bool:
    """Whether a function must be given something: then it is no builder of a model."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    named = (p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
    return any(p.default is p.empty for p in named)


def called(function: Callable[..., Any]) -> str:
    """Name a function as its author did."""
    inner = function.func if isinstance(function, functools.partial) else function
    return getattr(inner, "__name__", type(inner).__name__)


def _apart(name: str, taken: Container[str]) -> str:
    found = name.replace(".", "_")
    while found in taken:
        found += "_"
    return found


def _parts(value: Any, seen: Seen, name: str = "part") -> Iterator[tuple[str, Any]]:
    """Find the modules and optimizers that something uses, with a name for each."""
    if isinstance(value, _PLAIN) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, _HELD):
        yield name, value
        return
    for key, item in _inside(value):
        yield from _parts(item, seen, key or name)


def _inside(value: Any) -> list[tuple[str, Any]]:
    """List what a value holds, by name where there is one."""
    match value:
        case FunctionType():
            return [*_closed(value), *_globals(value), *_defaults(value)]
        case functools.partial():
            named = list(value.keywords.items())
            return [("", value.func), *(("", a) for a in value.args), *named]
        case MethodType():
            return [("self", value.__self__), ("", value.__func__)]
        case list() | tuple():
            return [("", item) for item in value]
        case dict():
            return [(str(key), item) for key, item in value.items()]
        case _ if type(value).__module__.partition(".")[0] in {"torch", "builtins", "functools"}:
            return []
        case _:
            return list(getattr(value, "__dict__", {}).items()) if not _is_code(value) else []


def _is_code(value: Any) -> bool:
    return inspect.ismodule(value) or inspect.isbuiltin(value)


def _closed(function: FunctionType) -> list[tuple[str, Any]]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return [(name, cell.cell_contents) for name, cell in cells if _filled(cell)]


def _filled(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _globals(function: FunctionType) -> list[tuple[str, Any]]:
    """What the code names, in itself and in the functions inside it; libraries are left alone."""
    known = function.__globals__
    found = [(name, known[name]) for name in sorted(_names(function.__code__)) if name in known]
    return [(name, v) for name, v in found if isinstance(v, _HELD) or _same_file(function, v)]


def _same_file(function: FunctionType, value: Any) -> bool:
    if isinstance(value, list | tuple | dict | functools.partial | MethodType):
        return True
    return getattr(value, "__module__", None) == function.__module__ and not isinstance(value, type)


def _names(code: CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return {*code.co_names}.union(*map(_names, inner))


def _defaults(function: FunctionType) -> list[tuple[str, Any]]:
    named = function.__kwdefaults__ or {}
    return [*(("", v) for v in function.__defaults__ or ()), *named.items()]


def _bound(value: Any, memo: dict[int, Any]) -> Any:
    """Give a copy that uses the copies of modules; itself where it uses none."""
    if id(value) in memo:
        return memo[id(value)]
    if not any(True for _ in _parts(value, set())):
        return value
    match value:
        case nn.Module():
            return copied(value, memo)
        case FunctionType():
            return _function(value, memo)
        case functools.partial():
            args = [_bound(a, memo) for a in value.args]
            named = {k: _bound(v, memo) for k, v in value.keywords.items()}
            return functools.partial(_bound(value.func, memo), *args, **named)
        case MethodType():
            return MethodType(value.__func__, _bound(value.__self__, memo))
        case _:
            return copy.deepcopy(value, memo)


def _function(value: FunctionType, memo: dict[int, Any]) -> FunctionType:
    cells = tuple(CellType() for _ in value.__closure__ or ())
    known = dict(value.__globals__)
    made = FunctionType(value.__code__, known, value.__name__, None, cells)
    memo[id(value)] = made  # before the rest: a function may name itself
    for new, cell in zip(cells, value.__closure__ or (), strict=True):
        if _filled(cell):
            new.cell_contents = _bound(cell.cell_contents, memo)
    known.update({name: _bound(v, memo) for name, v in _globals(value)})
    made.__defaults__ = tuple(_bound(v, memo) for v in value.__defaults__ or ()) or None
    made.__kwdefaults__ = {k: _bound(v, memo) for k, v in (value.__kwdefaults__ or {}).items()}
    made.__dict__.update(value.__dict__)
    return made
