"""The dispatch mode that writes down each operation, with values in place of tensors."""

import itertools
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from orderof.errors import Unrecorded
from orderof.frontends.torch.choices import assumed
from orderof.frontends.torch.fakes import Fakes
from orderof.frontends.torch.known import Known
from orderof.frontends.torch.memo import Layout, Outcome, layout_of, learn, recall
from orderof.frontends.torch.recording import REREAD, Call, Choice, Loops, Ref
from orderof.frontends.torch.schemas import SCHEMAS, Schema, read_schema
from orderof.frontends.torch.scopes import Lines, Scopes

_CPU = torch.device("cpu")
_DEVICE = torch.ops.prim.device.default
_PLAIN = frozenset({int, str, type(None)})
_NUMBERS = frozenset({float, bool, complex})
_NUMBERS_OF_TAPES = itertools.count()


class Kept(Unrecorded):
    """A function gave a tensor that it kept from an earlier recording."""


class Storage:
    """The memory that a tensor and its views share: how often it was written, and what last."""

    __slots__ = ("last", "writes")

    def __init__(self) -> None:
        self.writes = 0
        self.last: Ref | None = None


@dataclass(slots=True)
class Tag:
    """What the tape knows about a tensor; it hangs on the tensor, and keeps nothing alive.

    A second owner would change what is recorded: autograd steals a gradient that only it holds,
    and clones any other.
    """

    ref: Ref
    storage: Storage
    writes: int
    layout: Layout
    tape: int
    """Its number: what a function keeps from one recording is no value of the next."""


