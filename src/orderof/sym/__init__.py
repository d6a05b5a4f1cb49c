"""Symbolic integers: sizes as exact formulas."""

from orderof.sym.divisible import divisible
from orderof.sym.expr import ONE, ZERO, Expr, Fn, const, expr, symbol, symbols
from orderof.sym.functions import (
    Size,
    assumptions,
    at_least,
    bounds,
    ceildiv,
    ceillog2,
    ceilpow2,
    floordiv,
    maximum,
    minimum,
    mod,
)
from orderof.sym.ranges import Range
from orderof.sym.text import parse, text

__all__ = [
    "ONE",
    "ZERO",
    "Expr",
    "Fn",
    "Range",
    "Size",
    "assumptions",
    "at_least",
    "bounds",
    "ceildiv",
    "ceillog2",
    "ceilpow2",
    "const",
    "divisible",
    "expr",
    "floordiv",
    "maximum",
    "minimum",
    "mod",
    "parse",
    "symbol",
    "symbols",
    "text",
]
