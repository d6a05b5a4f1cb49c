"""What of the known libraries is counted, model by model, and what holds of the counts.

    python bench/coverage.py forward timm torchvision transformers diffusers
    python bench/coverage.py train timm --every 4
    python bench/coverage.py letters torchvision --like 'resnet*'
    python bench/coverage.py page

`forward` counts the forward pass, `train` a training step with AdamW; both beside torch's own
FlopCounterMode on the meta device. `letters` counts with batch, sequence and image sizes as letters
and blocks folded, and again in numbers, unfolded, at random sizes: every kind of operation must be
equal. `page` writes docs/coverage.md from what was found.

Every model is counted in a process of its own with limits on memory and time. Rows are written as
they come: started again, what has a row is not done again.
"""

# ruff: noqa: ANN401, INP001, T201 - a script with rows of any kind

from __future__ import annotations

import argparse
import csv
import fnmatch
import json
import math
import multiprocessing
import os
import random
import re
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

DATA = Path(__file__).with_name("coverage")
PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
LIBRARIES = ("torchvision", "timm", "transformers", "diffusers")


def names(library: str) -> list[str]:
    """List the models of a library as they are spelled."""
    from orderof.frontends.torch.imports import extra

    found: Any = extra(library)
    match library:
        case "timm":
            return [f"timm:{n}" for n in found.list_models()]
        case "torchvision":
            return [f"torchvision:{n}" for n in sorted(found.models.list_models())]
        case "transformers":
            from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

            return [f"transformers:{n}" for n in sorted(MODEL_MAPPING_NAMES)]
        case _:
            from orderof.frontends.torch.defaults.entries import kinds

            return [f"diffusers:{n}" for n in kinds("diffusers")]


Row = dict[str, Any]


def forward(spelling: str) -> Row:
    """Count the forward pass."""
    from orderof import analyze

    result = analyze(spelling, on_unknown="bound", symbolic=())
    return {**described(result), "torch_macs": halved(spelling)[0]}


def train(spelling: str) -> Row:
    """Count a training step with AdamW."""
    from orderof import analyze

    dims = pair(spelling)
    result = analyze(spelling, train="adamw", on_unknown="bound", symbolic=(), dims=dims)
    row = {**described(result), "step_ops": result.step.ops()}
    row["backward_macs"] = ours = result.backward.macs()
    row["torch_macs"], row["torch_backward_macs"] = halved(spelling, dims, backward=True)
    if row["torch_backward_macs"] not in (str(ours), row["torch_macs"]):
        mended = halved(spelling, dims, backward=True, groups=True)[1]
        row["reason"] = "weight gradients of groups" if mended == str(ours) else ""
    return row


def pair(spelling: str) -> dict[str, int]:
    """Take two of a batch: batch norm trains on no single value."""
    from orderof.frontends.torch.build import load

    return {"B": 2} if "B" in load(spelling).dims else {}


def described(result: Any) -> Row:
    """Say what was counted, and what was not."""
    unknown = sorted({u.op for u in result.coverage.unknown})
    row: Row = {"status": "bound" if unknown else "ok", "unknown": " ".join(unknown)}
    row |= {"params": result.params(), "operators": result.coverage.ops}
    return {**row, "macs": result.forward.macs(), "ops": result.forward.ops()}


