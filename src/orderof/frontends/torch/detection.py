"""Detectors of torchvision, whose later parts work on as many boxes as the scores say.

What no shape says is taken to be the most that torchvision allows: every box passes its threshold,
none is suppressed, and what is left is cut where the detector cuts it. So P regions are looked at
(`rpn_post_nms_top_n`), and so many detections come out (`box_detections_per_img`); a mask or a map
of keypoints is made as large as the whole image. A region is read on one level of the pyramid, and
costs the same on each.

The copy that is recorded gets methods of its own, over a changed copy of the globals of
torchvision's; torchvision itself, and whatever else uses it, is left as it is.
"""

import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import partial
from types import MethodType, SimpleNamespace
from typing import Any

import torch
from torch import nn

from orderof.frontends.torch.fakes import copied
from orderof.frontends.torch.nested import modules_of
from orderof.frontends.torch.over import over
from orderof.frontends.torch.tape import Tape

SUPPRESS = "orderof.suppress"
_DETECTION = "torchvision.models.detection"
_NAMED = {
    "rpn": "RegionProposalNetwork",
    "roi_heads": "RoIHeads",
    "retinanet": "RetinaNet",
    "fcos": "FCOS",
    "ssd": "SSD",
    "transform": "GeneralizedRCNNTransform",
}


def notes(module: nn.Module) -> tuple[str, ...]:
    """Say what is assumed of a detector."""
    said: list[str] = []
    for part in module.modules():
        match kind(part):
            case "RegionProposalNetwork":
                p = regions(part)
                said.append(f"P={p} regions of each image are looked at, the most that there are")
            case "RoIHeads" | "RetinaNet" | "FCOS" | "SSD":
                n = _fields(part)["detections_per_img"]
                said.append(f"{n} detections in each image, the most: no box is suppressed")
            case _:
                pass
    return tuple(said)


def regions(part: nn.Module) -> int:
    """How many regions of an image a RegionProposalNetwork proposes."""
    n: int = _fields(part)["_post_nms_top_n"]["testing"]
    return n


def with_regions(module: nn.Module, p: int) -> nn.Module:
    """Copy a detector, over the same tensors, to one that proposes another number of regions."""
    held = [t for _, part in modules_of(module) for t in (part._parameters, part._buffers)]
    tensors = [t for named in held for t in named.values() if t is not None]
    found: nn.Module = copied(module, {id(t): t for t in tensors})
    for _, part in modules_of(found):
        if kind(part) == "RegionProposalNetwork":
            part.__dict__["_post_nms_top_n"] = {**_fields(part)["_post_nms_top_n"], "testing": p}
    return found


def settle(parts: Iterable[tuple[str, nn.Module]], tape: Tape) -> None:
    """Give the parts of a detector, which are copies, methods that need no data."""
    for _, part in parts:
        match kind(part):
            case "RegionProposalNetwork":
                most = max(_fields(part)["_pre_nms_top_n"].values())
                _method(part, "filter_proposals", tape, box_ops=_boxes(tape, most))
            case "RoIHeads":
                _heads(part, tape)
            case "SSD":
                most = _fields(part)["topk_candidates"]
                _method(part, "postprocess_detections", tape, box_ops=_boxes(tape, most))
            case "RetinaNet" | "FCOS":
                _method(part, "postprocess_detections", tape, box_ops=_boxes(tape, None))
            case "GeneralizedRCNNTransform":
                _method(part, "postprocess", tape, paste_masks_in_image=_pasted)
            case "MultiScaleRoIAlign":
                _method(part, "forward", tape, _multiscale_roi_align=partial(_regions, tape))
            case _:
                pass


def kind(part: nn.Module) -> str:
    """Name the part of a detector that a module is, of torchvision's own classes or below them."""
    for file, name in _NAMED.items():
        cls = getattr(sys.modules.get(f"{_DETECTION}.{file}"), name, None)
        if cls is not None and isinstance(part, cls):
            return name
    pooler = getattr(sys.modules.get("torchvision.ops.poolers"), "MultiScaleRoIAlign", None)
    return "MultiScaleRoIAlign" if pooler is not None and isinstance(part, pooler) else ""


def _fields(part: nn.Module) -> Mapping[str, Any]:
    return vars(part)


