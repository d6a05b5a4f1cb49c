"""Questions on the screen, answers from stdin: `orderof explain MODEL --exercise`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from orderof.analyses.derivation.exercise import judge
from orderof.cli.screen import write
from orderof.errors import BadSpelling, Error
from orderof.sym import parse

if TYPE_CHECKING:
    from orderof.analyses.derivation.exercise import Question
    from orderof.api import Derived

TRIES = 3


def hold(found: Derived, scope: str) -> None:
    """Ask every question, up to three times; an empty answer shows the solution."""
    asked = found.questions(scope)
    if not asked:
        hint = "name a module with operations, or none for the whole network"
        raise BadSpelling(scope or found.derivation.model, "has nothing to ask for", hint)
    dims = found.derivation.dims
    sizes = " ".join(f"{k}={n}" for k, n in dims.items())
    write(f"{found.derivation.model} · {sizes}\n")
    write("Answer with a formula, in any form, or a number; an empty line shows the solution.\n")
    right, done = 0, 0
    for number, q in enumerate(asked, 1):
        write(f"\n{number} of {len(asked)}. {q.asks}\n" + "".join(f"  {x}\n" for x in q.equations))
        outcome = _answered(q, dims)
        if outcome is None:
            break
        right, done = right + outcome, done + 1
    write(f"\n{right} of {done} right\n")


def _answered(q: Question, dims: dict[str, int]) -> bool | None:
    """Hear answers to a question; None at the end of the input."""
    for attempt in range(TRIES):
        line = _line()
        if line is None:
            return None
        if not line:
            break
        try:
            verdict = judge(q, parse(line), dims)
        except Error as error:
            write(f"  that cannot be read: {error}\n")
            continue
        if verdict.right:
            write("".join(f"  right{'; ' + s if s else ''}\n" for s in verdict.says or ("",)))
            return True
        write("".join(f"  no: {s}\n" for s in verdict.says))
        if attempt + 1 < TRIES:
            write("  once more\n")
    write("".join(f"  {line}\n" for line in q.solution))
    return False


def _line() -> str | None:
    write("> ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    return line.strip() if line else None
