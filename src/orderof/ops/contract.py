"""Products of matrices: nests whose every point is one multiply-add."""

from orderof.ops.nest import nest

matmul = nest("matmul", "... m k, ... k n -> ... m n", lambda x, w: x * w, reduce="add")
matmul_nt = nest("matmul_nt", "... m k, ... n k -> ... m n", lambda x, w: x * w, reduce="add")
linear = nest("linear", "... i, o i -> ... o", lambda x, w: x * w, reduce="add")
"""Weights as (outputs, inputs)."""
project = nest("project", "... i, i o -> ... o", lambda x, w: x * w, reduce="add")
"""Weights as (inputs, outputs)."""
dot = nest("dot", "k, k -> ", lambda x, w: x * w, reduce="add")
matvec = nest("matvec", "m k, k -> m", lambda x, w: x * w, reduce="add")
outer = nest("outer", "m, n -> m n", lambda x, y: x * y)
