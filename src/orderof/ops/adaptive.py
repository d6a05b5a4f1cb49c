"""Adaptive pooling for every size, also one that the number of parts does not divide.

Part i of P looks at the places from floor(i*n/P) up to ceil((i+1)*n/P) of n, so that two parts
share a place wherever P does not divide i*n. Together the parts look at

    n + P - gcd(n, P)  =  n + sum of  phi(q) * min(1, n mod q)  over the divisors q > 1 of P

places, and at ceildiv(that, P) in the largest part. Averages of sizes that divide are the case
without a remainder: `pool.adaptive_avg_pool` has the same counts there.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from orderof.counts import Counts, Kind
from orderof.errors import ShapeMismatch
from orderof.ir.forms import Irregular
from orderof.ir.graph import Type
from orderof.ops.define import irregular
from orderof.sym import ONE, Expr, ceildiv, ceillog2, expr, minimum, mod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads
    from orderof.sym import Size

_PARTS = "torch.nn.AdaptiveAvgPool2d: part i of P is floor(i*n/P) .. ceil((i+1)*n/P) - 1"


def looked_at(n: Expr, parts: int) -> Expr:
    """Count the places that all parts of a dimension look at; a place of two parts counts twice."""
    steps = Counter(parts // math.gcd(i, parts) for i in range(1, parts))
    return Expr.sum([n, *(count * minimum(1, mod(n, q)) for q, count in sorted(steps.items()))])


def _plan(x: Type, *, size: tuple[int, ...]) -> tuple[Irregular, tuple[Type]]:
    """Add up each part, then divide it by the number of its places."""
    out, steps, tree = _joined(x, size)
    counts = Counts({(Kind.ADD, x.dtype): steps, (Kind.DIV, x.dtype): out.size})
    return Irregular(counts, ONE + tree, (x.size,), (out.size,), _PARTS), (out,)


def _joined(x: Type, size: tuple[int, ...]) -> tuple[Type, Expr, Expr]:
    """Give what the parts make, the steps that join all of each, and the longest tree of them."""
    if len(size) != len(x.shape) - 2:
        raise ShapeMismatch(str(x), f"is not cut into {len(size)} dimensions of parts")
    lead = x.shape[:2]
    out = Type((*lead, *map(expr, size)), x.dtype)
    seen = [looked_at(n, parts) for n, parts in zip(x.shape[2:], size, strict=True)]
    trees = (ceillog2(ceildiv(n, parts)) for n, parts in zip(seen, size, strict=True))
    return out, Expr.prod((*lead, *seen)) - out.size, Expr.sum(trees)


def _gradient_plan(g: Type, *, shape: tuple[Size, ...]) -> tuple[Irregular, tuple[Type]]:
    """Divide each gradient once; what meets in one place is added up."""
    out = Type(tuple(map(expr, shape)), g.dtype)
    sizes = [parts.at() for parts in g.shape[2:]]
    seen = [looked_at(n, parts) for n, parts in zip(out.shape[2:], sizes, strict=True)]
    adds = Expr.prod((*out.shape[:2], *seen)) - out.size
    counts = Counts({(Kind.ADD, g.dtype): adds, (Kind.DIV, g.dtype): g.size})
    # In every dimension the most parts that a place belongs to: as places, with n and P exchanged.
    meet = (ceillog2(ceildiv(n, old)) for n, old in zip(seen, out.shape[2:], strict=True))
    return Irregular(counts, Expr.sum([ONE, *meet]), (g.size,), (out.size,), _PARTS), (out,)


def _vjp(b: Builder, node: Node, gs: Sequence[Value | None], _: Sequence[bool]) -> Grads:
    if (g := gs[0]) is None:
        return (None,)
    return (adaptive_mean_gradient(b, g, shape=node.operands[0].shape),)


adaptive_mean = irregular("adaptive_mean", _plan, source=_PARTS, vjp=_vjp)
adaptive_mean_gradient = irregular("adaptive_mean_gradient", _gradient_plan, source=_PARTS)


def _max_plan(x: Type, *, size: tuple[int, ...]) -> tuple[Irregular, tuple[Type]]:
    """Take the largest of each part."""
    out, steps, tree = _joined(x, size)
    counts = Counts.of(Kind.MAX, x.dtype, steps)
    return Irregular(counts, tree, (x.size,), (out.size,), _PARTS), (out,)


def _max_gradient_plan(x: Type, g: Type) -> tuple[Irregular, tuple[Type]]:
    """Add each gradient at the first largest of its part, into a zeroed image."""
    sizes = [parts.at() for parts in g.shape[2:]]
    meet = [ceildiv(looked_at(n, p), n) for n, p in zip(x.shape[2:], sizes, strict=True)]
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    chain = ceillog2(Expr.prod(meet) + 1)
    return Irregular(counts, chain, (x.size, g.size), (x.size,), _PARTS), (x,)


def _max_vjp(b: Builder, node: Node, gs: Sequence[Value | None], _: Sequence[bool]) -> Grads:
    if (g := gs[0]) is None:
        return (None,)
    return (adaptive_max_gradient(b, node.operands[0], g),)


adaptive_max = irregular("adaptive_max", _max_plan, source=_PARTS, vjp=_max_vjp)
adaptive_max_gradient = irregular("adaptive_max_gradient", _max_gradient_plan, source=_PARTS)
