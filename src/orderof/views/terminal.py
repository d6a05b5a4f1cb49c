"""The text view with colours, for a terminal. rich is imported here, when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.views.layout import Style, lines

if TYPE_CHECKING:
    from typing import IO

    from orderof.doc import Doc

COLOURS = {
    Style.PLAIN: "",
    Style.STRONG: "bold",
    Style.FAINT: "dim",
    Style.WARNING: "yellow",
    Style.COMMAND: "cyan",
}


def show(doc: Doc, file: IO[str], *, width: int | None = None, ascii: bool = False) -> None:
    """Write a Doc to a terminal, broken at its width or another."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file, width=width, highlight=False)
    for line in lines(doc, width=console.width, ascii=ascii):
        text = Text.assemble(*((t, COLOURS[style]) for t, style in line))
        text.rstrip()
        console.print(text, soft_wrap=True)
