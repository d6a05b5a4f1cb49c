"""`orderof explain MODEL`: the derivation on the screen and as JSON, and the exercise."""

import json

import pytest
from click.testing import CliRunner

from orderof.cli.app import APP


def run(*args, answers=None):
    return CliRunner().invoke(APP, ["explain", *args], input=answers)


def test_a_whole_derivation_ends_in_training():
    found = run("mlp:3-4-2")
    assert found.exit_code == 0, found.output
    lines = [line.strip() for line in found.output.splitlines()]
    equation = "y_1[b, o] = sum over i of x[b, i] * W_1[o, i] for b < B, i < n0, o < n1"
    assert f"(1)               {equation}" in lines
    assert "4. one update: sgd" in lines
    assert "8. all of training: e epochs" in lines
    assert lines[-1].startswith("Next: orderof explain mlp:3-4-2 layer2.linear")


def test_the_optimizer_and_the_loss_that_are_named():
    text = run("mlp:3-4-2", "--train", "adamw", "--loss", "mse").output
    assert "one update: adamw" in text
    assert "c_1[" in text


@pytest.mark.parametrize(
    ("phase", "titles"),
    [
        ("forward", ["1. forward: from the input to the output"]),
        ("backward", ["1. backward: the errors", "2. backward: the gradients of the parameters"]),
        ("optimizer", ["1. one update: sgd"]),
    ],
)
def test_one_phase(phase, titles):
    lines = [x.strip() for x in run("mlp:3-4-2", "--phase", phase).output.splitlines()]
    assert [x for x in lines if x[:2] in {"1.", "2.", "3."}] == titles


def test_json():
    data = json.loads(run("mlp:3-4-2", "--json").output)
    assert [c["of"] for c in data["chapters"]] == [
        "forward", "errors", "weight gradients", "update",
    ]  # fmt: skip
    first = data["chapters"][0]["layers"][0]["steps"][0]
    assert first["equation"] == "y_1[b, o] = sum over i of x[b, i] * W_1[o, i]"
    assert first["counts"][0] == {
        "kind": "mul", "written": "B * n0 * n1", "formula": "B*n0*n1", "value": 12,
    }  # fmt: skip
    assert data["chapters"][0]["order"]["is"] == "Theta(B*n0*n1 + B*n1*n2)"
    assert data["essay"][0]["essay"] == "n0*n1*n2 + n0*n1"


@pytest.mark.parametrize("language", ["markdown", "latex", "html"])
def test_pages(language):
    found = run("mlp:3-4-2", "--format", language)
    assert found.exit_code == 0
    assert {"markdown": r"\sum_{i}", "latex": r"\sum_{i}", "html": "∑"}[language] in found.output


def test_an_exercise_hears_answers():
    answers = "B*n0*n1\nB*n1*(n0 - 1)\nB*n1*n0\n+++\n\n"
    text = run("mlp:3-4-2", "--exercise", answers=answers).output
    assert "1 of 7. How many multiplications does layer1.linear take?" in text
    assert "no: the additions of (2) are missing: B*n1" in text
    assert text.count("right\n") == 3  # two answers, and the sum
    assert "that cannot be read" in text
    assert "in all: 2*B*n0*n1" in text
    assert text.endswith("2 of 3 right\n")


def test_an_exercise_about_nothing():
    found = run("mlp:3-4-2", "nowhere", "--exercise")
    assert "has nothing to ask for" in str(found.exception)


def test_a_scope_is_explained_as_before():
    assert run("zoo:gpt2", "lm_head").output.startswith("lm_head · Linear · forward of gpt2")
