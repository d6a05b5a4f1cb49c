"""`orderof train`: the screen, JSON, and what is refused."""

import json

import pytest
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


def test_until_within_eps():
    found = run("mlp:784-10", "--loss", "cross_entropy", "--examples", "60k", "--until", "1e-3",
                "--with", "beta=10,R=5")  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "  smooth                  499,996               940.8 T      943.8 T" in found.output
    assert "source      Nesterov 2004" in found.output
    assert "stationary assumes" not in found.output


def test_a_network_with_hidden_layers_is_no_convex_cost():
    found = run("zoo:mlp", "--examples", "60k", "--until", "0.1", "--descent", "stochastic",
                "--with", "G=2,R=5", "--batch", "32", "--json")  # fmt: skip
    data = json.loads(found.stdout)
    assert "no loss is named" in data["doubt"]
    assert (data["iterations"], data["dims"]["B"]) == (10_000, 32)
    assert "warning: the bound assumes a convex cost" in found.stderr
    plain = run("zoo:mlp", "--examples", "60k", "--until", "0.1", "--descent", "stationary",
                "--with", "beta=1,D=2", "--json")  # fmt: skip
    assert json.loads(plain.stdout)["doubt"] == ""


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--until", "0.1", "--with", "beta=1,R=1", "--epochs", "7"], "--epochs"),
        (["--until", "0.1", "--with", "beta=1,R=1", "--batch", "5"], "the batch"),
        (["--until", "0.1", "--with", "beta=1,beta=2,R=1"], "gives a constant twice"),
        (["--until", "0.1", "--with", "beta=1,R=1", "--train", "adamw"], "is not the method"),
        (["--until", "1e-9999", "--with", "beta=1,R=1"], "is beyond all sizes"),
        (["--with", "beta=1"], "have no use without --until"),
        (["--descent", "smooth"], "have no use without --until"),
    ],
)
def test_options_that_would_be_ignored(words, what):
    found = run("mlp:3-2", "--loss", "mse", "--examples", "9", *words)
    assert isinstance(found.exception, BadSpelling)
    assert what in str(found.exception)


def test_an_accelerated_step_costs_more():
    plain, fast = (
        json.loads(run("mlp:3-2", "--loss", "mse", "--examples", "9", "--until", "0.1", "--descent",
                       name, "--with", "beta=1,R=1", "--json").stdout)
        for name in ("smooth", "accelerated")
    )  # fmt: skip
    each = [d["ops"]["value"] / d["iterations"] for d in (plain, fast)]
    assert each[1] > each[0]


def test_a_model_that_has_a_letter_t():
    found = run("zoo:transformer", "--examples", "9", "--until", "0.1", "--with", "beta=1,R=1",
                "--json")  # fmt: skip
    assert json.loads(found.stdout)["ops"]["formula"].count("N*") > 0


def test_constants_that_are_missing():
    found = run("zoo:mlp", "--examples", "60k", "--until", "0.1", "--with", "beta=2")
    assert isinstance(found.exception, BadSpelling)
    assert "needs beta=..., R=..." in found.exception.hint
