"""What of the known libraries is counted completely: one row for each model.

    python bench/coverage.py timm torchvision transformers diffusers --out coverage.csv
    python bench/coverage.py timm --like 'vit_*' --train --letters

Every model is counted in a process of its own with limits on memory and time. Rows are written as
they come: started again with the same file, what is there is not done again. Without `--train` the
forward pass is counted, with it a training step with AdamW; with `--letters` batch, sequence and
image sizes are letters.
"""

# ruff: noqa: INP001, T201 - a script

from __future__ import annotations

import argparse
import csv
import fnmatch
import json
import multiprocessing
import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

FIELDS = (
    *("model", "status", "reason", "params", "macs", "backward_macs", "ops"),
    *("operators", "unknown", "letters", "seconds", "mib"),
)
CLASSES = (
    *("UNet2DConditionModel", "UNet2DModel", "AutoencoderKL", "AutoencoderTiny", "VQModel"),
    "DiTTransformer2DModel",
)
"""Of diffusers, those that have default inputs."""


def names(library: str) -> list[str]:
    """List the models of a library as they are spelled."""
    from orderof.frontends.torch.imports import extra

    found: Any = extra(library)
    match library:
        case "timm":
            return [f"timm:{n}" for n in found.list_models()]
        case "torchvision":
            plain = found.models.list_models(module=found.models)
            return [f"torchvision:{n}" for n in sorted(plain)]
        case "transformers":
            from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

            return [f"transformers:{n}" for n in sorted(MODEL_MAPPING_NAMES)]
        case _:
            return [f"diffusers:{n}" for n in CLASSES]


def counted(spelling: str, *, train: bool, letters: bool) -> dict[str, Any]:
    """Count one model; what is known of it as a row."""
    from orderof import analyze

    how: dict[str, Any] = {} if letters else {"symbolic": ()}
    result = analyze(spelling, train="adamw" if train else None, on_unknown="bound", **how)
    unknown = sorted({u.op for u in result.coverage.unknown})
    return {
        "status": "bound" if unknown else "ok",
        "reason": "; ".join(result.notes) if letters else "",
        "params": result.params(),
        "macs": result.forward.macs(),
        "backward_macs": result.backward.macs() if result.backward is not None else "",
        "ops": (result.step or result.forward).ops(),
        "operators": result.coverage.ops,
        "unknown": " ".join(unknown),
        "letters": " ".join(result.dims),
    }


