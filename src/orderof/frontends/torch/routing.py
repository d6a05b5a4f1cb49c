"""Which experts a router chooses, where a model asks: all of them in turn.

Nobody knows it of a model without weights. The j-th of the k experts of token t is taken to be

    (t*k + j) mod E

so that every expert gets as many tokens as any other, or one more. A model that runs its experts
one by one multiplies each row once, whichever expert it goes to; how many run is what depends.
"""

import math
import re
from typing import Any

import torch

from orderof.frontends.torch.recording import Call, Ref

NOTE = "which experts are chosen is not known: tokens are spread evenly over all of them"
_ROUTER = re.compile(r"rout|gat(e|ing)|moe|expert|ffn|mlp|sparse", re.IGNORECASE)
"""Modules in which a selection is one of experts, by their names."""
_PLACES = {"aten.topk.default": 1, "aten.max.dim": 1, "aten.argmax.default": 0}
"""Selections along a dimension, and which of their results says where."""
_AXIS = {"aten.topk.default": 2, "aten.max.dim": 1, "aten.argmax.default": 1}


def chosen(call: Call) -> list[Any] | None:
    """Give what a selection by a router gives, with None for what has no whole numbers."""
    which = _PLACES.get(call.name)
    if which is None or not _ROUTER.search(call.scope):
        return None
    scores, axis = call.args[0], (*call.args, -1, -1)[_AXIS[call.name]]
    places = call.results[which]
    if not isinstance(scores, Ref) or places is None or axis not in (-1, len(scores.shape) - 1):
        return None
    in_turn = torch.arange(math.prod(places.shape)) % scores.shape[-1]
    return [None] * which + [in_turn.reshape(places.shape)]
