"""What other tools say, against what our conventions of them say: the residual table.

    python bench/conventions.py given ../shared/reference [timm torchvision measured expected]
    python bench/conventions.py tools [NAME ...]
    python bench/conventions.py table

`given` compares with figures that were published or measured; `tools` runs the tools themselves, as
far as they are installed, on models of every kind. Rows are written to bench/conventions/ as they
come, and what has a row is not done again. A row is `exact` if the figures are equal, to the digits
that were given; `explained` if `reasons.toml` says why they are not; else `unexplained`. `table`
sums them up by tool, lists what is not exact, and fails if anything is unexplained.
"""

# ruff: noqa: INP001, T201 - a script with rows of any kind

from __future__ import annotations

import argparse
import csv
import math
import os
import sys
import tomllib
from argparse import Namespace
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DATA = Path(__file__).with_name("conventions")
HOW = Namespace(mode="convention", jobs=int(os.environ.get("JOBS", "1")), gib=8.0, seconds=300.0)
FIELDS = ("set", "as", "model", "theirs", "ours", "within", "reason", "seconds")


@dataclass(frozen=True)
class Given:
    """A figure of somebody else: under which convention, of which model, how exact it is."""

    set: str
    as_: str
    model: str
    theirs: float
    within: float

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return f"{self.set} {self.as_} {self.model}"


def table(path: Path) -> list[dict[str, str]]:
    """Read a table of figures."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# ------------------------------------------------------------------------------ published figures


def timm(folder: Path) -> Iterator[Given]:
    """Give the gmacs of timm's tables where its files agree; rounded to 0.01."""
    for row in table(folder / "timm_reference.csv"):
        if row["flags"] in ("", "differs_pt210") and row["gmacs"]:
            g = float(row["gmacs"])
            name = f"timm:{row['model']} H={row['img_size']} W={row['img_size']}"
            yield Given("timm", "timm", name, g * 1e9, max(0.006, 0.005 * g) * 1e9)


def torchvision(folder: Path) -> Iterator[Given]:
    """Give the GFLOPS of torchvision's weights for the images that they were counted with."""
    for row in table(folder / "torchvision_ops.csv"):
        if row["group"] != "classification" or row["is_default"] != "1":
            continue
        _, _, h, w = row["ops_input"].split("x")
        name = f"torchvision:{row['builder']} H={h} W={w}"
        yield Given("torchvision", "torchvision", name, float(row["gops"]) * 1e9, 0.00101e9)


SETS: dict[str, Callable[[Path], Iterator[Given]]] = {"timm": timm, "torchvision": torchvision}


def ours(found: Given) -> dict[str, Any]:
    """Count a model of a library as somebody else does."""
    from orderof import analyze

    spelling, *sizes = found.model.split(" ")
    dims = {k: int(n) for k, _, n in (s.partition("=") for s in sizes)}
    result = analyze(spelling, dims=dims, symbolic=(), as_=found.as_, on_unknown="bound")
    return {"ours": result.forward.total()()}


# ------------------------------------------------------------------------------ tools, on the spot

MODELS = (
    *("alexnet", "vgg11", "resnet18", "resnet50", "resnext50_32x4d", "mobilenet_v2"),
    *("mobilenet_v3_large", "efficientnet_b0", "densenet121", "shufflenet_v2_x1_0"),
    *("squeezenet1_0", "inception_v3", "googlenet", "mnasnet1_0", "regnet_y_400mf"),
    *("convnext_tiny", "swin_t", "swin_v2_t", "vit_b_16", "maxvit_t", "deeplabv3_resnet50"),
    *("fcn_resnet50", "lraspp_mobilenet_v3_large", "r3d_18"),
)
SPELLED = (
    *(f"torchvision:{name}" for name in MODELS),
    *("timm:vit_base_patch16_224", "timm:swin_tiny_patch4_window7_224", "timm:convnext_tiny"),
    *("timm:mixer_b16_224", "timm:coatnet_0_rw_224", "timm:efficientformer_l1", "timm:nfnet_f0"),
    *("timm:pvt_v2_b0", "timm:mobilevit_s", "timm:hrnet_w18_small", "timm:levit_128"),
    *("transformers:bert", "transformers:gpt2", "transformers:t5", "transformers:distilbert"),
    *("transformers:albert", "transformers:vit", "transformers:clip", "transformers:wav2vec2"),
)
"""Models of every kind, not too large for weights."""


def counters() -> list[str]:
    """Name the tools that there is a file for."""
    folder = Path(__file__).with_name("counters")
    return sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__")


