"""The report as data: what is said, in which order, and of which kind each figure is.

A Doc holds numbers as exact integers and formulas as Exprs. Units, digits, glyphs and widths are
chosen by the views, which render a Doc and decide nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from orderof.sym import Expr
from orderof.written import Equal


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A lower bound: something that cannot be counted comes on top of it."""

    value: int | Fraction | Expr


@dataclass(frozen=True, slots=True)
class Amount:
    """A number to be shown rounded, outside a table; inside one the column says so."""

    value: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """Names and their sizes."""

    items: tuple[tuple[str, int], ...]


Cell = int | Fraction | Expr | Equal | Share | AtLeast | Amount | Sizes | str | None
"""What a table or a fact holds; None is left blank. A Fraction is a mean, or a probability."""


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    TREE = "tree"
    """A name that stands below the rows of lesser depth before it."""
    AMOUNT = "amount"
    """Integers and means of them in one unit, rounded to four digits."""
    EXACT = "exact"
    """Integers in full."""
    TIMES = "times"
    """How many copies; 1 is left blank."""
    SHARE = "share"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Column:
    """The name of a column and the kind of its cells."""

    name: str
    kind: Kind = Kind.TEXT

    @property
    def right(self) -> bool:
        """Whether its cells are aligned to the right."""
        return self.kind not in {Kind.TEXT, Kind.TREE, Kind.FORMULA}


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a table's row and how deep it stands in a tree."""

    cells: tuple[Cell, ...]
    depth: int = 0
    strong: bool = False
    """Whether it is a total."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what is to be said about it: cells that are read one after the other."""

    label: str
    parts: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """A few short statements."""

    items: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class FormulaLine:
    """A closed formula and what it is the formula of."""

    label: str
    formula: Expr
    more: int = 0
    """How many further terms are not shown."""


class Level(StrEnum):
    """How urgent a note is."""

    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Note:
    """A remark."""

    text: str
    level: Level = Level.INFO


@dataclass(frozen=True, slots=True)
class Next:
    """Commands to go on with."""

    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks that belong together, under a heading; an empty title has none."""

    title: str
    blocks: tuple[Block, ...]


Block = Section | Table | Facts | FormulaLine | Note | Next


@dataclass(frozen=True, slots=True)
class Doc:
    """A report: its title, what belongs beside the title, and its blocks."""

    title: str
    blocks: tuple[Block, ...]
    summary: Facts = Facts()


SAFE = 2**53
"""Integers beyond it are not read exactly by every reader of JSON."""


def figure(e: Expr, sizes: Mapping[str, int]) -> dict[str, int | str]:
    """Give a formula and its number as JSON has them; a number beyond 2**53 as text too.

    >>> from orderof.sym import parse
    >>> figure(parse("B*d"), {"B": 2, "d": 3}), figure(parse("m"), {})
    ({'formula': 'B*d', 'value': 6}, {'formula': 'm'})
    """
    if not e.symbols() <= sizes.keys():
        return {"formula": str(e)}
    value = e.at(sizes)
    twin = {"value_exact": str(value)} if value > SAFE else {}
    return {"formula": str(e), "value": value, **twin}
