"""The pieces of one line of the text form: words, brackets, lists, sizes and types.

>>> line = Line("nest matmul.d0 [m=S, k=max(d, 1)]")
>>> line.word("a form"), line.word("an operator"), split(line.group("["))
('nest', 'matmul.d0', ['m=S', 'k=max(d, 1)'])
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from orderof import sym
from orderof.errors import BadSpelling
from orderof.ir.graph import Type
from orderof.ir.literal import BARE, QUOTED, read_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.sym import Expr

WORD = re.compile(f"{QUOTED.pattern}|{BARE.pattern}")
VALUE = re.compile(f"%(?:{WORD.pattern})")
FULL = re.compile(r"(?:nest|view|move|irregular|composite|loop|series|branch) ")
_NUMBER = re.compile(r"\d+")
_DTYPE = re.compile(r"\w+(?=\[)")
_PIECE = re.compile(rf"""{QUOTED.pattern}|'(?:[^'\\]|\\.)*'|[^"'()\[\]{{}},]+|.""")
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


class Line:
    """One line of text, taken piece by piece from the left."""

    def __init__(self, text: str) -> None:
        self.rest = text.strip()

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """Take what a pattern matches here, if it does."""
        if (match := pattern.match(self.rest)) is None:
            return None
        self.rest = self.rest[match.end() :].lstrip()
        return match[0]

    def need(self, pattern: re.Pattern[str], what: str) -> str:
        """Take what a pattern matches; raises `BadSpelling` where it does not."""
        if (found := self.take(pattern)) is None:
            raise self.missing(what)
        return found

    def missing(self, what: str) -> BadSpelling:
        """Say what should stand here."""
        return BadSpelling(what, f"should stand at `{self.rest}`" if self.rest else "is missing")

    def word(self, what: str) -> str:
        """Take a name, bare or quoted."""
        return read_name(self.need(WORD, what))

    def skip(self, text: str) -> bool:
        """Take a text that is expected, and say whether it was there."""
        found = self.rest.startswith(text)
        if found:
            self.rest = self.rest[len(text) :].lstrip()
        return found

    def expect(self, text: str) -> None:
        """Take a text that must stand here."""
        if not self.skip(text):
            raise self.missing(f"`{text}`")

    def group(self, opening: str) -> str:
        """Take a group in brackets, and give what is inside."""
        if not self.rest.startswith(opening):
            raise self.missing(f"`{opening}`")
        end = _closing(self.rest)
        inside, self.rest = self.rest[1:end], self.rest[end + 1 :].lstrip()
        return inside

    def list_of(self, name: str) -> tuple[Expr, ...]:
        """Take `name=[size, ...]`."""
        self.expect(f"{name}=")
        return sizes(self.group("["))

    def count(self, name: str) -> int:
        """Take `name=number`."""
        self.expect(f"{name}=")
        return int(self.need(_NUMBER, "a number"))

    def type(self) -> Type:
        """Take a type."""
        return _type(f"{self.need(_DTYPE, 'a type')}[{self.group('[')}]")

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self.rest:
            raise BadSpelling(f"`{self.rest}`", "is more than the line can hold")


def _pieces(text: str) -> Iterator[tuple[int, str, int]]:
    """Iterate over (position, character or string, depth of brackets around it)."""
    depth = 0
    for match in _PIECE.finditer(text):
        piece = match[0]
        depth -= piece in _CLOSE
        yield match.start(), piece, depth
        depth += piece in _OPEN


def _closing(text: str) -> int:
    for i, piece, depth in _pieces(text):
        if depth == 0 and piece in _CLOSE:
            return i
    raise BadSpelling(f"`{text[0]}`", "is not closed")


def split(text: str) -> list[str]:
    """Split a list at the commas that stand in no bracket."""
    cuts = [i for i, piece, depth in _pieces(text) if piece == "," and depth == 0]
    ends = zip([0, *(i + 1 for i in cuts)], [*cuts, len(text)], strict=True)
    return [text[a:b].strip() for a, b in ends] if text.strip() else []


@functools.lru_cache(maxsize=1 << 14)
def _type(text: str) -> Type:
    dtype, _, shape = text.removesuffix("]").partition("[")
    return Type(sizes(shape), dtype)


def sizes(text: str) -> tuple[Expr, ...]:
    """Read a list of sizes."""
    return tuple(map(size, split(text)))


size = functools.lru_cache(maxsize=1 << 14)(sym.parse)
"""Reads a size; a graph has few different ones, and each many times."""
