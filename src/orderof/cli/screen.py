"""Where an answer goes: stdout as text, a terminal with colours, a file in one piece."""

from __future__ import annotations

import codecs
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orderof.errors import UsageError

if TYPE_CHECKING:
    from orderof.doc import Doc

SUFFIXES = (".json",)
"""What `-o` can write."""

LOOK = [
    click.Option(["--ascii"], is_flag=True, help="Draw with ASCII only."),
    click.Option(["--no-color"], is_flag=True, help="No colours; NO_COLOR=1 does the same."),
    click.Option(
        ["--width"],
        type=click.IntRange(min=20),
        metavar="N",
        help="Break formulas and sentences at N columns; by default at a terminal's.",
    ),
    click.Option(
        ["--format"],
        type=click.Choice(["text", "markdown", "latex", "html"]),
        default="text",
        help="A page to keep or to print: markdown, latex for pdflatex, html with MathML.",
    ),
]


@dataclass(frozen=True, slots=True)
class Look:
    """How text is to look."""

    ascii: bool = False
    no_color: bool = False
    width: int | None = None
    format: str = "text"

    def show(self, doc: Doc) -> None:
        """Write a Doc to stdout; what is no terminal gets plain text, unbroken."""
        if self.format != "text":
            from orderof.views.markup import render as page

            write(page(doc, self.format))
            return
        ascii = self.ascii or not _unicode(sys.stdout.encoding)
        terminal = sys.stdout.isatty()
        plain = self.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        if terminal and not plain:
            from orderof.views.terminal import show

            show(doc, sys.stdout, width=self.width, ascii=ascii)
            return
        from orderof.views.text import render

        width = self.width or (_columns() if terminal else None)
        write(render(doc, width=width, ascii=ascii))


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def write(text: str) -> None:
    """Write to stdout; a character that its encoding lacks becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    if not _unicode(encoding):
        text = text.encode(encoding, "replace").decode(encoding)
    sys.stdout.write(text)


def _unicode(encoding: str | None) -> bool:
    return codecs.lookup(encoding or "ascii").name.startswith("utf")


def check_file(path: Path) -> None:
    """Raise for a file that cannot be written, before anything is counted."""
    if path.suffix not in SUFFIXES:
        hint = f"-o writes {', '.join(SUFFIXES)}, as in -o report.json"
        raise UsageError(str(path), "has no suffix of a format that can be written", hint)
    if not path.absolute().parent.is_dir():
        raise UsageError(str(path), "cannot be written: there is no such folder", "make it first")


def save(path: Path, text: str) -> None:
    """Write a file as a whole or not at all: under another name first, then renamed."""
    import tempfile

    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.absolute().parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(text)
        temporary.chmod(_mode(path))
        temporary.replace(path)
    except OSError as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise UsageError(str(path), f"cannot be written: {error.strerror}") from error


def _mode(path: Path) -> int:
    """Give the permissions of the file that is replaced, or those that a new file has."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
