"""`orderof train`: the screen, JSON, and what is refused."""

import json

from click.testing import CliRunner

from orderof.cli.app import APP
from orderof.errors import BadSpelling


def run(*args):
    return CliRunner().invoke(APP, ["train", *args])


def test_the_screen():
    found = run("mlp:784-300-10", "--examples", "60k", "--epochs", "10", "--batch", "32",
                "--train", "sgd")  # fmt: skip
    assert found.exit_code == 0, found.output
    lines = [line.rstrip() for line in found.output.splitlines()]
    assert "  sgd                     575.3 G      580.3 G    18,750" in lines
    assert "  FLOP         2*e*m*n1*(2*n0 + 3*n2)" in lines
    assert "  grows as   Theta(e*m) as m, e grow" in lines
    assert lines[-1].startswith("  Next: orderof train mlp:784-300-10 --train sgd")


def test_a_last_batch_that_is_smaller_is_told():
    assert "The last batch of every epoch has 2 examples." in run(
        "zoo:lstm", "--examples", "10", "--batch", "4"
    ).output  # fmt: skip


def test_json():
    found = run("zoo:lstm", "--examples", "10", "--batch", "4", "--json")
    data = json.loads(found.output)
    assert (data["updates"], data["train"]) == ({"formula": "e*ceildiv(m, B)", "value": 3}, "adamw")
    assert data["dims"]["m"] == 10


def test_what_is_no_number():
    found = run("zoo:lstm", "--examples", "some")
    assert isinstance(found.exception, BadSpelling)
