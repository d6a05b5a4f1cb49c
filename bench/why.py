"""Writes docs/why-tools-disagree.md: what every tool says of one small network, and why.

python bench/why.py [FILE]
"""

# ruff: noqa: D102, INP001, T201 - a script

from __future__ import annotations

import inspect
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.analyses.compare import Account
    from orderof.comparison import Compared

PAGE = Path(__file__).parents[1] / "docs" / "why-tools-disagree.md"


class Small(nn.Module):
    """A network of 25 lines on which the counters of the field disagree for every reason."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.depth = nn.Conv2d(8, 8, 3, padding="same", groups=8)
        self.back = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.pool = nn.AvgPool2d(2)
        self.table = nn.Embedding(100, 16)
        self.time = nn.LSTM(16, 16, batch_first=True)
        self.calm = nn.LayerNorm(16)
        self.qkv = nn.Linear(16, 48)
        self.heads = nn.MultiheadAttention(16, 4, batch_first=True)
        self.wide = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 16))
        self.mix = nn.Parameter(torch.zeros(8, 16))
        self.out = nn.Linear(16, 10, bias=False)

    def forward(self, image: Tensor, words: Tensor) -> Tensor:
        x = functional.relu(self.norm(self.stem(image)))
        x = self.pool(functional.interpolate(self.back(self.depth(x)), scale_factor=2))
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1) @ self.mix
        y, _ = self.time(self.table(words))
        q, k, v = self.qkv(self.calm(y + x[:, None])).chunk(3, -1)
        y = functional.scaled_dot_product_attention(q, k, v)
        y = self.heads(y, y, y, need_weights=False)[0]
        y = y + self.wide(y)
        scores = torch.einsum("bsd,btd->bst", y, y).softmax(-1)
        return self.out((scores @ y).mean(1))


def made() -> tuple[nn.Module, dict[str, Tensor]]:
    """Give the network and what it is called with."""
    words = torch.zeros(1, 12, dtype=torch.int64)
    return Small().eval(), {"image": torch.zeros(1, 3, 32, 32), "words": words}


HEAD = """# Why tools disagree

Two counters rarely print the same number for the same network, and both call it FLOPs. This page
says why, on one small network that shows every reason; it is written by `python bench/why.py` and
a test holds it. The same answer for a network of yours:

    orderof compare torchvision:resnet50 --as fvcore,thop
    orderof compare my.package:model --as all
    orderof my.package:model --as fvcore

There are four kinds of reasons:

1. **The unit.** Most tools count one multiply-add as one, and many call that a FLOP; some count
   two.
2. **What else is counted.** Biases, norms, activations, pooling and resizing, each at a rate of
   the tool's own: batch norm at 1, 2, 4 or 5 for each element.
3. **What is left out**, mostly without a word: attention that runs in one fused operation,
   recurrent layers, products that are written as functions or operators and not as modules.
4. **Faults**: transposed convolutions counted by their output, linear layers counted without
   their sequence, weight gradients in groups counted once for each group.

