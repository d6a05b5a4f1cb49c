"""Published figures against ours: parameters and multiply-adds, set by set.

    python bench/published.py ../shared/reference

timm        parameters in millions, as their tables round them
torchvision parameters, exact; "GFLOPS", which are multiply-adds, within 0.001 G
hf          parameters of language models that their makers published exactly
open_clip   parameters in millions; GFLOPs of image and text, two for each multiply-add, within 1 %

The first two are read off the rows of `bench/coverage.py`, the others are counted here. What
differs is printed; the sums are written to bench/coverage/published.csv.
"""

# ruff: noqa: ANN401, INP001, T201 - a script with rows of any kind

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverage import DATA, rows_of, shown

TOWERS = Path(__file__).with_name("towers.toml")
warnings.filterwarnings("ignore")


@dataclass(frozen=True)
class Held:
    """One published figure and ours; `why` where ours could not be had."""

    name: str
    what: str
    published: float
    ours: float
    within: float
    why: str = ""

    @property
    def equal(self) -> bool:
        """Whether they agree, and ours is there."""
        return not self.why and abs(self.ours - self.published) <= self.within


def counted(library: str) -> dict[str, dict[str, str]]:
    """Give the rows of a library that were counted, by the model's name."""
    rows = (r for r in rows_of(DATA / "forward.csv") if r["status"] == "ok")
    split = ((r["model"].partition(":"), r) for r in rows)
    return {name: r for (kind, _, name), r in split if kind == library}


def table(path: Path) -> list[dict[str, str]]:
    """Read a table of figures."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def timm(folder: Path) -> Iterator[Held]:
    """Compare parameters at the sizes that were counted; any size has the same number."""
    ours = counted("timm")
    for row in table(folder / "timm_reference.csv"):
        if row["flags"] not in ("", "differs_pt210") or row["model"] not in ours:
            continue
        found = int(ours[row["model"]]["params"]) / 1e6
        name = f"{row['model']} at {row['img_size']}"
        yield Held(name, "params (M)", float(row["params_M"]), found, 0.00501)


WEIGHTS = {"vit_h_14": "IMAGENET1K_SWAG_LINEAR_V1"}
"""Weights for the images that a builder takes, where those of the default are for larger ones."""
FREE = "batch norms have parameters where no weights are loaded, which freeze them"
REGIONS = "published of an image in which next to nothing is found; ours of the most that may be"
WHY = {
    ("googlenet", "params"): "ours with the auxiliary classifiers that the builder makes",
    ("quantized_googlenet", "params"): "ours with the auxiliary classifiers",
    **{
        (f"{name}_fpn", "params"): FREE
        for name in (
            *("fasterrcnn_resnet50", "fasterrcnn_mobilenet_v3_large", "fcos_resnet50"),
            *("fasterrcnn_mobilenet_v3_large_320", "retinanet_resnet50", "maskrcnn_resnet50"),
            "keypointrcnn_resnet50",
        )
    },
    **{
        (f"{name}_fpn", "G"): REGIONS
        for name in (
            *("fasterrcnn_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320"),
            *("maskrcnn_resnet50", "keypointrcnn_resnet50"),
        )
    },
    ("regnety_2560 at 224", "params (M)"): "published with 1282.60 at 384, which is ours",
    ("hieradet_small at 256", "params (M)"): "published of an older timm",
}
"""(model, figure) -> why ours is another."""


def torchvision(folder: Path) -> Iterator[Held]:
    """Compare parameters and multiply-adds."""
    ours = counted("torchvision")
    for row in table(folder / "torchvision_ops.csv"):
        mine, weights = ours.get(row["builder"]), WEIGHTS.get(row["builder"])
        wanted = row["weights"] == weights if weights else row["is_default"] == "1"
        if mine is None or not wanted:
            continue
        yield Held(row["builder"], "params", int(row["num_params"]), int(mine["params"]), 0)
        yield Held(row["builder"], "G", float(row["gops"]), int(mine["macs"]) / 1e9, 0.001)


def hf(folder: Path) -> Iterator[Held]:
    """Build language models from their configurations.

    Where several exact numbers are published that differ, the nearest counts.
    """
    from orderof import analyze

    for line in (folder / "hf_configs.jsonl").read_text("utf-8").splitlines():
        model = json.loads(line)
        exact = sorted({n["value"] for n in model.get("published_params") or () if n["exact"]})
        config = configured(model)
        if not exact or config is None:
            continue
        with tempfile.TemporaryDirectory() as place:
            Path(place, "config.json").write_text(json.dumps(config), "utf-8")
            ours, why = tried(lambda at=place: analyze(f"hf:{at}", symbolic=()).params())
        nearest = min(exact, key=lambda n: abs(n - ours))
        yield Held(model["name"], "params", nearest, ours, 0, why)


LITGPT = {
    "n_layer": "num_hidden_layers",
    "n_embd": "hidden_size",
    "n_head": "num_attention_heads",
    "n_query_groups": "num_key_value_heads",
    "intermediate_size": "intermediate_size",
    "padded_vocab_size": "vocab_size",
}
"""What LitGPT calls what a configuration of transformers has."""
TIED = {"Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-1.5B", "Qwen/Qwen2.5-3B"}
"""Models whose last layer is their embedding, as their cards say; LitGPT has no field for it."""


def configured(model: dict[str, Any]) -> dict[str, Any] | None:
    """Give the configuration that transformers reads, or make it of LitGPT's for Qwen 2.5."""
    found = [(model["config_format"], model["config"])]
    found += [(o["format"], o["config"]) for o in model.get("other_configs", ())]
    for kind, config in found:
        if kind == "hf_config" and "architectures" in config and "auto_map" not in config:
            return config
    for kind, config in found:
        if kind == "litgpt" and "Qwen2.5" in model["name"]:
            named = {theirs: config[ours] for ours, theirs in LITGPT.items() if ours in config}
            named["tie_word_embeddings"] = model["name"] in TIED
            return {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], **named}
    return None


