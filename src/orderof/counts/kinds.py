"""The closed list of what is counted.

Every kind but `MAC` is a scalar operation. `MAC` marks one multiply-add of a contraction: its `mul`
and its `add` are counted under their own kinds as well, so `MAC` is never part of a sum of
operations.
"""

from enum import StrEnum


class Kind(StrEnum):
    """A scalar operation, counted with the dtype of its result (`CMP`: of its operands)."""

    ADD = "add"
    """Also subtract."""
    MUL = "mul"
    DIV = "div"
    NEG = "neg"
    ABS = "abs"
    MAX = "max"
    """Also min."""
    CMP = "cmp"
    SELECT = "select"
    LOGIC = "logic"
    EXP = "exp"
    LOG = "log"
    SQRT = "sqrt"
    RSQRT = "rsqrt"
    POW = "pow"
    SIN = "sin"
    """Also cos, and the inverses: asin, acos, atan."""
    TANH = "tanh"
    ERF = "erf"
    """Also its inverse."""
    ROUND = "round"
    CAST = "cast"
    RNG = "rng"
    INT = "int"
    """Index arithmetic."""
    MAC = "mac"
    """A mark, not an operation: see the module."""


FLOAT_DTYPES = frozenset({"float64", "float32", "bfloat16", "float16"})
ITEMSIZE = {
    "float64": 8,
    "float32": 4,
    "bfloat16": 2,
    "float16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
"""Bytes of one element, by dtype; the keys are all dtypes known."""


def is_float(dtype: str) -> bool:
    """Whether values of this dtype have a derivative."""
    return dtype in FLOAT_DTYPES
