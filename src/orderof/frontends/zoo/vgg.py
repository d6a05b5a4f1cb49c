"""VGG with 16 layers (Simonyan & Zisserman 2014, arXiv:1409.1556, table 1, column D).

As torchvision has it: an adaptive pooling makes 7x7 places of the H//32 x W//32 that an image
leaves. So images of any size from 32 on fit; from 224 there are 7, as in the paper, and the pooling
divides by 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.plain import DROP, Conv, averaged, classifier, features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.frontends.zoo.layers import Net
    from orderof.ir.graph import Value
    from orderof.sym import Expr

DIMS = {"B": 1, "H": 224, "W": 224, "C": 1000}
STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""(channels, how many convolutions): a pooling stands behind each stage."""


def vgg16(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the scores (B, C) of images (B, 3, H, W)."""
    x = net.input("x", "float32", dims["B"], 3, dims["H"], dims["W"])
    plan: list[Conv | int] = []
    for width, count in STAGES:
        plan += [*((width, 3, 1, 1),) * count, 2]
    x = averaged(net, features(net, x, plan), 7)
    return [classifier(net, x, (4096, DROP, 4096, DROP, dims["C"]))]
