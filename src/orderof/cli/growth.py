"""`orderof growth MODEL`: how the cost grows in each letter, and the proof of it."""

from __future__ import annotations

import shlex
from typing import Any

import click

from orderof.cli.app import check_model
from orderof.cli.failure import tell_unknown
from orderof.cli.grouped import Grouped
from orderof.cli.question import CACHE, HOW, MODEL, VARY, WHAT, Question, whole
from orderof.cli.screen import LOOK, Look


def growth(
    letters: tuple[str, ...],
    within: str | None,
    operations: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Say how the cost of a model grows."""
    from orderof.result.growth import Asked, growth

    question = Question(**asked)
    check_model(question.model)
    question.in_flop()
    budget = None if within is None else whole(within)
    names = tuple(name for text in letters for name in text.split(","))
    model, options = shlex.quote(question.model), question.options()
    how = Asked(names, budget, operations, model, options)
    result = question.result()
    tell_unknown(len(result.coverage.unknown))
    Look(ascii, no_color, width, format).show(growth(result, how))


ASKED = [
    click.Option(["--in", "letters"], multiple=True, metavar="LETTER",
                 help="In which letters, as in --in S,d; by default in each."),
    click.Option(["--within"], metavar="N", help="Give the largest sizes within N operations."),
    click.Option(["--operations"], is_flag=True,
                 help="Of all operations; by default of the contractions, as FLOP."),
]  # fmt: skip
COMMAND = Grouped(
    "growth",
    growth,
    "Say how the cost of MODEL grows in its letters, with constants that prove it.",
    [MODEL],
    {
        "What is asked": [*ASKED, *WHAT, *CACHE, VARY],
        "How it is counted": HOW,
        "What is shown": LOOK,
    },
)
