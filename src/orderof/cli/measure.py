"""`orderof measure --vary S=128..4096:x2 MODEL`: the derived growth held against a clock."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import click

from orderof.cli.app import check_model
from orderof.cli.failure import tell, tell_unknown
from orderof.cli.grouped import Grouped
from orderof.cli.question import HOW, MODEL, WHAT, Question, sizes
from orderof.cli.screen import LOOK, Look, write
from orderof.errors import BadSpelling, UsageError

if TYPE_CHECKING:
    from orderof.analyses.fit import Timed
    from orderof.result import Result

_SERIES = re.compile(r"(\w+)=(\d+)\.\.(\d+):([x+])(\d+)")
_LIST = re.compile(r"(\w+)=(\d+(?:,\d+)+)")
_MOST = 40


def measure(
    series: str,
    json: bool,
    quiet: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
    **asked: Any,  # noqa: ANN401 - the fields of a Question
) -> None:
    """Run a model at several sizes and compare with what was derived."""
    from orderof.analyses.fit import fit
    from orderof.cli.measured import dumps, report

    question = Question(**asked)
    check_model(question.model)
    if question.model.startswith(("zoo:", "mlp:")) or question.model.endswith(".onnx"):
        hint = "name a torch model: torchvision:resnet18, hf:config.json, package.module:function"
        raise UsageError(question.model, "cannot be run", hint)
    question.in_flop()
    letter, points = varied(series)
    result = question.result()
    tell_unknown(len(result.coverage.unknown))
    found = fit(_points(question, result, letter, points, quiet=quiet))
    if json:
        write(dumps(result, letter, found) + "\n")
        return
    model, options = shlex.quote(question.model), question.options()
    look = Look(ascii, no_color, width, format)
    look.show(report(result, letter, found, f"{model} {options}".strip()))


def _points(
    question: Question, result: Result, letter: str, points: list[int], *, quiet: bool
) -> list[Timed]:
    """Run the model; its operations come from the formula, or from a count at each size."""
    from orderof.analyses.fit import Timed
    from orderof.errors import UnknownDim
    from orderof.frontends.torch.clock import timed

    cost = result.step or result.forward
    if letter not in result.dims:
        hint = f"letters that were proved are {', '.join(result.dims) or 'none'}"
        raise UnknownDim(letter, "is no letter of this model", hint)
    runs = timed(
        question.model,
        letter,
        points,
        input_specs=question.input,
        dims=sizes(question.dim),
        backward=bool(question.train),
        tell=None if quiet else lambda n, s: tell(f"{letter}={n}: {s:.3g} s"),
    )
    return [Timed(n, seconds, cost.ops(**{letter: n})) for n, seconds in runs]


def varied(text: str) -> tuple[str, list[int]]:
    """Read S=128..4096:x2, S=100..500:+100 or S=64,96,128.

    >>> varied("S=128..1024:x2"), varied("B=1,3,8")
    (('S', [128, 256, 512, 1024]), ('B', [1, 3, 8]))
    """
    if found := _LIST.fullmatch(text):
        return found[1], sorted({int(n) for n in found[2].split(",")})
    match = _SERIES.fullmatch(text)
    points: list[int] = []
    if match:
        first, last, by = int(match[2]), int(match[3]), int(match[5])
        if first > 0 and by > (match[4] == "x"):
            while first <= last and len(points) <= _MOST:
                points.append(first)
                first = first * by if match[4] == "x" else first + by
    if not points or len(points) > _MOST or not match:
        hint = "write S=128..4096:x2, S=100..500:+100 or S=64,96,128"
        raise BadSpelling(text, "is no series of sizes", hint)
    return match[1], points


ASKED = [
    click.Option(["--vary", "series"], required=True, metavar="SERIES",
                 help="A letter and its sizes: S=128..4096:x2, S=100..500:+100, S=64,96,128."),
]  # fmt: skip
WHERE = [
    click.Option(["--json"], is_flag=True, help="Every run and both slopes as JSON on stdout."),
    click.Option(["-q", "--quiet"], is_flag=True, help="No progress on stderr."),
]
COMMAND = Grouped(
    "measure",
    measure,
    "Run MODEL on this machine at several sizes and compare its growth with the derived one.",
    [MODEL],
    {"What is asked": [*ASKED, *WHAT], "How it is counted": HOW, "What is shown": LOOK,
     "Where it goes": WHERE},
)  # fmt: skip
