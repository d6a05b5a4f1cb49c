"""`orderof compare MODEL --as fvcore,thop`: what the tools say, and why they do not agree."""

from __future__ import annotations

import shlex
from typing import Any

import click

from orderof.cli.app import check_model
from orderof.cli.failure import tell_unknown
from orderof.cli.grouped import Grouped
from orderof.cli.question import CACHE, HOW, MODEL, WHAT, Question
from orderof.cli.screen import LOOK, Look, write
from orderof.errors import BadSpelling


def compare(
    as_: str,
    json: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Answer why tools disagree."""
    from orderof.comparison import compare as compared

    question = Question(**asked)
    check_model(question.model)
    names = [name.strip() for name in as_.split(",") if name.strip()]
    if not names:
        raise BadSpelling(f"--as {as_}", "names no convention", "write --as fvcore,thop, or all")
    found = compared(question.model, as_=names, **question.asked())
    tell_unknown(found.comparison.unknown)
    if json:
        write(found.to_json() + "\n")
        return
    from orderof.analyses.compare_doc import report

    typed = shlex.quote(question.model)
    Look(ascii, no_color, width, format).show(report(found.comparison, typed, question.options()))


AS = click.Option(
    ["--as", "as_"],
    metavar="NAMES",
    default="all",
    help="Conventions by name, with commas: fvcore,thop; a file of your own: ./mine.toml; or all.",
)
_LEFT = {"as_", "padding"}
WHERE = [click.Option(["--json"], is_flag=True, help="Formulas, terms and places as JSON.")]
COMMAND = Grouped(
    "compare",
    compare,
    "Say what each tool would print for MODEL, and the difference between them term by term: how "
    "much, in which module, and why. The terms add up to the difference exactly.",
    [MODEL],
    {"What is asked": [AS, *WHAT, *CACHE],
     "How it is counted": [o for o in HOW if o.name not in _LEFT],
     "What is shown": LOOK, "Where it goes": WHERE},
)  # fmt: skip
