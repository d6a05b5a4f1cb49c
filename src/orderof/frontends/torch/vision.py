"""What models of torchvision are called with: the sizes that its published figures are for."""

import inspect
from collections.abc import Collection, Iterator
from typing import Any

_SMALL = 112
"""Side of the films that the residual networks of torchvision take."""
_SIDES = {"ssd300_vgg16": 300, "ssdlite320_mobilenet_v3_large": 320}
"""Detectors whose images have one size; the others make the shorter side 800."""


def described(name: str, kind: str, module: Any) -> Iterator[str]:
    """Describe the inputs of a model; `kind` is the part of torchvision that it stands in."""
    first = next(iter(inspect.signature(module.forward).parameters))
    match kind:
        case "video":
            side = _SMALL if name.endswith("_18") else 224
            yield f"{first}: float32[B=1, 3, T=16, H={side}, W={side}]"
        case "optical_flow":
            for image in ("image1", "image2"):
                yield f"{image}: float32[B=1, 3, H=512, W=512]"
        case "segmentation":
            yield f"{first}: float32[B=1, 3, H=520, W=520]"
        case "detection":
            side = _SIDES.get(name, 800)
            yield f"{first}: [float32[3, H={side}, W={side}]]"
        case _:
            side = _side(name, module)
            yield f"{first}: float32[B=1, 3, H={side}, W={side}]"


def _side(name: str, module: Any) -> int:
    """Give the side of the images of the default weights, or the one that a model was made for."""
    from torchvision import models

    own = getattr(module, "image_size", None)
    if isinstance(own, int):
        return own
    weights: Any = models.get_model_weights(name)
    side: int = weights.DEFAULT.transforms.keywords["crop_size"]
    return side


def notes(kind: str, options: Collection[str]) -> tuple[str, ...]:
    """Say what was chosen on the reader's behalf."""
    if "aux_loss" in options:
        return ("with the auxiliary classifier, as the published weights have it",)
    if kind == "quantization":
        return ("counted in float32, as it is built: what is quantized comes from calibration",)
    return ()
