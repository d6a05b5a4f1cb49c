"""A Doc in a markup language: what Markdown, LaTeX and HTML have in common.

To add a language: one file with a `Markup` that writes each part, and a line in `LANGUAGES`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, assert_never

from orderof.doc import (
    Block,
    Doc,
    Facts,
    FormulaLine,
    Kind,
    Level,
    Next,
    Note,
    Section,
    Table,
)
from orderof.views.cells import Glyphs, table_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orderof.sym import Expr
    from orderof.written import Equal

LANGUAGES = ("markdown", "latex", "html")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as texts: whether each column stands to the right, and which rows are strong."""

    names: tuple[str, ...]
    right: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: tuple[bool, ...]


class Markup(Glyphs, ABC):
    """Writes the parts of a Doc; `text` escapes, `formula` sets as mathematics."""

    @abstractmethod
    def text(self, text: str) -> str:
        """Escape."""

    @abstractmethod
    def formula(self, e: Expr) -> str:
        """Set a formula within a line."""

    @abstractmethod
    def equation(self, w: Equal) -> str:
        """Set an equation within a line."""

    @abstractmethod
    def start(self, title: str, summary: Sequence[str]) -> str:
        """Begin a page; both are escaped."""

    @abstractmethod
    def heading(self, text: str, depth: int) -> str:
        """Head a section."""

    @abstractmethod
    def grid(self, grid: Grid) -> str:
        """Set a table."""

    @abstractmethod
    def indented(self, text: str, depth: int) -> str:
        """Set a name in a tree."""

    @abstractmethod
    def facts(self, facts: Sequence[tuple[str, str]]) -> str:
        """Set labels and what is said about them."""

    @abstractmethod
    def line(self, label: str, e: Expr, more: str) -> str:
        """Set a formula that stands alone."""

    @abstractmethod
    def note(self, text: str, *, warning: bool) -> str:
        """Set a remark."""

    @abstractmethod
    def commands(self, commands: Sequence[str]) -> str:
        """Set commands, which are not escaped yet."""

    def end(self) -> str:
        """End a page."""
        return ""


def render(doc: Doc, language: str) -> str:
    """Write a Doc in a markup language."""
    markup: Markup = import_module(f"orderof.views.{language}").MARKUP
    summary = [markup.parts(f.parts) for f in doc.summary.items]
    parts = [markup.start(markup.text(doc.title), summary)]
    for block in doc.blocks:
        parts.extend(_block(markup, block, 2))
    return "\n".join([*parts, markup.end()]).rstrip("\n") + "\n"


def _block(markup: Markup, block: Block, depth: int) -> Iterator[str]:
    match block:
        case Section(title, blocks):
            if title:
                yield markup.heading(markup.text(title), depth)
            for inner in blocks:
                yield from _block(markup, inner, depth + 1)
        case Table() as table:
            yield markup.grid(_grid(markup, table))
        case Facts(items):
            yield markup.facts([(markup.text(f.label), markup.parts(f.parts)) for f in items])
        case FormulaLine(label, formula, more):
            rest = f" + {more} more terms" if more else ""
            yield markup.line(markup.text(label), formula, markup.text(rest))
        case Note(text, level):
            yield markup.note(markup.text(text), warning=level is Level.WARNING)
        case Next(commands):
            yield markup.commands(commands)
        case _:
            assert_never(block)


def _grid(markup: Markup, table: Table) -> Grid:
    columns = table_cells(table, markup)
    texts = [[t.strip() for t in cells] for cells in columns]
    for i, column in enumerate(table.columns):
        if column.kind in {Kind.SHARE, Kind.AMOUNT}:  # of these the signs are not escaped yet
            texts[i] = [markup.text(t) if t.startswith("<") or "%" in t else t for t in texts[i]]
        if column.kind is Kind.TREE:
            pairs = ((markup.alone(row.cells[i]), row.depth) for row in table.rows)
            texts[i] = [markup.indented(text, depth) for text, depth in pairs]
    return Grid(
        tuple(markup.text(c.name) for c in table.columns),
        tuple(c.right for c in table.columns),
        tuple(zip(*texts, strict=True)),
        tuple(row.strong for row in table.rows),
    )
