"""How long the answer takes beside the other counters, in one run, as ratios.

    python bench/peers.py [MODEL ...]

Every model is measured in a process of its own, on the meta device or in fakes, so that nobody
pays for weights; every tool is called once to warm up and then timed in turn, and the median
counts. A tool takes part where it is installed and where its multiply-adds are within 1.5 % of
ours; how far off the others are is said too. Ours is the full answer: every kind of operation, the
tree of modules, the coverage; once with sizes as numbers and once with batch, sequence and image
sizes as letters. See docs/speed.md.
"""

# ruff: noqa: ANN401, D103, INP001, S101, T201 - a script; tools are imported on use

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import statistics
import subprocess
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 5
NEAR = 0.015
Case = tuple[Any, tuple[Any, ...], dict[str, Any]]


# ------------------------------------------------------------------------------------- models


def resnet50() -> Case:
    import torch
    from torchvision.models import resnet50

    return resnet50(), (torch.zeros(1, 3, 224, 224),), {}


def vit_b_16() -> Case:
    import timm
    import torch

    model = timm.create_model("vit_base_patch16_224", pretrained=False)
    return model, (torch.zeros(1, 3, 224, 224),), {}


def gpt2() -> Case:
    import torch
    import transformers

    model = transformers.GPT2LMHeadModel(transformers.GPT2Config())
    return model, (), {"input_ids": torch.zeros(1, 128, dtype=torch.int64)}


def whisper_tiny() -> Case:
    import torch
    import transformers

    config = transformers.WhisperConfig()
    tokens = torch.zeros(1, 32, dtype=torch.int64)
    inputs = {"input_features": torch.zeros(1, 80, 3000), "decoder_input_ids": tokens}
    return transformers.WhisperForConditionalGeneration(config), (), inputs


def unet_sd15() -> Case:
    import torch
    from diffusers import UNet2DConditionModel

    widths = (320, 640, 1280, 1280)
    model = UNet2DConditionModel(
        cross_attention_dim=768, attention_head_dim=8, block_out_channels=widths, sample_size=64
    )
    time_, text = torch.zeros(1, dtype=torch.int64), torch.zeros(1, 77, 768)
    return model, (torch.zeros(1, 4, 64, 64), time_, text), {}


def llama(layers: int, width: int, hidden: int, heads: int) -> Case:
    import torch
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=128256,
        hidden_size=width,
        intermediate_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=8,
    )
    model = transformers.LlamaForCausalLM(config)
    return model, (), {"input_ids": torch.zeros(1, 2048, dtype=torch.int64)}


def llama3_8b() -> Case:
    return llama(32, 4096, 14336, 32)


def llama31_405b() -> Case:
    return llama(126, 16384, 53248, 128)


MODELS: dict[str, tuple[Callable[[], Case], bool]] = {
    "resnet50": (resnet50, False),
    "vit_b_16": (vit_b_16, False),
    "gpt2": (gpt2, False),
    "whisper_tiny": (whisper_tiny, False),
    "unet_sd15": (unet_sd15, False),
    "llama3_8b": (llama3_8b, False),
    "llama3_8b step": (llama3_8b, True),
    "llama31_405b step": (llama31_405b, True),
}
"""Name -> what builds it, and whether a training step is asked for."""


# -------------------------------------------------------------------------------------- tools


def ours(case: Case, *, step: bool, symbolic: tuple[str, ...] | None) -> int:
    """The whole answer: rows, tree, coverage, parameters."""
    import orderof
    from orderof.result.tree import tree

    model, args, kwargs = case
    train = "adamw" if step else None
    r = orderof.analyze(model, *args, kwargs=kwargs, train=train, symbolic=symbolic)
    tree(r)
    assert r.coverage.complete  # else it is no answer
    return (r.step or r.forward).macs() if step else r.forward.macs()


