"""What the user gets: formulas that are called with sizes, phases, modules, coverage."""

from orderof.result.dims import Dims
from orderof.result.formula import Formula
from orderof.result.result import STEP, Cost, Module, ParamCount, Result

__all__ = ["STEP", "Cost", "Dims", "Formula", "Module", "ParamCount", "Result"]
