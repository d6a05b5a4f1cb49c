"""The table of cases: operator -> a strategy that draws one application of it."""

from families import elementwise, linear, pool

CASES = {**elementwise.CASES, **linear.CASES, **pool.CASES}
