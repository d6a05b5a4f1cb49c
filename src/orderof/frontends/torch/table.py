"""ATen's operators in terms of ours: the one table of the torch door.

A row is a function (lowering, *operands, **keywords) -> value or values, in the order of the
recorded results; None stands for a result that nobody reads. `aten.add_.Tensor` and
`aten.add.Tensor` are one row, `add`: an operation in place costs what its pure form costs.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from orderof.frontends.torch import (
    rows_backward,
    rows_bag,
    rows_composite,
    rows_contract,
    rows_elementwise,
    rows_fold,
    rows_fourier,
    rows_functions,
    rows_image,
    rows_loop,
    rows_move,
    rows_norm,
    rows_place,
    rows_random,
    rows_sample,
    rows_slice,
)

if TYPE_CHECKING:
    from orderof.frontends.torch.rows import Row

TABLE: dict[str, Row] = {
    **rows_elementwise.ROWS,
    **rows_fold.ROWS,
    **rows_fourier.WINDOWS,
    **rows_functions.ROWS,
    **rows_image.ROWS,
    **rows_move.ROWS,
    **rows_slice.ROWS,
    **rows_contract.ROWS,
    **rows_norm.ROWS,
    **rows_backward.ROWS,
    **rows_place.ROWS,
    **rows_random.ROWS,
    **rows_sample.ROWS,
    **rows_bag.ROWS,
    **rows_composite.ROWS,
    **rows_loop.ROWS,
}


@functools.lru_cache(maxsize=4096)
def find(name: str) -> Row | None:
    """Find the row of `aten.NAME.OVERLOAD`, of torchvision's, or of one of our own calls."""
    space, op, *_ = name.split(".")
    if space == "orderof":
        return TABLE.get(name)
    if space == "torchvision":
        return TABLE.get(f"{space}.{op}")
    if space != "aten":
        return None
    return TABLE.get(op) or TABLE.get(op.removesuffix("_"))
