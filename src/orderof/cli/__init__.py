"""The command line: reads the question, asks the API, picks a view.

Answers go to stdout; warnings, errors and progress to stderr. Exit codes are those of
`orderof.errors`, and 0, 1 for "over budget" and nothing else, 130 when interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from orderof.cli.failure import exit_code

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["command", "main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    given = list(sys.argv[1:] if args is None else args)

    def run() -> None:
        from orderof.cli.app import APP

        with APP.make_context("orderof", list(given)) as context:
            APP.invoke(context)
        sys.stdout.flush()

    return exit_code(run, given)


def command() -> NoReturn:
    """Run the command line as a process.

    Nothing goes on the network, also where a library would look there for a configuration. When
    the answer is out there is nothing to clean up, and torch takes half a second to try.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    code = main()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    if "torch" in sys.modules:
        os._exit(code)
    sys.exit(code)
