"""A sum with fractions, and with quotients, as an Expr that is an integer where its value is one.

Every term of an Expr has to be an integer by itself. Where those of a sum are not, it is written as

    a*floordiv(b/a, 2)          for b/2, if b/a is even: the half of a head's width
    floordiv(L**2 + L, 2)       for L**2/2 + L/2
    floordiv(a + b, c)          for a/c + b/c

in this order, the first that has the right value wherever it is known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from orderof.errors import Indivisible
from orderof.sym.expr import Atom, Expr, Mono, symbol
from orderof.sym.functions import floordiv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from fractions import Fraction

    Terms = Mapping[Mono, Fraction]


def written(
    terms: Terms,
    pairs: Sequence[tuple[str, str]],
    known: Sequence[tuple[Mapping[str, int], int]],
) -> Expr:
    """Write a sum; `pairs` are letters of which the first divides the second.

    >>> from fractions import Fraction
    >>> half = {(("d", 1),): Fraction(1, 2)}
    >>> written(half, [("h", "d")], [({"h": 3, "d": 12}, 6)])
    Expr(h*floordiv(d/h, 2))
    >>> written(half, [("h", "d")], [({"h": 3, "d": 12}, 6), ({"h": 2, "d": 2}, 1)])
    Expr(floordiv(d, 2))
    """
    if all(c.denominator == 1 and all(k > 0 for _, k in mono) for mono, c in terms.items()):
        return Expr({mono: int(c) for mono, c in terms.items()})
    *ways, last = _ways(terms, pairs)
    return next((e for e in ways if all(_at(e, n) == value for n, value in known)), last)


def _at(e: Expr, sizes: Mapping[str, int]) -> int | None:
    try:
        return e.at(sizes)
    except Indivisible:
        return None


def _ways(terms: Terms, pairs: Sequence[tuple[str, str]]) -> Iterator[Expr]:
    below = math.lcm(*(c.denominator for c in terms.values()))
    for a, b in pairs if below > 1 else ():
        found = _halved(terms, a, b, below)
        if found is not None:
            yield found
    above = Expr({mono: int(c * below) for mono, c in terms.items()})
    yield floordiv(above, below)
    least: defaultdict[Atom, int] = defaultdict(int)
    for mono in terms:
        for atom, k in mono:
            least[atom] = min(least[atom], k)
    common = Expr.prod(Expr({((atom, -k),): 1}) for atom, k in least.items() if k)
    yield floordiv(above * common, common * below)


def _halved(terms: Terms, a: str, b: str, below: int) -> Expr | None:
    """Put a * below * floordiv(b/a, below) for one b of each term with a fraction."""
    whole = symbol(a) / symbol(b) * floordiv(symbol(b) / symbol(a), below)
    found: list[Expr] = []
    for mono, c in terms.items():
        if c.denominator == 1:
            found.append(Expr({mono: int(c)}))
        elif dict(mono).get(b, 0) > 0:
            found.append(Expr({mono: int(c * below)}) * whole)
        else:
            return None
    return Expr.sum(found)
