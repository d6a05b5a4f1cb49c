"""AlexNet (Krizhevsky et al. 2012) in its one-column form (Krizhevsky 2014, arXiv:1404.5997).

As torchvision has it: the convolutions are not grouped, nothing is normalised, and an adaptive
pooling makes 6x6 places of the floor((H - 31) / 32) rows that an image leaves, and of its columns.
So images of any size from 63 on fit; from 224 there are 6, and the pooling divides by 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.frontends.zoo.plain import DROP, averaged, classifier, features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.frontends.zoo.layers import Net
    from orderof.ir.graph import Value
    from orderof.sym import Expr

DIMS = {"B": 1, "H": 224, "W": 224, "C": 1000}
FEATURES = (
    (64, 11, 4, 2), 3, (192, 5, 1, 2), 3, (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1), 3,
)  # fmt: skip


def alexnet(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the scores (B, C) of images (B, 3, H, W)."""
    x = net.input("x", "float32", dims["B"], 3, dims["H"], dims["W"])
    x = averaged(net, features(net, x, FEATURES), 6)
    return [classifier(net, x, (DROP, 4096, DROP, 4096, dims["C"]))]
