"""The PyTorch front end: a module is built without weights, recorded as it runs, and lowered.

`spelling` is read without torch, so the door is imported when it is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orderof.frontends.torch.door import graph_of

__all__ = ["graph_of"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from orderof.frontends.torch import door

    return getattr(door, name)
