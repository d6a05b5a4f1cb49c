"""Functions of torch over a changed copy of their globals; torch's own are left as they are."""

from collections.abc import Mapping
from types import FunctionType
from typing import Any

_CHECKS = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")


def body_of(function: Any) -> Any:
    """A Python function of torch that does not offer itself to the function modes again.

    It is a new function over a changed copy of its globals; torch's own is left as it is.
    """
    return over(function, {name: _never for name in _CHECKS if name in function.__globals__})


def over(function: Any, changed: Mapping[str, Any]) -> Any:
    """A Python function over a changed copy of its globals."""
    body = FunctionType(
        function.__code__,
        {**function.__globals__, **changed},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    body.__kwdefaults__ = function.__kwdefaults__
    return body


def _never(*args: object) -> bool:
    return False
