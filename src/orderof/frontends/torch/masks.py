"""Attention masks that depend on positions only: their nodes are a phase of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orderof.ir.graph import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.state import Lowering
    from orderof.ir.graph import Node, Value


def phase_masks(low: Lowering, outputs: Sequence[Value]) -> list[Node]:
    """Law 3: walk backwards from the folded masks, over nodes that nothing else needs."""
    if not low.masks:
        return low.b.nodes
    wanted = set(outputs)
    mask_only = set(low.masks)
    out: list[Node] = []
    for node in reversed(low.b.nodes):
        mine = any(v in mask_only for v in node.results)
        if mine and not any(v in wanted or v in low.bound for v in node.results):
            mask_only.update(node.operands)
            out.append(replace(node, phase=Phase.MASK))
        else:
            wanted.update(node.operands)
            out.append(node)
    return out[::-1]
