"""How far a long count is, on stderr."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

FIRST, MORE = 1.0, 2.0
"""After how many seconds the first line is written, and how many times later each further one."""


def _stderr() -> TextIO:
    """Give what stderr is now: what is said later may be kept, and this is not for that."""
    return sys.stderr


@dataclass(slots=True)
class Progress:
    """Says how many members of a family are counted, seldom."""

    stream: TextIO = field(default_factory=_stderr)
    began: float = field(default_factory=time.monotonic)
    next: float = FIRST

    def tell(self, members: int) -> None:
        """Take note of the number."""
        passed = time.monotonic() - self.began
        if passed >= self.next:
            self.stream.write(f"counted {members} of the family so far\n")
            self.next = MORE * passed
