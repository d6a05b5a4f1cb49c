"""docs/coverage.md from the rows of bench/coverage.py and bench/published.py."""

# ruff: noqa: INP001 - a script

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Rows = list[dict[str, str]]

HEAD = """# Coverage

What `bench/coverage.py` found, model by model, at the sizes that each library gives by default.
torch 2.13.0, torchvision 0.28.0, timm 1.0.31, transformers 5.23.0, diffusers 0.42.1, open_clip
3.3.0; 60 seconds and 8 GiB for each model. All rows are in `bench/coverage/`.

## Forward

Whether every operator of the forward pass has a rule. A lower bound names the operators that lack
one; what is not counted says why. Of torchvision these are all models, of timm all architectures,
of transformers the model types of AutoModel; a model of images and words is counted without an
image where the places of the image among the words are data. What a library cannot build from its
own defaults, without a missing package or a number that only a checkpoint has, stands apart.
"""
UNBUILT = (
    *("building it raised", "reading it raised", "has no model of this kind"),
    *('missing the required "forward"', "it takes inference_session"),
    "building it makes more than",
)
"""What a reason says where the library itself builds no model, or one that takes no tensors."""


def page(found: Mapping[str, Rows], published: Rows) -> str:
    """Write the page."""
    parts = [HEAD, *_forward(found["forward"]), *_counter(found), *_train(found["train"])]
    parts += [*_letters(found["letters"]), *_published(published)]
    return "\n".join(parts) + "\n"


def _table(columns: str, rows: Iterable[str]) -> Iterator[str]:
    yield f"| {columns} |"
    yield "|" + "---|" * (columns.count("|") + 1)
    yield from (f"| {row} |" for row in rows)
    yield ""


def _unbuilt(row: Mapping[str, str]) -> bool:
    return any(text in row["reason"] for text in UNBUILT)


def _short(row: Mapping[str, str]) -> str:
    return f"`{row['model']}` | {row['reason'][:160].replace('|', '/')}"


def _forward(rows: Rows) -> Iterator[str]:
    """Say how many models of each library are complete, and what stands in the way of others."""
    lines: list[str] = []
    for library in dict.fromkeys(r["model"].partition(":")[0] for r in rows):
        mine = [r for r in rows if r["model"].startswith(f"{library}:")]
        built = [r for r in mine if not _unbuilt(r)]
        ok, bound, lost = (sum(r["status"] == s for r in built) for s in ("ok", "bound", "refused"))
        share = f"{ok} ({100 * ok / len(built):.1f} %)"
        apart = len(mine) - len(built)
        lines.append(f"{library} | {len(built)} | {share} | {bound} | {lost} | {apart}")
    columns = "library | models | complete | lower bound | not counted | not built by the library"
    yield from _table(columns, lines)
    lacking: dict[str, list[str]] = {}
    for row in rows:
        for op in row["unknown"].split():
            lacking.setdefault(op, []).append(row["model"])
    if lacking:
        ordered = sorted(lacking.items(), key=lambda x: (-len(x[1]), x[0]))
        ops = (f"`{op}` | {len(models)} | `{models[0]}`" for op, models in ordered)
        yield from _table("operator without a rule | models | one of them", ops)
    lost = [r for r in rows if r["status"] == "refused"]
    yield from _table("not counted | why", (_short(r) for r in lost if not _unbuilt(r)))
    yield from _table("not built by the library | why", (_short(r) for r in lost if _unbuilt(r)))


def _counter(found: Mapping[str, Rows]) -> Iterator[str]:
    """Compare the forward pass with torch's own counter."""
    rows = [r for r in found["forward"] if r["status"] == "ok"]
    ran = [r for r in rows if r["torch_macs"].isdecimal()]
    equal = sum(r["torch_macs"] == r["macs"] for r in ran)
    yield "## Beside torch's FlopCounterMode\n"
    yield (
        f"Half of its FLOPs, on the meta device, is the same number for {equal} of {len(ran)}"
        f" models whose forward pass it can run there; {len(rows) - len(ran)} ask for values, which"
        " the meta device has not. Where the two differ:\n"
    )
    differ = (r for r in ran if r["torch_macs"] != r["macs"])
    yield from _table(
        "model | multiply-adds | half of torch's FLOPs | why",
        (
            f"`{r['model']}` | {int(r['macs']):,} | {int(r['torch_macs']):,} | {why(r)}"
            for r in differ
        ),
    )


def why(row: Mapping[str, str]) -> str:
    """Say why torch's counter gives another number."""
    for start, reason in WHY.items():
        if row["model"].startswith(start):
            return reason
    return ""


WHY = {
    "diffusers:VQModel": "distances to the code book are a product of matrices, which it leaves out"
}
"""Beginning of a spelling -> what torch's counter leaves out or adds there."""


def _train(rows: Rows) -> Iterator[str]:
    """Say what is counted of training."""
    ok = [r for r in rows if r["status"] == "ok"]
    ran = [r for r in ok if r["torch_backward_macs"].isdecimal()]
    equal = [r for r in ran if r["torch_backward_macs"] == r["backward_macs"]]
    groups = [r for r in ran if r["reason"] == "weight gradients of groups"]
    rest = [r for r in ran if r not in equal and r not in groups]
    yield "## Training\n"
    yield (
        f"Forward, backward and AdamW of {len(ok)} models of {len(rows)} that were asked for, two"
        " of a batch. Torch's counter gives the same multiply-adds of the backward pass for"
        f" {len(equal)}; for {len(groups)} it counts a weight gradient of a convolution in g groups"
        " g times, and gives the same number when that is mended.\n"
    )
    if rest:
        lines = (
            f"`{r['model']}` | {r['backward_macs']} | {r['torch_backward_macs']}" for r in rest
        )
        yield from _table("backward differs | ours | half of torch's FLOPs", lines)
    lost = [r for r in rows if r["status"] != "ok"]
    if lost:
        yield from _table("not trained | why", map(_short, lost))


def _letters(rows: Rows) -> Iterator[str]:
    """Say where formulas were held to recounts."""
    by = {
        s: [r for r in rows if r["status"] == s] for s in dict.fromkeys(r["status"] for r in rows)
    }
    held = by.get("ok", [])
    trials = sum(1 + r["sizes"].count(";") for r in held)
    yield "## Letters and loops\n"
    yield (
        "With batch, sequence and image sizes as letters and equal blocks folded, a formula gives,"
        " kind for kind, what a recount in numbers without folding gives at random sizes:"
        f" {len(held)} models, {trials} recounts, {len(by.get('differs', []))} differences. In"
        f" {sum('H' in r['letters'].split() for r in held)} of them the sides of the image are"
        " letters. No size that was drawn is one that the model takes:"
        f" {len(by.get('untried', []))}; no letter: {len(by.get('none', []))}.\n"
    )
    lost = [r for status in ("differs", "refused") for r in by.get(status, [])]
    if lost:
        yield from _table("not held | why", (f"{_short(r)} {r['sizes']}" for r in lost))


def _published(rows: Rows) -> Iterator[str]:
    """Say what tables of others were compared."""
    yield "## Published figures\n"
    yield (
        "`bench/published.py`: timm's result tables (parameters in millions), the figures in the"
        " weights of torchvision (parameters, and GFLOPS, which are multiply-adds), exact"
        " parameters of language models, and open_clip's model profile (within 1 %).\n"
    )
    lines = (
        f"{r['set']}, {r['what']} | {r['compared']} | {r['equal']} | {r['others']}" for r in rows
    )
    yield from _table("set | compared | equal | others", lines)