def beside(key: str) -> dict[str, Any]:
    """Run a tool on a model, and count the model as the tool does."""
    from importlib import import_module

    import torch

    from orderof import analyze
    from orderof.frontends.torch.build import load
    from orderof.frontends.torch.nested import leaves

    tool, _, spelling = key.partition(" ")
    loaded = load(spelling, weights=True)
    module = loaded.module.cpu().eval()
    real = {
        id(t): torch.zeros(t.shape, dtype=t.dtype) for _, t in leaves((loaded.args, loaded.kwargs))
    }
    args = [real.get(id(a), a) for a in loaded.args]
    kwargs = {name: real.get(id(a), a) for name, a in loaded.kwargs.items()}
    theirs = import_module(f"counters.{tool}").figures(module, args, kwargs)
    ours = {
        name: analyze(spelling, symbolic=(), as_=name, on_unknown="bound").forward.total()()
        for name in theirs
    }
    return {"figures": [[name, theirs[name], ours[name]] for name in theirs]}


def spot(tools: list[str]) -> None:
    """Run tools on the models that have no row yet."""
    path = DATA / "tools.csv"
    path.parent.mkdir(exist_ok=True)
    rows = coverage.rows_of(path)
    done = {f"{r['set']} {r['model']}" for r in rows}
    todo = [f"{tool} {m}" for tool in tools for m in SPELLED if f"{tool} {m}" not in done]
    with path.open("a", newline="") as file:
        writer = _writer(file, new=not rows)
        coverage.MODES["convention"] = (beside, ())
        for row in coverage.run(todo, HOW):
            tool, _, model = row["model"].partition(" ")
            for name, theirs, ours in row.get("figures", [["", "", ""]]):
                more = {"set": tool, "as": name, "model": model, "theirs": theirs, "ours": ours}
                writer.writerow({**row, **more, "within": 0})
            file.flush()


# -------------------------------------------------------------------------------------- the rows


def explained(rows: Iterable[dict[str, str]]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Say of each row whether it is exact, explained or unexplained, and why."""
    reasons = tomllib.loads((DATA / "reasons.toml").read_text("utf-8"))["reason"]
    for row in rows:
        gap = abs(float(row["ours"]) - float(row["theirs"])) if row["ours"] else math.inf
        if gap <= float(row["within"]):
            yield "exact", "", row
            continue
        found = [r["why"] for r in reasons if _speaks_of(r, row)]
        yield ("explained", found[0], row) if found else ("unexplained", row["reason"], row)


def _speaks_of(reason: dict[str, str], row: dict[str, str]) -> bool:
    return all(fnmatchcase(row[key], reason[key]) for key in ("set", "as", "model"))


KINDS = ("exact", "explained", "unexplained")


def summary() -> int:
    """Print the residual table; give the number of rows that nothing explains."""
    rows = [r for path in sorted(DATA.glob("*.csv")) for r in coverage.rows_of(path)]
    kinds: Counter[tuple[str, str, str]] = Counter()
    for kind, why, row in explained(rows):
        kinds[row["set"], row["as"], kind] += 1
        if kind != "exact":
            print(f"{kind}: {row['set']} {row['as']} {row['model']}", end=": ")
            print(f"theirs {float(row['theirs'] or 0):,.0f}, ours {float(row['ours'] or 0):,.0f}")
            print(f"    {why}")
    for name, as_ in sorted({k[:2] for k in kinds}):
        parts = (
            f"{kinds[name, as_, kind]} {kind}" for kind in ("exact", "explained", "unexplained")
        )
        print(f"{name:12} {as_:18} {', '.join(parts)}")
    return sum(n for (_, _, kind), n in kinds.items() if kind == "unexplained")


def _writer(file: TextIO, *, new: bool) -> csv.DictWriter[str]:
    how: Any = {"restval": "", "extrasaction": "ignore", "lineterminator": "\n"}
    writer = csv.DictWriter(file, FIELDS, **how)
    if new:
        writer.writeheader()
    return writer


def fill(path: Path, found: list[Given], count: Callable[[Given], dict[str, Any]]) -> None:
    """Count what has no row yet, each in a process of its own."""
    path.parent.mkdir(exist_ok=True)
    rows = coverage.rows_of(path)
    done = {f"{r['set']} {r['as']} {r['model']}" for r in rows}
    todo = {g.key: g for g in found if g.key not in done}
    coverage.MODES["convention"] = (lambda key: count(todo[key]), ())
    with path.open("a", newline="") as file:
        writer = _writer(file, new=not rows)
        for row in coverage.run(list(todo), HOW):
            g = todo[row["model"]]
            shared = {"set": g.set, "as": g.as_, "model": g.model}
            writer.writerow(row | shared | {"theirs": round(g.theirs), "within": round(g.within)})
            file.flush()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["given", "tools", "table"])
    parser.add_argument("rest", nargs="*")
    args = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    if args.what == "given":
        folder, *names = args.rest
        for name in names or SETS:
            fill(DATA / f"{name}.csv", list(SETS[name](Path(folder))), ours)
    elif args.what == "tools":
        spot(args.rest or counters())
    sys.exit(bool(summary()))


if __name__ == "__main__":
    main()
