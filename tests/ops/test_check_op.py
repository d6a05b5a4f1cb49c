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

few = settings(
    max_examples=int(__import__("os").environ.get("N", "8")),
    suppress_health_check=list(HealthCheck),
)
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
        return
    b, node = build(REGISTRY[name], case)
    found, _ = run(b.graph(node.results), case.arrays(), case.env)
    for x, y in zip(found, ask(torch, case), strict=False):
        assert x.shape == tuple(y.shape)
        np.testing.assert_allclose(x, y.numpy(), 1e-9, 1e-9)
    dtypes = [getattr(torch, operand.dtype) for operand in case.operands]
    for v, y in zip(node.results, ask(torch, case, dtypes), strict=False):
        assert f"torch.{v.dtype}" == str(y.dtype) or name == "cast"


def ask(torch, case, dtypes=None):
    """Give what torch computes, in float64 if not told otherwise."""
    operands = [torch.from_numpy(x) for x in case.arrays()]
    if dtypes:
        operands = [x.to(dtype) for x, dtype in zip(operands, dtypes, strict=True)]
    expected = case.reference(torch, *operands)
    return expected if isinstance(expected, tuple) else (expected,)
