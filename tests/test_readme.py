"""Every command that README shows prints what README says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
SHOWN = re.findall(r"```console\n\$ orderof (.+)\n([\s\S]*?)\n```", README.read_text("utf-8"))


@pytest.mark.parametrize(("arguments", "want"), SHOWN, ids=[a for a, _ in SHOWN])
def test_shown_output_is_real(arguments, want):
    command = [sys.executable, "-m", "orderof", *arguments.split()]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.rstrip() == want


def test_there_are_some():
    assert SHOWN
