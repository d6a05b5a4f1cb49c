"""Counts of operations by kind and dtype."""

from orderof.counts.counts import NONE, Counts, Key
from orderof.counts.kinds import FLOAT_DTYPES, ITEMSIZE, Kind, is_float

__all__ = ["FLOAT_DTYPES", "ITEMSIZE", "NONE", "Counts", "Key", "Kind", "is_float"]
