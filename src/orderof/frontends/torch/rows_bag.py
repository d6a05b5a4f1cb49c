"""Rows for bags of rows of a table: embeddings that are added up as they are read.

Torch gives four results: the rows, and for its own gradient the bag of each index, the size of each
bag, and where the largest stood. Only the first and the last are something that is computed here;
the gradient reads the indices and where bags begin again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import UnknownOperator
from orderof.ir.graph import Value
from orderof.ops import bag as ops
from orderof.ops.shape import put, slice_

if TYPE_CHECKING:
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering

_MODES = ("sum", "mean", "max")


def bags(low: Lowering, table: Value, at: Value, starts: Value, *how: Any) -> Any:
    """Join the rows of each bag; where there is an end of the last bag, it is left out."""
    mode = _MODES[how[1]] if len(how) > 1 else "sum"
    weights = [v for v in how if isinstance(v, Value)]
    starts = _begins(low, starts, low.types()[0].shape[0])
    found = ops.bag(low.b, table, at, starts, *weights, mode=mode)
    return (found[0], None, None, found[1]) if mode == "max" else (found, None)


def _begins(low: Lowering, starts: Value, bags: Any) -> Value:
    if starts.shape[0] == bags:
        return starts
    found: Value = slice_(low.b, starts, axis=0, start=0, stop=bags)
    return found


def bags_backward(low: Lowering, g: Value, at: Value, starts: Value, *rest: Any) -> Value:
    """Give the gradient of the table; raises `UnknownOperator` where it is scaled by frequency."""
    _, _, stood, rows, by_frequency, mode, _, weights, *_ = rest
    if by_frequency:
        assert low.call is not None  # noqa: S101 - rows run within a call
        hint = "scale_grad_by_freq=False has one"
        raise UnknownOperator(low.call.name, "has no rule for scales by frequency", hint)
    found: Value
    if _MODES[mode] == "max":
        found = put(low.b, g, stood, shape=low.types()[0].shape, axis=0)
        return found
    operands = (at, _begins(low, starts, g.shape[0]), *(() if weights is None else (weights,)))
    found = ops.bag_gradient(low.b, g, *operands, rows=low.size(rows), mode=_MODES[mode])
    return found


def weights_backward(
    low: Lowering, g: Value, table: Value, at: Value, starts: Value, *_: Any
) -> Value:
    """Give the gradient of the weights of all indices."""
    starts = _begins(low, starts, g.shape[0])
    found: Value = ops.bag_weights_gradient(low.b, g, table, at, starts)
    return found


ROWS: dict[str, Row] = {
    "_embedding_bag": bags,
    "_embedding_bag_forward_only": bags,
    "_embedding_bag_backward": bags_backward,
    "_embedding_bag_per_sample_weights_backward": weights_backward,
}
