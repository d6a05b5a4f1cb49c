"""The triangle of causal attention, in the zoo and in torch, forward and backward."""

import pytest
import torch
from torch.nn import functional

from orderof import analyze
from orderof.sym import parse

pytestmark = pytest.mark.framework

Q = torch.zeros(2, 4, 10, 8, requires_grad=True)
PAIRS = 10 * 11 // 2


def attend(q):
    return functional.scaled_dot_product_attention(q, q, q, is_causal=True)


def test_a_model_of_the_zoo():
    full, exact = (analyze("zoo:gpt2", causal=c).forward.macs.expr for c in ("full", "exact"))
    assert full - exact == parse("L*B*d*S*(S - 1)")


def test_in_training_too():
    full, exact = (
        analyze("zoo:gpt2", train="adamw", causal=c).step.macs.expr for c in ("full", "exact")
    )
    assert full - exact == parse("3*L*B*d*S*(S - 1)")


def test_torch():
    r = analyze(attend, Q, causal="exact")
    assert r.forward.macs() == 2 * 4 * PAIRS * (8 + 8)
    # One comparison less than there are keys, in every row; no choice by a mask.
    assert r.forward.kinds["max"]["float32"]() == 2 * 4 * (PAIRS - 10)
    assert "select" not in r.forward.kinds
    assert str(r.forward.macs) == "4*B*H**2*W + 4*B*H*W"  # 4 axes are taken for an image's


def test_torch_backward():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Linear(8, 8, bias=False)

        def forward(self, x):
            return attend(self.w(x))

    r = analyze(Net(), Q.detach(), train="sgd", causal="exact", symbolic=())
    linear = 2 * 4 * 10 * 8 * 8
    assert r.backward.macs() == linear + 2 * 2 * 4 * PAIRS * (8 + 8)


def masked(reach, dtype=torch.bool):
    """Attention by a mask that is a tensor, so many places back."""

    def attend(q, k):
        mask = torch.ones(10, 10, dtype=torch.bool).tril().triu(1 - reach)
        if dtype != torch.bool:
            mask = torch.zeros(10, 10).masked_fill(~mask, -torch.inf)
        return functional.scaled_dot_product_attention(q, k, k, attn_mask=mask)

    return attend


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32])
def test_a_mask_that_is_known_to_be_causal(dtype):
    r = analyze(masked(10, dtype), Q.detach(), Q.detach(), causal="exact", symbolic=())
    assert r.forward.macs() == analyze(attend, Q, causal="exact").forward.macs()
    assert r.mask is not None


def test_a_mask_of_one_entry_is_no_triangle():
    def all_of_it(q, k):
        mask = torch.ones(1, 1, 1, 1, dtype=torch.bool)
        return functional.scaled_dot_product_attention(q, k, k, attn_mask=mask)

    r = analyze(all_of_it, Q.detach(), Q.detach(), causal="exact", symbolic=())
    assert r.forward.macs() == 2 * 4 * 10 * 10 * (8 + 8)


def later(q, k):
    return functional.scaled_dot_product_attention(q, k, k, is_causal=True)


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32])
@pytest.mark.parametrize("train", [None, "sgd"])
def test_a_window_looks_at_so_many_keys(dtype, train):
    """Rows of 1, 2 and then 3 keys; the backward pass has twice the products."""

    class Net(torch.nn.Module):
        def forward(self, x):
            return masked(3, dtype)(x, x)

    given = Q.detach().requires_grad_(train is not None)
    r = analyze(Net(), given, causal="exact", symbolic=(), train=train)
    pairs = 1 + 2 + 8 * 3
    assert r.forward.macs() == 2 * 4 * pairs * (8 + 8)
    assert r.forward.kinds["max"]["float32"]() == 2 * 4 * (pairs - 10)
    assert not train or r.backward.macs() == 2 * 2 * 4 * pairs * (8 + 8)
    assert not any("counted whole" in note for note in r.notes)


def window(q):
    mask = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool).tril().triu(-2)
    return functional.scaled_dot_product_attention(q, q, q, attn_mask=mask)


def test_a_window_in_letters():
    words = ["q: float32[2, 4, S=10, 8]"]
    r = analyze(window, input_specs=words, causal="exact", symbolic=("S",))
    assert [r.forward.macs(S=n) for n in (5, 10, 99)] == [
        2 * 4 * (8 + 8) * (3 + 3 * (n - 2)) for n in (5, 10, 99)
    ]


def test_a_mask_that_allows_nothing_is_no_window():
    def nothing(q):
        mask = torch.zeros(10, 10, dtype=torch.bool)
        return functional.scaled_dot_product_attention(q, q, q, attn_mask=mask)

    r = analyze(nothing, Q.detach(), causal="exact", symbolic=())
    assert r.forward.macs() == 2 * 4 * 10 * 10 * (8 + 8)


def gap(q, k):
    """Every other place before each, which is no window."""
    near = torch.ones(10, 10, dtype=torch.bool).tril().triu(-2)
    mask = near & ~torch.ones(10, 10, dtype=torch.bool).tril(-1).triu(-1)
    return functional.scaled_dot_product_attention(q, k, k, attn_mask=mask)


@pytest.mark.parametrize(("masked", "keys"), [(gap, 10), (later, 12)])
def test_what_is_no_triangle_is_counted_whole_and_said(masked, keys):
    k = torch.zeros(2, 4, keys, 8)

    full, exact = (analyze(masked, Q.detach(), k, causal=c, symbolic=()) for c in ("full", "exact"))
    assert full.forward.ops() == exact.forward.ops()
    assert exact.notes[-1].endswith("applied to all scores: counted whole")
    assert exact.notes[:-1] == full.notes
