"""docs/why-tools-disagree.md is what its script writes."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.framework
def test_the_page_is_what_is_counted(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "bench"), *sys.path])
    import why

    assert why.page() == why.PAGE.read_text("utf-8")
