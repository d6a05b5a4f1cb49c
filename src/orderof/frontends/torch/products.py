"""Products of sizes: a trace has x.shape[0] * heads as an operation, and some tools count it.

While a model is recorded, what it asks for a shape gives numbers that know what they are made of.
They are numbers all the same. A product counts where what is made of it first reaches a function
of torch, as an argument: one that decides or ends in Python is none of a trace. Of 0.5 * size
nothing is seen, as Python asks the float alone; of size * 0.5 it is.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Number = int | float


class _Made:
    """How a number was made."""

    __slots__ = ("parts", "product", "reached")

    def __init__(self, parts: tuple[_Made, ...] = (), *, product: bool = False) -> None:
        self.parts = parts
        self.product = product
        self.reached = False


class Size(int):
    """A size of a tensor, or a whole number that was computed of such."""

    made: _Made


class Ratio(float):
    """A number that was computed of sizes and is not whole."""

    made: _Made


def sizes(shape: Iterable[int]) -> list[Size]:
    """Give sizes of a tensor as numbers that are followed."""
    return [_followed(n, _Made()) for n in shape]


def reached(args: Iterable[Any], kwargs: Mapping[str, Any]) -> int:
    """Count the products that arguments are made of and that reached no function before."""
    found = sum(map(_reached, args))
    return found + sum(map(_reached, kwargs.values())) if kwargs else found


def _reached(value: Any) -> int:
    kind = type(value)
    if kind is Size or kind is Ratio:
        return _fresh(value.made)
    if issubclass(kind, list | tuple):
        return sum(map(_reached, value))
    if kind is slice:
        return _reached((value.start, value.stop, value.step))
    return 0


def _fresh(made: _Made) -> int:
    found, waiting = 0, [made]
    while waiting:
        made = waiting.pop()
        if not made.reached:
            made.reached = True
            found += made.product
            waiting += made.parts
    return found


def _followed(value: Any, made: _Made) -> Any:
    found = Size(value) if isinstance(value, int) else Ratio(value)
    found.made = made
    return found


def _plain(value: Any) -> Any:
    match value:
        case Size():
            return int.__int__(value)
        case Ratio():
            return float.__float__(value)
        case _:
            return value


_NUMBERS = frozenset({int, float, bool, Size, Ratio})


def _method(do: Callable[[Any, Any], Any], *, swapped: bool) -> Callable[[Any, Any], Any]:
    product = do is operator.mul

    def method(self: Any, other: Any, by: Any = None) -> Any:
        if type(other) not in _NUMBERS:  # numpy's are floats too, and make their own
            return NotImplemented
        if by is not None:
            return pow(_plain(self), _plain(other), _plain(by))
        one, two = (other, self) if swapped else (self, other)
        found = do(_plain(one), _plain(two))
        if not isinstance(found, Number):
            return found  # a power that is a complex number
        parts = tuple(v.made for v in (one, two) if isinstance(v, Size | Ratio))
        return _followed(found, _Made(parts, product=product))

    return method


def _negative(self: Any) -> Any:
    return _followed(-_plain(self), _Made((self.made,)))


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    for _kind in (Size, Ratio):
        setattr(_kind, f"__{_name}__", _method(getattr(operator, _name), swapped=False))
        setattr(_kind, f"__r{_name}__", _method(getattr(operator, _name), swapped=True))
Size.__neg__ = Ratio.__neg__ = _negative
