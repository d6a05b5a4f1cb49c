"""`orderof claims`: what people say about cost, held against counts and this machine's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orderof.cli.failure import tell
from orderof.cli.grouped import Grouped
from orderof.cli.screen import LOOK, Look, write

if TYPE_CHECKING:
    from orderof.claims import Claim


def claims(
    names: tuple[str, ...],
    measure: bool,
    quiet: bool,
    json: bool,
    ascii: bool,
    no_color: bool,
    width: int | None,
    format: str,
) -> None:
    """Answer claims."""
    from orderof.claims import claims as find
    from orderof.claims.report import dumps, report

    asked = find(names)
    figures, machine = _figures(asked, quiet=quiet) if measure else ({}, "")
    found = [(c, c.answer(figures.get(c.experiment))) for c in asked]
    if json:
        write(dumps(found, machine, figures) + "\n")
        return
    Look(ascii, no_color, width, format).show(report(found, machine))


def _figures(asked: tuple[Claim, ...], *, quiet: bool) -> tuple[dict[str, dict[str, float]], str]:
    """Run each experiment once; none without torch."""
    from orderof.api import torch_door
    from orderof.errors import MissingExtra

    try:
        torch_door()
    except MissingExtra:
        tell("torch is not installed: nothing is measured")
        return {}, ""
    from orderof.frontends.torch.experiments import experiment, machine

    found: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(c.experiment for c in asked if c.experiment):
        if not quiet:
            tell(f"measuring: {name}")
        found[name] = experiment(name)
    return found, machine()


NAMES = click.Argument(["names"], metavar="[NAME]...", nargs=-1)
ASKED = [
    click.Option(
        ["--measure/--no-measure"],
        default=True,
        help="Whether this machine's clock is asked as well; it needs torch.",
    ),
]
WHERE = [
    click.Option(["--json"], is_flag=True, help="Verdicts, evidence and figures as JSON."),
    click.Option(["-q", "--quiet"], is_flag=True, help="No progress on stderr."),
]
COMMAND = Grouped(
    "claims",
    claims,
    "Hold claims about the cost of networks against counts and measurements; all, or by NAME.",
    [NAMES],
    {"What is asked": ASKED, "What is shown": LOOK, "Where it goes": WHERE},
)
