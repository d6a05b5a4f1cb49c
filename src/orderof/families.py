"""Families of models: layers, heads and widths as letters.

A recorded module has numbers for these. So members of its family are counted at some sizes, a
formula is solved for, and it is proved at others.

>>> from orderof.frontends.zoo.layers import Net, dense
>>> from orderof.sym import symbol
>>> def build(depth, width):
...     net = Net()
...     x = net.input("x", "float32", symbol("B"), width)
...     for i in range(depth):
...         x = dense(net, f"layers.{i}", x, width)
...     return net.graph([x], "stack", [("B", 1)])
>>> r = family(build, depth=8, width=64)
>>> r.forward.macs, r.forward.macs(), r.forward.macs(B=2, depth=3, width=10)
(B*depth*width**2, 32768, 600)
>>> list(r.forward.by_module(depth=2)), r.params
(['', 'layers', 'layers.*'], depth*width**2 + depth*width)
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from orderof.api import Asked, analyze, mode_of, result_of, torch_door
from orderof.errors import BadSpelling, UnknownDim, Unproved, UsageError
from orderof.ir.graph import Graph
from orderof.result import Result
from orderof.result.family import family_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orderof.frontends.torch.members import Family
    from orderof.ops.work import Padding
    from orderof.sym.interpolate import Sizes


def family(
    builder: Callable[..., Any] | str,
    sizes: Mapping[str, Sizes | None] | None = None,
    *,
    inputs: Callable[..., Sequence[Any]] | Sequence[Any] = (),
    kwargs: Callable[..., Mapping[str, Any]] | Mapping[str, Any] | None = None,
    input_specs: Sequence[str] = (),
    dims: Mapping[str, Any] | None = None,
    train: str | None = None,
    mode: str | None = None,
    loss: str | None = None,
    on_unknown: Literal["raise", "bound"] = "raise",
    symbolic: Sequence[str] | None = None,
    prefill: bool = False,
    decode: int | None = None,
    causal: Literal["full", "exact"] = "full",
    cond: Literal["max", "first", "second"] = "max",
    padding: Padding = "full",
    as_: str = "flops",
    names: Mapping[str, str] | None = None,
    divides: Sequence[tuple[str, str]] = (),
    progress: Callable[[int], None] | None = None,
    **more: Sizes | None,
) -> Result:
    """Count a family of models: one member in numbers, and formulas in `sizes` for all.

    `builder` takes the sizes by keyword and gives a module, (module, inputs, kwargs), a Graph, a
    Result or a spelling; or it is `hf:CONFIG` or `package.module:builder`. A size is the one whose
    numbers are shown, a sequence of all that may be used, or None for the one of the spelling.
    `inputs` and `kwargs` may be functions of the sizes. `names` has letters for sizes, `divides`
    pairs of which the first divides the second, where that is not to be found out; `progress` is
    told how many members are counted. The rest is as for `analyze`. Raises `NoFormula`.
    """
    asked: Asked = {"train": train, "mode": mode, "loss": loss, "on_unknown": on_unknown}
    asked |= {"prefill": prefill, "decode": decode, "causal": causal, "cond": cond}
    given = _Given(inputs, kwargs, input_specs, dims)
    members = _Members(_source(builder, given), given, asked, padding, as_, progress, symbolic)
    wanted = members.wanted({**(sizes or {}), **more}, names or {})
    letters = {name: letter for letter, name in members.arguments.items()}
    return family_of(members.at, wanted, [(letters[a], letters[b]) for a, b in divides])


def _of_models(asked: Asked) -> str:
    """Name what is asked that only a model can be asked, and no graph that was made of one."""
    plain = {"prefill": False, "decode": None, "causal": "full", "cond": "max"}
    return next((name for name, usual in plain.items() if asked.get(name, usual) != usual), "")


@dataclass(frozen=True, slots=True)
class _Given:
    """What modules are called with."""

    inputs: Callable[..., Sequence[Any]] | Sequence[Any]
    kwargs: Callable[..., Mapping[str, Any]] | Mapping[str, Any] | None
    specs: Sequence[str]
    dims: Mapping[str, Any] | None

    def at(self, sizes: Mapping[str, int]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Give inputs and named inputs for some sizes."""
        inputs = self.inputs(**sizes) if callable(self.inputs) else self.inputs
        kwargs = self.kwargs(**sizes) if callable(self.kwargs) else self.kwargs
        return inputs, kwargs or {}


