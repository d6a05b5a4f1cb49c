"""The PyTorch front end: a module is built without weights, recorded as it runs, and lowered."""

from orderof.frontends.torch.door import graph_of

__all__ = ["graph_of"]
