"""`orderof explain MODEL SCOPE`: where one number comes from, step by step."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import click

from orderof.cli.failure import tell
from orderof.cli.grouped import Grouped
from orderof.cli.question import HOW, MODEL, WHAT, Question
from orderof.cli.screen import LOOK, Look, write

PHASES = ("forward", "loss", "backward", "recompute", "optimizer", "mask")


def explain(
    scope: str,
    phase: str,
    json: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Explain the cost of a module."""
    from orderof import api

    q = Question(**asked)
    found = api.explain(q.model, scope, phase=phase, padding=q.padding, **q.asked())
    if found.explanation.unknown:
        tell("warning: operators without a rule come on top; --strict refuses")
    if json:
        write(found.to_json() + "\n")
        return
    typed = replace(found, model=shlex.quote(q.model))
    Look(ascii, no_color, width, format).show(typed.doc(q.options(), q.as_))


SCOPE = click.Argument(["scope"], metavar="SCOPE")
PHASE = click.Option(
    ["--phase"],
    type=click.Choice(PHASES),
    default="forward",
    help="Which part of a training step; backward and optimizer imply --train adamw.",
)
WHERE = [click.Option(["--json"], is_flag=True, help="Formulas and numbers as JSON on stdout.")]
COMMAND = Grouped(
    "explain",
    explain,
    "Say where the cost of SCOPE comes from: a module path such as lm_head or 'h.*.attn'.",
    [MODEL, SCOPE],
    {"What is asked": [PHASE, *WHAT], "How it is counted": HOW, "What is shown": LOOK,
     "Where it goes": WHERE},
)  # fmt: skip
