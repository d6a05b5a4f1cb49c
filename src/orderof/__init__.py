"""What a neural network costs, and how that cost grows."""

from orderof.api import analyze, explain
from orderof.errors import Error, UnknownOperator
from orderof.result import Cost, Formula, Result

__all__ = ["Cost", "Error", "Formula", "Result", "UnknownOperator", "analyze", "explain"]
