"""The sizes of a model: a default for each letter, and where the formulas hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling, OutOfRange, UnknownDim

if TYPE_CHECKING:
    from orderof.sym import Range


class Dims(Mapping[str, int]):
    """A frozen map from letters to sizes; `ranges` has the letters that may not have any size.

    `divided` says which letter is a multiple of which other one, as far as was assumed.
    """

    __slots__ = ("_sizes", "divided", "ranges")

    def __init__(
        self,
        sizes: Mapping[str, int],
        ranges: Mapping[str, Range] | None = None,
        assumptions: Iterable[str] = (),
    ) -> None:
        """Keep copies; `assumptions` are texts like `h | d`."""
        self._sizes = dict(sizes)
        ours, multiples = (sizes.ranges, sizes.divided) if isinstance(sizes, Dims) else ({}, {})
        self.ranges: dict[str, Range] = {**ours, **(ranges or {})}
        pairs = (text.split(" | ") for text in assumptions)
        found = {pair[-1]: pair[0] for pair in pairs if all(map(str.isidentifier, pair))}
        self.divided: dict[str, str] = {**multiples, **found}

    def __getitem__(self, name: str) -> int:
        return self._sizes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)

    def __repr__(self) -> str:
        return repr(self._sizes)

    def replaced(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Put other sizes for some letters.

        Raises `UnknownDim` for a letter that the model does not have, `BadSpelling` for a size
        below 1, `OutOfRange` where the formulas were not proved.
        """
        for name, n in sizes.items():
            if name not in self._sizes:
                hint = f"the dims are {', '.join(self)}" if self else "it has no dims"
                raise UnknownDim(name, "is no dim of this model", hint)
            if n < 1:
                raise BadSpelling(f"{name}={n}", "is no size", "sizes are 1 or more")
            allowed = self.ranges.get(name)
            if allowed and not allowed.holds(n):
                text = " and ".join(allowed.text(name))
                hint = f"ask for the model at that size: dims={{{name!r}: {n}}}, or -d {name}={n}"
                raise OutOfRange(f"{name}={n}", f"is outside {text}, where this holds", hint)
        return {**self._sizes, **sizes}
