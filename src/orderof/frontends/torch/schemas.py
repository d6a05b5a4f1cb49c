"""What torch says of an operation, read once for each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch._ops import OpOverload

from orderof.frontends.torch.fakes import STAND_INS
from orderof.frontends.torch.memo import memorable

_LIFTS = frozenset({"aten.lift_fresh.default", "aten.lift_fresh_copy.default"})


@dataclass(frozen=True, slots=True)
class Schema:
    """What torch says of an operation: the operands it writes, and whether its result is a view."""

    name: str
    written: tuple[int | str, ...]
    view: bool
    lifts: bool
    silent: bool
    composite: bool
    memorable: bool
    asks: bool
    """Whether its result depends on what the numbers in its operands are."""
    run: Callable[..., Any]


SCHEMAS: dict[OpOverload, Schema] = {}
_BY_DATA = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}


def read_schema(func: OpOverload) -> Schema:
    """Read what torch says of an operation, and keep it."""
    arguments = func._schema.arguments
    written = [
        argument.name if argument.kwarg_only else place
        for place, argument in enumerate(arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]
    name = str(func)
    implicit = torch._C._dispatch_has_kernel_for_dispatch_key(
        func.name(), "CompositeImplicitAutograd"
    )
    lifts = name in _LIFTS
    SCHEMAS[func] = schema = Schema(
        name=name,
        written=tuple(written),
        view=func.is_view,
        lifts=lifts,
        silent=func.namespace == "profiler",
        composite=implicit,
        memorable=memorable(func) and not lifts and not any(isinstance(w, str) for w in written),
        asks=not _BY_DATA.isdisjoint(func.tags),
        run=STAND_INS.get(name, func),
    )
    return schema