class Tape(TorchDispatchMode):
    """Records what reaches it from autograd, on its way down to the fake tensors."""

    def __init__(
        self, scopes: Scopes, fakes: Fakes, measure: Callable[[Any, Sequence[Any]], int]
    ) -> None:
        """Start with nothing; `measure` counts what a function runs, apart from this tape."""
        super().__init__()
        self.calls: list[Call] = []
        self.constants: list[Ref] = []
        self.notes: list[str] = []
        self.measure = measure
        self.aside: Any = None
        self.loops = Loops()
        self.cond: Choice = "max"
        self.depth = 0
        """How many functions of `torch.cond` the model is in, of those that values choose."""
        self.zeroed: list[Ref] = []
        """What has a gradient of zeros, because a function that is not taken reads it."""
        self.scopes = scopes
        self.in_backward = False
        self._went_back = False
        self.muted = False
        self.generous = False
        self.failed: tuple[Exception, str] | None = None
        self._fakes = fakes
        self._lines = Lines()
        self._adopted: dict[int, tuple[torch.Tensor, FakeTensor]] = {}
        self._adopting = False
        self._by_value = False
        self._op = ""
        self.function = ""
        """What of torch the model called last, as `scopes.called` names it."""
        self.products = 0
        """Of sizes: those that the next operation is the first to depend on."""
        self._ids = 0
        self._number = next(_NUMBERS_OF_TAPES)
        self.known = Known(self.calls)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else each operation takes a turn through the compiler's frames

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation and write it down."""
        if func is _DEVICE:  # a question, and the one answer there is
            return _CPU
        kwargs = kwargs or {}
        schema = SCHEMAS.get(func) or read_schema(func)
        if self.muted or schema.silent:
            return func(*args, **kwargs)
        if schema.composite:  # autograd takes these apart, and inference mode has none
            with self:
                return func.decompose(*args, **kwargs)
        self._op, self._by_value = schema.name, False
        key: list[Any] = [func]
        packed = self._lift(args) if schema.lifts else tuple([self.pack(a, key) for a in args])
        named = {name: self.pack(value, key) for name, value in kwargs.items()}
        if self._adopting:
            self._adopting, self._by_value = False, True
            args, kwargs = self._substitute(args), self._substitute(kwargs)
        result = self._asked(schema, packed, named, args) if schema.asks else None
        if result is None:
            result = self._result(schema, key, args, kwargs)
        if schema.written:
            refs = self._overwrite(schema, args, kwargs, result)
        else:
            refs = self._results(result, args[0] if schema.view else None)
        self._append(schema.name, packed, named, refs)
        return result

    def _asked(self, schema: Schema, packed: Any, named: dict[str, Any], args: Any) -> Any:
        """What an operation gives that needs the numbers in its operands, where they are known."""
        if schema.name.startswith("aten.index."):
            return self._picked(packed, args)
        if schema.name == "aten.masked_select.default":
            return self._selected(packed[1], *args)
        found = self.known.outcome(schema.name, packed, named)
        if found is None and schema.name == "aten.nonzero.default" and self._all_taken():
            found = [torch.empty(args[0].numel(), args[0].dim(), dtype=torch.int64)]
        if found is None or not any(isinstance(item, torch.Tensor) for item in found):
            return found[0] if found else None
        made = [self._fakes.fresh(layout_of(item)) for item in found]
        return made[0] if len(made) == 1 else tuple(made)

    def _all_taken(self) -> bool:
        """Whether a choice that nobody knows takes everything; a note says where it is assumed."""
        note = None if self.generous else assumed(self._lines.here())
        self.notes += [note] if note else []
        return self.generous or note is not None

    def _selected(self, ref: Ref, x: torch.Tensor, mask: torch.Tensor) -> Any:
        """`x.masked_select(mask)`: each place that the mask holds at, for all it stands for."""
        found = self.known.outcome("aten.nonzero.default", (ref,), {})
        if found is None or torch.broadcast_shapes(x.shape, mask.shape) != x.shape:
            return None
        times = x.numel() // max(mask.numel(), 1)
        return torch.empty(len(found[0]) * times, dtype=x.dtype)

    def _picked(self, packed: Any, args: Any) -> Any:
        """`x[mask]`: as many rows as the mask holds, if it is known."""
        places: list[Any] = []
        for ref, tensor in zip(packed[1], args[1], strict=True):
            if ref is None or ref.dtype not in ("bool", "uint8"):
                places.append(tensor)
                continue
            found = self.known.outcome("aten.nonzero.default", (ref,), {})
            if found is None and not self._all_taken():
                return None
            n, axes = found[0].shape if found else (tensor.numel(), tensor.dim())
            places.extend(torch.empty(n, dtype=torch.int64) for _ in range(axes))
        return torch.ops.aten.index(args[0], places)

    def _result(self, schema: Schema, key: list[Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """Run an operation on fake tensors, or make again what it gave for the same layouts."""
        known = None
        if schema.memorable and not self._by_value:
            key += kwargs
            key.append(torch.get_default_dtype())
            known = tuple(key)
            outcome = recall(known)
            if outcome is not None:
                return self._again(outcome, args, view=schema.view)
        try:
            with torch._C.DisableTorchFunction():  # else the doors take each operation for a call
                result = schema.run(*args, **kwargs)
        except Exception as error:
            self.failed = (error, schema.name)
            raise
        if known is not None:
            learn(known, args, result, view=schema.view)
        return result

    def _again(self, outcome: Outcome, args: Any, *, view: bool) -> Any:
        made: list[Any] = []
        for found in outcome.results:
            if type(found) is not Layout:
                made.append(None if found is None else args[found])
            elif view:
                made.append(self._fakes.view(args[0], found))
            else:
                made.append(self._fakes.fresh(found))
        return outcome.container(made) if outcome.container else made[0]

    def add(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], results: Any) -> None:
        """Write down an operation of our own, whose results were made while muted."""
        self._op = name
        packed = tuple([self.pack(arg, []) for arg in args])
        self._append(name, packed, kwargs, self._results(results, None))

    @contextmanager
    def mute(self) -> Generator[None]:
        """Run operations that are not written down."""
        self.muted = True
        try:
            yield
        finally:
            self.muted = False

    def name(self, tensor: torch.Tensor) -> Ref:
        """Make a tensor known that no operation made, and give its value an id."""
        return self._new(tensor, Storage())

    @property
    def made(self) -> int:
        """The last id that was given."""
        return self._ids

    def see(self, tensor: torch.Tensor, what: str) -> Ref:
        """The value of a tensor outside any operation: an output, a gradient."""
        self._op, self._adopting = what, False
        return self.pack(tensor, [])

    def pack(self, value: Any, key: list[Any]) -> Any:
        """An argument as plain data; `key` gets what the outcome of a call depends on."""
        kind = type(value)
        if kind in _PLAIN:
            key.append(value)
            return value
        if kind is FakeTensor or isinstance(value, torch.Tensor):
            return self._pack_tensor(value, key)
        if kind in _NUMBERS:  # 1, 1.0 and True are equal, and give results of different dtypes
            key.append((kind, value))
            return value
        if isinstance(value, list | tuple):
            key.append((len(value),))
            return tuple([self.pack(item, key) for item in value])
        if kind is torch.Generator:
            return "generator"
        key.append(value)
        if kind is Ref:
            return value
        return str(value).removeprefix("torch.") if kind is torch.dtype else str(value)

    def _pack_tensor(self, value: Any, key: list[Any]) -> Ref:
        tag = getattr(value, "_orderof", None)
        if tag is None:
            return self._adopt(value)
        if tag.tape != self._number:
            raise Kept(*self._stranger("was kept from an earlier recording"))
        if self.aside is not None:
            self.aside.see(value, tag)
        key.append(tag.layout)
        if value.constant is not None:
            self._by_value = True
        return tag.ref if tag.writes == tag.storage.writes else self._reread(value, tag)

    def _append(
        self, name: str, args: Any, kwargs: dict[str, Any], results: tuple[Ref | None, ...]
    ) -> None:
        node: Any = torch._C._current_autograd_node()
        if node is None and not self.in_backward:
            # In a training step of the user's own, what follows without gradients is the update.
            phase = "optimizer" if self._went_back and not torch.is_grad_enabled() else "forward"
            scope, line = self.scopes.forward(), self._lines.here()
        elif torch.is_grad_enabled() or name.endswith(".forward"):  # a checkpoint runs it again
            scope, phase, line = self.scopes.recompute(), "recompute", self._lines.here()
        else:
            scope, phase, line = self.scopes.backward(), "backward", None
            self._went_back = True
        function = "" if phase == "backward" else self.function
        place = scope, phase, line, function, self.products
        self.calls.append(Call(name, args, kwargs, results, *place))
        self.products = 0

    def _new(self, tensor: torch.Tensor, storage: Storage) -> Ref:
        self._ids += 1
        layout = layout_of(tensor)
        ref = Ref(self._ids, layout.shape, layout.name)
        tag = Tag(ref, storage, storage.writes, layout, self._number)
        tensor._orderof = tag  # pyright: ignore[reportAttributeAccessIssue]
        return ref

    def _results(self, result: Any, base: Any) -> tuple[Ref | None, ...]:
        tag = getattr(base, "_orderof", None)
        storage = tag.storage if tag else None
        if isinstance(result, torch.Tensor):
            return (self._new(result, storage or Storage()),)
        if isinstance(result, list | tuple):
            return tuple([ref for item in result for ref in self._results(item, base)])
        return (None,)

    def _overwrite(
        self, schema: Schema, args: Any, kwargs: dict[str, Any], result: Any
    ) -> tuple[Ref | None, ...]:
        """Give each written operand a new value, and each other result its first."""
        slots = [kwargs.get(s) if isinstance(s, str) else args[s] for s in schema.written]
        lists = [slot if isinstance(slot, list | tuple) else [slot] for slot in slots]
        tensors = [tensor for tensors in lists for tensor in tensors if tensor is not None]
        values: dict[int, Ref] = {}
        for tensor in tensors:
            storage = self._tag(tensor).storage
            storage.writes += 1
            storage.last = values[id(tensor)] = self._new(tensor, storage)
        refs: list[Ref | None] = []
        for item in result if isinstance(result, list | tuple) else [result]:
            known = values.pop(id(item), None)
            refs.extend([known] if known else self._results(item, None) if item is not None else [])
        return (*refs, *values.values())

    def _tag(self, tensor: Any) -> Tag:
        return tensor._orderof

    def _reread(self, tensor: torch.Tensor, tag: Tag) -> Ref:
        old, written, name = tag.ref, tag.storage.last, self._op
        new = self._new(tensor, tag.storage)
        self._append(REREAD, (old, written), {}, (new,))
        self._op = name
        return new

    def _adopt(self, tensor: torch.Tensor) -> Ref:
        """Take in a real tensor from a closure or a global as a constant."""
        if isinstance(tensor, FakeTensor):
            raise Unrecorded(*self._stranger("was made where the recorder does not see"))
        if tensor.requires_grad:
            raise Unrecorded(*self._stranger("is trained and belongs to no submodule"))
        self._adopting = True
        if id(tensor) not in self._adopted:
            fake = self._fakes.like(tensor)
            self.constants.append(self.name(fake))
            self.known.give(self.constants[-1], tensor)
            self._adopted[id(tensor)] = (tensor, fake)  # the tensor too: its id must stay its own
        return self.pack(self._adopted[id(tensor)][1], [])

    def _lift(self, args: Any) -> tuple[Any, ...]:
        """The operand of `torch.tensor(3)`: real, used once, and left as it is for its value."""
        tensor: torch.Tensor = args[0]
        if isinstance(tensor, FakeTensor):
            return (self.pack(tensor, []),)
        self._ids += 1
        layout = layout_of(tensor)
        self.constants.append(Ref(self._ids, layout.shape, layout.name))
        self.known.give(self.constants[-1], tensor, literal=True)
        return (self.constants[-1],)

    def _substitute(self, tree: Any) -> Any:
        def fake(tensor: torch.Tensor) -> torch.Tensor:
            return self._adopted[id(tensor)][1] if id(tensor) in self._adopted else tensor

        return tree_map_only(torch.Tensor, fake, tree)

    def _stranger(self, what: str) -> tuple[str, str, str]:
        scope, line = self.scopes.current, self._lines.here()
        where = (f" in {scope}" if scope else "") + (f" at {line}" if line else "")
        return (
            self._op,
            f"an operand{where} {what}",
            "a tensor must be an input, a parameter, a buffer, an attribute, or made of such",
        )
