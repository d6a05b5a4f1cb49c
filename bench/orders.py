"""Verify the certificate of every order of growth of many models, by code that finds none.

    python bench/orders.py zoo torchvision DIRECTORY_OF_CONFIGS ...

For each model and each of its letters, and for all letters together: the order of the contractions
of the forward pass and of all operations of a training step is found, and its certificate is
checked from its text by z3 and SymPy (`tests/sym/verifier.py`). Prints one line for each model, and
says at the end how many certificates there were, how many are Theta, and how many steps z3 left
open, which were evaluated at random sizes.
"""

# ruff: noqa: INP001, S311, T201 - a script

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.sym.verifier import check

from orderof import analyze

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSIFIERS = (
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "mnasnet1_0"),
    *("mobilenet_v2", "mobilenet_v3_large", "regnet_y_400mf", "resnet18", "resnet50"),
    *("resnext50_32x4d", "shufflenet_v2_x1_0", "squeezenet1_1", "vgg11", "vgg16_bn", "vit_b_16"),
    "wide_resnet50_2",
)


def spellings(kinds: list[str]) -> Iterator[str]:
    """List what is asked for."""
    from orderof.frontends.zoo import ZOO

    for kind in kinds:
        if kind == "zoo":
            yield from (f"zoo:{name}" for name in ZOO)
        elif kind == "torchvision":
            yield from (f"torchvision:{name}" for name in CLASSIFIERS)
        else:
            yield from (f"hf:{path}" for path in sorted(Path(kind).glob("*/config.json")))


def verify(spelling: str) -> tuple[int, int, int]:
    """Check one model: certificates, those that are Theta, steps left open."""
    result = analyze(spelling, train="adamw")
    seen: set[object] = set()
    tight = undecided = 0
    for f in (result.forward.macs, result.step.ops):
        for letters in ((), *((letter,) for letter in result.dims)):
            found = f.order(*letters)
            if found.certificate in seen:
                continue
            seen.add(found.certificate)
            undecided += check(found.certificate, random.Random(1))
            tight += found.tight
    return len(seen), tight, undecided


def main() -> None:
    """Verify all, and add up."""
    total = [0, 0, 0]
    for spelling in spellings(sys.argv[1:] or ["zoo", "torchvision"]):
        start = time.perf_counter()
        try:
            found = verify(spelling)
        except Exception as error:  # noqa: BLE001 - a script says what failed and goes on
            print(f"{spelling:45} FAILED {type(error).__name__}: {str(error)[:200]}", flush=True)
            continue
        total = [a + b for a, b in zip(total, found, strict=True)]
        took = time.perf_counter() - start
        print(f"{spelling:45} {found[0]:3} certificates, {found[1]:3} Theta,"
              f" {found[2]:3} steps open  {took:.1f} s", flush=True)  # fmt: skip
    print(f"{total[0]} certificates verified, {total[1]} Theta, {total[2]} steps open")


if __name__ == "__main__":
    main()
