"""`orderof growth`: the screen, budgets, and what is refused."""

import pytest
from click.testing import CliRunner

from orderof.cli.app import APP


def run(*args):
    found = CliRunner().invoke(APP, ["growth", *args], standalone_mode=True)
    return found.exit_code, found.output


def test_the_screen():
    code, text = run("mlp:784-300-10")
    assert code == 0
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0].endswith("FLOP of the forward pass · B=1 n0=784 n1=300 n2=10")
    assert "  n1   Theta(n1)   1" in lines
    assert "  in all of them   B*n1*(n0 + n2)" in lines
    assert any(
        line.strip().startswith("where") and "f = 2*B*n1*(n0 + n2)" in line for line in lines
    )


def test_one_letter_within_a_budget():
    code, text = run("zoo:gpt2", "--in", "S", "--within", "1e15", "--train", "adamw")
    assert code == 0
    assert "FLOP of the step" in text
    assert "S = 91,798" in text
    assert "S = (12*L*d + V)/(2*L) = 6,702.04" in text


def test_of_all_operations():
    code, text = run("zoo:lstm", "--operations", "--in", "S")
    assert code == 0
    assert "operations of the forward pass" in text
    assert "Theta(S)" in text


@pytest.mark.parametrize("budget", ["many", "0", "-3", "1/0", "1.5"])
def test_what_is_no_budget(budget):
    from orderof.cli.question import whole
    from orderof.errors import BadSpelling

    with pytest.raises(BadSpelling, match="is no number"):
        whole(budget)


def test_a_letter_that_there_is_not():
    found = CliRunner().invoke(APP, ["growth", "zoo:lstm", "--in", "x"])
    assert found.exit_code != 0
    assert "x: is no dim of this model" in str(found.exception) + found.output
