"""Higher-order operators of torch, held against the same thing written plainly."""

import pytest
import torch
from torch import nn
from torch._higher_order_ops.map import map as each
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

import orderof
from orderof.errors import BadSpelling, Deeper

pytestmark = pytest.mark.framework

X = torch.zeros(4, 8)


def counts(function, *inputs, **asked):
    r = orderof.analyze(function, *inputs, symbolic=(), **asked)
    assert r.coverage.complete
    return r


def once(x):
    return x @ x.T


def twice(x):
    return x @ x.T @ x @ x.T


ONCE, TWICE = 4 * 8 * 4, 4 * 8 * 4 + 4 * 4 * 8 + 4 * 8 * 4


@pytest.mark.parametrize("order", [(once, twice), (twice, once)])
def test_of_two_branches_the_dearer_one(order):
    r = counts(lambda x: torch.cond(x.sum() > 0, *order, (x,)), X)
    assert r.forward.macs() == TWICE
    assert any("the dearer one" in note for note in r.notes)


@pytest.mark.parametrize(("chosen", "macs"), [("first", ONCE), ("second", TWICE), ("max", TWICE)])
def test_of_two_branches_the_one_that_is_asked_for(chosen, macs):
    def either(x):
        return torch.cond(x.sum() > 0, once, twice, (x,))

    r = counts(either, X, cond=chosen)
    assert r.forward.macs() == macs
    assert any("torch.cond runs its" in note for note in r.notes)
    assert any("as was asked for" in note for note in r.notes) == (chosen != "max")


def test_a_model_of_the_zoo_has_no_branch_to_choose():
    with pytest.raises(BadSpelling, match="to choose in"):
        orderof.analyze("mlp:3-4-2", cond="first")


def test_a_branch_with_a_loop_is_as_dear_as_one_turn():
    def loop(x):
        return while_loop(lambda x: x.sum() < 5, lambda x: (twice(x) @ x,), (x,))[0] @ x.T

    r = counts(lambda x: torch.cond(x.sum() > 0, once, loop, (x,)), X)
    assert str(r.forward.macs) == "512*T + 128"
    assert any("second function here, the dearer one" in note for note in r.notes)


def test_a_branch_that_is_known_is_taken():
    def known(x, chosen):
        return torch.cond(chosen.all(), once, twice, (x,))

    r = counts(known, X, torch.ones(3, dtype=torch.bool))
    assert r.forward.macs() == ONCE
    assert not any("cond" in note for note in r.notes)


def test_a_branch_is_trained_as_it_is_written():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.small, self.large = nn.Linear(8, 8), nn.Linear(8, 64)

        def forward(self, x):
            first, last = lambda x: self.small(x).sum(1), lambda x: self.large(x).sum(1)
            return torch.cond(x.sum() > 0, first, last, (x,))

    r = counts(Gated(), X, train="sgd")
    assert r.forward.macs() == 4 * 8 * 64
    assert r.backward.macs() == 4 * 8 * 64


class Two(nn.Module):
    """Reads one weight in both functions, another one in the second."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False)

    def forward(self, x):
        first, second = lambda x: self.a(x).sum(1), lambda x: self.b(self.a(x)).sum(1)
        return torch.cond(x.sum() > 0, first, second, (x,))


def test_what_only_the_other_branch_reads_has_a_gradient_of_zeros():
    """As torch gives it, so that the optimizer updates all; and no gradient is added up."""
    r = counts(Two(), X, train="sgd", cond="first")
    assert r.backward.ops() == 8 * 8 * (4 + 3)
    assert r.optimizer.ops() == 2 * (8 * 8 + 8 * 8)
    real = Two()
    real(torch.ones(4, 8)).sum().backward()
    assert all(p.grad is not None for p in real.parameters())


def test_a_branch_within_a_branch_is_chosen_by_its_depth():
    def inner(x):
        return torch.cond(x.sum() > 1, once, twice, (x,))

    def outer(x):
        return torch.cond(x.sum() > 0, once, inner, (x,))

    for chosen, macs in ((("second", "first"), ONCE), (("second", "second"), TWICE)):
        assert counts(outer, X, cond=chosen).forward.macs() == macs
    assert counts(outer, X, cond="second").forward.macs() == TWICE
    with pytest.raises(Deeper, match="stands within 1 others"):
        counts(outer, X, cond=("second",))


def test_letters_go_through_a_branch():
    r = orderof.analyze(lambda x: torch.cond(x.sum() > 0, once, twice, (x,)), X)
    assert str(r.forward.macs) == "24*B**2"


def test_a_loop_runs_as_long_as_its_condition_is_known():
    def loop(x):
        first = torch.zeros((), dtype=torch.int64)
        return while_loop(lambda i, x: i < 5, lambda i, x: (i + 1, x.sin()), (first, x))[1]

    assert dict(counts(loop, X).forward.kinds["sin"])["float32"]() == 5 * 4 * 8


def test_a_scan_is_its_steps():
    weight = nn.Linear(8, 8, bias=False)

    def scanned(x):
        return scan(lambda c, x: (weight(c) + x, c * x), torch.zeros(8), x, dim=0)

    plain = torch.zeros(8)

    def written(x):
        c, made = plain, []
        for row in x:
            c, y = weight(c) + row, c * row
            made.append(y)
        return c, torch.stack(made)

    ours, theirs = counts(scanned, X), counts(written, X)
    assert ours.forward.macs() == theirs.forward.macs() == 4 * 8 * 8
    assert ours.forward.ops() == theirs.forward.ops()


def test_a_map_is_its_steps():
    assert counts(lambda x: each(lambda row: row * row, x), X).forward.ops() == 4 * 8


Q = torch.zeros(2, 4, 16, 8)


def test_flex_attention_is_attention():
    plain = counts(nn.functional.scaled_dot_product_attention, Q, Q, Q)
    flex = counts(lambda q: flex_attention(q, q, q), Q)
    assert flex.forward.macs() == plain.forward.macs() == 2 * 2 * 4 * 16 * 16 * 8
    # Torch makes an empty table of blocks before, of a few whole numbers.
    for kind, by_dtype in plain.forward.kinds.items():
        assert dict(flex.forward.kinds[kind])["float32"]() == by_dtype["float32"]()


def test_a_mask_of_positions_chooses_at_every_place():
    blocks = create_block_mask(lambda b, h, i, j: i >= j, 2, 4, 16, 16, device="cpu")

    def flex(q):
        return flex_attention(q, q, q, block_mask=blocks)

    def written(q):
        mask = torch.ones(16, 16, dtype=torch.bool).tril()
        return nn.functional.scaled_dot_product_attention(q, q, q, attn_mask=mask)

    assert counts(flex, Q).forward.ops() == counts(written, Q).forward.ops()


def test_scores_may_be_changed():
    def alibi(score, b, h, i, j):
        return score + (j - i)

    r = counts(lambda q: flex_attention(q, q, q, score_mod=alibi), Q)
    plain = counts(lambda q: flex_attention(q, q, q), Q)
    assert r.forward.macs() == plain.forward.macs()
    # One more addition for a score; i - j once for each pair of places, as whole numbers.
    assert dict(r.forward.kinds["add"])["float32"]() == (
        dict(plain.forward.kinds["add"])["float32"]() + 2 * 4 * 16 * 16
    )


def test_grouped_queries():
    k = torch.zeros(2, 2, 16, 8)
    r = counts(lambda q, k: flex_attention(q, k, k, enable_gqa=True), Q, k)
    assert r.forward.macs() == 2 * 2 * 4 * 16 * 16 * 8
