"""A Doc as lines of styled text: what the plain view and the terminal have in common.

1. Without a width every line is as long as it needs to be, and nothing is cut. With one, formulas
   and sentences are broken; a table whose names and numbers need more room keeps them.
2. Colour carries no meaning that the text does not have.
"""

from __future__ import annotations

import itertools
import re
from enum import StrEnum
from typing import TYPE_CHECKING

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
    from collections.abc import Iterable, Iterator, Sequence

    from orderof.doc import Column, Row


class Style(StrEnum):
    """What a piece of text is; a view gives it a colour or none."""

    PLAIN = ""
    STRONG = "strong"
    FAINT = "faint"
    WARNING = "warning"
    COMMAND = "command"


Span = tuple[str, Style]
Line = list[Span]

INDENT = 2
GAP, NARROW_GAP = 3, 2
_SUMMANDS = re.compile(r" (?=[-+] )")
_SIGNS = re.compile(r" (?=[-+=] |<= |for )")
LEAST = 24
"""A formula is not broken into shorter pieces than this."""


def lines(doc: Doc, *, width: int | None = None, ascii: bool = False) -> list[Line]:
    """Lay a Doc out."""
    writer = _Writer(Glyphs(ascii=ascii), width)
    out = writer.title(doc)
    for block in _grouped(doc.blocks):
        out.append([])
        out.extend(writer.block(block))
    return out


