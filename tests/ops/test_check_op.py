"""Every operator of the registry, against its execution, its derivative and torch."""

import numpy as np
import pytest
from cases import CASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.case import build
from oracle.check import check_gradient, check_op
from oracle.values import run

from orderof.ops import REGISTRY

few = settings(max_examples=int(__import__("os").environ.get("N", "8")), suppress_health_check=list(HealthCheck))
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
    b, node = build(REGISTRY[name], case)
    found, _ = run(b.graph(node.results), case.arrays(), case.env)
    expected = case.reference(torch, *map(torch.from_numpy, case.arrays()))
    expected = expected if isinstance(expected, tuple) else (expected,)
    for x, y in zip(found, expected, strict=False):
        assert x.shape == tuple(y.shape)
        np.testing.assert_allclose(x, y.numpy(), 1e-9, 1e-9)
