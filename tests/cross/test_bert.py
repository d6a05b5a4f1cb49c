"""The zoo's BERT and the recorded one are the same network: every float kind, every phase."""

import random
import re

import pytest
from tests.cross.against import PHASES, agree, hub, integers, recorded, same_tree, same_values

from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.ir.graph import Phase

pytestmark = pytest.mark.framework
SIZES = {"B": 2, "S": 5, "d": 12, "h": 3, "f": 20, "L": 3, "V": 31, "P": 8}


def bert(B, S, d, h, f, L, V, P):
    import torch

    config = hub().BertConfig(
        hidden_size=d,
        num_attention_heads=h,
        intermediate_size=f,
        num_hidden_layers=L,
        vocab_size=V,
        max_position_embeddings=P,
    )
    return hub().BertModel(config), torch.zeros(B, S, dtype=torch.int64)


def case(sizes):
    import torch

    with torch.device("meta"):
        module, tokens = bert(**sizes)
    return module, (), {"input_ids": tokens}


def drawn(draw):
    h, S = draw.randint(1, 4), draw.randint(1, 20)
    small = {k: draw.randint(1, 4) for k in ("B", "L")}
    wide = {"d": h * draw.randint(1, 9), "f": draw.randint(1, 40), "V": draw.randint(5, 99)}
    return {**small, **wide, "h": h, "S": S, "P": S + draw.randint(0, 9)}


def test_five_random_shapes():
    draw = random.Random(7)
    for _ in range(5):
        sizes = drawn(draw)
        agree("bert", sizes, case(sizes))


def test_the_tree():
    same_tree("bert", SIZES, case(SIZES), lambda path: re.sub(r"(layer\.)\d+", r"\1*", path))


def test_no_integers_and_no_mask():
    theirs = recorded(case(SIZES))
    for graph, sizes in ((graph_of_zoo("zoo:bert", train="adamw"), SIZES), (theirs, {})):
        assert all(integers(graph, phase, sizes) == Counts() for phase in (*PHASES, Phase.MASK))


def test_the_values():
    import torch

    torch.manual_seed(5)
    sizes = {**SIZES, "d": 6, "f": 5, "L": 2}
    module, _ = bert(**sizes)
    tokens = torch.randint(1, sizes["V"], (sizes["B"], sizes["S"]))  # 0 pads: without a gradient
    same_values("bert", sizes, module, tokens)