def child(spelling: str, gib: float, pipe: Any, *, train: bool, letters: bool) -> None:  # noqa: ANN401
    """Count in a process of its own."""
    warnings.filterwarnings("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    resource.setrlimit(resource.RLIMIT_DATA, (int(gib * 2**30),) * 2)
    start = time.perf_counter()
    try:
        row = counted(spelling, train=train, letters=letters)
    except BaseException as error:  # noqa: BLE001 - a row says what it was
        row = {"status": "refused", "reason": f"{type(error).__name__}: {str(error)[:300]}"}
    row["seconds"] = round(time.perf_counter() - start, 2)
    row["mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    pipe.send(json.dumps(row))
    os._exit(0)


def run(todo: list[str], args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Count models, some at a time; those that take too long are stopped."""
    fork = multiprocessing.get_context("fork")
    waiting, running = list(reversed(todo)), {}
    while waiting or running:
        while waiting and len(running) < args.jobs:
            spelling = waiting.pop()
            ours, theirs = fork.Pipe()
            how = {"train": args.train, "letters": args.letters}
            process = fork.Process(target=child, args=(spelling, args.gib, theirs), kwargs=how)
            process.start()
            theirs.close()
            running[spelling] = process, ours, time.monotonic()
        for spelling, (process, pipe, start) in list(running.items()):
            row: dict[str, Any] | None = None
            if pipe.poll(0.02):
                try:
                    row = json.loads(pipe.recv())
                except EOFError:
                    row = {"status": "refused", "reason": f"killed: {process.exitcode}"}
            elif time.monotonic() - start > args.seconds:
                process.kill()
                row = {"status": "refused", "reason": f"over {args.seconds} s"}
            if row is not None:
                process.join()
                del running[spelling]
                yield {"model": spelling, **row}


def done(path: Path, again: Collection[str]) -> set[str]:
    """Which models a file has rows of; of `again` those that were not complete are taken out."""
    if not path.exists():
        return set()
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if again:
        rows = [r for r in rows if r["status"] == "ok" or r["model"] not in again]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(rows)
    return {row["model"] for row in rows}


def summary(rows: list[dict[str, str]]) -> Iterator[str]:
    """Say how many models of each library are complete, and what stands in the way of others."""
    yield "| library | models | complete | lower bound | not counted |"
    yield "|---|---|---|---|---|"
    for library in dict.fromkeys(r["model"].partition(":")[0] for r in rows):
        mine = [r for r in rows if r["model"].startswith(f"{library}:")]
        ok, bound, lost = (sum(r["status"] == s for r in mine) for s in ("ok", "bound", "refused"))
        share = f"{ok} ({100 * ok / len(mine):.1f} %)"
        yield f"| {library} | {len(mine)} | {share} | {bound} | {lost} |"
    lacking: dict[str, list[str]] = {}
    for row in rows:
        for op in row["unknown"].split():
            lacking.setdefault(op, []).append(row["model"])
    yield "\n| operator without a rule | models | one of them |\n|---|---|---|"
    for op, models in sorted(lacking.items(), key=lambda x: (-len(x[1]), x[0])):
        yield f"| `{op}` | {len(models)} | `{models[0]}` |"
    refused = [row for row in rows if row["status"] == "refused"]
    if refused:
        yield "\n| not counted | why |\n|---|---|"
    for row in refused:
        why = row["reason"][:160].replace("|", "/").replace("\n", " ")
        yield f"| `{row['model']}` | {why} |"


def page(rows: list[dict[str, str]]) -> str:
    """Write the page about coverage."""
    head = """# Coverage

What `bench/coverage.py` found, model by model, at the sizes that each library gives by default:
whether every operator of the forward pass has a rule. A lower bound names the operators that lack
one; what is not counted says why. Of torchvision these are the classifiers, of transformers the
model types of AutoModel; a model of images and words is counted without an image where the places
of the image among the words are data. torch 2.13.0, torchvision 0.28.0, timm 1.0.31,
transformers 5.23.0, diffusers 0.42.1; 60 seconds and 8 GiB for each model.
All rows are in `bench/coverage.csv`.

"""
    return head + "\n".join(summary(rows)) + "\n"


def main() -> None:
    """Count what is not counted yet, with a bar; then add up."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("library", nargs="*", default=["torchvision"])
    parser.add_argument("--out", type=Path, default=Path("coverage.csv"))
    parser.add_argument("--like", default="*", help="a pattern of names after the colon")
    parser.add_argument("--every", type=int, default=1, help="one model in so many")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--gib", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--page", type=Path, help="write a summary in Markdown")
    parser.add_argument("--again", action="store_true", help="what was not complete once more")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--letters", action="store_true")
    args = parser.parse_args()
    import torch
    from rich.progress import track

    torch.set_num_threads(1)
    every = [n for library in args.library for n in names(library)]
    like = [n for n in every if fnmatch.fnmatchcase(n.partition(":")[2], args.like)]
    wanted = like[:: args.every]
    old = done(args.out, wanted if args.again else ())
    todo = [n for n in wanted if n not in old]
    new = not args.out.exists()
    with args.out.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, restval="")
        if new:
            writer.writeheader()
        rows: Iterable[dict[str, Any]] = run(todo, args)
        shown = {"total": len(todo), "description": "models", "disable": not sys.stderr.isatty()}
        for row in track(rows, **shown):
            writer.writerow(row)
            file.flush()
    with args.out.open(newline="") as file:
        rows_ = list(csv.DictReader(file))
    text = page(rows_)
    if args.page:
        args.page.write_text(text, "utf-8")
    print("\n".join(text.splitlines()[8:]))


if __name__ == "__main__":
    main()
