"""What a run of a module was, as plain data: no tensor, no device and no torch in it.

Three calls are not of torch's making:

- `orderof.attention.*`, `orderof.lstm.*` and their like stand for what torch would split
  differently on each device (`composites.py`);
- `orderof.loop.forward(carry, const, xs)` runs a `Body` several times (`loops.py`);
- `orderof.reread(old, written) -> new` follows a write through one view of a storage, at the next
  read through another: the value of `new` depends on both. It costs nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

REREAD = "orderof.reread"


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor value. An operation in place gives its operand's new value a new id."""

    id: int
    shape: tuple[Any, ...]
    """Integers; what differs between recordings that were merged is a `sizes.Varied`."""
    dtype: str


@dataclass(frozen=True, slots=True)
class Call:
    """One operation that ran.

    `args` and `kwargs` nest tuples and hold numbers, strings (dtypes, devices, layouts) and Refs.
    `results` has None where the operation returned none. `phase` is forward, backward, or recompute
    for what a checkpoint runs again inside the backward pass. `source` is `file.py:123`, the
    innermost line outside torch; the backward pass has none. `function` is what the model called:
    F.linear, torch.matmul, Tensor.add; `x + y` is Tensor.__add__. `products` says how many
    products of sizes it is the first to depend on.
    """

    name: str
    args: tuple[object, ...]
    kwargs: dict[str, object]
    results: tuple[Ref | None, ...]
    scope: str
    phase: str
    source: str | None
    function: str = ""
    products: int = 0


@dataclass(frozen=True, slots=True)
class Body:
    """What one turn of a loop runs, written down once; values have ids of the whole recording.

    Takes what it hands on from turn to turn, what stays, and a slice of each stack; gives what it
    hands on, and a slice of each stack that it makes. One that goes backward takes a gradient of
    each result and gives those of operands, None for one of zeros; it reads what the other made.
    `modules` says which of them it called, and how often.
    """

    inputs: tuple[Ref, ...]
    outputs: tuple[Ref | None, ...]
    calls: tuple[Call, ...]
    modules: tuple[tuple[str, int], ...]


Taken = Literal["first", "second"]
Choice = Literal["max"] | Taken | tuple[Taken, ...]
"""Which function of `torch.cond` is counted where the predicate is not known; max: the dearer.

Several are for a `torch.cond` by itself, for one within its function, and so on.
"""


@dataclass(slots=True)
class Loops:
    """Loops that run as often as values say."""

    taken: frozenset[str] = frozenset()
    """Letters that mean something already."""
    trips: list[str] = field(default_factory=list[str])
    """Those of the loops, in their order."""

    def trip(self) -> str:
        """Give a loop its letter: T, T2, T3, ..."""
        names = ("T", *(f"T{i}" for i in range(2, len(self.trips) + len(self.taken) + 3)))
        found = next(n for n in names if n not in self.taken and n not in self.trips)
        self.trips.append(found)
        return found


def refs(value: Any) -> list[Ref]:
    """The values in nested arguments."""
    if isinstance(value, Ref):
        return [value]
    return [r for item in value for r in refs(item)] if isinstance(value, tuple) else []


def walk(calls: Iterable[Call]) -> Iterator[Call]:
    """All calls, each before those of its body."""
    for call in calls:
        yield call
        for body in call.kwargs.values():
            if isinstance(body, Body):
                yield from walk(body.calls)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter or buffer under its first name; `aliases` are the others of a tied one."""

    name: str
    ref: Ref
    trainable: bool
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """A submodule: its path (the root's is empty), class name, how often it was called.

    `home` is where its class is defined: torch.nn.modules.linear.
    """

    path: str
    cls: str
    calls: int
    home: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A forward pass, or a forward and a backward pass, of one module on one set of inputs.

    `constants` are tensors that are neither parameters nor buffers nor inputs: attributes,
    closures, literals. `gradients` maps a parameter's name to its gradient at the end.
    """

    name: str
    mode: str
    parameters: tuple[Parameter, ...]
    buffers: tuple[Parameter, ...]
    inputs: tuple[tuple[str, Ref], ...]
    outputs: tuple[Ref, ...]
    constants: tuple[Ref, ...]
    calls: tuple[Call, ...]
    modules: tuple[Module, ...]
    gradients: tuple[tuple[str, Ref], ...]
    folds: tuple[tuple[str, ...], ...] = ()
    """Paths of runs of equal blocks, of which the first, the second and the last were recorded."""
    notes: tuple[str, ...] = ()
    """What was chosen where the run depends on values."""
