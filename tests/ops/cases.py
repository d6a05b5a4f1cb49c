"""The table of cases: operator -> a strategy that draws one application of it."""

from families import (
    bags,
    blocks,
    decide,
    elementwise,
    fold,
    fourier,
    functions,
    linear,
    optim,
    place,
    pool,
    regions,
    sample,
    sequence,
    shape,
)

CASES = {
    **bags.CASES,
    **elementwise.CASES,
    **fold.CASES,
    **fourier.CASES,
    **functions.CASES,
    **linear.CASES,
    **pool.CASES,
    **shape.CASES,
    **place.CASES,
    **regions.CASES,
    **sample.CASES,
    **blocks.CASES,
    **decide.CASES,
    **optim.CASES,
    **sequence.CASES,
}
