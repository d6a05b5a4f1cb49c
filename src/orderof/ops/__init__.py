"""The operators: one declaration each, in families; importing this package fills the registry."""

from orderof.ops import (
    attention,
    contract,
    conv,
    elementwise,
    norm,
    optim,
    pool,
    random,
    recurrent,
    reduce,
    region,
    shape,
    softmax,
)
from orderof.ops.define import REGISTRY, Operator, lookup
from orderof.ops.work import domain, graph_span, graph_work, span, traffic, work

__all__ = [
    "REGISTRY",
    "Operator",
    "attention",
    "contract",
    "conv",
    "domain",
    "elementwise",
    "graph_span",
    "graph_work",
    "lookup",
    "norm",
    "optim",
    "pool",
    "random",
    "recurrent",
    "reduce",
    "region",
    "shape",
    "softmax",
    "span",
    "traffic",
    "work",
]
