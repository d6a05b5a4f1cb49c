"""`orderof measure`: that what is said is what was run, on a module of a few lines."""

import json

import pytest
from click.testing import CliRunner

from orderof.cli.app import APP
from orderof.cli.measure import varied
from orderof.errors import BadSpelling, UsageError

NET = """
import torch

def net():
    return torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
"""


def run(*args):
    return CliRunner().invoke(APP, ["measure", *args])


@pytest.mark.framework
@pytest.mark.parametrize("train", [(), ("--train", "sgd")])
def test_every_size_is_run_and_counted(tmp_path, monkeypatch, train):
    pytest.importorskip("torch")
    (tmp_path / "small_net_to_time.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    found = run("small_net_to_time:net", "--input", "x: float32[B=2, 16]", "--vary", "B=4,8,16",
                "--json", "-q", *train)  # fmt: skip
    assert found.exit_code == 0, found.output
    data = json.loads(found.output)
    assert [p["size"] for p in data["points"]] == [4, 8, 16]
    assert all(len(p["seconds"]) >= 3 and min(p["seconds"]) > 0 for p in data["points"])
    one = 2 * 16 * 32 + 32 + 2 * 32 * 4  # products, their sums and biases, the maximum with 0
    if not train:
        assert [p["operations"] for p in data["points"]] == [4 * one, 8 * one, 16 * one]
        assert data["derived"] == 1
    assert isinstance(data["agrees"], bool)


@pytest.mark.framework
def test_the_screen(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    (tmp_path / "small_net_to_time.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    found = run("small_net_to_time:net", "--input", "x: float32[B=2, 16]", "--vary", "B=4..16:x2")
    assert found.exit_code == 0, found.output
    assert "operations grow as B**1 over these sizes" in found.output
    assert "Next: orderof growth small_net_to_time:net" in found.output


def test_what_cannot_be_run_is_refused():
    found = run("zoo:gpt2", "--vary", "S=1,2,3")
    assert isinstance(found.exception, UsageError)
    assert "cannot be run" in str(found.exception)


def test_series():
    assert varied("S=100..500:+200") == ("S", [100, 300, 500])
    assert varied("S=5,3,5") == ("S", [3, 5])
    for text in ("S", "S=1..", "S=4..2:x2", "S=1..9:x1", "S=0..9:x2", "S=1..99:+1", "S=7"):
        with pytest.raises(BadSpelling, match="is no series of sizes"):
            varied(text)
