"""`orderof train MODEL --examples M --epochs E --batch B`: the cost of a whole training run."""

from __future__ import annotations

import shlex
from typing import Any

import click

from orderof.cli.app import check_model
from orderof.cli.failure import tell_unknown
from orderof.cli.grouped import Grouped
from orderof.cli.question import HOW, MODEL, WHAT, Question, whole
from orderof.cli.screen import LOOK, Look, write


def train(
    examples: str,
    epochs: str,
    batch: str | None,
    json: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Answer what a training run costs."""
    from orderof.result.run import run
    from orderof.result.run_doc import dumps, report

    asked["train"] = asked.get("train") or "adamw"
    question = Question(**asked)
    check_model(question.model)
    result = question.result()
    tell_unknown(len(result.coverage.unknown))
    found = run(
        result,
        examples=whole(examples),
        epochs=whole(epochs),
        batch=None if batch is None else whole(batch),
    )
    if json:
        write(dumps(found) + "\n")
        return
    typed = f"{shlex.quote(question.model)} {question.options()}".strip()
    Look(ascii, no_color, width, format).show(report(found, typed))


ASKED = [
    click.Option(["--examples"], required=True, metavar="M", help="How many examples there are."),
    click.Option(["--epochs"], default="1", metavar="E", help="How often each is gone through."),
    click.Option(["--batch"], metavar="B", help="Examples of a step; by default those of MODEL."),
]
WHERE = [click.Option(["--json"], is_flag=True, help="Formulas and numbers as JSON on stdout.")]
COMMAND = Grouped(
    "train",
    train,
    "Count what training MODEL costs as a whole; by default with AdamW.",
    [MODEL],
    {"What is asked": [*ASKED, *WHAT], "How it is counted": HOW, "What is shown": LOOK,
     "Where it goes": WHERE},
)  # fmt: skip
