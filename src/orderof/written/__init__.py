"""Mathematics as somebody writes it down, before anything is simplified.

An Expr is canonical: `B*n*(m - 1)` is `B*m*n - B*n` to it, and the step between them is gone. Here
a product stays a product, and `Equal` holds that what it puts side by side is equal.

>>> from orderof.sym import ONE, symbols
>>> B, m, n = symbols("B m n")
>>> print(worth(Product((B, n, Total((m, -ONE))))))
B*m*n - B*n
"""

from __future__ import annotations

from dataclasses import dataclass

from orderof.errors import VerifyError
from orderof.sym import Expr


@dataclass(frozen=True, slots=True)
class Word:
    """A number or a name that is no size: 1e-05, a learning rate."""

    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a tensor; without indices the whole of it."""

    name: str
    index: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Apply:
    """A scalar function of what it is applied to; `infix` is its sign where it has one."""

    fn: str
    args: tuple[Written, ...]
    infix: str = ""


@dataclass(frozen=True, slots=True)
class Reduced:
    """A sum or a maximum over indices."""

    fn: str
    over: tuple[str, ...]
    body: Written


@dataclass(frozen=True, slots=True)
class Product:
    """Factors of a count."""

    factors: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """Terms of a count."""

    terms: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Equal:
    """What is equal, from left to right; raises `VerifyError` where counts are not."""

    sides: tuple[Written, ...]

    def __post_init__(self) -> None:
        """Hold the sides that are counts to one another."""
        values = dict.fromkeys(v for v in map(worth, self.sides) if v is not None)
        if len(values) > 1:
            raise VerifyError(" = ".join(map(str, values)), "does not hold", "please report it")


Written = Expr | Word | Entry | Apply | Reduced | Product | Total | Equal


def worth(w: Written) -> Expr | None:
    """Simplify a count; None for what is none."""
    match w:
        case Expr():
            return w
        case Product(factors):
            found = [worth(f) for f in factors]
            return None if None in found else Expr.prod(f for f in found if f is not None)
        case Total(terms):
            found = [worth(t) for t in terms]
            return None if None in found else Expr.sum(t for t in found if t is not None)
        case _:
            return None
