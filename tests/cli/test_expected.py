"""`orderof MODEL --cond 0.3`: what a model costs on average."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from orderof.cli.analyze import COMMAND
from orderof.errors import BadSpelling, UsageError

pytestmark = pytest.mark.framework

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "expected.txt"
GATED = """
import torch
from torch import nn

class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.small, self.head = nn.Linear(64, 64), nn.Linear(64, 10)
        self.large = nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 64))

    def forward(self, x):
        small, large = lambda x: self.small(x), lambda x: self.large(x)
        return self.head(torch.cond(x.sum() > 0, small, large, (x,)))
"""
SMALL, LARGE, HEAD = 64 * 64, 2 * 64 * 512, 64 * 10


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Ask about a network with a gate."""
    (tmp_path / "gated_by_chance.py").write_text(GATED)
    monkeypatch.syspath_prepend(tmp_path)

    def asked(*words):
        given = ["gated_by_chance:Gated", "--input", "x: float32[B=32, 64]", *words]
        return CliRunner().invoke(COMMAND, [*given, "--no-color"])

    return asked


def test_text_is_as_reviewed(ask):
    found = ask("--cond", "1/3", "--train", "adamw", "--loss", "cross_entropy")
    if os.environ.get("ORDEROF_GOLDEN") == "write":
        GOLDEN.write_text(found.output, "utf-8")
    assert found.output == GOLDEN.read_text("utf-8")


def test_as_json_a_mean_is_a_sum_over_a_number(ask, tmp_path):
    file = tmp_path / "result.json"
    found = ask("--cond", "0.3", "--json", "-o", str(file), "--as", "fvcore")
    data = json.loads(found.output)
    assert data == json.loads(file.read_text())
    macs = data["expected"]["forward"]["macs"]
    assert macs["value"] * 10 == (3 * SMALL + 7 * LARGE + 10 * HEAD) * 32 * macs["over"]
    assert data["expected"]["forward"]["total"] == macs
    assert [way["probability"] for way in data["ways"]] == ["3/10", "7/10"]
    assert [way["macs"]["value"] for way in data["ways"]] == [
        32 * (SMALL + HEAD),
        32 * (LARGE + HEAD),
    ]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["--cond", "often"], BadSpelling, "often: is no probability"),
        (["--cond", "0.3", "--span"], BadSpelling, "--cond 0.3: is a mean, which is no graph"),
        (["--cond", "0.3", "--vary", "n"], BadSpelling, "--vary: does not go with --cond 0.3"),
        (["--cond", "0.3", "--top", "3"], UsageError, "--depth and --top: go with what"),
        (["--span", "--depth", "3"], UsageError, "--depth and --top: go with what"),
    ],
)
def test_what_has_no_mean_is_refused(ask, words, error, message):
    found = ask(*words)
    assert isinstance(found.exception, error)
    assert message in str(found.exception)


def test_operators_without_a_rule_make_it_a_bound(tmp_path, monkeypatch):
    (tmp_path / "odd_by_chance.py").write_text(
        "import torch\n"
        "def f(x):\n"
        "    return torch.cond(x.sum() > 0, torch.linalg.eigvals, lambda x: x @ x + 0j, (x,))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    given = ["odd_by_chance:f", "--input", "x: float32[4, 4]", "--cond", "0.5", "--no-color"]
    found = CliRunner().invoke(COMMAND, given)
    assert "≥" in found.output
    assert "without a rule: aten.linalg_eig" in found.output
