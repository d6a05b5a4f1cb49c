"""Formulas in sizes that only a black box knows: counted at some sizes, proved at others."""

from orderof.sym.interpolate.find import Interpolated, Sizes, interpolate

__all__ = ["Interpolated", "Sizes", "interpolate"]
