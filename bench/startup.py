"""How long `orderof` takes as a process, beside what any Python program takes.

    python bench/startup.py

Prints the median of five runs of each command, in seconds, and its ratio to an empty program. The
first run of each is not counted: it fills the caches of the file system.
"""

# ruff: noqa: INP001 - a script, in no package

from __future__ import annotations

import statistics
import subprocess
import sys
import time

TORCHVISION = """
import torch
try:
    import torchvision
except RuntimeError:
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
"""
"""What a torchvision without kernels wants: see orderof.frontends.torch.build."""
ORDEROF = [sys.executable, "-m", "orderof"]
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import click'": [sys.executable, "-c", "import click"],
    "orderof --help": [*ORDEROF, "--help"],
    "orderof zoo:gpt2 --json": [*ORDEROF, "zoo:gpt2", "--json"],
    "orderof zoo:gpt2 --train adamw": [*ORDEROF, "zoo:gpt2", "--train", "adamw"],
    "import torch, torchvision": [sys.executable, "-c", TORCHVISION],
    "orderof torchvision:resnet50": [*ORDEROF, "torchvision:resnet50", "--no-cache"],
}
RUNS = 5


def seconds(command: list[str]) -> float:
    """Time one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - commands above
    return time.perf_counter() - start


def main() -> None:
    """Time all commands, interleaved, and print a line for each."""
    runs = [{name: seconds(c) for name, c in COMMANDS.items()} for _ in range(RUNS + 1)][1:]
    medians = {name: statistics.median(run[name] for run in runs) for name in COMMANDS}
    least = next(iter(medians.values()))
    for name, median in medians.items():
        sys.stdout.write(f"{name:<32} {median:6.3f} s {median / least:6.1f} x\n")


if __name__ == "__main__":
    main()