def _grouped(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Put neighbours of one kind together, so that they are aligned and not spaced out."""
    for kind, group in itertools.groupby(blocks, type):
        if kind in {FormulaLine, Note}:
            yield list(group)
        else:
            yield from ([b] for b in group)


class _Writer:
    def __init__(self, glyphs: Glyphs, width: int | None) -> None:
        self.glyphs = glyphs
        self.width = width

    def title(self, doc: Doc) -> list[Line]:
        """Put the summary behind the title, and on further lines where it does not fit."""
        dot = self.glyphs.text(" · ")
        out: list[Line] = [[(self.glyphs.text(doc.title), Style.STRONG)]]
        length = len(doc.title)
        for fact in doc.summary.items:
            text = dot + self.glyphs.parts(fact.parts)
            if self.width and length + len(text) > self.width:
                text = " " * INDENT + text.removeprefix(dot)
                out.append([])
                length = 0
            out[-1].append((text, Style.PLAIN))
            length += len(text)
        return out

    def block(self, group: list[Block]) -> Iterator[Line]:
        match group[0]:
            case Section(title, blocks):
                if title:
                    yield [(" " * INDENT + self.glyphs.text(title), Style.STRONG)]
                for i, inner in enumerate(_grouped(blocks)):
                    if isinstance(inner[0], Section) and (i or title):
                        yield []
                    yield from self.block(inner)
            case Table() as table:
                yield from self.table(table)
            case Facts() as facts:
                yield from self.facts(facts)
            case FormulaLine():
                yield from self.formulas([b for b in group if isinstance(b, FormulaLine)])
            case Note():
                for note in group:
                    if isinstance(note, Note):
                        yield from self.note(note)
            case Next(commands):
                yield from self.next(commands)

    def facts(self, facts: Facts) -> Iterator[Line]:
        label_width = max((len(f.label) for f in facts.items), default=0)
        for fact in facts.items:
            label = " " * INDENT + fact.label.ljust(label_width) + " " * GAP
            first, *more = self._statement(self.glyphs.parts(fact.parts), len(label))
            yield [(label, Style.FAINT), (first, Style.PLAIN)]
            yield from ([(line, Style.PLAIN)] for line in more)

    def formulas(self, group: Sequence[FormulaLine]) -> Iterator[Line]:
        label_width = max(len(f.label) for f in group)
        for f in group:
            label = " " * INDENT + self.glyphs.text(f.label).ljust(label_width) + " " * GAP
            rest = f" + {f.more} more terms" if f.more else ""
            first, *more = self._formula(self.glyphs.formula(f.formula) + rest, len(label))
            yield [(label, Style.PLAIN), (first, Style.PLAIN)]
            yield from ([(line, Style.PLAIN)] for line in more)

    def note(self, note: Note) -> Iterator[Line]:
        style = Style.WARNING if note.level is Level.WARNING else Style.FAINT
        text = " " * INDENT + self.glyphs.text(note.text)
        yield from ([(line, style)] for line in _broken(text, self.width, INDENT))

    def next(self, commands: Sequence[str]) -> Iterator[Line]:
        start = " " * INDENT + "Next: "
        dot = self.glyphs.text("  ·  ")
        whole = start + dot.join(commands)
        if self.width is None or len(whole) <= self.width:
            spans: Line = [(start, Style.FAINT)]
            for i, command in enumerate(commands):
                spans.extend(([(dot, Style.FAINT)] if i else []) + [(command, Style.COMMAND)])
            yield spans
            return
        for i, command in enumerate(commands):
            yield [(start if not i else " " * len(start), Style.FAINT), (command, Style.COMMAND)]

    def table(self, table: Table) -> Iterator[Line]:
        columns = table_cells(table, self.glyphs)
        widths = [
            max(len(c.name), *map(len, cells)) if cells else len(c.name)
            for c, cells in zip(table.columns, columns, strict=True)
        ]
        gap = GAP
        if self.width and sum(widths) + GAP * (len(widths) - 1) + INDENT > self.width:
            gap = NARROW_GAP
        names = [self.glyphs.text(c.name) for c in table.columns]
        yield from self._row(table.columns, names, widths, gap, Style.FAINT)
        for row, texts in zip(table.rows, zip(*columns, strict=True), strict=True):
            yield from self._row(table.columns, texts, widths, gap, _style(row))

    def _row(
        self,
        columns: Sequence[Column],
        texts: Sequence[str],
        widths: Sequence[int],
        gap: int,
        style: Style,
    ) -> Iterator[Line]:
        """Align the cells; the last one is broken where it is too long."""
        out = " " * INDENT
        for column, text, width in zip(columns[:-1], texts, widths, strict=False):
            out += (text.rjust(width) if column.right else text.ljust(width)) + " " * gap
        last = texts[-1].rjust(widths[-1]) if columns[-1].right else texts[-1]
        first, *more = self._last(last, len(out), columns[-1].kind)
        yield [((out + first).rstrip(), style)]
        yield from ([(line, style)] for line in more)

    def _last(self, text: str, start: int, kind: Kind) -> list[str]:
        if kind is Kind.FORMULA:
            return self._formula(text, start)
        if kind is not Kind.TEXT or self.width is None:
            return [text]
        first, *more = _filled(text.split(" "), max(self.width - start, LEAST), 0)
        return [first, *(" " * start + line for line in more)]

    def _statement(self, text: str, start: int) -> list[str]:
        """Break a formula with what is said about it, where it is longer than a line."""
        if self.width is None or start + len(text) <= self.width or not _SIGNS.search(text):
            return [text]
        first, *more = _filled(_SIGNS.split(text), max(self.width - start, LEAST), INDENT)
        return [first, *(" " * start + line for line in more)]

    def _formula(self, text: str, start: int) -> list[str]:
        """Break a formula before a plus or minus; its lines start where the first one does."""
        if self.width is None:
            return [text]
        room = max(self.width - start, LEAST)
        first, *more = _filled(_SUMMANDS.split(text), room, INDENT)
        return [first, *(" " * start + line for line in more)]


def _style(row: Row) -> Style:
    return Style.STRONG if row.strong else Style.PLAIN


def _broken(text: str, width: int | None, indent: int) -> list[str]:
    """Break a text at spaces, keeping those that it starts with."""
    if width is None:
        return [text]
    first, *words = text.split()
    return _filled([" " * (len(text) - len(text.lstrip())) + first, *words], width, indent)


def _filled(pieces: Sequence[str], width: int, indent: int) -> list[str]:
    """Put pieces into lines of at most `width`; a longer piece stays whole."""
    out = [pieces[0]]
    for piece in pieces[1:]:
        if len(out[-1]) + 1 + len(piece) > width:
            out.append(" " * indent + piece)
        else:
            out[-1] += f" {piece}"
    return out
