"""The zoo's ViT and the recorded one are the same network: every float kind, every phase."""

import random
import re

import pytest
from tests.cross.against import PHASES, agree, integers, recorded, same_tree, same_values

from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.ir.graph import Phase

pytestmark = pytest.mark.framework
SIZES = {"B": 2, "H": 6, "W": 6, "k": 3, "d": 12, "h": 3, "f": 20, "L": 3, "C": 7}


def vit(B, H, W, k, d, h, f, L, C):
    """Make an image, and the network for it; torchvision takes square ones."""
    import torch

    from orderof.frontends.torch.build import load

    load("torchvision:alexnet")  # makes torchvision importable beside any build of torch
    from torchvision.models import VisionTransformer

    assert H == W
    return VisionTransformer(H, k, L, h, d, f, num_classes=C), torch.rand(B, 3, H, W)


def case(sizes):
    import torch

    with torch.device("meta"):
        module, x = vit(**sizes)
    return module, (x,), {}


def drawn(draw):
    h, k = draw.randint(1, 4), draw.randint(1, 5)
    side = k * draw.randint(1, 4)
    small = {key: draw.randint(1, 4) for key in ("B", "L")}
    wide = {"d": h * draw.randint(1, 9), "f": draw.randint(1, 40), "C": draw.randint(1, 30)}
    return {**small, **wide, "h": h, "H": side, "W": side, "k": k}


def test_five_random_shapes():
    draw = random.Random(7)
    for _ in range(5):
        sizes = drawn(draw)
        agree("vit", sizes, case(sizes))


def place(path):
    """Give one path to all blocks; torch projects the output in the attention, not in its child."""
    return re.sub(r"(encoder_layer_)\d+", r"\1*", path).removesuffix(".out_proj")


def test_the_tree():
    same_tree("vit", SIZES, case(SIZES), place)


def test_no_integers_and_no_mask():
    theirs = recorded(case(SIZES))
    for graph, sizes in ((graph_of_zoo("zoo:vit", train="adamw"), SIZES), (theirs, {})):
        assert all(integers(graph, phase, sizes) == Counts() for phase in (*PHASES, Phase.MASK))


def test_the_values():
    import torch

    torch.manual_seed(5)
    sizes = {**SIZES, "d": 6, "f": 5, "L": 2}
    module, x = vit(**sizes)
    same_values("vit", sizes, module, x.double())
