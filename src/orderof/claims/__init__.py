"""Claims that people meet about the cost of networks, held against counts and measurements.

To add one: a function with `@claim` in a file of this package, named in `FILES`.
"""

from __future__ import annotations

from importlib import import_module

from orderof.claims.types import CLAIMS, Answer, Claim, Verdict
from orderof.errors import BadSpelling

FILES = ("essay", "networks", "backward", "training", "cheaper", "parallel")
__all__ = ["FILES", "Answer", "Claim", "Verdict", "claims"]


def claims(names: tuple[str, ...] = ()) -> tuple[Claim, ...]:
    """Give all claims, or those that are named; raises `BadSpelling` for one that there is not."""
    for file in FILES:
        import_module(f"orderof.claims.{file}")
    for name in names:
        if name not in CLAIMS:
            raise BadSpelling(name, "is no claim", f"they are {', '.join(CLAIMS)}")
    order = {f"orderof.claims.{file}": i for i, file in enumerate(FILES)}
    ordered = sorted(CLAIMS.values(), key=lambda c: order[c.answer.__module__])
    return tuple(c for c in ordered if not names or c.name in names)
