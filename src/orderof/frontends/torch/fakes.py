"""Fake copies of a module and its inputs, and a frame that leaves no trace in torch or Python."""

import copy
import gc
import logging
import random
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from orderof.errors import ModelError
from orderof.frontends.torch.autocast import on_cpu
from orderof.frontends.torch.memo import Layout, layout_of

if TYPE_CHECKING:
    from orderof.frontends.torch.folds import Folder

T = TypeVar("T")

_CPU, _META = torch.device("cpu"), torch.device("meta")
_EMPTY: Any = torch.empty_strided


class Fakes:
    """Makes tensors that have a shape and no data, on the CPU wherever their model was."""

    def __init__(self) -> None:
        self.mode = FakeTensorMode()
        with self.mode:
            # What all fakes of a mode have in common, whichever version of torch made it.
            self._attributes = dict(torch.empty(()).__dict__)

    def fresh(self, layout: Layout, *, requires_grad: bool = False) -> FakeTensor:
        """A tensor with memory of its own, made without asking the mode."""
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            meta = _EMPTY(layout.shape, layout.stride, dtype=layout.dtype, device=_META)
        return self._wrap(meta, requires_grad=requires_grad)

    def view(self, base: torch.Tensor, layout: Layout) -> FakeTensor:
        """A tensor that shares the memory of another."""
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            memory = base.untyped_storage()
            meta = _EMPTY((0,), (1,), dtype=layout.dtype, device=_META)
            meta.set_(memory, layout.offset, layout.shape, layout.stride)
        return self._wrap(meta, requires_grad=False)

    def _wrap(self, meta: torch.Tensor, *, requires_grad: bool) -> FakeTensor:
        fake: Any = torch.Tensor._make_subclass(
            FakeTensor, meta, requires_grad, dispatch_device=True, device_for_backend_keys=_CPU
        )
        torch._C._set_throw_on_mutable_data_ptr(fake)
        fake.__dict__.update(self._attributes)
        return fake

    def like(self, tensor: torch.Tensor, *, requires_grad: bool = False) -> FakeTensor:
        """A fake of the same shape, strides and dtype."""
        if tensor.layout != torch.strided or is_traceable_wrapper_subclass(tensor):
            raise ModelError(
                type(tensor).__name__,
                f"a tensor of layout {tensor.layout} or of a wrapping type cannot be analysed",
                "convert it to a dense tensor before",
            )
        return self.fresh(layout_of(tensor), requires_grad=requires_grad)

    def copy(
        self,
        module: nn.Module,
        parts: Sequence[tuple[str, nn.Module]],
        folder: "Folder | None" = None,
    ) -> tuple[nn.Module, list[FakeTensor]]:
        """A deep copy in fakes, and those among them that are neither parameter nor buffer.

        `parts` are the modules in it that are copied. Blocks that are folded away are not: the
        second of their run stands for them.
        """
        memo: dict[int, Any] = {}
        for _, part in parts:
            for tensor in part._parameters.values():
                if tensor is not None:
                    memo[id(tensor)] = self._parameter(tensor, module)
            for tensor in part._buffers.values():
                if tensor is not None:
                    memo[id(tensor)] = self.like(tensor, requires_grad=tensor.requires_grad)
        mode = _CopyMode(self)
        with mode:
            if folder:
                folder.seed(memo, lambda block: copied(block, memo))
            return copied(module, memo), mode.made

    def _parameter(self, parameter: nn.Parameter, module: nn.Module) -> FakeTensor:
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            raise ModelError(
                type(module).__name__,
                "it has lazy parameters, whose shapes are not known yet",
                "call it once on an example before",
            )
        fake: Any = self.like(parameter, requires_grad=parameter.requires_grad)
        # By this torch knows a parameter that is a tensor of another type.
        fake._is_param = True
        return fake

    def inputs(self, tree: T) -> tuple[T, list[tuple[FakeTensor, torch.Tensor]]]:
        """A deep copy of arguments in fakes, and each fake with what it stands for."""
        mode = _CopyMode(self)
        with mode:
            found = copy.deepcopy(tree)
        return found, list(zip(mode.made, mode.given, strict=True))


_AS_IT_IS = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device, type})
_PROTOCOL = ("__deepcopy__", "__reduce_ex__", "__reduce__", "__getstate__", "__setstate__")


