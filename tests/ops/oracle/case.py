"""One application of an operator: operand types with letters, their sizes, attributes, values."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from orderof.ir.build import Builder
from orderof.sym import Expr, expr, symbol

NUMPY = {"bool": np.bool_, "int64": np.int64, "int32": np.int64, "uint8": np.int64}
"""Every float is computed in float64."""


@dataclass(frozen=True)
class Operand:
    """An operand: dims are Exprs of the case's letters, `values` says which numbers it holds.

    real        distinct, in -2 .. 2         wide       distinct, in -4.5 .. 4.5
    positive    distinct, in 0.4 .. 2.4      digits     -1, 0 and 1, with repetitions
    index       integers below `bound`       keep       booleans with a true one in every row
    """

    dims: tuple = ()
    values: str = "real"
    dtype: str = "float32"
    bound: Any = 1


@dataclass(frozen=True)
class Case:
    """An operator applied: `reference` is (torch, *tensors) -> the first results, or None."""

    operands: tuple
    env: dict
    attrs: dict = field(default_factory=dict)
    reference: Callable | None = None
    seed: int = 0
    smooth: tuple | None = None
    """Which operands have a derivative; None for all that are floats."""
    law: Callable | None = None
    """(arrays, results) -> None; raises where what the operator promises does not hold."""
    adjust: Callable | None = None
    """arrays -> arrays, for operands that depend on one another."""

    def at_numbers(self):
        """Give the same case with integers for letters."""
        operands = tuple(replace(o, dims=concrete(o.dims, self.env)) for o in self.operands)
        return replace(self, operands=operands, attrs=concrete(self.attrs, self.env))

    def arrays(self):
        """Give the values of the operands."""
        rng = np.random.default_rng(self.seed)
        shapes = [concrete(o.dims, self.env) for o in self.operands]
        found = [
            _array(*pair, i, rng) for i, pair in enumerate(zip(self.operands, shapes, strict=True))
        ]
        return self.adjust(found) if self.adjust else found

    def differentiable(self):
        """List the operands that have a derivative."""
        if self.smooth is not None:
            return self.smooth
        floats = ("wide", "real", "positive")
        return tuple(i for i, o in enumerate(self.operands) if o.values in floats)


def concrete(x, env):
    """Put numbers for letters, in tuples and dictionaries too."""
    match x:
        case Expr():
            return x.at(env)
        case tuple():
            return tuple(concrete(y, env) for y in x)
        case dict():
            return {k: concrete(v, env) for k, v in x.items()}
        case _:
            return x


def _array(operand, shape, i, rng):
    n = int(np.prod(shape))
    match operand.values:
        case "digits":
            found = rng.integers(-1, 2, n)
        case "index":
            found = rng.integers(0, concrete(operand.bound, {}), n)
        case "keep":
            found = rng.random(n) < 0.5
            found.reshape(-1, shape[-1] if shape else 1)[:, 0] = True
        case _:
            # A shuffled grid, moved a little for every operand: no two numbers are the same.
            grid = (rng.permutation(n) - n // 2 + 0.37) / max(n, 1)
            scale, shift = {"real": (4, 0), "wide": (9, 0), "positive": (2, 1.4)}[operand.values]
            found = scale * grid + shift + i * 2**0.5 / 100
    return found.reshape(shape).astype(NUMPY.get(operand.dtype, np.float64))


def letters(names, low=1, high=4):
    """Draw a size for each of some letters; gives {letter: int}."""
    return st.fixed_dictionaries({n: st.integers(low, high) for n in names.split()})


def dims(text):
    """Read `B 3 2*C` as dims."""
    from orderof.sym import parse

    return tuple(expr(int(t)) if t.isdecimal() else parse(t) for t in text.split())


def operand(text="", values="real", dtype=None, bound=1):
    """Declare an operand by the text of its dims."""
    default = {"index": "int64", "keep": "bool"}.get(values, "float32")
    found = dims(text) if isinstance(text, str) else tuple(text)
    return Operand(found, values, dtype or default, bound)


def build(op, case):
    """Apply an operator; gives (builder, node)."""
    b = Builder()
    values = [b.input(f"x{i}", o.dtype, *o.dims) for i, o in enumerate(case.operands)]
    op(b, *values, **case.attrs)
    (node,) = b.nodes
    return b, node


SEEDS = st.integers(0, 2**16)
LETTER = {name: symbol(name) for name in ("B", "C", "S", "H", "W", "T", "n", "m", "k", "g")}
