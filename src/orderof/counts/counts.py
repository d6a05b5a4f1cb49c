"""Counts: how many operations of each kind, in each dtype, as exact formulas.

>>> from orderof.sym import symbol
>>> c = Counts.of("mul", "float32", 6) + Counts.of("exp", "float32", 2)
>>> (c * symbol("B")).ops()
Expr(8*B)
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from orderof.counts.kinds import Kind
from orderof.sym import ONE, ZERO, Expr, Size, expr, maximum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Key = tuple[Kind, str]


class Counts:
    """A frozen map (kind, dtype) -> Expr without zeros. It adds, and it scales by an Expr."""

    __slots__ = ("_map",)

    _map: dict[Key, Expr]

    def __init__(self, items: Mapping[Key, Size] | None = None) -> None:
        """Take any mapping; zeros are dropped."""
        self._map = {k: expr(n) for k, n in (items or {}).items() if n != 0}

    @staticmethod
    def of(kind: Kind | str, dtype: str, n: Size = 1) -> Counts:
        """Give n operations of one kind."""
        return Counts({(Kind(kind), dtype): n})

    @staticmethod
    def sum(items: Iterable[Counts]) -> Counts:
        """Add many at once, linear in the number of entries."""
        parts: defaultdict[Key, list[Expr]] = defaultdict(list)
        for item in items:
            for key, n in item._map.items():
                parts[key].append(n)
        return Counts({k: ns[0] if len(ns) == 1 else Expr.sum(ns) for k, ns in parts.items()})

    @staticmethod
    def dot(items: Iterable[tuple[Counts, Expr]]) -> Counts:
        """Give the sum of counts * trips: a weighted sum, where most weights are 1."""
        return Counts.sum(c if n == ONE else c * n for c, n in items)

    @staticmethod
    def most(items: Iterable[Counts]) -> Counts:
        """Give the greatest number of each kind."""
        found = list(items)
        keys = dict.fromkeys(key for item in found for key in item._map)
        return Counts({key: maximum(*(item[key] for item in found)) for key in keys})

    def __iter__(self) -> Iterator[tuple[Key, Expr]]:
        return iter(sorted(self._map.items()))

    def __len__(self) -> int:
        return len(self._map)

    def __getitem__(self, key: Key) -> Expr:
        return self._map.get(key, ZERO)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counts) and self._map == other._map

    def __hash__(self) -> int:
        return hash(frozenset(self._map.items()))

    def __add__(self, other: Counts) -> Counts:
        return Counts.sum((self, other))

    def __sub__(self, other: Counts) -> Counts:
        return Counts.sum((self, other * -1))

    def __mul__(self, times: Size) -> Counts:
        return Counts({k: n * times for k, n in self._map.items()})

    __rmul__ = __mul__

    def each(self, change: Callable[[Expr], Expr]) -> Counts:
        """Change every number."""
        return Counts({k: change(n) for k, n in self._map.items()})

    def filter_by(self, keep: Callable[[Kind, str], bool]) -> Counts:
        """Keep the entries for which keep(kind, dtype) holds."""
        return Counts({k: n for k, n in self._map.items() if keep(*k)})

    def group_by(self, label: Callable[[Kind, str], str]) -> dict[str, Expr]:
        """Add up the operations that share a label."""
        parts: defaultdict[str, list[Expr]] = defaultdict(list)
        for key, n in self:
            if key[0] is not Kind.MAC:
                parts[label(*key)].append(n)
        return {name: Expr.sum(ns) for name, ns in parts.items()}

    def macs(self) -> Expr:
        """Multiply-adds of contractions."""
        return Expr.sum(n for (kind, _), n in self._map.items() if kind is Kind.MAC)

    def ops(self) -> Expr:
        """All scalar operations of every kind."""
        return Expr.sum(n for (kind, _), n in self._map.items() if kind is not Kind.MAC)

    def subs(self, env: Mapping[str, Size]) -> Counts:
        """Put sizes for symbols."""
        return Counts({k: n.subs(env) for k, n in self._map.items()})

    def at(self, **dims: int) -> dict[Key, int]:
        """Evaluate every entry to an int."""
        return {k: n.at(dims) for k, n in self}

    def __repr__(self) -> str:
        return "Counts(" + ", ".join(f"{k}.{d}: {n}" for (k, d), n in self) + ")"


NONE = Counts()
