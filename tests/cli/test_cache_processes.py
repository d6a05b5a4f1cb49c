"""Kept answers from one process to the next, with and without the frameworks."""

import json
import os
import subprocess
import sys

import pytest

PROCESS = """
import sys, warnings
from orderof import analyze
from orderof.cli import main
from orderof.cli.question import Question

def result(question):
    warnings.warn("as it is")
    print("counted", file=sys.stderr)
    return analyze("zoo:mlp")

Question.result = result
main(["torchvision:fake", "--json", *sys.argv[1:]])
"""


def test_a_process_says_what_the_one_before_it_said(tmp_path):
    def run(*args: str) -> tuple[str, str]:
        command = [sys.executable, "-c", PROCESS, *args]
        env = {**os.environ, "ORDEROF_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", check=True
        )
        return done.stdout, done.stderr

    out, err = run()
    assert "UserWarning: as it is" in err
    assert "\ncounted\n" in err
    assert run() == (out, err)
    again, told = run("-v")
    assert again == out
    assert told.startswith(err + "found in ")
    assert "UserWarning" not in run("-q")[1]
    assert run("-q")[1] == "counted\n"


CONFIG = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "vocab_size": 100,
    "n_positions": 64,
}
TELL = """
import sys
from orderof.cli import main
code = main(sys.argv[1:])
print("with torch" if "torch" in sys.modules else "without", file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def run(tmp_path):
    """Run the command line as a process: stdout, stderr, and whether torch was imported."""
    (tmp_path / "here").mkdir()

    def run(*args: str) -> tuple[str, str, bool]:
        done = subprocess.run(
            [sys.executable, "-c", TELL, *args],
            env={**os.environ, "ORDEROF_CACHE_DIR": str(tmp_path / "cache")},
            cwd=tmp_path / "here",
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        *said, last = done.stderr.splitlines()
        return done.stdout, "\n".join(said), last == "with torch"

    return run


@pytest.mark.framework
def test_a_configuration_needs_no_torch_the_second_time(run, tmp_path):
    config = tmp_path / "here" / "config.json"
    config.write_text(json.dumps(CONFIG))
    out, err, torch = run("hf:config.json")
    assert torch
    assert "eos_token_id must be" in err  # transformers warns of what this configuration lacks
    assert run("hf:config.json") == (out, err, False)
    found = run("hf:config.json", "--json")
    assert not found[2]
    assert run("hf:config.json", "--json", "--no-cache") == (*found[:2], True)
    config.write_text(json.dumps(CONFIG) + " ")
    assert run("hf:config.json") == (out, err, True)


@pytest.mark.framework
def test_a_builder_of_torchvision_needs_no_torch_the_second_time(run):
    asked = ("torchvision:squeezenet1_1", "--train", "sgd", "--depth", "2")
    out, err, torch = run(*asked)
    assert torch
    assert run(*asked) == (out, err, False)
    shown, _, torch = run("torchvision:squeezenet1_1", "--train", "sgd", "--top", "3")
    assert not torch
    assert "├" not in shown
