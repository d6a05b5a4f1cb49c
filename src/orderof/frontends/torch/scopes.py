"""Where an operation comes from: the module, the phase and the source line.

The order in which autograd made its nodes has no public API. What is used of it is in this file
and was tested with torch 2.13:

- `torch.autograd._get_sequence_nr()`: the number of the next node. A node takes its number before
  its operation is dispatched, so the operation being dispatched has this number less one.
- `torch._C._current_autograd_node()`: the node that the backward pass is running, or None;
  `node._sequence_nr()` is its number. AccumulateGrad has none and names its variable instead.
- `torch._C._autograd._top_saved_tensors_default_hooks(True)`: the hooks on what autograd saves, or
  None. A checkpoint sets such.
"""

import sys
from bisect import bisect_right
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dis import opname
from pathlib import Path
from types import CodeType
from typing import Any

import torch
from torch import nn

from orderof.frontends.torch.recording import Module

_NO_NUMBER = 2**64 - 1
_TORCH = str(Path(torch.__file__).parent / "x")[:-1]
_HERE = str(Path(__file__).parent / "x")[:-1]
_CALLER = f"{_HERE}record.py"


class Scopes:
    """The module path of each operation, forward by hooks and backward by its autograd node."""

    def __init__(self) -> None:
        self.current = ""
        self.raised_in: str | None = None
        self._stack: list[str] = []
        self._calls: dict[str, int] = {}
        self._classes: dict[str, type[nn.Module]] = {}
        self._owners: dict[int, str] = {}
        self._numbers: list[int] = []
        self._paths: list[str] = []
        self._last = -1
        self._error = sys.exc_info()[1]

    def watch(self, parts: Sequence[tuple[str, nn.Module]]) -> None:
        """Hook every submodule of a copy that nobody else holds; never the user's own module."""
        seen: set[int] = set()
        for path, module in parts:
            if id(module) in seen:
                continue
            seen.add(id(module))
            self._classes[path] = type(module)
            self._calls[path] = 0
            module.register_forward_pre_hook(self._enter(path), prepend=True)
            module.register_forward_hook(self._leave(path), always_call=True)
            for parameter in module._parameters.values():
                self._owners.setdefault(id(parameter), path)

    @contextmanager
    def apart(self) -> Generator[dict[str, int]]:
        """Count calls of modules for themselves for a while."""
        before, raised, error = self._calls, self.raised_in, self._error
        self._calls = dict.fromkeys(before, 0)
        try:
            yield self._calls
        except BaseException:
            self.raised_in, self._error = raised, error
            raise
        finally:
            self._calls = before

    def modules(self, less: Mapping[str, int]) -> tuple[Module, ...]:
        """Every submodule, in the order of registration; some were called `less` often."""
        calls = {path: n - less.get(path, 0) for path, n in self._calls.items()}
        return tuple(
            Module(path, cls.__name__, calls[path], cls.__module__)
            for path, cls in self._classes.items()
        )

    def forward(self) -> str:
        """The path of the operation being dispatched; its autograd node is noted for later."""
        self._note(self.current)
        return self.current

    def recompute(self) -> str:
        """The path of an operation that a checkpoint runs again while a node wants its value."""
        path = self.current or self.backward()
        self._note(path)
        return path

    def backward(self) -> str:
        """The path of the forward operation whose node the backward pass is running."""
        node: Any = torch._C._current_autograd_node()
        if node is None:
            return ""
        number = node._sequence_nr()
        if number == _NO_NUMBER:
            return self._owners.get(id(getattr(node, "variable", None)), "")
        # A node that no dispatch was seen for (CopySlices) was made just after the one before it.
        at = bisect_right(self._numbers, number) - 1
        return self._paths[at] if at >= 0 else ""

    def _note(self, path: str) -> None:
        number = torch.autograd._get_sequence_nr() - 1
        if number > self._last:  # else it made no node, and the number is an earlier operation's
            self._last = number
            self._numbers.append(number)
            self._paths.append(path)

    def _enter(self, path: str) -> Callable[..., None]:
        def enter(module: nn.Module, args: object) -> None:
            self._stack.append(self.current)
            self._calls[path] += 1
            self.current = path

        return enter

    def _leave(self, path: str) -> Callable[..., None]:
        def leave(module: nn.Module, args: object, output: object) -> None:
            error = sys.exc_info()[1]
            if error is not self._error:  # the innermost module is left first
                self._error, self.raised_in = error, path
            self.current = self._stack.pop()

        return leave