def _source(builder: Callable[..., Any] | str, given: _Given) -> Callable[..., Any] | Family:
    """Take what the members come from; raises `BadSpelling` for a spelling that has no others."""
    if not isinstance(builder, str):
        if hasattr(builder, "forward") and not isinstance(builder, type):
            hint = "pass the function or the class that makes it"
            raise BadSpelling(type(builder).__name__, "is a module, whose sizes are fixed", hint)
        return builder
    if builder.startswith(("zoo:", "mlp:")):
        raise BadSpelling(builder, "has letters for all its sizes", "ask for it as it is")
    if given.inputs or given.kwargs:
        hint = "describe them by input_specs, or pass a function that makes the module"
        raise BadSpelling(builder, "is built from its name and takes no tensors", hint)
    torch_door()
    from orderof.frontends.torch.members import Family

    return Family(builder)


@dataclass(slots=True)
class _Members:
    """Gives the Result of a member, by the letters of its sizes."""

    source: Callable[..., Any] | Family
    given: _Given
    asked: Asked
    padding: Padding
    as_: str
    progress: Callable[[int], None] | None
    letters: Sequence[str] | None
    """Which sizes of the inputs are letters: those asked for, then those of the first member."""
    arguments: dict[str, str] = field(default_factory=dict[str, str])
    """Letter -> argument of the builder."""
    counted: int = 0

    def wanted(
        self, sizes: Mapping[str, Sizes | None], names: Mapping[str, str]
    ) -> dict[str, Sizes]:
        """Give every size its letter, and one that is not given its value."""
        if not sizes:
            hint = "name some: n_layer=12, d_model=768"
            raise UsageError("family", "has no sizes that vary", hint)
        values = {name: n for name, n in sizes.items() if n is not None}
        missing = [name for name in sizes if name not in values]
        if callable(self.source):
            if missing:
                raise BadSpelling(missing[0], "has no size", f"give it one: {missing[0]}=64")
            usual: Mapping[str, str] = {}
        else:
            values |= self.source.sizes(missing)
            usual = self.source.letters
        for name in sizes:
            self._name(name, names.get(name) or usual.get(name) or name.replace(".", "_"))
        return {letter: values[name] for letter, name in self.arguments.items()}

    def _name(self, name: str, letter: str) -> None:
        if letter in self.arguments:
            hint = f"names={{{name!r}: ...}} gives one another letter"
            raise BadSpelling(letter, f"stands for {self.arguments[letter]} and {name}", hint)
        self.arguments[letter] = name

    def at(self, sizes: Mapping[str, int]) -> Result:
        """Count the member of some sizes."""
        found = self._result({self.arguments[letter]: n for letter, n in sizes.items()})
        twice = found.dims.keys() & sizes.keys()
        if twice:
            letter = min(twice)
            hint = f"names={{{self.arguments[letter]!r}: ...}} gives it another one"
            raise BadSpelling(letter, "is a letter of the inputs as well", hint)
        self.counted += 1
        if self.progress:
            self.progress(self.counted)
        return found

    def _result(self, sizes: Mapping[str, int]) -> Result:
        given = self.given
        if not callable(self.source):
            return self._analyze(self.source.at(sizes, given.specs, given.dims), (), {})
        described: Asked = {"input_specs": given.specs, "dims": given.dims or {}}
        found: Any = _built(self.source, sizes)
        match found:
            case Result() | Graph() if more := _of_models(self.asked):
                text = f"cannot be asked of the {type(found).__name__} that the builder makes"
                raise BadSpelling(more, text, "leave it out, or let the builder do it")
            case Result():
                return found
            case Graph():
                mode, train = mode_of(self.asked), self.asked.get("train")
                return result_of(found, mode=mode, train=train, padding=self.padding, as_=self.as_)
            case str():
                return analyze(found, padding=self.padding, as_=self.as_, **self.asked)
            case (module, inputs):
                return self._analyze(module, inputs, {}, described)
            case (module, inputs, kwargs):
                return self._analyze(module, inputs, kwargs, described)
            case _:
                return self._analyze(found, *given.at(sizes), described)

    def _analyze(
        self,
        model: Any,  # noqa: ANN401 - a module, perhaps with its inputs
        inputs: Any,  # noqa: ANN401 - several, or one that is no sequence
        kwargs: Mapping[str, Any],
        described: Asked | None = None,
    ) -> Result:
        asked: Asked = {**self.asked, **(described or {})}
        asked |= {"kwargs": kwargs, "symbolic": self.letters}
        several = isinstance(inputs, tuple | list)
        try:
            found = analyze(
                model,
                *(inputs if several else (inputs,)),
                padding=self.padding,
                as_=self.as_,
                **asked,
            )
        except UnknownDim as error:
            if not self.counted:
                raise
            raise Unproved(error.subject, error.message) from error
        if not self.counted:
            self.letters = tuple(found.dims)
        return found


def _built(builder: Callable[..., Any], sizes: Mapping[str, int]) -> Any:  # noqa: ANN401
    """Call a builder; where there is torch, so that modules get no weights."""
    if importlib.util.find_spec("torch") is None:
        return builder(**sizes)
    from orderof.frontends.torch.members import called

    return called(builder, sizes)