def copied(module: nn.Module, memo: dict[int, Any]) -> Any:
    """Copy a module deeply; `copy.deepcopy` does the same in ten times the time.

    Most of what a module holds is empty or needs no copy. A class that says itself how it is
    copied is left to that.
    """
    cls: Any = type(module)
    if id(module) in memo:
        return memo[id(module)]
    if any(getattr(cls, name, None) is not getattr(nn.Module, name, None) for name in _PROTOCOL):
        return copy.deepcopy(module, memo)
    memo[id(module)] = new = cls.__new__(cls)
    new.__dict__.update({name: _part(value, memo) for name, value in vars(module).items()})
    return new


def _part(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is dict or kind is OrderedDict:
        new = memo[id(value)] = kind()
        for key, item in value.items():
            new[key] = _part(item, memo)
        return new
    if isinstance(value, nn.Module):
        return copied(value, memo)
    return copy.deepcopy(value, memo)


def _grouped_mm(
    left: torch.Tensor,
    right: torch.Tensor,
    offs: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    out_dtype: torch.dtype | None = None,
) -> torch.Tensor:
    groups: tuple[int, ...] = ()
    if left.dim() == right.dim():  # the groups lie along the rows, or along what is summed over
        groups = (left.shape[0] if offs is None else offs.shape[0],)
    shape = (*groups, left.shape[-2], right.shape[-1])
    return torch.empty(shape, dtype=out_dtype or left.dtype, device="cpu")


# The fake kernel takes what the CUDA kernel takes, bfloat16 alone; the CPU's takes the rest too.
STAND_INS: dict[str, Callable[..., Any]] = {"aten._grouped_mm.default": _grouped_mm}


class _CopyMode(TorchFunctionMode):
    """Turns each tensor that a deep copy meets into a fake, and runs nothing else differently."""

    def __init__(self, fakes: Fakes) -> None:
        super().__init__()
        self.made: list[FakeTensor] = []
        self.given: list[torch.Tensor] = []
        self._fakes = fakes

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.Tensor.__deepcopy__:
            tensor, memo = args
            if id(tensor) not in memo:
                memo[id(tensor)] = self._make(tensor)
            return memo[id(tensor)]
        if func is torch.Tensor.clone and not isinstance(args[0], FakeTensor):
            return self._make(args[0])
        return func(*args, **(kwargs or {}))

    def _make(self, tensor: torch.Tensor) -> FakeTensor:
        fake = self._fakes.like(tensor, requires_grad=tensor.requires_grad)
        self.made.append(fake)
        self.given.append(tensor)
        return fake


class Legible(TorchFunctionMode):
    """Keeps single whole numbers off the meta device: a model may ask what they are."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Make them on the CPU, with whose single numbers tensors of any device go together."""
        kwargs = kwargs or {}
        if func is torch.tensor and args and type(args[0]) is int:
            kwargs = {"device": _CPU, **kwargs}
        return func(*args, **kwargs)


@contextmanager
def uncollected() -> Generator[None]:
    """Keep the collector from looking for cycles: nothing here dies in one, and a model is large.

    To look for them takes a third of the time of a recording.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextmanager
def preserved() -> Generator[None]:
    """Autograd on, fused fast paths off, and all that is global put back at the end."""
    generator, numpy = random.getstate(), sys.modules.get("numpy")
    drawn = numpy.random.get_state() if numpy else None
    torch_state, dtype = torch.get_rng_state(), torch.get_default_dtype()
    fast = torch.backends.mha.get_fastpath_enabled()
    log = logging.getLogger("torch._subclasses.fake_tensor")
    silent, log.disabled = log.disabled, True  # what it logs is raised as well
    try:
        with ExitStack() as stack:
            stack.enter_context(on_cpu())
            stack.enter_context(warnings.catch_warnings())  # of what is not compiled here
            warnings.filterwarnings("ignore", module=r"torch\.(_dynamo|nn\.attention)")
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.enable_grad())
            if torch.get_default_device() != torch.device("cpu"):
                stack.enter_context(torch.device("cpu"))
            # What the user compiled runs as written. Fake tensors load the compiler in any case; if
            # it meets the modes of a recording without being told, it leaves functions alone for
            # good, and the user's own calls of torch.cond fail afterwards.
            stack.enter_context(torch.compiler.set_stance("force_eager"))
            torch.backends.mha.set_fastpath_enabled(False)
            yield
    finally:
        log.disabled = silent
        torch.backends.mha.set_fastpath_enabled(fast)
        torch.set_default_dtype(dtype)
        torch.set_rng_state(torch_state)
        random.setstate(generator)
        if numpy:
            numpy.random.set_state(drawn)
