"""The knockout behind top_k: never dearer than what is counted, and right in any order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracle.irregular import top_k

from orderof.ops.sort import comparisons
from orderof.sym import const


@given(st.permutations(range(17)), st.integers(1, 17), st.integers(1, 17))
def test_any_order(numbers, n, k):
    x = np.array(numbers[: max(n, k)], float)[None]
    found, ops, _ = top_k(x, k)
    assert {*found[0]} == {*np.argsort(x[0])[x.size - k :]}
    assert ops["cmp"] <= comparisons(const(x.size), const(k)).value
    assert ops["cmp"] >= x.size - k  # whatever is left out was compared with something


@given(st.integers(1, 20), st.integers(0, 20))
def test_numbers_that_rise_need_all_of_them(k, more):
    n = k + more
    _, ops, _ = top_k(np.arange(float(n))[None], k)
    assert ops["cmp"] == comparisons(const(n), const(k))


@given(st.integers(1, 20))
def test_the_greatest_alone(n):
    assert comparisons(const(n), const(1)) == n - 1
