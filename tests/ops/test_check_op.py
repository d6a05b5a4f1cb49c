"""Every operator of the registry, against its execution, its derivative and torch."""

import numpy as np
import pytest
from cases import CASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.case import Case, build, operand
from oracle.check import check_gradient, check_op, check_values
from oracle.values import run

from orderof.ir.build import Builder
from orderof.ops import REGISTRY, traffic

few = settings(max_examples=12, suppress_health_check=list(HealthCheck))
every = pytest.mark.parametrize("name", sorted(CASES))
DATA = st.data()


def test_every_operator_has_cases():
    assert sorted(REGISTRY) == sorted(CASES)


@every
@few
@given(data=DATA)
def test_shape_counts_bytes_and_span(name, data):
    check_op(REGISTRY[name], data.draw(CASES[name]))


@every
@few
@given(data=DATA)
def test_derivative(name, data):
    check_gradient(REGISTRY[name], data.draw(CASES[name]))


@pytest.mark.framework
@every
@few
@given(data=DATA)
def test_values_are_those_of_torch(name, data):
    import torch

    case = data.draw(CASES[name])
    if case.reference is None:
        assert case.law is not None
    else:
        check_values(REGISTRY[name], case, torch)


def test_the_gradient_of_a_maximum_goes_to_the_first():
    x = np.array([[2.0, 7.0, 7.0], [5.0, 5.0, 5.0]])
    case = Case((operand("n m"),), {"n": 2, "m": 3}, {"dims": (1,)})
    b, node = build(REGISTRY["amax"], case)
    g = b.input("g", "float32", *node.results[0].shape)
    grads = REGISTRY["amax"].vjp(b, node, [g], [True])
    (found,), _ = run(b.graph(grads), [x, np.array([1.0, 10.0])], case.env)
    np.testing.assert_array_equal(found, [[0, 1, 0], [10, 0, 0]])


def test_an_operand_that_stands_twice_is_read_once():
    b = Builder()
    x = b.input("x", "float32", 5)
    y = REGISTRY["mul"](b, x, x)
    _, done = run(b.graph([y]), [np.arange(5.0)], {})
    assert done.bytes_read == 5 * 4
    assert traffic(b.nodes[0])[0] == 5 * 4
