"""`orderof compare`: figures, terms that add up, files of one's own, mistakes."""

import json

import pytest

MINE = """
about = "multiply-adds, and activations at 1"
source = "a test"
otherwise = "macs"

[[rule]]
op = "relu"
count = "x0"
why = "an activation counts 1 for each element"
"""


def test_two_are_set_against_each_other(orderof):
    done = orderof("compare", "zoo:resnet18", "--as", "macs,fvcore")
    assert done.returncode == 0
    assert "fvcore less macs" in done.stdout
    assert "4,992,512" in done.stdout
    assert done.stdout.rstrip().rpartition("\n")[2].strip().startswith("Next: orderof compare")


def test_json_adds_up(orderof):
    found = json.loads(orderof("compare", "zoo:gpt2", "--as", "fvcore,torch", "--json").stdout)
    (pair,) = found["differences"]
    assert (pair["from"], pair["to"]) == ("fvcore", "torch")
    assert sum(t["value"] for t in pair["terms"]) == pair["value"]
    by_name = {f["name"]: f["value"] for f in found["figures"]}
    assert by_name["torch"] - by_name["fvcore"] == pair["value"]
    for term in pair["terms"]:
        if term["places"]:
            assert sum(p["value"] for p in term["places"]) == term["value"]


def test_it_is_asked_of_a_prompt_and_of_a_step_too(orderof):
    done = orderof("compare", "zoo:gpt2", "--decode", "9")
    assert done.returncode == 2
    assert "has no cache to decode with" in done.stderr


def test_a_file_of_ones_own(orderof, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    done = orderof("compare", "zoo:mlp", "--as", f"macs,{path}")
    assert done.returncode == 0
    assert "an activation counts 1 for each element" in done.stdout
    assert orderof("zoo:mlp", "--as", str(path)).returncode == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--as", "fvcor"), "fvcor: is no convention known here"),
        (("--as", "nowhere.toml"), "nowhere.toml: is no convention known here"),
        (("--as", ","), "names no convention"),
    ],
)
def test_mistakes(orderof, args, said):
    done = orderof("compare", "zoo:mlp", *args)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_report_counts_as_it_was_asked_and_leads_on(orderof):
    done = orderof("zoo:resnet18", "--as", "fvcore")
    assert "MAC as fvcore" in done.stdout
    assert "Next: orderof compare zoo:resnet18 --as macs,fvcore" in done.stdout


def test_an_explanation_says_that_it_cannot(orderof):
    done = orderof("explain", "zoo:gpt2", "lm_head", "--as", "fvcore")
    assert (done.returncode, "orderof compare MODEL --as fvcore" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "args",
    [
        ("growth", "zoo:gpt2"),
        ("train", "zoo:gpt2", "--examples", "10"),
        ("gradient", "zoo:mlp"),
        ("zoo:gpt2", "--span"),
        ("measure", "my:model", "--vary", "B=1..2"),
    ],
)
def test_where_flop_is_told_a_convention_has_no_use(orderof, args):
    done = orderof(*args, "--as", "fvcore")
    assert done.returncode == 2
    assert "--as fvcore: has no use here" in done.stderr