def open_clip(folder: Path) -> Iterator[Held]:
    """Build image and text towers from their configurations."""
    from orderof.frontends.torch.imports import extra

    os.environ["HF_HUB_OFFLINE"] = "1"
    extra("torchvision")
    library: Any = extra("open_clip")
    transformers: Any = extra("transformers")
    transformers.AutoConfig.from_pretrained = tower
    known = set(library.list_models())
    for line in (folder / "openclip_models.jsonl").read_text("utf-8").splitlines():
        model = json.loads(line)
        name, profile = model["model"], model.get("profile") or {}
        if name in known and profile.get("gflops"):
            found, why = tried(lambda name=name: both_towers(library, name))
            millions, giga = found or (0, 0)
            yield Held(name, "params (M)", profile["mparams"], millions, 0.00501, why)
            yield Held(name, "GFLOPs", profile["gflops"], giga, profile["gflops"] / 100, why)


def both_towers(library: Any, name: str) -> tuple[float, float]:
    """Count parameters in millions, and GFLOPs for an image and as many tokens as are read."""
    import torch

    from orderof import analyze

    with torch.device("meta"):
        made = library.create_model(name, device="meta", pretrained_hf=False)
    size = made.visual.image_size
    high, wide = size if isinstance(size, tuple | list) else (size, size)
    image = torch.empty(1, 3, high, wide, device="meta")
    length = made.context_length or 77  # what open_clip's profile takes for a tower without an end
    text = torch.empty(1, length, dtype=torch.int64, device="meta")
    found = analyze(made, image, text, symbolic=())
    return found.params() / 1e6, 2 * found.forward.macs() / 1e9


def tower(name: str, **_: Any) -> Any:
    """Give the configuration of a tower of text, in place of asking the hub for it."""
    import transformers

    sizes = tomllib.loads(TOWERS.read_text("utf-8"))[name]
    return getattr(transformers, sizes.pop("config"))(**sizes)


def tried(count: Callable[[], Any]) -> tuple[Any, str]:
    """Count, or say why not."""
    try:
        return count(), ""
    except Exception as error:  # noqa: BLE001 - a row says what it was
        return 0, shown(f"{type(error).__name__}: {error}", 160)


def told(h: Held) -> str:
    """Say what differs, and why."""
    figures = f"{h.name}: {h.published:.10g} published, {h.ours:.10g} ours"
    reason = WHY.get((h.name, h.what), "unexplained")
    return f"{h.name}: {h.why}" if h.why else f"{figures} ({reason})"


SETS = {"timm": timm, "torchvision": torchvision, "hf": hf, "open_clip": open_clip}


def main() -> None:
    """Print what differs, and write what was compared."""
    folder = Path(sys.argv[1])
    asked = sys.argv[2:] or list(SETS)
    path = DATA / "published.csv"
    rows: list[dict[str, Any]] = [r for r in rows_of(path) if r["set"] not in asked]
    for name in asked:
        held = list(SETS[name](folder))
        for h in held:
            if not h.equal:
                print(f"{name} {h.what} {told(h)}")
        for what in dict.fromkeys(h.what for h in held):
            mine = [h for h in held if h.what == what]
            equal = sum(h.equal for h in mine)
            others = "; ".join(map(told, (h for h in mine if not h.equal)))
            rows.append({"set": name, "what": what, "compared": len(mine), "equal": equal,
                         "others": others})  # fmt: skip
            print(f"{name}: {what} {equal} of {len(mine)} equal")
    with path.open("w", newline="") as file:
        fields = ("set", "what", "compared", "equal", "others")
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
