"""A model with an operator that has no rule: a lower bound by default, exit 4 with --strict."""

import pytest

pytestmark = pytest.mark.framework

NET = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(8, 8)

    def forward(self, x):
        return torch.linalg.eigvalsh(self.linear(x))
"""


@pytest.fixture
def ask(orderof, tmp_path):
    (tmp_path / "net.py").write_text(NET)

    def ask(*args: str):
        spec = "x: float32[B=8, 8]"
        return orderof("net:Net", "--input", spec, *args, cwd=tmp_path, PYTHONPATH=str(tmp_path))

    return ask


def test_totals_are_lower_bounds_and_stderr_warns(ask):
    done = ask()
    assert done.returncode == 0
    assert done.stderr == (
        "warning: 1 operator has no rule, and every total is a lower bound; --strict refuses\n"
    )
    assert "≥ 1024" in done.stdout  # 2*8*8*8 FLOP of the linear layer
    assert "aten._linalg_eigh.default" in done.stdout
    assert "net.py:" in done.stdout
    assert "1 unknown" in done.stdout


def test_quiet_does_not_warn(ask):
    assert ask("-q").stderr == ""


def test_strict_is_exit_4(ask):
    done = ask("--strict")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("error: aten._linalg_eigh.default: ")


@pytest.mark.parametrize("verb", ["growth", "train", "--span"])
def test_every_answer_warns(orderof, tmp_path, verb):
    (tmp_path / "net.py").write_text(NET)
    options = ("--examples", "8") if verb == "train" else ()
    words = ("net:Net", verb) if verb.startswith("-") else (verb, "net:Net")
    spec = "x: float32[B=8, 8]"
    path = {"cwd": tmp_path, "PYTHONPATH": str(tmp_path)}
    done = orderof(*words, "--input", spec, *options, **path)
    assert "warning: 1 operator has no rule" in done.stderr
