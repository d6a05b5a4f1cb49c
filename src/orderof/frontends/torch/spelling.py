"""How an input is written: `x: float32[B=2, 3, H=224, W=224]`, and what is meant by it.

    name: dtype[dim, ...]          dim: a number, NAME, or NAME=number
    name: int64[B=2, S] < 50257    whole numbers below a bound
    name: int64[1, 3] = [1, 8, 8]  whole numbers that the model looks at; one number fills all
    name: int64[1, 9] = [7]*5 + [1]*4                          numbers that are repeated
    name: 3 | true | None | "text" constants
    name: {a: ..., b: ...}         a dict of such values
    name: [..., ...]               a list of them

A NAME is the same size wherever it stands. Nothing here needs torch.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias, TypeVar

from orderof.errors import BadSpelling, UnknownDim

T = TypeVar("T")

_FLOATS = ("float64", "float32", "float16", "bfloat16", "complex128", "complex64")
DTYPES = (*_FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool")
_MOST = 1 << 20
"""Numbers that may be given as data."""
_CONSTANTS: dict[str, bool | None] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "None": None,
    "none": None,
    "null": None,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<float>-?\d[\d_]*(?:\.\d*(?:[eE][-+]?\d+)?|[eE][-+]?\d+))|(?P<int>-?\d[\d_]*)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<mark>[][{}:,=<*+]))"
)
_EXAMPLE = 'as in "x: float32[B=2, 3, H=224, W=224]"'


@dataclass(frozen=True, slots=True)
class Dim:
    """One size: a number, a name, or both."""

    name: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor; `below` bounds whole numbers, which may index a table of that length.

    `data` are its numbers in a row, or one for all, where the model asks what they are.
    """

    dtype: str
    dims: tuple[Dim, ...]
    below: int | None = None
    data: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ConstantSpec:
    """A value that is passed as it is."""

    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class DictSpec:
    """A dict of values, in the order they were written in."""

    items: tuple[tuple[str, "ValueSpec"], ...]


@dataclass(frozen=True, slots=True)
class ListSpec:
    """A list of values."""

    items: tuple["ValueSpec", ...]