def masked(case: Case) -> Case:
    """Decoders of transformers make a mask that plain meta tensors cannot: give them one."""
    import torch

    model, args, kwargs = case
    kind = type(model).__name__
    if kind in {"GPT2LMHeadModel", "LlamaForCausalLM"}:
        n = kwargs["input_ids"].shape[1]
        mask = torch.ones(1, 1, n, n, dtype=torch.bool, device="meta")
        return model, args, {**kwargs, "attention_mask": mask, "use_cache": False}
    if kind == "WhisperForConditionalGeneration":
        n = kwargs["decoder_input_ids"].shape[1]
        mask = torch.ones(1, 1, n, n, dtype=torch.bool, device="meta")
        return model, args, {**kwargs, "decoder_attention_mask": mask, "use_cache": False}
    return case


def flop_counter(case: Case, *, step: bool) -> int:
    """torch.utils.flop_counter on the meta device, with the kernel that it has a formula for."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    model, args, kwargs = masked(case)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        found = model(*args, **kwargs)
        if step:
            getattr(found, "logits", found).sum().backward()
    model.zero_grad(set_to_none=True)
    return counter.get_total_flops() // 2


def flop_counter_fake(case: Case, *, step: bool) -> int:
    """The same on fake tensors, the model built under the mode."""
    from torch.utils.flop_counter import FlopCounterMode

    model, args, kwargs = case
    mode = FAKE["mode"]
    with mode, FlopCounterMode(display=False) as counter:
        found = model(*args, **kwargs)
        if step:
            getattr(found, "logits", found).sum().backward()
    model.zero_grad(set_to_none=True)
    return counter.get_total_flops() // 2


def ptflops_aten(case: Case, *, step: bool) -> int:
    """Ptflops with its newer backend."""
    from ptflops import get_model_complexity_info

    model, args, kwargs = masked(case)
    given = {**kwargs} if kwargs else None

    def inputs(_: Any) -> Any:
        names = list(model.forward.__code__.co_varnames[1:])
        return given or dict(zip(names, args, strict=False))

    found, _ = get_model_complexity_info(
        model, (1,), input_constructor=inputs, as_strings=False, print_per_layer_stat=False,
        backend="aten", verbose=False,
    )  # fmt: skip
    assert not step  # it counts forward passes
    return int(found)


def thop_profile(case: Case, *, step: bool) -> int:
    from thop import profile

    model, args, kwargs = masked(case)
    assert not step
    assert not kwargs  # it takes inputs by place
    return int(profile(model, inputs=args, verbose=False)[0])


def calflops_count(case: Case, *, step: bool) -> int:
    from calflops import calculate_flops

    model, args, kwargs = masked(case)
    assert not step
    found = calculate_flops(
        model, args=list(args) or None, kwargs=kwargs or None, output_as_string=False,
        print_results=False, print_detailed=False,
    )  # fmt: skip
    return int(found[1])


def torchinfo_summary(case: Case, *, step: bool) -> int:
    from torchinfo import summary

    model, args, kwargs = masked(case)
    assert not step
    found = summary(model, input_data=args or None, verbose=0, device="meta", **kwargs)
    return int(found.total_mult_adds)


def fvcore_count(case: Case, *, step: bool) -> int:
    from fvcore.nn import FlopCountAnalysis

    model, args, kwargs = masked(case)
    assert not step
    assert not kwargs
    found = FlopCountAnalysis(model, args).unsupported_ops_warnings(False)  # noqa: FBT003
    return int(found.total())


PEERS: dict[str, Callable[..., int]] = {
    "FlopCounterMode, meta": flop_counter,
    "FlopCounterMode, fake": flop_counter_fake,
    "ptflops aten, meta": ptflops_aten,
    "calflops, meta": calflops_count,
    "thop, meta": thop_profile,
    "torchinfo, meta": torchinfo_summary,
    "fvcore, meta": fvcore_count,
}
FAKE: dict[str, Any] = {}


# ------------------------------------------------------------------------------------ measure


def declare_torchvision() -> None:
    """Let torchvision import beside a torch that cannot load its kernels."""
    import torch

    try:
        import torchvision
    except RuntimeError:
        FAKE["library"] = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            FAKE["library"].define(f"{name}(Tensor dets, Tensor scores, float iou) -> Tensor")
        for module in [m for m in sys.modules if m.startswith("torchvision")]:
            del sys.modules[module]
        import torchvision
    del torchvision


def built(make: Callable[[], Case], *, fake: bool) -> Case:
    """Build without weights, on meta or as fakes."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    if fake:
        FAKE["mode"] = FakeTensorMode(allow_non_fake_inputs=True)
        with FAKE["mode"]:
            case = make()
    else:
        with torch.device("meta"):
            case = make()
    case[0].eval()
    return case


