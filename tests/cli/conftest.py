"""The command line as a process."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def orderof() -> Run:
    """Run `orderof` with arguments; keywords are environment variables."""

    def run(*args: str, cwd=None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "orderof", *args],
            capture_output=True,
            encoding="utf-8",
            cwd=cwd,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
            check=False,
        )

    return run
