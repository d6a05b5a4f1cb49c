"""What is read, said and loaded while an answer is counted."""

from __future__ import annotations

import functools
import os
import sys
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, all_suffixes
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Generator

Stamp: TypeAlias = tuple[int, int]
"""The size of a file and when it was changed, in nanoseconds."""

STANDARD = str(Path(os.__file__).parent)
OURS = str(Path(__file__).parents[2])
SUFFIXES = tuple(all_suffixes())
SYSTEM = ("/proc", "/sys", "/dev")
WRITES = os.O_WRONLY | os.O_TRUNC | os.O_EXCL
HEARD = frozenset({"open", "socket.connect", "socket.getaddrinfo"})
SLACK = 2 * 10**9
"""The coarsest clock of a file system in use, in nanoseconds."""
_WATCHING: list[Seen] = []


def stamp(path: str) -> Stamp | None:
    """Give the size and the time of a file; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of them, and Path is slower
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def script() -> str:
    """Name the file that Python was started with; torch reads it to say who called."""
    return str(getattr(sys.modules.get("__main__"), "__file__", ""))


class Heard:
    """A stream that passes on what is written to it, and remembers it."""

    def __init__(self, stream: TextIO) -> None:
        """Stand in for a stream."""
        self._stream = stream
        self._parts: list[str] = []

    def write(self, text: str) -> int:
        """Write, and remember."""
        self._parts.append(text)
        return self._stream.write(text)

    def text(self) -> str:
        """Give all that was written."""
        return "".join(self._parts)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


@dataclass(eq=False)
class Seen:
    """What a count has touched."""

    began: int
    errors: Heard
    output: Heard
    opened: set[str] = field(default_factory=set[str])
    network: bool = False

    def note(self, event: str, args: tuple[Any, ...]) -> None:
        """Take note of an event, https://docs.python.org/3/library/audit_events.html."""
        match args:
            case _ if event != "open":
                self.network = True
            case (str() | bytes() | os.PathLike(), _, int(flags)) if flags & WRITES:
                pass
            case (str() | bytes() | os.PathLike(), *_):
                self.opened.add(os.fsdecode(cast("str", args[0])))
            case _:  # a descriptor, which was opened before
                pass

    @property
    def said(self) -> str:
        """What was written to stderr."""
        return self.errors.text()

    @property
    def files(self) -> dict[str, Stamp]:
        """The files of all modules that are loaded, and the data of packages that was read.

        Without those of the standard library, which is as its version says.
        """
        data = {path for path in self.opened if _packaged(path) and not path.endswith(SUFFIXES)}
        used = {path: stamp(path) for path in sorted(_modules() | data)}
        return {path: at for path, at in used.items() if at and not _below(path, STANDARD)}

    def flaw(self, configuration: Path | None) -> str | None:
        """Say what, besides that file and the installed packages, the answer may depend on."""
        if self.network:
            return "it asked the network"
        if self.output.text():
            return "something was written to stdout"
        known = {*map(_whole, (str(configuration), script())), *sys.path}
        for path in sorted({*map(_whole, self.opened), *_modules()} - known):
            if not _installed(path):
                return f"it read {path}"
        for path, (_, changed) in self.files.items():
            if changed > self.began - SLACK:
                return f"{path} was just changed"
        return None


@contextmanager
def watching() -> Generator[Seen]:
    """Watch what is done in a block. Written for a process that answers one question."""
    seen = Seen(time.time_ns(), Heard(sys.stderr), Heard(sys.stdout))
    errors, output = cast("TextIO", seen.errors), cast("TextIO", seen.output)
    _listen()
    _WATCHING.append(seen)
    try:
        with redirect_stderr(errors), redirect_stdout(output):
            yield seen
    finally:
        _WATCHING.remove(seen)


@functools.cache
def _listen() -> None:
    """Add the audit hook; it stays until the process ends, so there is one at most."""
    sys.addaudithook(_hear)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if event in HEARD:
        for seen in _WATCHING:
            seen.note(event, args)


def _modules() -> set[str]:
    """Give the files of the modules that are loaded."""
    specs = (getattr(m, "__dict__", {}).get("__spec__") for m in list(sys.modules.values()))
    return {str(s.origin) for s in specs if isinstance(s, ModuleSpec) and s.has_location}


def _installed(path: str) -> bool:
    """Whether a file belongs to Python, to a package, to orderof or to the system."""
    return _packaged(path) or any(_below(path, root) for root in (STANDARD, OURS, *SYSTEM))


def _whole(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - links are left as they are


def _packaged(path: str) -> bool:
    return bool({"site-packages", "dist-packages"}.intersection(Path(path).parts))


def _below(path: str, root: str) -> bool:
    return path.startswith(root + os.sep) and not _packaged(path.removeprefix(root))
