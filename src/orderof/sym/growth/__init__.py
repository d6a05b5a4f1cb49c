"""How formulas grow: their order with its proof, where they cross, how steep they are."""

from orderof.sym.growth.compare import (
    Crossover,
    crossovers,
    dominates,
    largest,
    limit,
    passing,
    slope,
)
from orderof.sym.growth.order import Certificate, Order, order

__all__ = [
    "Certificate",
    "Crossover",
    "Order",
    "crossovers",
    "dominates",
    "largest",
    "limit",
    "order",
    "passing",
    "slope",
]
