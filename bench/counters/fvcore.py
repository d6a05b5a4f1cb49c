"""fvcore's FlopCountAnalysis."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def figures(module: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, int]:  # noqa: ANN401
    """Give its total."""
    from fvcore.nn import FlopCountAnalysis

    from counters import positional

    logging.disable(logging.CRITICAL)
    found = FlopCountAnalysis(*positional(module, args, kwargs))
    found.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    return {"fvcore": round(found.total())}
