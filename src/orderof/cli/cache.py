"""`orderof cache`: the answers that are kept on disk."""

from __future__ import annotations

from typing import Any

import click

from orderof.cli.grouped import Grouped
from orderof.cli.kept import DOORS
from orderof.cli.screen import LOOK, Look
from orderof.doc import Column, Doc, Fact, Facts, Kind, Next, Note, Row, Table


def cache(clear: bool, **look: Any) -> None:  # noqa: ANN401 - the fields of a Look
    """List what is kept, or remove it."""
    from orderof.cli.kept.store import Store, path

    store = Store(path())
    if clear:
        file = Fact("file", (str(store.path),))
        removed = Fact("removed", (store.clear(),))
        Look(**look).show(Doc("Answers kept", (Facts((file, removed)),)))
        return
    entries = store.entries()
    facts = (
        Fact("file", (str(store.path),)),
        Fact("answers", (len(entries),)),
        Fact("bytes", (sum(n for _, n in entries), "of at most", store.limit)),
    )
    about = f"Kept are answers about {' and '.join(DOORS)} models; --no-cache counts again."
    columns = (Column("asked"), Column("bytes", Kind.EXACT))
    table = Table(columns, tuple(Row(entry) for entry in entries))
    rows = (table, Next(("orderof cache --clear",))) if entries else ()
    Look(**look).show(Doc("Answers kept", (Facts(facts), Note(about), *rows)))


CLEAR = click.Option(["--clear"], is_flag=True, help="Remove all of them.")
COMMAND = Grouped(
    "cache",
    cache,
    "Say which answers are kept on disk, and where; the same question then needs no framework.",
    groups={"What is done": [CLEAR], "What is shown": LOOK},
)
