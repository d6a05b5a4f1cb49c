"""The file in which answers are kept: one SQLite table, safe under many processes and any kill.

1. Writing is one transaction with SQLite's rollback journal, which also works on network file
   systems that have locks; a process that dies in it leaves the table as it was.
2. Who finds the file busy waits `PATIENCE` seconds, then does without.
3. An entry carries a digest of its key and its body; one that does not match is as good as none.
4. The entries that were not asked for longest go first, when all together exceed `LIMIT`.
5. A file that another program made is left alone.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orderof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Generator

LIMIT = 64_000_000
"""Bytes of all entries together."""
PATIENCE = 2.0
MARK = 0x6F726466  # "ordf": says in SQLite's header whose file it is
HOUR = 3600

_MAKE = """CREATE TABLE answers (
    key BLOB PRIMARY KEY, asked TEXT NOT NULL, used INTEGER NOT NULL,
    digest BLOB NOT NULL, body BLOB NOT NULL)"""
_EVICT = """DELETE FROM answers WHERE rowid IN (
    SELECT at FROM (
        SELECT rowid AS at, sum(length(body)) OVER (ORDER BY used DESC, rowid DESC) AS total
        FROM answers)
    WHERE total > ?)"""
# The types of SQLite are those of the values, and those of a damaged entry may be any.
_GET = """SELECT used, digest, body FROM answers
    WHERE key = ? AND typeof(used) = 'integer' AND typeof(body) = 'blob'"""
_LIST = """SELECT asked, length(body) FROM answers
    WHERE typeof(asked) = 'text' AND typeof(body) = 'blob' ORDER BY used DESC, rowid DESC"""


def path() -> Path:
    """Name the file: in ORDEROF_CACHE_DIR, else in the usual place for what can be made again."""
    return _folder() / "answers-1.sqlite"  # another form of entries gets another number


def _folder() -> Path:
    named = os.environ.get("ORDEROF_CACHE_DIR")
    if named:
        return Path(named)
    windows, mac = sys.platform == "win32", sys.platform == "darwin"
    base = os.environ.get("LOCALAPPDATA" if windows else "XDG_CACHE_HOME", "")
    if Path(base).is_absolute():  # XDG: a relative path is to be ignored
        return Path(base, "orderof", "Cache") if windows else Path(base, "orderof")
    try:
        home = Path.home()
    except RuntimeError as error:
        raise UsageError("the home directory", "is unknown", "set ORDEROF_CACHE_DIR") from error
    return home / ("Library/Caches" if mac else ".cache") / "orderof"


@dataclass(frozen=True, slots=True)
class Store:
    """Entries by key. Every method raises `UsageError` where the file cannot be used."""

    path: Path
    limit: int = LIMIT

    def get(self, key: bytes) -> bytes | None:
        """Give what was put under a key; None where there is nothing, or it is damaged."""
        with self._open() as found:
            if not found:
                return None
            row = found.execute(_GET, (key,)).fetchone()
            if not row or row[1] != _digest(key, row[2]):
                return None
            now = int(time.time())
            if row[0] < now - HOUR:
                with suppress(sqlite3.Error):  # it may be for others to write
                    found.execute("PRAGMA busy_timeout = 0")
                    found.execute("UPDATE answers SET used = ? WHERE key = ?", (now, key))
            return row[2]

    def put(self, key: bytes, asked: str, body: bytes) -> None:
        """Put a body under a key, in place of what is there; `asked` says what it answers."""
        if len(body) > self.limit:
            return
        with self._open(make=True) as found:
            if found:
                row = (key, asked, int(time.time()), _digest(key, body), body)
                found.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)
                found.execute(_EVICT, (self.limit,))
                found.execute("COMMIT")

    def entries(self) -> list[tuple[str, int]]:
        """List what is kept, the latest first: what was asked, and how many bytes it takes."""
        with self._open() as found:
            return found.execute(_LIST).fetchall() if found else []

    def clear(self) -> int:
        """Remove all entries, and a file that is damaged; tell how many entries there were."""
        try:
            with self._open() as found:
                if not found:
                    return 0
                n = found.execute("DELETE FROM answers").rowcount
                found.execute("VACUUM")
                return n
        except UsageError as error:
            # Subclasses of DatabaseError tell of locks and disks, an undecodable text of damage.
            if type(error.__cause__) not in {sqlite3.DatabaseError, UnicodeDecodeError}:
                raise
            self.path.unlink(missing_ok=True)
            return 0

    @contextmanager
    def _open(self, *, make: bool = False) -> Generator[sqlite3.Connection | None]:
        """Open the file; None where there is none, or nothing in it.

        With `make` there is one, and a transaction has begun, which the caller commits.
        """
        try:
            if make:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            elif not self.path.exists():
                yield None
                return
            with closing(sqlite3.connect(self.path, PATIENCE, isolation_level=None)) as found:
                yield found if self._ready(found, make) else None
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # of a message of SQLite's
            hint = "`orderof cache --clear` removes it"
            raise UsageError(str(self.path), f"cannot be used: {error}", hint) from error

    def _ready(self, found: sqlite3.Connection, make: bool) -> bool:
        """Look whose file it is; make its table in a new one."""
        if make:
            found.execute("BEGIN IMMEDIATE")
        mark = found.execute("PRAGMA application_id").fetchone()[0]
        tables = found.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if mark != MARK and (mark or tables):
            hint = "move it away, or set ORDEROF_CACHE_DIR"
            raise UsageError(str(self.path), "belongs to another program", hint)
        if make and not tables:
            found.execute(f"PRAGMA application_id = {MARK}")
            found.execute(_MAKE)
        return bool(tables) or make


def _digest(key: bytes, body: bytes) -> bytes:
    return hashlib.sha256(key + body).digest()
