"""Custom operators of torch: unknown until somebody says what they cost."""

import pytest
import torch
from torch import nn

import orderof
from orderof.errors import UnknownOperator

pytestmark = [pytest.mark.framework, pytest.mark.usefixtures("forgotten_rules")]


@pytest.fixture(scope="module", autouse=True)
def library():
    """An operator with a shape, a gradient and no row."""
    lib = torch.library.Library("orderof_tests", "DEF")
    lib.define("gemm(Tensor x, Tensor w) -> Tensor")
    lib.define("gemm_backward(Tensor g, Tensor x, Tensor w) -> (Tensor, Tensor)")
    torch.library.register_fake("orderof_tests::gemm", lambda x, w: x @ w, lib=lib)
    torch.library.register_fake(
        "orderof_tests::gemm_backward",
        lambda g, x, w: (torch.empty_like(x), torch.empty_like(w)),
        lib=lib,
    )
    torch.library.register_autograd(
        "orderof_tests::gemm",
        lambda ctx, g: torch.ops.orderof_tests.gemm_backward(g, *ctx.saved_tensors),
        setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs),
        lib=lib,
    )
    yield
    lib._destroy()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(16, 8))

    def forward(self, x):
        return torch.ops.orderof_tests.gemm(x, self.w)


X = torch.zeros(4, 16)


def test_the_error_says_which_rule_to_write():
    with pytest.raises(UnknownOperator, match=r"orderof_tests.gemm.default: .*test_rules.py:") as e:
        orderof.analyze(Net(), X)
    assert '@orderof.rule("orderof_tests::gemm"' in e.value.hint


def test_forward_and_backward_by_rules():
    orderof.rule("orderof_tests::gemm", "m k, k n -> m n", lambda x, w: x * w, reduce="add")

    @orderof.rule("orderof_tests::gemm_backward", source="two products of matrices")
    def gemm_backward(g, x, w):
        return {"mac": 2 * g.size * w.shape[0]}

    r = orderof.analyze(Net(), X, train="sgd")
    assert str(r.forward.macs) == "128*B"
    assert str(r.backward.macs) == "256*B"
    assert r.coverage.complete


def test_a_shape_that_was_recorded_holds_an_expression():
    orderof.rule("orderof_tests::gemm", "m k, k n -> n m", lambda x, w: x * w, reduce="add")
    with pytest.raises(orderof.Error, match="was recorded as"):
        orderof.analyze(Net(), X, symbolic=())


def test_what_complex_numbers_have_no_rule_for():
    def turned(x):
        z = torch.view_as_complex(x.reshape(4, 8, 2))
        return torch.view_as_real(z.log())

    with pytest.raises(UnknownOperator, match=r"aten.log.default"):
        orderof.analyze(turned, X)
    (found,) = orderof.analyze(turned, X, on_unknown="bound").coverage.unknown
    assert found.op == "aten.log.default"
