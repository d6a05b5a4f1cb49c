"""Markdown, with formulas as LaTeX between dollar signs and tables as GitHub reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orderof.sym.show import latex
from orderof.views.markup import Grid, Markup
from orderof.written.notation import LATEX, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.sym import Expr
    from orderof.written import Equal

_SPECIAL = re.compile(r"([\\`*_|<>$#\[\]])")


class Markdown(Markup):
    """CommonMark with tables."""

    def text(self, text: str) -> str:
        """Escape."""
        return _SPECIAL.sub(r"\\\1", text)

    def formula(self, e: Expr) -> str:
        """Set a formula within a line; a number stays a number."""
        return f"{e.value:,}" if e.value is not None else f"${latex(e)}$"

    def equation(self, w: Equal) -> str:
        """Set an equation within a line."""
        return f"${write(w, LATEX)}$"

    def start(self, title: str, summary: Sequence[str]) -> str:
        """Begin a page."""
        return f"# {title}\n\n{' · '.join(summary)}\n"

    def heading(self, text: str, depth: int) -> str:
        """Head a section."""
        return f"{'#' * min(depth, 6)} {text}\n"

    def grid(self, grid: Grid) -> str:
        """Set a table."""
        rule = ["---:" if right else "---" for right in grid.right]
        rows = [
            [f"**{c}**" if strong and c else c for c in row]
            for row, strong in zip(grid.rows, grid.strong, strict=True)
        ]
        return "".join(f"| {' | '.join(row)} |\n" for row in (grid.names, rule, *rows))

    def indented(self, text: str, depth: int) -> str:
        """Set a name in a tree."""
        return "&emsp;" * depth + text

    def facts(self, facts: Sequence[tuple[str, str]]) -> str:
        """Set labels and what is said about them."""
        return "".join(f"- {label + ': ' if label else ''}{text}\n" for label, text in facts)

    def line(self, label: str, e: Expr, more: str) -> str:
        """Set a formula that stands alone."""
        return f"{label}:\n\n$${latex(e)}$${more}\n"

    def note(self, text: str, *, warning: bool) -> str:
        """Set a remark."""
        return f"> {'**Warning.** ' if warning else ''}{text}\n"

    def commands(self, commands: Sequence[str]) -> str:
        """Set commands."""
        return "".join(f"    {command}\n" for command in commands)


MARKUP = Markdown()
