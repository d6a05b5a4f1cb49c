"""What model types take, or need beyond the general rules: data, read and filled in.

    [TYPE]
    like = "OTHER"                         what another type has, where nothing else is said here
    config = { prediction_length = 24 }    for a default configuration that cannot be built or run
    inputs = ["past_values: float32[B=1, S={context_length}]"]
    note = "counted without ..."           what the result says about these inputs; of diffusers,
                                           where what is set comes from

In braces stands what is computed from the configuration: its attributes, paths and places of them
(`vision_config.image_size[0]`), whole numbers, `+ - * //`, `min max prod len`, `A or B` where A may
be None, `first` and `last` of what may be one number, and `grid(h, w)`, the column and row of every
patch. `{{` is a brace. An input that ends with `if A` is left out where A is None, 0 or false.
Nothing here needs torch.
"""

import ast
import functools
import math
import operator
import string
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from orderof.errors import BadSpelling


@dataclass(frozen=True, slots=True)
class Entry:
    """What is set in the configuration, and the inputs, with sizes in braces."""

    config: dict[str, Any] = field(default_factory=dict[str, Any])
    inputs: tuple[str, ...] = ()
    note: str = ""


def entry(kind: str, library: str = "transformers") -> Entry:
    """What a model type needs; an empty one where it is left to the general rules."""
    table = _table(library)
    found = table.get(kind, {})
    whole = {**table.get(found.get("like", ""), {}), **found}
    return Entry(whole.get("config", {}), tuple(whole.get("inputs", ())), whole.get("note", ""))


@functools.cache
def _table(library: str) -> dict[str, Any]:
    file = resources.files(__package__ or "").joinpath(f"{library}.toml")
    return tomllib.loads(file.read_text("utf-8"))


def kinds(library: str) -> list[str]:
    """The model types of a library that have an entry."""
    return list(_table(library))


def given(
    specs: Iterable[str], config: object, names: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Those of some inputs that a configuration asks for, in its sizes.

    >>> from types import SimpleNamespace as Config
    >>> list(given(["x: float32[{n}]", "y: int64[1] < {m} if m"], Config(n=3, m=None)))
    ['x: float32[3]']
    """
    for spec in specs:
        text, _, wanted = spec.partition(" if ")
        if not wanted or _size(spec, wanted, config, names or {}):
            yield filled(text, config, names)


def filled(text: str, config: object, names: Mapping[str, Any] | None = None) -> str:
    """Write the sizes into an input; `names` go before the attributes of the configuration.

    >>> from types import SimpleNamespace as Config
    >>> filled("x: {dtype}[B=1, {2 * size[0]}]", Config(size=[8, 4]), {"dtype": "float16"})
    'x: float16[B=1, 16]'
    """

    def size(what: str) -> str:
        found = _size(text, what, config, names or {})
        if found is None:
            raise _no_value(text, what, "it is None")
        return str(found)

    parts = string.Formatter().parse(text)
    return "".join(fixed + ("" if what is None else size(what)) for fixed, what, *_ in parts)


def _size(text: str, what: str, config: object, names: Mapping[str, Any]) -> Any:
    def named(name: str) -> Any:
        return names[name] if name in names else getattr(config, name)

    try:
        return _value(ast.parse(what.strip(), mode="eval").body, named)
    except (SyntaxError, AttributeError, LookupError, TypeError, ArithmeticError) as error:
        raise _no_value(text, what, str(error)) from error


def _value(node: ast.AST, named: Callable[[str], Any]) -> Any:
    match node:
        case ast.Constant(value=int(n)):
            return n
        case ast.Name(id=name):
            return named(name)
        case ast.Attribute(value=owner, attr=name):
            return getattr(_value(owner, named), name)
        case ast.Subscript(value=row, slice=place):
            return _value(row, named)[_value(place, named)]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, named)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left, named), _value(right, named))
        case ast.BoolOp(op=ast.Or(), values=values):
            found = (_value(one, named) for one in values)
            return next((value for value in found if value is not None), None)
        case ast.Call(func=ast.Name(id=name), args=args) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(arg, named) for arg in args))
        case _:
            raise SyntaxError("it is no size")


def _no_value(text: str, what: str, why: str) -> BadSpelling:
    return BadSpelling(text, f"{{{what}}} has no value here: {why}", "describe inputs by --input")


def _grid(height: int, width: int) -> list[int]:
    return [n for row in range(height) for column in range(width) for n in (column, row)]


def _first(size: Any) -> Any:
    return size[0] if isinstance(size, list | tuple) else size


def _last(size: Any) -> Any:
    return size[-1] if isinstance(size, list | tuple) else size


_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "len": len,
    "first": _first,
    "last": _last,
    "prod": math.prod,
    "grid": _grid,
}
