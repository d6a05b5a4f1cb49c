"""The zoo's GPT-2 and the recorded one are the same network: every float kind, every phase."""

import random

import pytest
from tests.cross.against import agree, hub, integers, recorded, same_values

from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.ir.graph import Phase

pytestmark = pytest.mark.framework
SIZES = {"B": 2, "S": 5, "d": 12, "h": 3, "L": 3, "V": 31, "P": 8}


def gpt2(B, S, d, h, L, V, P):
    import torch

    words = {"vocab_size": V, "bos_token_id": 1, "eos_token_id": 1}
    config = hub().GPT2Config(n_layer=L, n_embd=d, n_head=h, n_positions=P, **words)
    return hub().GPT2LMHeadModel(config), torch.zeros(B, S, dtype=torch.int64)


def case(sizes):
    import torch

    with torch.device("meta"):
        module, tokens = gpt2(**sizes)
    return module, (), {"input_ids": tokens, "use_cache": False}


def drawn(draw):
    h, S = draw.randint(1, 4), draw.randint(1, 40)
    small = {k: draw.randint(1, 4) for k in ("B", "L")}
    wide = {"d": h * draw.randint(1, 12), "V": draw.randint(5, 1000)}
    return {**small, **wide, "h": h, "S": S, "P": S + draw.randint(0, 24)}


def test_five_random_shapes():
    draw = random.Random(7)
    for _ in range(5):
        sizes = drawn(draw)
        agree("gpt2", sizes, case(sizes))


def test_integers():
    ours, theirs = graph_of_zoo("zoo:gpt2"), recorded(case(SIZES), train=False)
    # transformers adds 0 tokens of a cache to each position, and counts one head for its mask
    found = integers(theirs, Phase.FORWARD, {}) - integers(ours, Phase.FORWARD, SIZES)
    assert found == Counts({("add", "int64"): SIZES["S"], ("int", "int64"): 1})


def test_the_values():
    import torch

    torch.manual_seed(5)
    sizes = {**SIZES, "d": 6, "L": 2}
    module, _ = gpt2(**sizes)
    tokens = torch.randint(sizes["V"], (sizes["B"], sizes["S"]))
    same_values("gpt2", sizes, module, tokens, inside="transformer.")
