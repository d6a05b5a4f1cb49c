"""Cells as text, and the columns of a table as texts of one width."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from orderof.doc import Amount, AtLeast, Cell, Column, Kind, Share, Sizes, Table
from orderof.sym import Expr
from orderof.views import numbers
from orderof.written import Equal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PLAIN_TEXT = str.maketrans({"…": "...", "×": "x", "·": "-", "≥": ">=", "²": "^2"})
"""What is written for glyphs that ASCII lacks."""
BRANCHES = {False: ("├─ ", "└─ ", "│  ", "   "), True: ("|- ", "`- ", "|  ", "   ")}
"""A child, the last child, a line that goes on, and none, in Unicode and in ASCII."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Writes cells, in Unicode or in ASCII."""

    ascii: bool = False

    def text(self, text: str) -> str:
        """Give a text."""
        return text.translate(PLAIN_TEXT) if self.ascii else text

    def formula(self, e: Expr) -> str:
        """Give a formula, factored."""
        from orderof.sym.show import factored

        return self.text(factored(e))

    def equation(self, w: Equal) -> str:
        """Give mathematics as it is written down."""
        from orderof.written.notation import TEXT, write

        return self.text(write(w, TEXT))

    def parts(self, parts: Iterable[Cell]) -> str:
        """Give the cells of a fact, one after the other."""
        return " ".join(self.alone(p) for p in parts)

    def alone(self, cell: Cell) -> str:
        """Give a cell that stands outside a table."""
        match cell:
            case None:
                return ""
            case int(n):
                return numbers.exact(n)
            case Fraction():
                return numbers.ratio(cell)
            case str(text):
                return self.text(text)
            case Expr():
                return self.formula(cell)
            case Equal():
                return self.equation(cell)
            case Amount(n):
                return numbers.amount(n)
            case Share(part, whole):
                return numbers.share(part, whole).replace(".0 %", " %")
            case AtLeast(value):
                return self.text(f"≥ {self.alone(value)}")
            case Sizes(items):
                return " ".join(f"{name}={n}" for name, n in items)
            case _:
                assert_never(cell)


def table_cells(table: Table, glyphs: Glyphs) -> list[list[str]]:
    """Give the texts of each column, those of numbers aligned at the point."""
    columns = [[row.cells[i] for row in table.rows] for i in range(len(table.columns))]
    unit = _unit(table, columns)
    return [
        _column(column, cells, table, unit, glyphs)
        for column, cells in zip(table.columns, columns, strict=True)
    ]


def _unit(table: Table, columns: Sequence[Sequence[Cell]]) -> int:
    """Choose one unit for all amounts, so that they can be compared along rows as well."""
    amounts = (
        n
        for column, cells in zip(table.columns, columns, strict=True)
        if column.kind is Kind.AMOUNT
        for n in map(_bare, cells)
        if isinstance(n, int | Fraction)
    )
    return numbers.unit_of(max(map(abs, amounts), default=0))


def _bare(cell: Cell) -> Cell:
    return cell.value if isinstance(cell, AtLeast) else cell


def _column(
    column: Column, cells: Sequence[Cell], table: Table, unit: int, glyphs: Glyphs
) -> list[str]:
    match column.kind:
        case Kind.AMOUNT:
            return _amounts(cells, unit, glyphs)
        case Kind.TREE:
            labels = [glyphs.alone(c) for c in cells]
            lines = _branches([row.depth for row in table.rows], BRANCHES[glyphs.ascii])
            return [line + label for line, label in zip(lines, labels, strict=True)]
        case Kind.TIMES:
            return ["" if c == 1 else glyphs.text(f"×{glyphs.alone(c)}") for c in cells]
        case Kind.SHARE:
            shares = (numbers.share(c.part, c.whole) if isinstance(c, Share) else "" for c in cells)
            return _aligned(list(shares))
        case Kind.TEXT | Kind.EXACT | Kind.FORMULA:
            return [glyphs.alone(c) for c in cells]
        case _:
            assert_never(column.kind)


def _amounts(cells: Sequence[Cell], unit: int, glyphs: Glyphs) -> list[str]:
    out: list[str] = []
    for cell in cells:
        n = _bare(cell)
        text = numbers.rounded(n, unit) if isinstance(n, int | Fraction) else glyphs.alone(n)
        out.append(glyphs.text(f"≥ {text}") if isinstance(cell, AtLeast) else text)
    return _aligned(out)


def _aligned(texts: list[str]) -> list[str]:
    """Pad texts on the right, such that their integer parts end at one place."""
    tails = [len(t) - len(_head(t)) for t in texts]
    longest = max(tails, default=0)
    return [t + " " * (longest - tail) for t, tail in zip(texts, tails, strict=True)]


def _head(text: str) -> str:
    """Give a number up to its point or unit, with what stands before it."""
    number = text.lstrip("<>≥= ")
    ends = [i for i in (number.find("."), number.find(" ")) if i >= 0]
    return text[: len(text) - len(number) + min(ends)] if ends else text


def _branches(depths: Sequence[int], glyphs: tuple[str, str, str, str]) -> list[str]:
    """Draw the lines before each name of a tree that is given by its depths, in preorder."""
    child, last, on, none = glyphs
    out: list[str] = []
    open_: list[bool] = []  # by depth: whether a sibling is still to come; filled from below
    for depth in reversed(depths):
        more = depth < len(open_) and open_[depth]
        open_ = [*open_[:depth], *([False] * (depth - len(open_))), True]
        before = "".join(on if open_[n] else none for n in range(1, depth))
        out.append(before + (child if more else last) if depth else "")
    return out[::-1]
