"""Muon: momentum, made orthogonal by products of matrices. As torch.optim.Muon runs it.

Jordan et al. 2024, Muon: An optimizer for hidden layers in neural networks. With X the momentum
over its norm, in bfloat16, r x c and r <= c, each of five steps is

    A = X X^T;   X' = a*X + (b*A + c*A A) X         2 r^2 c + r^3 multiply-adds

A matrix with more rows than columns is transposed before and after: `oriented` does it where sizes
are letters, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.errors import ShapeMismatch
from orderof.ir.graph import Type
from orderof.ops.contract import matmul
from orderof.ops.define import composite, view
from orderof.ops.elementwise import add, cast, div, max_of, mul, root, scale
from orderof.ops.optim import averaged, plus_scaled
from orderof.ops.reduce import sum_over
from orderof.ops.shape import fill, permute
from orderof.sym import Size, expr, maximum, minimum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads

STEPS = 5
_MATRIX = 2


def _oriented(x: Type, *, shape: tuple[Size, ...]) -> Type:
    return Type(tuple(map(expr, shape)), x.dtype)


def _oriented_vjp(b: Builder, node: Node, gs: Sequence[Value], _: object) -> Grads:
    return (oriented(b, gs[0], shape=node.operands[0].shape),)


oriented = view("oriented", _oriented, _oriented_vjp)
"""A matrix, or its transpose where its sides are those of `shape` the other way round."""


@composite("muon", source="Jordan et al. 2024, Muon; torch.optim.Muon")
def muon(
    b: Builder,
    p: Value,
    g: Value,
    m: Value,
    *,
    lr: float = 1e-3,
    weight_decay: float = 0.1,
    momentum: float = 0.95,
    nesterov: bool = True,
    eps: float = 1e-7,
) -> tuple[Value, Value]:
    """Give (p', momentum buffer') of a matrix; raises `ShapeMismatch` for anything else."""
    if len(p.shape) != _MATRIX:
        raise ShapeMismatch(str(p.type), "is no matrix", "muon updates matrices only")
    m = averaged(b, m, g, momentum)
    towards = averaged(b, g, m, 1 - momentum) if nesterov else m
    change = cast(b, _orthogonal(b, towards, eps), dtype=p.dtype)
    if weight_decay:
        p = scale(b, p, by=1 - lr * weight_decay)
    return plus_scaled(b, p, change, -lr), m


def _orthogonal(b: Builder, g: Value, eps: float) -> Value:
    a, linear, square = 3.4445, -4.7750, 2.0315
    x = cast(b, g, dtype="bfloat16") if g.dtype != "bfloat16" else g
    x = oriented(b, x, shape=(minimum(*g.shape), maximum(*g.shape)))
    norm = root(b, sum_over(b, mul(b, x, x), dims=(0, 1)))
    x = div(b, x, max_of(b, norm, fill(b, shape=(), dtype=x.dtype, value=eps)))
    for _ in range(STEPS):
        gram = matmul(b, x, permute(b, x, order=(1, 0)))
        change = add(b, scale(b, gram, by=linear), scale(b, matmul(b, gram, gram), by=square))
        x = add(b, scale(b, x, by=a), matmul(b, change, x))
    return oriented(b, x, shape=g.shape)