def _method(part: nn.Module, name: str, tape: Tape, **changed: Any) -> None:
    """Give a part its own method over changed globals, in which everything passes."""
    method: Any = getattr(part, name)
    with_changes = MethodType(over(method.__func__, changed), part)

    def run(*args: Any, **kwargs: Any) -> Any:
        with _generous(tape):
            return with_changes(*args, **kwargs)

    setattr(part, name, run)


@contextmanager
def _generous(tape: Tape) -> Generator[None]:
    before, tape.generous = tape.generous, True
    try:
        yield
    finally:
        tape.generous = before


def _boxes(tape: Tape, most: int | None) -> SimpleNamespace:
    """Torchvision's functions of boxes, with a suppression that keeps all."""
    from torchvision.ops import boxes

    names = {k: v for k, v in vars(boxes).items() if callable(v) and not k.startswith("__")}
    return SimpleNamespace(**{**names, "batched_nms": partial(_suppressed, tape, most)})


def _suppressed(
    tape: Tape,
    most: int | None,
    boxes: torch.Tensor,
    scores: torch.Tensor,
    groups: torch.Tensor,
    threshold: float,
) -> torch.Tensor:
    """Keep all boxes, of which no more than `most` are compared with one another."""
    with tape.mute():
        kept = torch.empty(len(boxes), dtype=torch.int64)
    how = {"most": min(most or len(boxes), len(boxes)), "threshold": threshold}
    tape.add(SUPPRESS, (boxes, scores, groups), how, kept)
    return kept


def _regions(
    tape: Tape,
    levels: list[torch.Tensor],
    boxes: list[torch.Tensor],
    size: tuple[int, int],
    ratio: int,
    scales: list[float],
    mapper: Callable[..., torch.Tensor],
) -> torch.Tensor:
    """Read every region on the first level, after it was asked on which it belongs."""
    if len(levels) > 1:
        mapper(boxes)
    places = torch.cat([torch.cat([b.new_full((len(b), 1), i), b], 1) for i, b in enumerate(boxes)])
    first = levels[0]
    with tape.mute():
        found = first.new_empty((len(places), first.shape[1], *size))
    how = {"ratio": ratio, "scale": scales[0], "aligned": False}
    tape.add("orderof.read_regions", (first, places), how, found)
    return found


def _heads(part: nn.Module, tape: Tape) -> None:
    """Give the heads of regions suppression by class, and maps as large as the image."""
    from torchvision.models.detection import roi_heads

    seen: list[tuple[int, int]] = []

    def postprocess(self: Any, logits: Any, boxes: Any, proposals: Any, shapes: Any) -> Any:
        method = type(self).postprocess_detections
        most = max(len(p) for p in proposals)
        own = MethodType(over(method, {"box_ops": _boxes(tape, most)}), self)
        seen[:] = shapes
        with _generous(tape):
            return own(logits, boxes, proposals, shapes)

    def keypoints(maps: torch.Tensor, rois: torch.Tensor) -> Any:
        return _peaks(maps, rois, seen[0])

    inference = over(roi_heads.keypointrcnn_inference, {"heatmaps_to_keypoints": keypoints})
    vars(part)["postprocess_detections"] = MethodType(postprocess, part)
    _method(part, "forward", tape, keypointrcnn_inference=inference)


def _peaks(maps: torch.Tensor, rois: torch.Tensor, size: tuple[int, int]) -> Any:
    """Find the largest place of every map, made as large as the image."""
    wide = nn.functional.interpolate(maps, size=size, mode="bicubic", align_corners=False)
    flat = wide.flatten(2)
    at = flat.argmax(2)
    x = (at % size[1]).float() + 0.5 + rois[:, :1]
    y = (at // size[1]).float() + 0.5 + rois[:, 1:2]
    return torch.stack([x, y, torch.ones_like(x)], 2), flat.gather(2, at[..., None])[..., 0]


def _pasted(
    masks: torch.Tensor, boxes: torch.Tensor, size: tuple[int, int], padding: int = 1
) -> torch.Tensor:
    """Paste masks into images that they fill."""
    framed = nn.functional.pad(masks, (padding,) * 4)
    return nn.functional.interpolate(framed, size=size, mode="bilinear", align_corners=False)
