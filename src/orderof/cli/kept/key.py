"""What an answer depends on and can be known before it is counted, as one digest."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orderof.cli.kept.watch import OURS, SUFFIXES, script, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.cli.question import Question

INSTALLED = (".dist-info", ".egg-info", ".pth")
"""What an installation leaves beside the packages; its name has the version, its time the day."""
DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/accel")
SESSION = re.compile(
    r"_|PWD|OLDPWD|SHLVL|COLUMNS|LINES|TERM\w*|COLORTERM|LS_COLORS|PS\d|PROMPT\w*|HIST\w+"
    r"|SSH_\w+|GPG_\w+|DBUS_\w+|XDG_(SESSION|RUNTIME|SEAT|VTNR)\w*|SESSION_MANAGER|DESKTOP_\w+"
    r"|DISPLAY|WAYLAND_\w+|XAUTHORITY|WINDOWID|VTE_\w+|GNOME_\w+|KONSOLE_\w+|KITTY_\w+|ITERM_\w+"
    r"|ALACRITTY_\w+|WEZTERM_\w+|WT_\w+|VSCODE_\w+|TMUX\w*|STY|WINDOW|SECURITYSESSIONID"
    r"|STARSHIP_\w+|DIRENV_\w+|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_\w+|ORDEROF_CACHE_DIR"
)
"""Variables of a terminal or a login, which differ where nothing else does. All others count."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What an answer rests on.

    What only this process can change is looked at once, as torch sets variables for itself. The
    rest is on disk, and a digest taken later tells whether it is still the same.
    """

    process: str
    configuration: Path | None
    folders: tuple[str, ...]
    """Where Python looks for modules, and the working directory, where the front end does."""

    @staticmethod
    def of(question: Question, quiet: bool) -> Ground:
        """Look at the process. `quiet` and a terminal decide what is said, and said again."""
        whole = [
            [repr(question), quiet, sys.stderr.isatty()],
            [sys.version, str(sys.flags), sys.warnoptions, stamp(script())],
            [*getattr(os, "uname", tuple)(), *map(os.path.exists, DEVICES)],
            sorted(i for i in os.environ.items() if not SESSION.fullmatch(i[0])),
            sys.path,
        ]
        folders = (*sys.path, str(Path.cwd()))
        return Ground(json.dumps(whole), configuration(question.model), folders)

    def key(self) -> bytes:
        """Digest all of it. Raises OSError where something cannot be read."""
        whole = [
            self.process,
            _digest(self.configuration.read_bytes()) if self.configuration else None,
            code(Path(OURS)),
            [list(importable(folder)) for folder in self.folders],
        ]
        return hashlib.sha256(json.dumps(whole).encode()).digest()


def configuration(model: str) -> Path | None:
    """Name the file that describes a model, where it is one."""
    door, _, text = model.partition(":")
    if door != "hf":
        return None
    path = Path(text)
    return path / "config.json" if path.is_dir() else path


def code(root: Path) -> str:
    """Digest every file of a package, by its content: a developer's next line is another orderof.

    Raises OSError where there is none, as inside a zip file.
    """
    found = hashlib.sha256()
    files = sorted(
        Path(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if not folder.endswith("__pycache__")
    )
    if not files:
        raise FileNotFoundError(f"{root} has no files")
    for file in files:
        found.update(os.fsencode(file.relative_to(root)) + b"\n")
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def importable(folder: str) -> Iterator[object]:
    """Name all that can be imported from a folder, and what was installed into it.

    So a file that comes to stand before a package of the same name is noticed, a new package that
    is only looked for too, and another version of one.
    """
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        yield stamp(folder)  # a zip file, or nothing
        return
    for entry in entries:
        name = entry.name
        if name.endswith(INSTALLED):
            yield name, stamp(entry.path)
        elif name.endswith(SUFFIXES):
            yield name
        elif name.isidentifier() and name != "__pycache__" and entry.is_dir():
            starts = (s for s in SUFFIXES if Path(entry.path, f"__init__{s}").exists())
            yield name, next(starts, None)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
