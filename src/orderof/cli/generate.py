"""`orderof generate MODEL --prompt P --tokens N`: what it costs to generate text."""

from __future__ import annotations

import shlex

import click

from orderof.cli.app import check_model
from orderof.cli.failure import tell_unknown
from orderof.cli.grouped import Grouped
from orderof.cli.question import MODEL, whole
from orderof.cli.screen import LOOK, Look, write


def generate(
    prompt: str,
    tokens: str,
    batch: str,
    beams: int,
    strict: bool,
    json: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    model: str,
) -> None:
    """Answer what a generation costs."""
    from orderof import generation_doc
    from orderof.generation import generate

    check_model(model)
    given = "raise" if strict else "bound"
    sizes = {"prompt": whole(prompt), "tokens": whole(tokens), "batch": whole(batch)}
    found = generate(model, **sizes, beams=beams, on_unknown=given)
    tell_unknown(len(found.step.coverage.unknown))
    if json:
        write(generation_doc.dumps(found) + "\n")
        return
    report = generation_doc.report(found, shlex.quote(model))
    Look(ascii, no_color, width, format).show(report)


ASKED = [
    click.Option(["--prompt"], default="512", metavar="P", help="Tokens of the prompt; 512."),
    click.Option(["--tokens"], default="128", metavar="N", help="New tokens; 128."),
    click.Option(["--batch"], default="1", metavar="B", help="Sequences at a time; 1."),
    click.Option(
        ["--beams"],
        type=click.IntRange(min=1),
        default=1,
        metavar="K",
        help="Beams of a search; 1.",
    ),
]
HOW = [click.Option(["--strict"], is_flag=True, help="Exit 4 if an operator has no rule.")]
WHERE = [click.Option(["--json"], is_flag=True, help="Formulas and numbers as JSON on stdout.")]
COMMAND = Grouped(
    "generate",
    generate,
    "Count generating text with the causal language model MODEL: the pass over a prompt, and a "
    "step with a cache for each further token.",
    [MODEL],
    {"What is asked": ASKED, "How it is counted": HOW, "What is shown": LOOK,
     "Where it goes": WHERE},
)  # fmt: skip