Every convention here is a file of [conventions/catalog](../src/orderof/conventions/catalog): rules
that say which operators are counted, how, and why that is not simply their multiply-adds. What is
counted less the multiply-adds that there are makes a *term*; two figures differ by the terms that
they do not share, and the terms add up to the difference exactly. How closely each convention
follows its tool is measured: [coverage of conventions](#how-far-they-can-be-trusted).

## The network

```python
{source}```

called with an image of 3 x 32 x 32 and 12 words.

## What each would print

"""

FORMULAS = """
## Formulas of papers

A paper counts a network as a whole: six for each parameter and token, and so on. `--as palm-mfu`
measures what such a formula is made of off your network, and the difference says where it is not
what is computed. For GPT-2 in training (`orderof compare zoo:gpt2 --train adamw --as flops,6nd`)
6 N D leaves out attention, `-12*B*L*S**2*d`, and counts position tables and biases as if they were
multiplied. PaLM's formula adds attention and keeps the rest. Megatron's equation 3 is exact for
GPT-2, and counts every layer once more, because activations are computed again. Kaplan's leaves out
the head and half of attention; Chinchilla's counts embeddings as products, and 3 for the softmax of
each score. Two published rates can differ by their convention alone: Llama 3 8B at 8192 tokens is
57.91 GFLOP a token in NeMo 24.12 and 51.47 in Megatron-Bridge, which counts half the square of
scores. The published tables that each formula is held against are in `tests/published`.
"""
TRUST = """
## How far they can be trusted

Each convention is held against figures that others published or measured, and against the tool
itself where it installs (`python bench/conventions.py`). *Exact* is equal to the last digit that
was given; of timm's tables within 0.006 G or half a per cent, and all but a few to the digit. What
differs has a reason with its amount in
[reasons.toml](../bench/conventions/reasons.toml); *no figure* is a row that a tool refuses, or that
is of a network which is not at hand. `params` are parameters; `macs`, `flops` and `orderof` hold
what tools without a convention here say where it is the same under any rule. What a convention
cannot follow is listed in [known limits](known-limits.md).

| as | held against | exact | explained | no figure | unexplained |
|---|---|---:|---:|---:|---:|
"""
_SETS = {
    "timm": "timm's tables, at every size",
    "torchvision": "the weights of torchvision",
    "measured": "measurements of whole networks",
    "expected": "documents of the tool",
}
TAIL = """
## A convention of your own

A file of TOML, named by its path: `orderof MODEL --as ./ours.toml`.

```toml
about = "multiply-adds, and activations at 1"
source = "our paper, section 3"
otherwise = "macs"

[[rule]]
op = ["relu", "gelu", "silu"]
count = "x0"
why = "an activation counts 1 for each element"
```

The keys are explained in [load.py](../src/orderof/conventions/load.py), the names of sizes in
[site.py](../src/orderof/conventions/site.py).
"""


def page() -> str:
    """Write the page."""
    from orderof import compare

    network, inputs = made()
    found = compare(network, kwargs=inputs, symbolic=())
    lines = [HEAD.format(source=inspect.getsource(Small)), *_figures(found)]
    lines.append("\n## Why, tool by tool\n\nEach against the multiply-adds that there are.\n")
    for account in found.comparison.accounts:
        lines.extend(_terms(found, account))
    lines.extend((FORMULAS, TRUST, *_trust(), TAIL))
    return "".join(f"{line}\n" if not line.endswith("\n") else line for line in lines)


def _trust() -> Iterator[str]:
    """Say how many rows are exact, convention by convention."""
    from conventions import KINDS, judged

    rows = [(kind, row) for kind, _, row in judged() if row["as"]]
    found = Counter((r["as"], _SETS.get(r["set"], "the tool itself"), kind) for kind, r in rows)
    for as_, against in sorted({key[:2] for key in found}):
        numbers = " | ".join(str(found[as_, against, kind] or "") for kind in KINDS)
        yield f"| `{as_}` | {against} | {numbers} |"


def _figures(found: Compared) -> Iterator[str]:
    exact = found.comparison.exact.total.at({})
    yield "| as | figure | in | of all multiply-adds | what it counts |"
    yield "|---|---:|---|---:|---|"
    for a in found.comparison.accounts:
        n, c = a.total.at({}), a.convention
        yield f"| `{c.name}` | {n:,} | {c.unit} | {n / exact:.4f} | {c.about} |"


def _terms(found: Compared, account: Account) -> Iterator[str]:
    name = account.convention.name
    terms = found.terms("macs", name)
    if not terms:
        return
    yield f"\n### {name}\n\n{account.convention.source}.\n"
    yield "| why | where | amount |"
    yield "|---|---|---:|"
    for term in terms:
        places = ", ".join(f"`{path or 'itself'}`" for path, _ in term.places)
        yield f"| {term.why} | {places} | {term.amount.at({}):+,} |"
    total = sum(t.amount.at({}) for t in terms)
    yield f"| **in all** | | **{total:+,}** |"


def main() -> None:
    """Write it where it belongs, or to a file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    path.write_text(page(), "utf-8")
    print(path)


if __name__ == "__main__":
    main()
