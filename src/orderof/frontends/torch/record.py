"""Run a fake copy of a module once and write down what it does, forward and backward."""

import inspect
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from traceback import walk_tb
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedOperatorException,
)
from torch.utils._python_dispatch import _disable_current_modes

from orderof.analyses.work import count, trips
from orderof.counts import Counts
from orderof.errors import Error, ModelError, ModelRaised
from orderof.frontends.torch.caches import forget
from orderof.frontends.torch.composites import Doors
from orderof.frontends.torch.detection import settle
from orderof.frontends.torch.fakes import Fakes, preserved
from orderof.frontends.torch.folds import Fold, Folder
from orderof.frontends.torch.functions import as_module
from orderof.frontends.torch.known import WHOLE
from orderof.frontends.torch.lower import lower
from orderof.frontends.torch.nested import leaves, modules_of
from orderof.frontends.torch.over import body_of
from orderof.frontends.torch.recording import (
    Call,
    Choice,
    Loops,
    Module,
    Parameter,
    Recording,
    Ref,
)
from orderof.frontends.torch.routing import NOTE
from orderof.frontends.torch.scopes import Scopes, file_label
from orderof.frontends.torch.tape import Kept, Tape

__all__ = ["Call", "Module", "Parameter", "Recording", "Ref", "record"]

_BY_VALUE = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedOperatorException,
)
_NO_DATA = ("data pointer", "not supported for tensor subclasses")
_VALUES = (
    "only shapes are known while it is recorded: a branch, a size or an index here depends on the "
    "values in a tensor; pass whole numbers as a tensor with data, or the value as a number, or "
    "analyse the parts on either side"
)


def record(
    module: nn.Module,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    *,
    backward: bool,
    train: bool,
    folds: Sequence[Fold] = (),
    exact: bool = False,
    loops: frozenset[str] = frozenset(),
    cond: Choice = "max",
    traced: bool = False,
) -> Recording:
    """What `module(*args, **kwargs)` runs, and its backward pass; nothing is changed by it.

    Tensors among the arguments may be on any device, meta too: only their shapes are used. The
    backward pass starts from a gradient at every float output that requires one, and ends at the
    parameters. Of the blocks in `folds` three are run, where that can be done. With `exact` the
    masks of attention are looked into, whether they are causal. Loops that values end get
    letters that are not in `loops`, and `cond` chooses where a predicate is not known. If it is
    `traced`, products of sizes are followed (`products.py`).
    """
    how: Any = {"backward": backward, "train": train, "exact": exact, "loops": loops}
    how |= {"cond": cond, "folds": folds, "traced": traced}
    return _recorded(plain(module), args, kwargs, **how)


def _recorded(
    module: nn.Module,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    *,
    backward: bool,
    train: bool,
    folds: Sequence[Fold],
    **rest: Any,
) -> Recording:
    how: Any = {"train": train, **rest}
    with preserved():
        if folds:
            folder = Folder(module, folds)
            try:
                found = _Run(module, folder, **how).whole(args, kwargs, backward=backward)
            except Error:
                if not folder.blamed:
                    raise
            else:
                if folder.valid:
                    return found
        try:
            return _Run(module, None, **how).whole(args, kwargs, backward=backward)
        except Kept:
            if not folds:
                raise
            forget()  # what the attempt to fold left in a function's own cache
        return _Run(module, None, **how).whole(args, kwargs, backward=backward)


def returned(module: nn.Module, kwargs: Mapping[str, object]) -> object:
    """What a module in evaluation returns for some inputs: its tensors are fakes."""
    with preserved(), torch.no_grad():
        return _Run(plain(module), None, train=False).call((), kwargs)


def _operations(function: Callable[..., object], operands: Sequence[object]) -> int:
    """Count what a function runs forward, on copies of its operands; a loop of T turns as one."""
    with _disable_current_modes():
        found = record(as_module(function), operands, {}, backward=False, train=False)
    graph = lower(found, on_unknown="bound")
    ops = Counts.sum(row.counts for row in count(graph).rows).ops()
    return ops.at(dict.fromkeys(trips(graph), 1))


