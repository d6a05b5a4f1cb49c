"""What a neural network costs, and how that cost grows."""

from typing import TYPE_CHECKING, Any

from orderof.api import analyze, derive, explain, gradients, spans
from orderof.errors import Error, UnknownOperator
from orderof.ops.rules import rule
from orderof.result import Cost, Formula, Result

if TYPE_CHECKING:
    from orderof.comparison import compare
    from orderof.expectation import expect
    from orderof.families import family
    from orderof.generation import generate

__all__ = [
    "Cost",
    "Error",
    "Formula",
    "Result",
    "UnknownOperator",
    "analyze",
    "compare",
    "derive",
    "expect",
    "explain",
    "family",
    "generate",
    "gradients",
    "rule",
    "spans",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562: imported when it is asked for
    if name == "compare":
        from orderof.comparison import compare

        return compare
    if name == "expect":
        from orderof.expectation import expect

        return expect
    if name == "family":
        from orderof.families import family

        return family
    if name == "generate":
        from orderof.generation import generate

        return generate
    raise AttributeError(name)