def halved(
    spelling: str,
    dims: Mapping[str, int] | None = None,
    *,
    backward: bool = False,
    groups: bool = False,
) -> tuple[str, str]:
    """Give half of what torch's FlopCounterMode counts, forward and backward; or why it cannot.

    With `groups` the gradients of convolutions are counted as their forward pass is: torch 2.13
    counts a weight gradient in groups as many times as there are groups.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from orderof.frontends.torch.build import load
    from orderof.frontends.torch.nested import leaves

    try:
        loaded = load(spelling, dims=dims)
        module = loaded.module.to("meta").train(backward)
        mended: Any = {torch.ops.aten.convolution_backward: grouped} if groups else None
        with FlopCounterMode(display=False, custom_mapping=mended) as counter:
            found = module(*loaded.args, **loaded.kwargs)
            ahead = counter.get_total_flops()
            if backward:
                sums = [t.sum() for _, t in leaves(found) if t.requires_grad]
                sum(sums[1:], sums[0]).backward()
        return str(ahead // 2), str((counter.get_total_flops() - ahead) // 2)
    except Exception as error:  # noqa: BLE001 - a row says what it was
        return (shown(f"{type(error).__name__}: {error}", 80),) * 2


def grouped(grad: Any, x: Any, weight: Any, *rest: Any, out_shape: Any = None) -> int:
    """Count the gradients of a convolution: each as many multiply-adds as the forward pass."""
    del out_shape
    transposed, wanted = rest[4], rest[7]
    places = x[0] * math.prod(x[2:]) if transposed else grad[0] * math.prod(grad[2:])
    return 2 * places * math.prod(weight) * (wanted[0] + wanted[1])


TRIALS = 2
"""Recounts at random sizes for each model."""


def letters(spelling: str) -> Row:
    """Count with letters, and again in numbers at random sizes."""
    from orderof import analyze

    result = analyze(spelling, on_unknown="bound")
    row: Row = {"letters": " ".join(result.dims), "reason": shown("; ".join(result.notes), 300)}
    if not result.dims:
        return {**row, "status": "none"}
    draw = random.Random(spelling)  # noqa: S311 - the same sizes in every run
    held: list[str] = []
    for _ in range(20):
        sizes = {k: drawn(draw, n, result.dims.ranges.get(k)) for k, n in result.dims.items()}
        try:
            again = analyze(spelling, dims=sizes, symbolic=(), fold=False, on_unknown="bound")
        except Exception:  # noqa: BLE001, S112 - sizes that the model does not take
            continue
        if result.forward.counts.subs(sizes) != again.forward.counts:
            return {**row, "status": "differs", "sizes": written(sizes)}
        held.append(written(sizes))
        if len(held) == TRIALS:
            break
    return {**row, "status": "ok" if held else "untried", "sizes": "; ".join(held)}


def drawn(draw: random.Random, n: int, allowed: Any) -> int:
    """Draw a size near another one, in its range."""
    least, most, multiple = (allowed.least, allowed.most, allowed.multiple) if allowed else (1,) * 3
    top = max(n + n // 2, 4) if not allowed or most is None else min(most, 2 * n)
    first = max(least, n // 2, 1)
    return max(draw.randint(first, max(first, top)) // multiple * multiple, multiple)


def written(sizes: Mapping[str, int]) -> str:
    """Write sizes down."""
    return " ".join(f"{k}={n}" for k, n in sizes.items())


MODES: dict[str, tuple[Callable[[str], Row], tuple[str, ...]]] = {
    "forward": (forward, ("params", "macs", "torch_macs", "ops", "operators", "unknown")),
    "train": (
        train,
        (
            *("params", "macs", "torch_macs", "backward_macs", "torch_backward_macs"),
            *("ops", "step_ops", "operators", "unknown"),
        ),
    ),
    "letters": (letters, ("letters", "sizes")),
}
"""What is done with each model, and which columns it fills."""
_LOCAL = re.compile(r"/\S*?/((?:site-packages|src)/)")


def shown(reason: str, most: int) -> str:
    """Shorten a reason to one line without the folders of a machine."""
    text = _LOCAL.sub(r"\1", reason.replace("\n", " "))
    return re.sub(r"(?<![\w.])/(?:\w+/)+\S*", "...", text)[:most]


def child(mode: str, spelling: str, gib: float, pipe: Any) -> None:
    """Count in a process of its own."""
    warnings.filterwarnings("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    resource.setrlimit(resource.RLIMIT_DATA, (int(gib * 2**30),) * 2)
    start = time.perf_counter()
    try:
        row = MODES[mode][0](spelling)
    except BaseException as error:  # noqa: BLE001 - a row says what it was
        row = {"status": "refused", "reason": shown(f"{type(error).__name__}: {error}", 300)}
    row["seconds"] = round(time.perf_counter() - start, 2)
    row["mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    pipe.send(json.dumps(row))
    os._exit(0)


def run(todo: list[str], args: argparse.Namespace) -> Iterator[Row]:
    """Count models, some at a time; those that take too long are stopped."""
    fork = multiprocessing.get_context("fork")
    waiting, running = list(reversed(todo)), {}
    while waiting or running:
        while waiting and len(running) < args.jobs:
            spelling = waiting.pop()
            ours, theirs = fork.Pipe()
            process = fork.Process(target=child, args=(args.mode, spelling, args.gib, theirs))
            process.start()
            theirs.close()
            running[spelling] = process, ours, time.monotonic()
        for spelling, (process, pipe, start) in list(running.items()):
            row: Row | None = None
            if pipe.poll(0.02):
                try:
                    row = json.loads(pipe.recv())
                except EOFError:
                    row = {"status": "refused", "reason": f"killed: {process.exitcode}"}
            elif time.monotonic() - start > args.seconds:
                process.kill()
                row = {"status": "refused", "reason": f"over {args.seconds:.0f} s"}
            if row is not None:
                process.join()
                del running[spelling]
                yield {"model": spelling, **row}


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read what was found so far."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def keep(path: Path, fields: tuple[str, ...], rows: Collection[Mapping[str, Any]]) -> None:
    """Write rows in the order of libraries and names."""
    order = {library: i for i, library in enumerate(LIBRARIES)}
    ordered = sorted(rows, key=lambda r: (order[r["model"].partition(":")[0]], r["model"]))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(
            file, fields, restval="", extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(ordered)


def asked() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("mode", choices=[*MODES, "page"])
    parser.add_argument("library", nargs="*", default=["torchvision"])
    parser.add_argument("--out", type=Path, help="a file of rows, by default that of the mode")
    parser.add_argument("--like", default="*", help="a pattern of names after the colon")
    parser.add_argument("--every", type=int, default=1, help="one model in so many")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--gib", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--again", action="store_true", help="what was not complete once more")
    return parser.parse_args()


def main() -> None:
    """Count what is not counted yet, with a bar; or write the page."""
    args = asked()
    if args.mode == "page":
        from coverage_page import page

        found = {m: rows_of(DATA / f"{m}.csv") for m in MODES}
        PAGE.write_text(page(found, rows_of(DATA / "published.csv")), "utf-8")
        return
    import torch
    from rich.progress import track

    torch.set_num_threads(1)
    path = args.out or DATA / f"{args.mode}.csv"
    fields = ("model", "status", "reason", *MODES[args.mode][1], "seconds", "mib")
    every = [n for library in args.library for n in names(library)]
    like = [n for n in every if fnmatch.fnmatchcase(n.partition(":")[2], args.like)]
    wanted = set(like[:: args.every])
    rows = rows_of(path)
    if args.again:
        rows = [r for r in rows if r["status"] == "ok" or r["model"] not in wanted]
    todo = [n for n in like if n in wanted - {r["model"] for r in rows}]
    keep(path, fields, rows)
    shown_ = {"total": len(todo), "description": "models", "disable": not sys.stderr.isatty()}
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, fields, restval="", lineterminator="\n")
        for row in track(run(todo, args), **shown_):
            writer.writerow(row)
            file.flush()
    keep(path, fields, rows := rows_of(path))
    print(f"{sum(r['status'] == 'ok' for r in rows)} of {len(rows)} ok, in {path}")


if __name__ == "__main__":
    main()
