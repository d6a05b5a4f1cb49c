"""What `orderof` prints, letter by letter, as reviewable text.

After a change that is meant, write the files again and read the difference:

    ORDEROF_GOLDEN=write pytest tests/views/test_golden.py
"""

import os
from pathlib import Path

import pytest

import orderof
from orderof.result.report import Ask, report
from orderof.views.text import render

FOLDER = Path(__file__).resolve().parent.parent / "golden"
CASES = {
    "gpt2_adamw.txt": ("zoo:gpt2", {"train": "adamw"}, Ask("zoo:gpt2", "--train adamw"), {}),
    "gpt2_top_ascii_80.txt": (
        "zoo:gpt2",
        {},
        Ask("zoo:gpt2", top=5),
        {"ascii": True, "width": 80},
    ),
    "mlp.txt": ("zoo:mlp", {}, Ask("zoo:mlp"), {}),
    "mlp_sgd_macs.txt": (
        "zoo:mlp",
        {"train": "sgd", "as_": "macs"},
        Ask("zoo:mlp", "--train sgd --as macs"),
        {},
    ),
    "resnet50_80.txt": ("zoo:resnet50", {}, Ask("zoo:resnet50"), {"width": 80}),
}


@pytest.mark.parametrize("name", CASES)
def test_text_is_as_reviewed(name):
    model, options, ask, how = CASES[name]
    found = render(report(orderof.analyze(model, **options), ask), **how)
    path = FOLDER / name
    if os.environ.get("ORDEROF_GOLDEN") == "write":
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


@pytest.mark.parametrize("name", ["mlp", "conv", "lstm", "attention"])
def test_derivations_are_as_reviewed(name):
    found = str(orderof.derive(f"zoo:{name}", train="sgd"))
    path = FOLDER / f"derive_{name}.txt"
    if os.environ.get("ORDEROF_GOLDEN") == "write":
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")
