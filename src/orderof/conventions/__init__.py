"""Conventions: named ways to make one number of Counts.

`orderof` counts every scalar operation; `macs` one and `flops` two for each multiply-add of a
contraction, and nothing else, which is what the field calls FLOPs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling

if TYPE_CHECKING:
    from collections.abc import Callable

    from orderof.counts import Counts
    from orderof.sym import Expr


@dataclass(frozen=True, slots=True)
class Convention:
    """A name, what it counts in one line, and how."""

    name: str
    about: str
    total: Callable[[Counts], Expr]


CONVENTIONS = {
    c.name: c
    for c in (
        Convention("orderof", "every scalar operation of every kind", lambda c: c.ops()),
        Convention("macs", "multiply-adds of contractions", lambda c: c.macs()),
        Convention("flops", "2 for each multiply-add of a contraction", lambda c: 2 * c.macs()),
    )
}


def convention(name: str) -> Convention:
    """Find a convention by name; raises `BadSpelling`."""
    try:
        return CONVENTIONS[name]
    except KeyError:
        known = ", ".join(CONVENTIONS)
        raise BadSpelling(name, "is no convention known here", f"use one of {known}") from None
