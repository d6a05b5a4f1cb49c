"""Random numbers, and dropout (Srivastava et al. 2014) as eager frameworks run it on a CPU.

noise = bernoulli(1 - p) / (1 - p);   y = x * noise
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import composite, irregular
from orderof.ops.elementwise import mul, shrink
from orderof.sym import ONE, Size, expr, minimum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads

_RNG = "one random number for each element, whatever the generator costs"
_COIN = "one random number and one comparison for each element"


def _uniform(*, shape: tuple[Size, ...], dtype: str) -> tuple[Irregular, tuple[Type]]:
    out = Type(tuple(map(expr, shape)), dtype)
    counts = Counts.of(Kind.RNG, dtype, out.size)
    return Irregular(counts, ONE, (), (out.size,), _RNG), (out,)


def _bernoulli(*, shape: tuple[Size, ...], dtype: str, p: float) -> tuple[Irregular, tuple[Type]]:
    del p
    out = Type(tuple(map(expr, shape)), dtype)
    counts = Counts({(Kind.RNG, dtype): out.size, (Kind.CMP, dtype): out.size})
    return Irregular(counts, expr(2), (), (out.size,), _COIN), (out,)


def _permutation(*, n: Size, dtype: str) -> tuple[Irregular, tuple[Type]]:
    """Exchange each place but the last with one drawn of those from it on."""
    out = Type((expr(n),), dtype)
    counts = Counts.of(Kind.RNG, dtype, out.size - 1)
    return Irregular(counts, minimum(ONE, out.size - 1), (), (out.size,), _SHUFFLE), (out,)


_SHUFFLE = "n - 1 random numbers, Fisher & Yates in Knuth, TAOCP vol. 2, section 3.4.2, algorithm P"
permutation = irregular("permutation", _permutation, source=_SHUFFLE)
"""The whole numbers below n in any order; all random numbers may be drawn at once."""
uniform = irregular("uniform", _uniform, source=_RNG)
bernoulli = irregular("bernoulli", _bernoulli, source=_COIN)


def _dropout_vjp(b: Builder, node: Node, gs: Sequence[Value], _: object) -> Grads:
    return (mul(b, gs[0], node.results[1]),)


@composite("dropout", vjp=_dropout_vjp, source="Srivastava et al. 2014, JMLR 15")
def dropout(b: Builder, x: Value, *, p: float) -> tuple[Value, Value]:
    """Give (y, noise); noise is 0 or 1 / (1 - p)."""
    noise = shrink(b, bernoulli(b, shape=x.shape, dtype=x.dtype, p=1 - p), by=1 - p)
    return mul(b, x, noise), noise
