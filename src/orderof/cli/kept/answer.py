"""An answer that was kept, or a new one, which is kept."""

from __future__ import annotations

import json
import sys
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orderof.cli.kept.key import Ground
from orderof.cli.kept.watch import Stamp, stamp, watching
from orderof.errors import UsageError
from orderof.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orderof.cli.kept.store import Store
    from orderof.cli.question import Question


@dataclass(frozen=True, slots=True)
class Kept:
    """A result, what was said on stderr meanwhile, and the files it was made with."""

    result: Result
    said: str
    files: Mapping[str, Stamp]

    def dumps(self) -> bytes:
        """Write it."""
        whole = {"said": self.said, "files": self.files, "result": self.result.to_json()}
        return zlib.compress(json.dumps(whole).encode())

    @staticmethod
    def loads(body: bytes) -> Kept | None:
        """Read it; None where it is damaged, or a file has changed."""
        with suppress(zlib.error, ValueError, KeyError, TypeError, AttributeError, UsageError):
            whole: dict[str, Any] = json.loads(zlib.decompress(body))
            files = {str(path): (int(at[0]), int(at[1])) for path, at in whole["files"].items()}
            if all(stamp(path) == at for path, at in files.items()):
                return Kept(Result.from_json(str(whole["result"])), str(whole["said"]), files)
        return None


def answer(question: Question, quiet: bool, note: Callable[[str], None]) -> tuple[Result, bool]:
    """Answer a question, and tell whether the answer is one that was kept.

    `note` is told why an answer is not kept, and what is wrong with the store.
    """
    try:
        from orderof.cli.kept.store import Store, path

        store, ground = Store(path()), Ground.of(question, quiet)
        key = ground.key()
    except (ImportError, OSError, UsageError) as error:  # a Python may be built without SQLite
        note(f"cache not used: {error}")
        return question.result(), False
    found = _find(store, key, note)
    if found:
        sys.stderr.write(found.said)
        return found.result, True
    with watching() as seen:
        result = question.result()
    kept = Kept(result, seen.said, seen.files)
    flaw = seen.flaw(ground.configuration) or _flaw(kept, ground, key)
    if not flaw:
        asked = f"{question.model} {question.options()}".rstrip()
        flaw = _put(store, key, asked, kept)
    if flaw:
        note(f"answer not kept: {flaw}")
    return result, False


def _find(store: Store, key: bytes, note: Callable[[str], None]) -> Kept | None:
    try:
        body = store.get(key)
    except UsageError as error:
        note(f"cache not used: {error}")
        return None
    return Kept.loads(body) if body else None


def _flaw(kept: Kept, ground: Ground, key: bytes) -> str | None:
    """Say why an answer would not be the same the next time."""
    again = Kept.loads(kept.dumps())
    if again is None or again != kept or again.result.to_json() != kept.result.to_json():
        return "it does not read back as it was written"
    try:
        same = ground.key() == key
    except OSError as error:
        return str(error)
    return None if same else "what it depends on changed while it was counted"


def _put(store: Store, key: bytes, asked: str, kept: Kept) -> str | None:
    """Keep an answer, or say why not."""
    try:
        store.put(key, asked, kept.dumps())
    except UsageError as error:
        return str(error)
    return None
