"""`orderof explain MODEL [SCOPE]`: the whole derivation, or where one number comes from."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from orderof.cli.failure import tell
from orderof.cli.grouped import Grouped
from orderof.cli.question import CACHE, HOW, MODEL, WHAT, Question
from orderof.cli.screen import LOOK, Look, write
from orderof.errors import BadSpelling

if TYPE_CHECKING:
    from orderof.api import Derived

PHASES = ("forward", "loss", "backward", "recompute", "optimizer", "mask")


def explain(
    scope: str | None,
    phase: str | None,
    exercise: bool,
    json: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Derive the cost of a model, or explain that of a module."""
    q = Question(**asked)
    look = Look(ascii, no_color, width, format)
    if exercise:
        if json or phase or format != "text":
            given = "--json" if json else "--phase" if phase else "--format"
            raise BadSpelling(given, "has no use beside --exercise", "leave one of them out")
        from orderof.cli.exercise import hold

        hold(_derived(q, "forward"), scope or "")
    elif scope is None:
        found = _derived(q, phase)
        if json:
            write(found.to_json() + "\n")
        else:
            look.show(found.doc(q.options()))
    else:
        _scope(q, scope, phase or "forward", look, json=json)


def _derived(q: Question, phase: str | None) -> Derived:
    """Derive all chapters, or those of one phase."""
    from orderof import api

    train = q.train or (None if phase in {"forward", "mask"} else "sgd")
    found = api.derive(q.model, padding=q.padding, **{**q.asked(), "train": train})
    if found.derivation.unknown:
        tell("warning: operators without a rule come on top; --strict refuses")
    derivation = found.derivation.only(phase) if phase else found.derivation
    return replace(found, derivation=derivation, model=shlex.quote(q.model))


def _scope(q: Question, scope: str, phase: str, look: Look, *, json: bool) -> None:
    from orderof import api

    found = api.explain(q.model, scope, phase=phase, padding=q.padding, **q.asked())
    if found.explanation.unknown:
        tell("warning: operators without a rule come on top; --strict refuses")
    if json:
        write(found.to_json() + "\n")
        return
    typed = replace(found, model=shlex.quote(q.model))
    look.show(typed.doc(q.options(), q.as_))


SCOPE = click.Argument(["scope"], metavar="[SCOPE]", required=False)
PHASE = click.Option(
    ["--phase"],
    type=click.Choice(PHASES),
    help="Which part of a training step; of a SCOPE forward, else all of them.",
)
EXERCISE = click.Option(
    ["--exercise"],
    is_flag=True,
    help="Ask for the counts layer by layer, and say what is wrong with an answer.",
)
WHERE = [click.Option(["--json"], is_flag=True, help="Formulas and numbers as JSON on stdout.")]
COMMAND = Grouped(
    "explain",
    explain,
    "Derive what a model costs, equation by equation: forward, errors, gradients, update, training "
    "(sgd, unless --train names another). With SCOPE, a module path such as lm_head or 'h.*.attn': "
    "where the cost of that module comes from.",
    [MODEL, SCOPE],
    {"What is asked": [PHASE, EXERCISE, *WHAT, *CACHE], "How it is counted": HOW,
     "What is shown": LOOK, "Where it goes": WHERE},
)  # fmt: skip
