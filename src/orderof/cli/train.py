"""`orderof train MODEL --examples M`: a whole training run, by epochs or until within eps."""

from __future__ import annotations

import shlex
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from orderof.cli.app import check_model
from orderof.cli.failure import tell, tell_unknown
from orderof.cli.grouped import Grouped
from orderof.cli.question import HOW, MODEL, WHAT, Question, whole
from orderof.cli.screen import LOOK, Look, write
from orderof.errors import BadSpelling

if TYPE_CHECKING:
    from types import ModuleType

    from orderof.result.run import Run
    from orderof.result.until import Until

DESCENTS = (
    "convex", "smooth", "strong", "accelerated", "accelerated-strong", "stochastic",
    "stochastic-strong", "stationary",
)  # fmt: skip


def train(
    examples: str,
    epochs: str,
    batch: str | None,
    until: str | None,
    descent: str | None,
    constants: str,
    json: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Answer what a training run costs."""
    method = (descent or "smooth") if until is not None else None
    asked["train"] = _optimizer(asked.get("train"), method)
    _useless(until, descent, constants, epochs)
    question = Question(**asked)
    check_model(question.model)
    question.in_flop()
    typed = f"{shlex.quote(question.model)} {question.options()}".strip()
    size = None if batch is None else whole(batch)
    if until is None or method is None:
        found = _epochs(question, whole(examples), whole(epochs), size)
    else:
        eps = number(until, "eps")
        found = _until(question, eps, method, constants, whole(examples), size)
    form = _form(found)
    if json:
        write(form.dumps(found) + "\n")
    else:
        Look(ascii, no_color, width, format).show(form.report(found, typed))


def _form(found: Run | Until) -> ModuleType:
    """Name the module that writes such an answer."""
    from orderof.result import run, run_doc, until

    return run_doc if isinstance(found, run.Run) else until


def _epochs(question: Question, examples: int, epochs: int, batch: int | None) -> Run:
    from orderof.result import run

    result = question.result()
    tell_unknown(len(result.coverage.unknown))
    return run.run(result, examples=examples, epochs=epochs, batch=batch)


def _optimizer(given: str | None, descent: str | None) -> str:
    """Take the optimizer that is named; with a bound that of its method, and no other."""
    if descent is None:
        return given or "adamw"
    from orderof.analyses.descent import bound

    own = bound(descent).optimizer
    if given not in (None, own):
        raise BadSpelling(f"--train {given}", "is not the method of this bound", f"that is {own}")
    return own


def _useless(until: str | None, descent: str | None, constants: str, epochs: str) -> None:
    """Refuse options that would be ignored."""
    if until is not None and epochs != "1":
        raise BadSpelling("--epochs", "has no use beside --until", "leave one of them out")
    if until is None and (descent or constants):
        raise BadSpelling("--descent and --with", "have no use without --until", "--until 1e-3")


def _until(
    question: Question, eps: Decimal, descent: str, constants: str, examples: int, batch: int | None
) -> Until:
    """Find the iterations of a bound, and whether it may be believed."""
    from orderof import api
    from orderof.analyses.affine import convex
    from orderof.analyses.descent import bound
    from orderof.result.until import until

    given = {name: number(text, name) for name, text in _pairs(constants)}
    result = question.result()
    tell_unknown(len(result.coverage.unknown))
    graph = api.graph(question.model, **replace(question, train="sgd").asked())
    found = until(
        result, bound(descent), eps, given, examples=examples, batch=batch, convex=convex(graph)
    )
    if found.doubt:
        tell("warning: the bound assumes a convex cost, which cannot be said of this network's")
    return found


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    for name, equals, _ in pairs:
        if not equals or not name.strip():
            raise BadSpelling(text, "is no list of constants", "write --with beta=10,R=1")
    names = [name.strip() for name, _, _ in pairs]
    if len(set(names)) < len(names):
        raise BadSpelling(text, "gives a constant twice", "give each once")
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def number(text: str, name: str) -> Decimal:
    """Read a decimal number: 1e-3, 0.5."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BadSpelling(f"{name}={text}", "is no number", "write 0.001 or 1e-3") from None


ASKED = [
    click.Option(["--examples"], required=True, metavar="M", help="How many examples there are."),
    click.Option(["--epochs"], default="1", metavar="E", help="How often each is gone through."),
    click.Option(["--batch"], metavar="B", help="Examples of a step; by default those of MODEL."),
]
UNTIL = [
    click.Option(
        ["--until"],
        metavar="EPS",
        help="Instead of epochs: iterations until the cost is within EPS of its least, by a bound.",
    ),
    click.Option(
        ["--descent"],
        type=click.Choice(DESCENTS),
        help="The bound: what is assumed of the cost, and by which method; smooth.",
    ),
    click.Option(
        ["--with", "constants"],
        default="",
        metavar="NAME=VALUE,...",
        help="Its constants: beta (smoothness), mu (strong convexity), R (distance), G, D.",
    ),
]
WHERE = [click.Option(["--json"], is_flag=True, help="Formulas and numbers as JSON on stdout.")]
COMMAND = Grouped(
    "train",
    train,
    "Count what training MODEL costs as a whole; by default with AdamW, with --until by descent.",
    [MODEL],
    {"What is asked": [*ASKED, *WHAT], "Until within EPS": UNTIL, "How it is counted": HOW,
     "What is shown": LOOK, "Where it goes": WHERE},
)  # fmt: skip
