"""What the tests share: how hypothesis draws, and where the published figures are."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the first example of a test pays for its imports.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of published figures, which lies beside the checkout and is not part of it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "reference"
    if not folder.is_dir():
        pytest.skip("published reference data is absent")
    return folder


@pytest.fixture
def forgotten_rules():
    """Whatever rules a test declares are gone after it."""
    from orderof.ops.rules import RULES

    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)
