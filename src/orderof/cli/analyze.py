"""`orderof MODEL`: what a model costs."""

from __future__ import annotations

import shlex
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orderof.cli.app import VERBS, check_model
from orderof.cli.failure import tell, tell_unknown
from orderof.cli.grouped import Grouped
from orderof.cli.kept import DOORS
from orderof.cli.progress import Progress
from orderof.cli.question import CACHE, HOW, MODEL, VARY, WHAT, Question
from orderof.cli.screen import LOOK, Look, check_file, save, write
from orderof.errors import UsageError

if TYPE_CHECKING:
    from orderof.result import Result


def analyze(
    depth: int | None,
    top: int | None,
    json: bool,
    output: Path | None,
    quiet: bool,
    verbose: bool,
    no_cache: bool,
    span: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Answer what a model costs."""
    look = Look(ascii, no_color, width, format)
    question = Question(**asked, progress=None if quiet else Progress().tell)
    if question.model == "zoo:":
        _zoo(look)
        return
    check_model(question.model)
    if output:
        check_file(output)
    if quiet:
        warnings.simplefilter("ignore")
    if span or question.chance():
        _no_modules(depth, top)
        (_span if span else _expected)(question, look, output, json=json)
        return
    start = time.perf_counter()
    result, before = (question.result(), False) if no_cache else _answer(question, quiet, verbose)
    if not quiet:
        tell_unknown(len(result.coverage.unknown))
    if verbose:
        _took(time.perf_counter() - start, before)
    if output:
        save(output, result.to_json() + "\n")
    write(result.to_json() + "\n") if json else _report(question, result, look, depth, top)


def _report(
    question: Question, result: Result, look: Look, depth: int | None, top: int | None
) -> None:
    from orderof.result.report import Ask, report

    model, options = shlex.quote(question.model), question.options()
    explains = "explain" in VERBS and question.vary is None
    look.show(report(result, Ask(model, options, depth, top or 0, explains)))


def _no_modules(depth: int | None, top: int | None) -> None:
    if depth is not None or top:
        hint = "leave them out; --cond first or second has modules"
        raise UsageError("--depth and --top", "go with what modules cost", hint)


def _span(question: Question, look: Look, output: Path | None, *, json: bool) -> None:
    """Say how much of it can be done at once."""
    from orderof.analyses.span_doc import report
    from orderof.api import spans

    question.in_flop()
    if question.vary is not None:
        raise UsageError("--vary", "has no span", "leave out --span, or --vary")
    found = spans(question.model, padding=question.padding, **question.asked())
    tell_unknown(found.unknown)
    if output:
        save(output, found.to_json() + "\n")
    if json:
        write(found.to_json() + "\n")
        return
    look.show(report(found, question.model, question.options()))


def _expected(question: Question, look: Look, output: Path | None, *, json: bool) -> None:
    """Say what it costs on average."""
    from orderof.result.expected_doc import report

    found = question.expected()
    if output:
        save(output, found.to_json() + "\n")
    if json:
        write(found.to_json() + "\n")
        return
    options = replace(question, cond="max").options()
    look.show(report(found, shlex.quote(question.model), options))


def _answer(question: Question, quiet: bool, verbose: bool) -> tuple[Result, bool]:
    """Count, or find what was counted before; and which of the two."""
    if not question.model.startswith(DOORS) or question.as_.endswith(".toml"):
        return question.result(), False  # a convention of one's own may have changed
    from orderof.cli.kept.answer import answer

    return answer(question, quiet, tell if verbose else lambda _: None)


def _took(seconds: float, before: bool) -> None:
    took = f"{seconds:.2f} s"
    tell(f"found in {took}, counted before" if before else f"counted in {took}")


def _zoo(look: Look) -> None:
    """List the zoo."""
    from orderof.doc import Column, Doc, Next, Row, Sizes, Table
    from orderof.frontends.zoo import ZOO

    rows = tuple(
        Row((f"zoo:{m.name}", Sizes(tuple(m.dims.items())), m.about)) for m in ZOO.values()
    )
    columns = (Column("model"), Column("sizes, set with -d"), Column("what it is"))
    first = next(iter(ZOO))
    commands = Next((f"orderof zoo:{first}", f"orderof zoo:{first} --train sgd"))
    look.show(Doc("The zoo", (Table(columns, rows), commands)))


SHOW = [
    click.Option(
        ["--depth"],
        type=click.IntRange(min=0),
        metavar="N",
        help="Levels of the module tree; by default what fits 40 rows.",
    ),
    click.Option(
        ["--top"],
        type=click.IntRange(min=1),
        metavar="K",
        help="List the K dearest modules in place of the tree.",
    ),
    click.Option(
        ["--span"],
        is_flag=True,
        help="Work and span in place of the cost: how much can be done at once.",
    ),
]
WHERE = [
    click.Option(["--json"], is_flag=True, help="The whole result as JSON on stdout."),
    click.Option(
        ["-o", "--output"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write a file as well; its suffix is the format: .json",
    ),
    click.Option(["-q", "--quiet"], is_flag=True, help="No warnings."),
    click.Option(["-v", "--verbose"], is_flag=True, help="Say on stderr how long it took."),
    click.Option(
        ["--no-cache"],
        is_flag=True,
        help="Count, also what was counted before, and keep nothing: see `orderof cache`.",
    ),
]
COMMAND = Grouped(
    "analyze",
    analyze,
    "Count what MODEL costs: operations, closed formulas, by module and by kind.",
    [MODEL],
    {"What is asked": [*WHAT, *CACHE, VARY], "How it is counted": HOW,
     "What is shown": [*SHOW, *LOOK], "Where it goes": WHERE},
)  # fmt: skip
