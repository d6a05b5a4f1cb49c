"""`orderof gradient MODEL`: what a gradient costs by reverse mode and by other ways."""

from __future__ import annotations

import shlex
from typing import Any

import click

from orderof.cli.app import check_model
from orderof.cli.failure import tell_unknown
from orderof.cli.grouped import Grouped
from orderof.cli.question import HOW, MODEL, WHAT, Question
from orderof.cli.screen import LOOK, Look, write


def gradient(
    checkpoints: int | None,
    window: int | None,
    json: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Answer what a gradient costs."""
    from orderof import api
    from orderof.analyses.ways_doc import dumps, report

    question = Question(**asked)
    check_model(question.model)
    question.in_flop()
    given = question.asked()
    how = {"checkpoints": checkpoints, "window": window}
    found = api.gradients(question.model, **how, padding=question.padding, **given)
    tell_unknown(found.unknown)
    if json:
        write(dumps(found) + "\n")
        return
    typed = shlex.quote(question.model)
    Look(ascii, no_color, width, format).show(report(found, typed, question.options()))


ASKED = [
    click.Option(
        ["--checkpoints"],
        type=click.IntRange(min=1),
        metavar="C",
        help="Inputs of blocks that are kept at a time; by default as many as sqrt keeps.",
    ),
    click.Option(
        ["--window"],
        type=click.IntRange(min=1),
        metavar="K",
        help="Steps of time that are walked back; by default the root of all.",
    ),
]
WHERE = [click.Option(["--json"], is_flag=True, help="Formulas and numbers as JSON on stdout.")]
COMMAND = Grouped(
    "gradient",
    gradient,
    "Compare ways to the gradient of MODEL by count: reverse and forward mode, differences, no "
    "reuse; checkpoints instead of all activations; truncated backpropagation through time.",
    [MODEL],
    {"What is asked": [*ASKED, *WHAT], "How it is counted": HOW, "What is shown": LOOK,
     "Where it goes": WHERE},
)  # fmt: skip
