"""The sizes for which a formula holds, where it does not hold for all."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from orderof.errors import BadSpelling

_CONDITION = re.compile(r"(\w+) (?:% (\d+) == 0|>= (\d+)|<= (\d+))")


@dataclass(frozen=True, slots=True)
class Range:
    """A size is a multiple of one number, and lies between two others.

    >>> Range(multiple=32, most=512).text("H")
    ('H % 32 == 0', 'H <= 512')
    >>> Range(multiple=32).holds(100)
    False
    """

    multiple: int = 1
    least: int = 1
    most: int | None = None

    def holds(self, n: int) -> bool:
        """Whether a size is in it."""
        return n % self.multiple == 0 and n >= self.least and (self.most is None or n <= self.most)

    def __and__(self, other: Range) -> Range:
        """Give the sizes that are in both.

        >>> Range(multiple=4, most=512) & Range(multiple=6, least=10)
        Range(multiple=12, least=10, most=512)
        """
        most = min((r.most for r in (self, other) if r.most is not None), default=None)
        return Range(math.lcm(self.multiple, other.multiple), max(self.least, other.least), most)

    def text(self, name: str) -> tuple[str, ...]:
        """Write it for a size of some name, as Python conditions."""
        found: list[str] = []
        if self.multiple > 1:
            found.append(f"{name} % {self.multiple} == 0")
        if self.least > 1:
            found.append(f"{name} >= {self.least}")
        if self.most is not None:
            found.append(f"{name} <= {self.most}")
        return tuple(found)

    def narrowed(self, condition: str) -> tuple[str, Range]:
        """Read one condition, as `text` writes it: the name, and this range within it.

        >>> Range().narrowed("H % 32 == 0")
        ('H', Range(multiple=32, least=1, most=None))
        """
        match = _CONDITION.fullmatch(condition.strip())
        if not match:
            raise BadSpelling(condition, "is no condition on a size", "write H % 32 == 0, S <= 512")
        name, *numbers = match.groups()
        multiple, least, most = (int(n) if n else None for n in numbers)
        return name, Range(multiple or self.multiple, least or self.least, most or self.most)