ValueSpec: TypeAlias = TensorSpec | ConstantSpec | DictSpec | ListSpec


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One named argument of the model."""

    name: str
    value: ValueSpec


@dataclass(frozen=True, slots=True)
class TensorInput:
    """A tensor with all its sizes; `names` has the letter of each axis that has one."""

    dtype: str
    shape: tuple[int, ...]
    names: tuple[str | None, ...]
    below: int | None
    data: tuple[int, ...] = ()


Resolved: TypeAlias = (
    "TensorInput | bool | int | float | str | dict[str, Resolved] | list[Resolved] | None"
)


def parse(text: str) -> InputSpec:
    """Read one input.

    >>> parse("ids: int64[B=2, S] < 50257")
    InputSpec(name='ids', value=TensorSpec(dtype='int64', dims=(Dim(name='B', size=2), \
Dim(name='S', size=None)), below=50257, data=()))
    """
    return _Parser(text).input()


def resolve(
    specs: Sequence[InputSpec], overrides: Mapping[str, int] | None = None
) -> tuple[dict[str, Resolved], dict[str, int]]:
    """Give every name its size; the inputs by name, and the sizes by letter.

    >>> resolve([parse("x: float32[B=2, S]")], {"S": 8})
    ({'x': TensorInput(dtype='float32', shape=(2, 8), names=('B', 'S'), below=None, data=())}, \
{'B': 2, 'S': 8})
    """
    overrides = overrides or {}
    dims = [dim for spec in specs for dim in _dims(spec.value)]
    names = list(dict.fromkeys(dim.name for dim in dims if dim.name))
    for name in overrides:
        if name not in names:
            known = f"the dims are {', '.join(names)}" if names else "the inputs name no dim"
            raise UnknownDim(name, "no input has a dim of this name", known)
    sizes = {name: _size(name, dims, overrides) for name in names}
    return {spec.name: _resolved(spec.value, sizes) for spec in specs}, sizes


def names_of(spec: InputSpec) -> set[str]:
    """The names of the sizes in an input.

    >>> sorted(names_of(parse("x: float32[B=2, S, 3]")))
    ['B', 'S']
    """
    return {dim.name for dim in _dims(spec.value) if dim.name}


def _size(name: str, dims: list[Dim], overrides: Mapping[str, int]) -> int:
    written = sorted({dim.size for dim in dims if dim.name == name and dim.size is not None})
    if name in overrides:
        return overrides[name]
    if len(written) > 1:
        listed = " and ".join(str(size) for size in written)
        raise BadSpelling(name, f"it is given as {listed}", "a name is the same size everywhere")
    if not written:
        raise UnknownDim(name, "its size is not given", f"-d {name}=VALUE")
    return written[0]


def _dims(value: ValueSpec) -> Iterator[Dim]:
    match value:
        case TensorSpec(dims=dims):
            yield from dims
        case DictSpec(items=items):
            for _, item in items:
                yield from _dims(item)
        case ListSpec(items=items):
            for item in items:
                yield from _dims(item)
        case ConstantSpec():
            pass


def _resolved(value: ValueSpec, sizes: Mapping[str, int]) -> Resolved:
    match value:
        case TensorSpec(dtype=dtype, dims=dims, below=below, data=data):
            shape = tuple(sizes[dim.name] if dim.name else dim.size or 0 for dim in dims)
            if len(data) > 1 and len(data) != prod(shape):
                given = f"{len(data)} numbers are given for {prod(shape)} of {dtype}{list(shape)}"
                raise BadSpelling(", ".join(map(str, data)), given, "one number fills all")
            return TensorInput(dtype, shape, tuple(dim.name for dim in dims), below, data)
        case ConstantSpec(value=constant):
            return constant
        case DictSpec(items=items):
            return {key: _resolved(item, sizes) for key, item in items}
        case ListSpec(items=items):
            return [_resolved(item, sizes) for item in items]


class _Parser:
    """Recursive descent over the tokens of one input."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        self._next = 0
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                start = at + len(text[at:]) - len(text[at:].lstrip())
                raise self._error("this cannot be read", start)
            kind = match.lastgroup or ""
            self._tokens.append((kind, match[kind], match.start(kind)))
            at = match.end()

    def input(self) -> InputSpec:
        """`name: value`, and nothing after it."""
        name = self._name("the name of an input")
        self._expect(":")
        value = self._value()
        kind, token, at = self._peek()
        if kind:
            raise self._error(f"{token} stands after the end", at)
        return InputSpec(name, value)

    def _value(self) -> ValueSpec:
        kind, token, at = self._take()
        match kind, token:
            case "mark", "{":
                return DictSpec(self._until("}", self._pair))
            case "mark", "[":
                return ListSpec(self._until("]", self._value))
            case "int", _:
                return ConstantSpec(int(token))
            case "float", _:
                return ConstantSpec(float(token))
            case "text", _:
                return ConstantSpec(token[1:-1])
            case "name", _ if token in _CONSTANTS:
                return ConstantSpec(_CONSTANTS[token])
            case "name", _ if token in DTYPES:
                return self._tensor(token)
            case _:
                raise self._error(
                    f"{token or 'nothing'} is no dtype and no constant; the dtypes are "
                    f"{', '.join(DTYPES)}",
                    at,
                )

    def _tensor(self, dtype: str) -> TensorSpec:
        self._expect("[")
        dims = self._until("]", self._dim)
        below = None
        if self._peek()[1] == "<":
            self._take()
            below = self._integer("a bound")
        data: tuple[int, ...] = ()
        if self._peek()[1] == "=":
            if dtype in _FLOATS:
                raise self._error("only whole numbers and booleans may have data", self._peek()[2])
            self._take()
            data = self._runs()
        return TensorSpec(dtype, dims, below, data)

    def _runs(self) -> tuple[int, ...]:
        """Whole numbers, some of them repeated: `[7]*5 + [1]*4`."""
        found: list[int] = []
        while True:
            run = self._numbers()
            if self._peek()[1] == "*":
                self._take()
                run = self._repeated(run)
            found += run
            if self._peek()[1] != "+":
                return tuple(found)
            self._take()

    def _repeated(self, run: tuple[int, ...]) -> tuple[int, ...]:
        at = self._peek()[2]
        times = self._integer("how often they stand there")
        if len(run) * times > _MOST:
            raise self._error(f"these are more than {_MOST} numbers", at)
        return run * times

    def _numbers(self) -> tuple[int, ...]:
        """Whole numbers, in brackets where there are several."""
        kind, token, at = self._take()
        if token == "[":
            return tuple(n for item in self._until("]", self._numbers) for n in item)
        if kind == "int" or isinstance(_CONSTANTS.get(token), bool):
            return (int(_CONSTANTS.get(token, token) or 0),)
        raise self._error(f"{token or 'nothing'} stands where a whole number is expected", at)

    def _dim(self) -> Dim:
        kind, token, at = self._peek()
        if kind == "int":
            return Dim(None, self._integer("a size"))
        if kind != "name":
            raise self._error(f"{token or 'nothing'} is no size and no name of one", at)
        self._take()
        if self._peek()[1] != "=":
            return Dim(token, None)
        self._take()
        return Dim(token, self._integer(f"the size of {token}"))

    def _pair(self) -> tuple[str, ValueSpec]:
        key = self._name("a key")
        self._expect(":")
        return key, self._value()

    def _until(self, end: str, item: Callable[[], T]) -> tuple[T, ...]:
        items: list[T] = []
        while self._peek()[1] != end:
            items.append(item())
            if self._peek()[1] != end:
                self._expect(",")
        self._take()
        return tuple(items)

    def _integer(self, what: str) -> int:
        kind, token, at = self._take()
        if kind != "int" or int(token) < 0:
            raise self._error(f"{token or 'nothing'} stands where {what} is expected", at)
        return int(token)

    def _name(self, what: str) -> str:
        kind, token, at = self._take()
        if kind != "name":
            raise self._error(f"{token or 'nothing'} stands where {what} is expected", at)
        return token

    def _expect(self, mark: str) -> None:
        kind, token, at = self._take()
        if kind != "mark" or token != mark:
            raise self._error(f"{token or 'nothing'} stands where {mark} is expected", at)

    def _peek(self) -> tuple[str, str, int]:
        if self._next < len(self._tokens):
            return self._tokens[self._next]
        return "", "", len(self._text)

    def _take(self) -> tuple[str, str, int]:
        token = self._peek()
        self._next += 1
        return token

    def _error(self, message: str, at: int) -> BadSpelling:
        return BadSpelling(self._text, f"{message} (column {at + 1})", _EXAMPLE)