def checkpointed() -> bool:
    """Whether something has its hands on what autograd saves."""
    private: Any = torch._C
    return private._autograd._top_saved_tensors_default_hooks(True) is not None


class Lines:
    """The innermost source line outside torch, found by walking the stack.

    A code object's file is looked up once; None is passed over, and the empty name ends the walk:
    from there on it is whoever asked for the recording.
    """

    def __init__(self) -> None:
        self._files: dict[CodeType, str | None] = {}

    def here(self) -> str | None:
        """`file.py:123` of the caller that is neither torch nor this front end."""
        files = self._files
        frame = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            try:
                name = files[code]
            except KeyError:
                name = files[code] = file_label(code.co_filename)
            if name is not None:
                return f"{name}:{frame.f_lineno}" if name else None
            frame = frame.f_back
        return None


_CALLED: dict[Any, str] = {}
_OPERATORS = {
    getattr(torch.Tensor, name): f"Tensor.__{symbol}__"
    for name, symbol in (
        *((name, name) for name in ("add", "sub", "mul", "matmul")),
        ("div", "truediv"),
    )
}
"""Methods that an operator of Python runs too. Torch tells function modes the method in both cases,
but who replaces `Tensor.add`, as some counters do, sees x.add(y) and not x + y."""
_CONVOLUTIONS = {torch.conv1d, torch.conv2d, torch.conv3d}
_CODES: dict[CodeType, bytes] = {}


def called(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Name a function of torch as a model writes it: F.linear, torch.matmul, Tensor.add.

    An operator is the method that Python has for it, Tensor.__add__. It is told from a call by what
    the innermost line of Python does: to ask there, the function mode must be what calls this.
    What of the arguments matters is said too: F.interpolate(size) and F.interpolate(int) where it
    was given no factor, torch.conv2d(same).
    """
    try:
        found = _CALLED[function]
    except KeyError:
        home, name = getattr(function, "__module__", None), getattr(function, "__name__", "")
        if home in ("torch.nn.functional", "torch._C._nn"):
            found = f"F.{name}"
        else:
            found = f"torch.{name}" if home else f"Tensor.{name}"
        _CALLED[function] = found
    operator = _OPERATORS.get(function)
    if operator and _operates(function.__name__):
        return operator
    if function is nn.functional.interpolate and (size := kwargs.get("size")) is not None:
        return f"{found}({'size' if isinstance(size, tuple | list) else 'int'})"
    if function in _CONVOLUTIONS:
        padding = args[4] if len(args) > 4 else kwargs.get("padding")  # noqa: PLR2004 - its place
        return f"{found}({padding})" if isinstance(padding, str) else found
    return found


def _operates(name: str) -> bool:
    """Whether the code that called a function mode runs an operator, and no method of this name."""
    frame = sys._getframe(3)
    code = frame.f_code
    if name not in code.co_names:
        return True  # sum(tensors), operator.add
    if (run := _CODES.get(code)) is None:
        run = _CODES[code] = code.co_code  # Python makes it anew each time
    return opname[run[frame.f_lasti]].startswith(("BINARY_", "INPLACE_"))


def file_label(filename: str) -> str | None:
    """A file as its importer knows it: below the entry of sys.path that it was found in.

    None for torch and this front end.
    """
    if filename.startswith((_TORCH, _HERE, "<frozen")):
        return "" if filename == _CALLER else None
    roots = [root for root in sys.path if root and filename.startswith(root.rstrip("/") + "/")]
    if roots:
        return filename[len(max(roots, key=len).rstrip("/")) + 1 :]
    return Path(filename).name
