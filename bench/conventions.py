"""What other tools say, against what our conventions of them say: the residual table.

    python bench/conventions.py given ../shared/reference [timm torchvision measured expected]
    python bench/conventions.py tools [NAME ...] [--on MODEL,MODEL]
    python bench/conventions.py table

`given` compares with figures that were published or measured; `tools` runs the tools themselves, as
far as they are installed, on models of every kind (`spelled.py`), or on those that are named. Rows
are written to bench/conventions/ as they come, and what has a row is not done again. A row is
`exact` if the figures are equal, to the digits that were given; `explained` if `reasons.toml` says
why they are not, and by how much; `failed` if the tool gives no figure, or `reasons.toml` says why
we have none; else `unexplained`. `table` sums them up by tool, lists what is not exact, and fails
if anything is unexplained.
"""

# ruff: noqa: INP001, T201 - a script with rows of any kind

from __future__ import annotations

import argparse
import csv
import os
import sys
import tomllib
from argparse import Namespace
from collections import Counter
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
from figures import SETS, Given
from spelled import SPELLED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DATA = Path(__file__).with_name("conventions")
HOW = Namespace(mode="convention", jobs=int(os.environ.get("JOBS", "1")), gib=12.0, seconds=300.0)
FIELDS = ("set", "as", "model", "theirs", "ours", "within", "reason", "seconds")
KINDS = ("exact", "explained", "failed", "unexplained")

Figures = dict[str, int]


# -------------------------------------------------------------------------------- figures of ours


def ours(network: str, names: Iterable[str], make: Callable[[], Any] | None = None) -> Figures:
    """Count a network by several conventions.

    It is a spelling with sizes behind it, or a name of `networks.MEASURED`, or what `make` builds.
    """
    from orderof.analyses.compare import account
    from orderof.api import graph
    from orderof.conventions import convention

    if make:
        return import_module("documents").figures(make(), names)
    spelling, *sizes = network.split(" ")
    if ":" in spelling:
        dims = {k: int(n) for k, _, n in (s.partition("=") for s in sizes)}
        found = graph(spelling, dims=dims, symbolic=(), on_unknown="bound", traced=True)
    else:
        module, args, kwargs = measured(spelling)
        found = graph(module, *args, kwargs=kwargs, symbolic=(), on_unknown="bound", traced=True)
    at = dict(found.dims)
    return {name: account(found, convention(name)).total.at(at) for name in names}


def measured(name: str) -> tuple[Any, Any, Any]:
    """Build one of the networks that were measured, without weights."""
    import peers

    if name == "small":
        return real(name)
    peers.declare_torchvision()
    return peers.built(import_module("networks").MEASURED[name], fake=False)


def beside(key: str) -> dict[str, Any]:
    """Run a tool on a model, and count the model as the tool does."""
    tool, _, spelling = key.partition(" ")
    theirs = import_module(f"counters.{tool}").figures(*real(spelling))
    return {"theirs": theirs, "ours": ours(spelling, theirs)}


def real(spelling: str) -> tuple[Any, list[Any], dict[str, Any]]:
    """Build a model with weights, and tensors of zeros to call it with."""
    import torch

    from orderof.frontends.torch.build import load
    from orderof.frontends.torch.nested import leaves

    import_module("peers").declare_torchvision()  # some tools import it themselves
    if spelling == "small":
        module, inputs = import_module("why").made()
        return module, [], inputs
    loaded = load(spelling, weights=True)
    given = [t for _, t in leaves((loaded.args, loaded.kwargs))]
    zeros = {id(t): torch.zeros(t.shape, dtype=t.dtype) for t in given}
    kwargs = {name: zeros.get(id(a), a) for name, a in loaded.kwargs.items()}
    return loaded.module.cpu().eval(), [zeros.get(id(a), a) for a in loaded.args], kwargs


# -------------------------------------------------------------------------------------- the rows


class Rows:
    """The rows of one file, of which none is made twice."""

    def __init__(self, name: str) -> None:
        DATA.mkdir(exist_ok=True)
        self.path = DATA / f"{name}.csv"
        found = coverage.rows_of(self.path)
        self.done = {(r["set"], r["as"], r["model"]) for r in found}
        self.file = self.path.open("a", newline="")
        how: Any = {"restval": "", "extrasaction": "ignore", "lineterminator": "\n"}
        self.writer = csv.DictWriter(self.file, FIELDS, **how)
        if not found:
            self.writer.writeheader()

    def add(self, row: dict[str, Any]) -> None:
        """Write a row, at once."""
        self.writer.writerow(row)
        self.file.flush()


