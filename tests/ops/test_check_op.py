"""Every operator of the registry, against its execution, its derivative and torch."""

import pytest
from cases import CASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.check import check_gradient, check_op, check_values

from orderof.ops import REGISTRY

few = settings(max_examples=8, suppress_health_check=list(HealthCheck))
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
