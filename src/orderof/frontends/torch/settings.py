"""Sizes that a model has beside those of its inputs, and that a copy of it takes otherwise.

P, how many regions a detector of torchvision looks at in each image (`rpn_post_nms_top_n_test`),
stands in its RegionProposalNetwork and in no shape of a parameter. A formula in P holds

- up to as many boxes as are proposed, of which the P best are kept;
- down to as few as still fill the detections: of the P boxes for each of the classes that are no
  background the best `box_detections_per_img` are kept.

Both numbers are read off a recording (`limits`), and tried by others (`settle`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orderof.frontends.torch.detection import SUPPRESS, kind, regions, with_regions
from orderof.frontends.torch.nested import modules_of
from orderof.frontends.torch.record import plain
from orderof.sym import Range

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from torch import nn

    from orderof.frontends.torch.recording import Recording


@dataclass(frozen=True, slots=True)
class Settings:
    """The names and sizes, and where to find them."""

    sizes: dict[str, int]
    """Those of the model as it is."""
    kinds: dict[str, str]
    """What the parts of it are that say how far a formula goes, by their paths."""
    most_found: int
    """How many detections come out of an image."""

    def at(self, module: nn.Module, sizes: Mapping[str, int]) -> nn.Module:
        """Give a copy in other sizes, which shares its tensors; the module if there are none."""
        own = sizes.keys() & self.sizes
        return with_regions(plain(module), sizes["P"]) if own else module

    def without(self, names: Container[str]) -> Settings:
        """Leave out some, which mean something else or are no letters."""
        return replace(self, sizes={k: n for k, n in self.sizes.items() if k not in names})

    def limits(self, recording: Recording) -> dict[str, Range]:
        """From which size to which formulas may hold, by a recording at the sizes there are."""
        if "P" not in self.sizes:
            return {}
        proposed: list[int] = []
        least = 1
        for call in recording.calls:
            if call.name != SUPPRESS:
                continue
            (boxes,) = call.results
            n = boxes.shape[0] if boxes else 0
            if self.kinds.get(call.scope) == "RegionProposalNetwork":
                proposed.append(n)
            elif n:  # as many for each region as there are classes
                p = min(self.sizes["P"], *proposed) if proposed else self.sizes["P"]
                least = max(least, -(-self.most_found * p // n))
        return {"P": Range(1, least, min(proposed, default=None))}


def settings(module: nn.Module) -> Settings:
    """Find the sizes that a module has; none where it is no detector with regions, or two."""
    kinds = {path: found for path, part in modules_of(plain(module)) if (found := kind(part))}
    parts = dict(modules_of(plain(module)))
    held = {regions(parts[p]) for p, k in kinds.items() if k == "RegionProposalNetwork"}
    found = {"P": held.pop()} if len(held) == 1 else {}
    heads = [vars(parts[p])["detections_per_img"] for p, k in kinds.items() if k == "RoIHeads"]
    return Settings(found, kinds, max(heads, default=0))


def given(
    module: nn.Module, dims: Mapping[str, Any] | None, taken: Container[str]
) -> tuple[nn.Module, dict[str, Any]]:
    """Give a module, or a copy of it, the sizes that are its own; with what is left of `dims`.

    A name in `taken` is one of its inputs.
    """
    offered = settings(module).without(taken).sizes if dims else {}
    own = {name: n for name, n in (dims or {}).items() if name in offered and isinstance(n, int)}
    left = {name: n for name, n in (dims or {}).items() if name not in own}
    return (with_regions(plain(module), own["P"]) if own else module), left