def fill(name: str, found: Iterable[Given]) -> None:
    """Count what has no row yet, each network in a process of its own."""
    rows = Rows(name)
    todo: dict[str, list[Given]] = {}
    for g in found:
        if (g.set, g.as_, g.model) not in rows.done:
            todo.setdefault(g.network, []).append(g)

    def count(network: str) -> dict[str, Figures]:
        given = todo[network]
        return {"ours": ours(network, {g.as_ for g in given}, given[0].make)}

    coverage.MODES["convention"] = (count, ())
    for row in coverage.run(list(todo), HOW):
        for g in todo[row["model"]]:
            figure = {"ours": row.get("ours", {}).get(g.as_, "")}
            figure |= {"theirs": round(g.theirs), "within": round(g.within)}
            rows.add({**row, "set": g.set, "as": g.as_, "model": g.model, **figure})


def spot(tools: Iterable[str], models: Iterable[str]) -> None:
    """Run tools on those of some models that have no row yet."""
    rows = Rows("tools")
    import_module("peers").declare_torchvision()  # here, so that each process has it
    done = {(kind, model) for kind, _, model in rows.done}
    pairs = [(tool, model) for model in models for tool in tools]
    todo = [f"{tool} {model}" for tool, model in pairs if (tool, model) not in done]
    coverage.MODES["convention"] = (beside, ())
    for row in coverage.run(todo, HOW):
        tool, _, model = row["model"].partition(" ")
        theirs: Figures = row.get("theirs", {tool: ""})
        for as_, figure in theirs.items():
            more = {"set": tool, "as": as_, "model": model, "within": 0}
            rows.add({**row, **more, "theirs": figure, "ours": row.get("ours", {}).get(as_, "")})


def counters() -> list[str]:
    """Name the tools that there is a file for."""
    folder = Path(__file__).with_name("counters")
    return sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__")


# --------------------------------------------------------------------------------------- the table


def explained(rows: Iterable[dict[str, str]]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Say of each row whether it is exact, explained, failed or unexplained, and why."""
    reasons = tomllib.loads((DATA / "reasons.toml").read_text("utf-8"))["reason"]
    for row in rows:
        gap = float(row["ours"]) - float(row["theirs"]) if row["ours"] and row["theirs"] else None
        if gap is not None and abs(gap) <= float(row["within"]):
            yield "exact", "", row
            continue
        found = [r["why"] for r in reasons if _speaks_of(r, row, gap)]
        silent = not row["theirs"] or (found and gap is None)
        kind = "failed" if silent else "explained" if found else "unexplained"
        yield kind, found[0] if found else row["reason"], row


def _speaks_of(reason: dict[str, Any], row: dict[str, str], gap: float | None) -> bool:
    """Whether a reason is that of a row: by its names, and by the difference that it explains."""
    if not all(fnmatchcase(row[key], reason.get(key, "*")) for key in ("set", "as", "model")):
        return False
    if "raises" in reason:
        return reason["raises"] in row["reason"]
    if gap is None:
        return False
    return abs(gap - reason["more"]) <= float(row["within"])


def judged() -> list[tuple[str, str, dict[str, str]]]:
    """Give all rows that there are, each with what it is and why."""
    rows = [r for path in sorted(DATA.glob("*.csv")) for r in coverage.rows_of(path)]
    return list(explained(rows))


def summary() -> int:
    """Print the residual table; give the number of rows that nothing explains."""
    kinds: Counter[tuple[str, str, str]] = Counter()
    for kind, why, row in judged():
        kinds[row["set"], row["as"], kind] += 1
        if kind != "exact":
            figures = (f"{name} {float(row[name] or 0):,.0f}" for name in ("theirs", "ours"))
            print(f"{kind}: {row['set']} {row['as']} {row['model']}: {', '.join(figures)}; {why}")
    for name, as_ in sorted({k[:2] for k in kinds}):
        parts = (f"{kinds[name, as_, k]} {k}" for k in KINDS if kinds[name, as_, k])
        print(f"{name:12} {as_:22} {', '.join(parts)}")
    return sum(n for (_, _, kind), n in kinds.items() if kind == "unexplained")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["given", "tools", "table"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--every", type=int, default=1, help="one given figure in so many")
    parser.add_argument("--on", type=lambda s: s.split(","), help="models, instead of SPELLED")
    args = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    if args.what == "given":
        folder, *names = args.rest
        for name in names or SETS:
            fill(name, list(SETS[name](Path(folder)))[:: args.every])
    elif args.what == "tools":
        spot(args.rest or counters(), args.on or SPELLED)
    sys.exit(bool(summary()))


if __name__ == "__main__":
    main()
