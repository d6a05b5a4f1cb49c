"""Rows for random numbers, of any distribution, and for what is chosen by them.

A random number is one operation whatever its distribution, as whatever generator makes it. k of n
places, with numbers p that say how likely each is, are drawn as ATen does (Distributions.cpp and
cpu/MultinomialKernel.cpp), without its check of what it is given:

    k = 1         the place of the largest p / q, with n numbers q of the exponential distribution
    no place twice              the k places where p / q is largest, in order
    with replacement            sums of all p so far, divided by the last, and k times a number
                                between 0 and 1, whose place among the sums is found by halving
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.frontends.torch.rows_place import largest
from orderof.ir.graph import Value
from orderof.ops import elementwise as e
from orderof.ops.random import bernoulli, permutation, uniform
from orderof.ops.reduce import argmax, cumsum
from orderof.ops.shape import slice_
from orderof.ops.sort import search
from orderof.sym import ONE

if TYPE_CHECKING:
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering


def coin(low: Lowering, x: Value, p: float = 0.5, **_: Any) -> Any:
    """Fill with 0 and 1 at random."""
    return bernoulli(low.b, shape=x.shape, dtype=x.dtype, p=p)


def rand(low: Lowering, *_: Any, **__: Any) -> Any:
    """Fill with random numbers."""
    t = low.types()[0]
    return uniform(low.b, shape=t.shape, dtype=t.dtype)


def normal(low: Lowering, mean: Any, deviation: Any = 1.0, *_: Any, **__: Any) -> Any:
    """Draw numbers; where tensors say around what and how far, they are moved and stretched."""
    assert low.call is not None  # noqa: S101 - rows run within a call
    drawn = rand(low)
    match low.call.name.rpartition(".")[2]:
        case "Tensor_Tensor" | "float_Tensor":
            wide = e.mul(low.b, drawn, deviation)
            held = isinstance(mean, Value)
            return e.add(low.b, wide, mean) if held else e.shift(low.b, wide, by=mean)
        case "Tensor_float":
            return e.add(low.b, drawn, mean)
        case _:
            return drawn


def chosen(low: Lowering, p: Value, many: Any, again: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002
    """Draw so many places of the last dimension."""
    t, rank = low.types()[0], len(p.shape)
    if not again or t.shape[-1] == ONE:
        keys = e.div(low.b, p, uniform(low.b, shape=p.shape, dtype=p.dtype))
        if t.shape[-1] == ONE:
            return argmax(low.b, keys, axis=rank - 1, keep=True)
        return largest(low, keys, many)[1]
    sums, n = cumsum(low.b, p, axis=rank - 1), p.shape[-1]
    last = slice_(low.b, sums, axis=rank - 1, start=n - 1, stop=n)
    drawn = uniform(low.b, shape=t.shape, dtype=p.dtype)
    return search(low.b, e.div(low.b, sums, last), drawn)


def shuffled(low: Lowering, *_: Any, **__: Any) -> Any:
    """Give the whole numbers below n in any order."""
    t = low.types()[0]
    return permutation(low.b, n=t.shape[0], dtype=t.dtype)


_DRAWN = (
    "rand", "rand_like", "randn", "randn_like", "randint", "randint_like", "uniform", "random",
    "exponential", "geometric", "cauchy", "log_normal", "poisson", "binomial",
)  # fmt: skip

ROWS: dict[str, Row] = {
    **dict.fromkeys(_DRAWN, rand),
    "bernoulli": coin,
    "normal": normal,
    "multinomial": chosen,
    "randperm": shuffled,
}