def timed(call: Callable[[], int]) -> tuple[float, int]:
    """Warm up, then give the median time and what was counted."""
    call()
    times: list[float] = []
    found = 0
    for _ in range(RUNS):
        start = time.perf_counter()
        found = call()
        times.append(time.perf_counter() - start)
    return statistics.median(times), found


def measure(name: str) -> list[dict[str, Any]]:
    """Time ours and every peer on one model; one row each."""
    import resource

    import torch

    torch.set_num_threads(1)
    declare_torchvision()
    make, step = MODELS[name]
    case = built(make, fake=False)
    rows: list[dict[str, Any]] = []
    ways: dict[str, tuple[str, ...] | None] = {"orderof": (), "orderof, in letters": None}
    for title, symbolic in ways.items():
        seconds, macs = timed(lambda s=symbolic: ours(case, step=step, symbolic=s))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append({"tool": title, "seconds": seconds, "macs": macs, "gib": round(peak, 2)})
    if name.startswith("llama31"):
        return rows
    for title, tool in PEERS.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                given = built(make, fake=True) if "fake" in title else case
                seconds, macs = timed(lambda t=tool, c=given: t(c, step=step))
        except Exception as error:  # noqa: BLE001 - a tool that fails is a row that says so
            first = str(error).partition("\n")[0][:60]
            rows.append({"tool": title, "failed": f"{type(error).__name__}: {first}"})
            continue
        rows.append({"tool": title, "seconds": seconds, "macs": macs})
    return rows


def table(name: str, rows: list[dict[str, Any]]) -> None:
    """Print the rows of one model: seconds, and how many times ours."""
    own = rows[0]
    print(f"\n{name}   {own['macs'] / 1e9:,.3f} G multiply-adds, peak {rows[1]['gib']} GiB")
    for row in rows:
        if "failed" in row:
            print(f"  {row['tool']:<24} {row['failed']}")
            continue
        off = row["macs"] / own["macs"]
        right = "" if abs(off - 1) <= NEAR else f"   counts {off:.3f} of it"
        ratio = row["seconds"] / own["seconds"]
        print(f"  {row['tool']:<24} {row['seconds']:7.3f} s {ratio:6.1f} x{right}")
    near = [r for r in rows[2:] if "macs" in r and abs(r["macs"] / own["macs"] - 1) <= NEAR]
    if near:
        best = min(near, key=lambda r: r["seconds"])
        ratio, letters = (rows[i]["seconds"] / best["seconds"] for i in (0, 1))
        beside = f"beside {best['tool']}, the fastest that is right"
        print(f"  {beside}: {ratio:.2f}, in letters {letters:.2f}")


def main() -> None:
    """Measure every model in its own process."""
    if sys.argv[1:2] == ["--one"]:
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        print(json.dumps(measure(sys.argv[2])))
        sys.stdout.flush()
        os._exit(0)
    for name in sys.argv[1:] or MODELS:
        done = subprocess.run(  # noqa: S603 - this file
            [sys.executable, __file__, "--one", name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"\n{name}   {done.stderr.strip().splitlines()[-1]}")
            continue
        table(name, json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
