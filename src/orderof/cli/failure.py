"""From exceptions to messages and exit codes: no traceback for anything but a bug."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from orderof.errors import Error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BUG = 70
INTERRUPTED = 130


def exit_code(run: Callable[[], None], args: Sequence[str]) -> int:
    """Run a command and tell how it ended, on stderr where there is something to say."""
    from click.exceptions import Abort, ClickException, Exit

    try:
        run()
    except Exit as done:
        return done.exit_code
    except (Abort, KeyboardInterrupt, EOFError):
        tell("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _close_stdout()
        return 0
    except ClickException as error:
        tell(f"error: {error.format_message()}", "hint: `orderof --help` lists what can be given")
        return error.exit_code
    except Error as error:
        tell(f"error: {error}", *([f"hint: {error.hint}"] if error.hint else []))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - what is left is a bug, and is told as one
        told = f"error: this is a bug in orderof: {type(error).__name__}: {error}"
        tell(told, f"hint: {_keep_traceback(args)}")
        return BUG
    return 0


def tell(*lines: str) -> None:
    """Write lines to stderr."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def _keep_traceback(args: Sequence[str]) -> str:
    """Write the traceback to a file and say where it is."""
    import tempfile
    import traceback

    from orderof.result.version import version

    command = shlex.join(["orderof", *args])
    head = f"{command}\norderof {version()}, Python {sys.version}\n\n"
    text = head + traceback.format_exc()
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="orderof-", suffix=".txt", delete=False
        ) as file:
            file.write(text)
    except OSError:
        tell(text)
        return "please report it with the traceback above"
    return f"please report it with the traceback in {file.name}"


def _close_stdout() -> None:
    """Point stdout at nothing, so that Python does not complain when it flushes it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell_unknown(unknown: int) -> None:
    """Warn that operators without a rule come on top, if there are any."""
    if unknown:
        ops = "1 operator has" if unknown == 1 else f"{unknown} operators have"
        tell(f"warning: {ops} no rule, and every total is a lower bound; --strict refuses")
