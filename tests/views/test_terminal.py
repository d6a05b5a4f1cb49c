import io
import re

import pytest

from orderof.doc import Column, Doc, Kind, Next, Note, Row, Table
from orderof.views.terminal import show
from orderof.views.text import render

DOC = Doc(
    "net [bold]",
    (
        Table((Column("name"), Column("n", Kind.AMOUNT)), (Row(("x" * 90, 5), strong=True),)),
        Note("a [red] note"),
        Next(("orderof zoo:mlp",)),
    ),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch) -> str:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    show(DOC, out, width=60)
    return out.getvalue()


def test_colours_change_no_letter(shown):
    assert re.sub(r"\x1b\[[\d;]*m", "", shown) == render(DOC, width=60)


def test_there_are_colours(shown):
    assert "\x1b[1m" in shown
