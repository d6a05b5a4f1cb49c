"""A LaTeX document, for pdflatex and its relatives, with packages that every TeX has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.sym.show import latex
from orderof.views.markup import Grid, Markup
from orderof.written.notation import LATEX, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.sym import Expr
    from orderof.written import Equal

_HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath}
\usepackage{longtable}
\setlength{\parindent}{0pt}
\allowdisplaybreaks
\begin{document}
"""
_SECTIONS = {2: "section*", 3: "subsection*"}
_ESCAPES = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_\allowbreak{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"$<$", ">": r"$>$", "|": r"$\vert$", "*": r"$*$", "·": r"$\cdot$", "×": r"$\times$",
    "±": r"$\pm$", "≥": r"$\geq$", "²": r"$^2$", "…": r"\dots{}", '"': "''",
})  # fmt: skip


class Latex(Markup):
    """An article."""

    def text(self, text: str) -> str:
        """Escape."""
        return text.translate(_ESCAPES)

    def formula(self, e: Expr) -> str:
        """Set a formula within a line; a number stays a number."""
        return f"{e.value:,}" if e.value is not None else f"${latex(e)}$"

    def equation(self, w: Equal) -> str:
        """Set an equation within a line."""
        return f"${write(w, LATEX)}$"

    def start(self, title: str, summary: Sequence[str]) -> str:
        """Begin a document."""
        facts = r" $\cdot$ ".join(summary)
        return f"{_HEAD}\\section*{{{title}}}\n{facts}\n"

    def heading(self, text: str, depth: int) -> str:
        """Head a section."""
        return f"\\{_SECTIONS.get(depth, 'paragraph*')}{{{text}}}\n"

    def grid(self, grid: Grid) -> str:
        """Set a table that may go over pages."""
        columns = "".join("r" if right else "l" for right in grid.right)
        if columns.endswith("l"):
            columns = columns[:-1] + r"p{0.5\linewidth}"
        rows = [
            [f"\\textbf{{{c}}}" if strong and c else c for c in row]
            for row, strong in zip(grid.rows, grid.strong, strict=True)
        ]
        lines = [f"{' & '.join(row)} \\\\" for row in rows]
        head = f"{' & '.join(grid.names)} \\\\ \\hline"
        inside = "\n".join([head, *lines])
        return f"\\begin{{longtable}}{{{columns}}}\n{inside}\n\\end{{longtable}}\n"

    def indented(self, text: str, depth: int) -> str:
        """Set a name in a tree."""
        return f"\\hspace*{{{depth}em}}{text}" if depth else text

    def facts(self, facts: Sequence[tuple[str, str]]) -> str:
        """Set labels and what is said about them."""
        items = "\n".join(f"\\item[{label}] {text}" for label, text in facts)
        return f"\\begin{{description}}\n{items}\n\\end{{description}}\n" if items else ""

    def line(self, label: str, e: Expr, more: str) -> str:
        """Set a formula that stands alone, broken before its signs."""
        body = " \\\\\n&\\quad ".join(_summands(latex(e)))
        extra = f"\n{more}" if more else ""
        return f"{label}:\n\\begin{{align*}}\n&{body}\n\\end{{align*}}{extra}\n"

    def note(self, text: str, *, warning: bool) -> str:
        """Set a remark."""
        start = r"\textbf{Warning.} " if warning else ""
        return f"{start}\\emph{{{text}}}\n\n"

    def commands(self, commands: Sequence[str]) -> str:
        """Set commands."""
        lines = "\n".join(f"\\texttt{{{_dashes(self.text(c))}}}\\par" for c in commands)
        return f"\\medskip\n{lines}\n"

    def end(self) -> str:
        """End the document."""
        return "\\end{document}\n"


def _dashes(text: str) -> str:
    """Keep two dashes apart, which TeX would make one of."""
    return text.replace("--", "-{}-")


def _summands(text: str) -> list[str]:
    """Cut before signs that stand in no bracket."""
    pieces, depth = [""], 0
    for word in text.split(" "):
        if word in {"+", "-"} and not depth and pieces[-1]:
            pieces.append("")
        pieces[-1] += f"{' ' if pieces[-1] else ''}{word}"
        depth += word.count("{") - word.count("}") + word.count(r"\left") - word.count(r"\right")
    return pieces


MARKUP = Latex()