def plain(module: nn.Module) -> nn.Module:
    """What was compiled, of a compiled module."""
    return getattr(module, "_orig_mod", module)


_Parts = Sequence[tuple[str, nn.Module]]
_Held = tuple[torch.Tensor, list[str]]


class _Run:
    """The copy, the modes it runs under, and what they have seen."""

    def __init__(
        self,
        module: nn.Module,
        folder: Folder | None,
        *,
        train: bool,
        exact: bool = False,
        loops: frozenset[str] = frozenset(),
        cond: Choice = "max",
        traced: bool = False,
    ) -> None:
        self.name = type(module).__name__
        self.doors: Any = {"exact": exact, "traced": traced}
        self.mode = "train" if train else "eval"
        self.inputs: list[tuple[str, Ref]] = []
        self.outputs: tuple[Ref, ...] = ()
        self.fakes = Fakes()
        self.scopes = Scopes()
        self.tape = Tape(self.scopes, self.fakes, _operations)
        self.tape.loops, self.tape.cond = Loops(loops), cond
        given = modules_of(module, folder.left_out if folder else ())
        self._interpreted(given)
        with self._blamed("it cannot be copied"):
            self.copy, constants = self.fakes.copy(module, given, folder)
            self.copy.train(train)
        self.folds = folder.folds if folder else ()
        if folder:
            folder.watch(self.copy, lambda: len(self.tape.calls))
        parts = modules_of(self.copy)
        settle(parts, self.tape)
        self.scopes.watch(parts)
        self._trained = _held((path, part._parameters) for path, part in parts)
        self.parameters = self._named(self._trained)
        self.buffers = self._named(_held((path, part._buffers) for path, part in parts))
        self.tape.constants.extend(self.tape.name(constant) for constant in constants)
        for buffer in self.buffers:
            if buffer.ref.dtype in WHOLE:
                self.tape.known.give(buffer.ref, module.get_buffer(buffer.name))

    def whole(
        self, args: Sequence[object], kwargs: Mapping[str, object], *, backward: bool
    ) -> Recording:
        """Both directions, or one."""
        outputs = self.forward(args, kwargs)
        return self.recording(self.backward(outputs) if backward else ())

    def forward(self, args: Sequence[object], kwargs: Mapping[str, object]) -> list[torch.Tensor]:
        """Call the copy; the tensors in what it returns, each once."""
        result = self.call(args, kwargs)
        outputs = list({id(tensor): tensor for _, tensor in leaves(result)}.values())
        self.outputs = tuple(self.tape.see(output, "the output") for output in outputs)
        return outputs

    def call(self, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        """Call the copy on copied inputs, under the modes that record; what it returns."""
        with self._blamed("the inputs cannot be copied"):
            (args, kwargs), fakes = self.fakes.inputs((tuple(args), dict(kwargs)))
        names = {id(tensor): name for name, tensor in leaves(self._bind(args, kwargs))}
        for fake, given in fakes:
            ref = self.tape.name(fake)
            self.inputs.append((names.get(id(fake), "hidden"), ref))
            self.tape.known.give(ref, given)
        with self._blamed(), self.fakes.mode, self.tape, Doors(self.tape, **self.doors):
            return self.copy(*args, **kwargs)

    def backward(self, outputs: list[torch.Tensor]) -> tuple[tuple[str, Ref], ...]:
        """Run autograd from the outputs to the parameters; the gradient of each."""
        roots = [output for output in outputs if output.requires_grad]
        if not roots:
            raise ModelError(
                self.name,
                "there is no backward pass: no output requires a gradient",
                "unfreeze a parameter, or ask for the forward pass alone",
            )
        self.tape.in_backward = True
        with self._blamed(), self.fakes.mode, self.tape, Doors(self.tape), torch.no_grad():
            seeds = [torch.empty_like(root) for root in roots]
            # As a function of torch it would take the doors out, and checkpoints need them.
            body_of(torch.autograd.backward)(roots, seeds)
        return tuple(
            (name, self.tape.see(parameter.grad, f"the gradient of {name}"))
            for parameter, (name, *_) in self._trained
            if parameter.grad is not None
        )

    def recording(self, gradients: tuple[tuple[str, Ref], ...]) -> Recording:
        """Everything seen so far, as plain data."""
        return Recording(
            name=self.name,
            mode=self.mode,
            parameters=self.parameters,
            buffers=self.buffers,
            inputs=tuple(self.inputs),
            outputs=self.outputs,
            constants=tuple(self.tape.constants),
            calls=tuple(self.tape.calls),
            modules=self.scopes.modules({f.paths[1]: len(f.paths) - 3 for f in self.folds}),
            gradients=gradients,
            folds=tuple(f.paths for f in self.folds),
            notes=tuple(dict.fromkeys((*self.tape.notes, *[NOTE] * self.tape.known.routed))),
        )

    def _interpreted(self, parts: _Parts) -> None:
        if any(isinstance(part, torch.jit.ScriptModule) for _, part in parts):
            raise ModelError(
                self.name,
                "it is compiled by torch.jit, which hides what it runs",
                "pass the module it was made from",
            )

    def _named(self, held: Sequence[_Held]) -> tuple[Parameter, ...]:
        """Each tensor under the first of its names."""
        return tuple(
            Parameter(first, self.tape.name(tensor), tensor.requires_grad, tuple(rest))
            for tensor, (first, *rest) in held
        )

    def _bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        """The arguments under the names that `forward` gives them; by place where it gives none."""
        try:
            signature = inspect.signature(self.copy.forward)
            bound = signature.bind(*args, **kwargs).arguments
        except (TypeError, ValueError):
            return {**{str(place): arg for place, arg in enumerate(args)}, **kwargs}
        open_ended = [p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
        extra = bound.pop(open_ended[0], {}) if open_ended else {}
        return {**bound, **extra}

    @contextmanager
    def _blamed(self, what: str = "") -> Generator[None]:
        """Say of what the user's code raises where it was raised, and what may help."""
        try:
            yield
        except Error:
            raise
        except Exception as error:
            raise ModelRaised(self.name, self._account(error, what), self._hint(error)) from error

    def _account(self, error: Exception, what: str) -> str:
        text = str(error).strip().partition("\n")[0]
        parts = [f"{type(error).__name__}: {text}" if text else type(error).__name__]
        failed = self.tape.failed
        if failed is not None and failed[0] is error:
            parts.append(f"in {failed[1]}")
        if self.scopes.raised_in:
            parts.append(f"in module {self.scopes.raised_in}")
        lines = [
            f"{label}:{line}"
            for frame, line in walk_tb(error.__traceback__)
            if (label := file_label(frame.f_code.co_filename))
        ]
        parts.extend(f"at {line}" for line in lines[-1:])
        account = ", ".join(parts)
        return f"{what}: {account}" if what else account

    def _hint(self, error: Exception) -> str:
        if isinstance(error, _BY_VALUE) or any(text in str(error) for text in _NO_DATA):
            return _VALUES
        given = ", ".join(f"{name}: {ref.dtype}{list(ref.shape)}" for name, ref in self.inputs)
        return f"it was called with {given or 'no tensor'}"


def _held(parts: Iterable[tuple[str, Mapping[str, torch.Tensor | None]]]) -> list[_Held]:
    """Each tensor that modules hold, once, with its names."""
    found: dict[int, _Held] = {}
    for path, tensors in parts:
        for name, tensor in tensors.items():
            if tensor is not None:
                names = found.setdefault(id(tensor), (tensor, []))[1]
                names.append(f"{path}.{name}" if path else name)
    return list(found.values())
