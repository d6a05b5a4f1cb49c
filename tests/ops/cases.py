"""The table of cases: operator -> a strategy that draws one application of it."""

from families import blocks, elementwise, linear, pool, sequence, shape

CASES = {
    **elementwise.CASES,
    **linear.CASES,
    **pool.CASES,
    **shape.CASES,
    **blocks.CASES,
    **sequence.CASES,
}
