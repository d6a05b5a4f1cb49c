"""The zoo's Llama and the recorded one are the same network: every float kind, every phase.

The backward passes differ by the two named reasons of `agreement`, which the norms give rise to.
"""

import random
import re

import pytest
from tests.cross.against import (
    agree,
    counts,
    hub,
    integers,
    predicted,
    recorded,
    same_tree,
    same_values,
)

from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.ir.graph import Phase

pytestmark = pytest.mark.framework
SIZES = {"B": 2, "S": 5, "d": 24, "h": 6, "K": 2, "f": 20, "L": 3, "V": 31}


def llama(B, S, d, h, K, f, L, V):
    import torch

    config = hub().LlamaConfig(
        hidden_size=d,
        num_attention_heads=h,
        num_key_value_heads=K,
        intermediate_size=f,
        num_hidden_layers=L,
        vocab_size=V,
        rms_norm_eps=1e-5,
    )
    return hub().LlamaForCausalLM(config), torch.zeros(B, S, dtype=torch.int64)


def case(sizes):
    import torch

    with torch.device("meta"):
        module, tokens = llama(**sizes)
    return module, (), {"input_ids": tokens, "use_cache": False}


def drawn(draw):
    K = draw.randint(1, 3)
    h = K * draw.randint(1, 3)
    small = {k: draw.randint(1, 4) for k in ("B", "L")}
    wide = {"d": 2 * h * draw.randint(1, 5), "f": draw.randint(1, 40), "V": draw.randint(5, 99)}
    return {**small, **wide, "h": h, "K": K, "S": draw.randint(1, 20)}


def test_five_random_shapes():
    draw = random.Random(7)
    for _ in range(5):
        sizes = drawn(draw)
        agree("llama", sizes, case(sizes), but=predicted)


def test_why_the_backward_passes_differ():
    B, S, d, L = (SIZES[k] for k in ("B", "S", "d", "L"))
    means = B * S * (2 * L + 1)  # two norms a layer and one behind them, a mean for each token
    divisions = {("div", "float32"): means * (1 - d)}
    cubes = {("mul", "float32"): 2 * means, ("pow", "float32"): -means}
    ours = graph_of_zoo("zoo:llama", train="adamw")
    assert predicted(ours, SIZES) == Counts(divisions | cubes)


def test_the_tree():
    same_tree("llama", SIZES, case(SIZES), lambda path: re.sub(r"(layers\.)\d+", r"\1*", path))


def test_integers_and_the_mask():
    ours, theirs = graph_of_zoo("zoo:llama"), recorded(case(SIZES), train=False)
    # transformers adds 0 tokens of a cache to each position, and counts one head for its mask
    more = {("add", "int64"): SIZES["S"], ("int", "int64"): 1}
    found = integers(theirs, Phase.FORWARD, {}) - integers(ours, Phase.FORWARD, SIZES)
    assert found == Counts(more)
    # The zoo says that attention is causal; transformers computes the mask, which is in no total.
    assert counts(ours, Phase.MASK, SIZES) == Counts() != counts(theirs, Phase.MASK, {})


def test_the_values():
    import torch

    torch.manual_seed(5)
    sizes = {**SIZES, "S": 4, "d": 12, "h": 3, "K": 1, "f": 5, "L": 2, "V": 7}
    module, _ = llama(**sizes)
    tokens = torch.randint(sizes["V"], (sizes["B"], sizes["S"]))
    # It computes norms and angles in float32, whatever the dtype of its weights.
    same_values("llama", sizes, module, tokens, atol=1e-5)
