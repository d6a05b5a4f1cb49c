"""One page of HTML with MathML; it loads nothing and runs nothing."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from orderof.sym.show import mathml
from orderof.views.markup import Grid, Markup
from orderof.written.notation import MATHML, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.sym import Expr
    from orderof.written import Equal

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
    "td,th{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #8884;white-space:pre}"
    ".r{text-align:right;font-variant-numeric:tabular-nums}"
    "dt{font-weight:600}dd{margin:0 0 .4rem 1rem;overflow-x:auto}"
    "figure{margin:1rem 0;overflow-x:auto}code{white-space:pre}.note{opacity:.75}"
    "@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Html(Markup):
    """A page that stands alone."""

    def text(self, text: str) -> str:
        """Escape."""
        return html.escape(text)

    def formula(self, e: Expr) -> str:
        """Set a formula within a line; a number stays a number."""
        return f"{e.value:,}" if e.value is not None else mathml(e)

    def equation(self, w: Equal) -> str:
        """Set an equation within a line."""
        return f"<math>{write(w, MATHML)}</math>"

    def start(self, title: str, summary: Sequence[str]) -> str:
        """Begin a page."""
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{title}</title><style>{_STYLE}</style></head><body><main>\n"
            f"<h1>{title}</h1><p>{' · '.join(summary)}</p>"
        )

    def heading(self, text: str, depth: int) -> str:
        """Head a section."""
        level = min(depth, 6)
        return f"<h{level}>{text}</h{level}>"

    def grid(self, grid: Grid) -> str:
        """Set a table."""
        classes = [' class="r"' if right else "" for right in grid.right]
        head = "".join(
            f'<th scope="col"{c}>{n}</th>' for n, c in zip(grid.names, classes, strict=True)
        )
        rows = [
            "".join(
                f"<td{c}>{f'<b>{t}</b>' if strong else t}</td>"
                for t, c in zip(row, classes, strict=True)
            )
            for row, strong in zip(grid.rows, grid.strong, strict=True)
        ]
        body = "\n".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"

    def indented(self, text: str, depth: int) -> str:
        """Set a name in a tree."""
        return "&emsp;" * depth + text

    def facts(self, facts: Sequence[tuple[str, str]]) -> str:
        """Set labels and what is said about them."""
        items = "\n".join(f"<dt>{label}</dt><dd>{text}</dd>" for label, text in facts)
        return f"<dl>{items}</dl>" if items else ""

    def line(self, label: str, e: Expr, more: str) -> str:
        """Set a formula that stands alone."""
        return f"<figure><figcaption>{label}</figcaption>{mathml(e)}{more}</figure>"

    def note(self, text: str, *, warning: bool) -> str:
        """Set a remark."""
        return f'<p class="note">{"<b>Warning.</b> " if warning else ""}{text}</p>'

    def commands(self, commands: Sequence[str]) -> str:
        """Set commands."""
        return "".join(f"<p><code>{html.escape(c)}</code></p>" for c in commands)

    def end(self) -> str:
        """End the page."""
        return "</main></body></html>"


MARKUP = Html()
