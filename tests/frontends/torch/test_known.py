"""Models that ask what is in a tensor: answered where it is known, refused where it is not."""

import pytest
import torch
from torch import nn

import orderof
from orderof.errors import ModelRaised
from orderof.frontends.torch.build import weightless

pytestmark = pytest.mark.framework

X = torch.zeros(4, 8)


def macs(function, *inputs):
    r = orderof.analyze(function, *inputs, symbolic=())
    assert r.coverage.complete
    return r.forward.macs()


def gated(x, mask):
    return x @ x.T if mask.all() else x


def test_a_branch_on_a_mask_that_was_given():
    assert macs(gated, X, torch.ones(4, dtype=torch.bool)) == 4 * 4 * 8
    assert macs(gated, X, torch.zeros(4, dtype=torch.bool)) == 0


def test_a_branch_on_a_mask_without_data_is_refused():
    with pytest.raises(ModelRaised, match="_local_scalar_dense") as caught:
        macs(gated, X, torch.ones(4, dtype=torch.bool, device="meta"))
    assert "a tensor with data" in caught.value.hint


def test_floats_are_not_looked_into():
    with pytest.raises(ModelRaised):
        macs(gated, X, torch.ones(4))


def grid(x, sizes):
    for rows, columns in sizes.tolist():
        x = x @ x.new_empty(x.shape[1], rows * columns)
    return x


def test_sizes_that_come_from_a_tensor():
    assert macs(grid, X, torch.tensor([[1, 2], [3, 4]])) == 4 * 8 * 2 + 4 * 2 * 12


def test_what_was_written_by_an_unknown_value_is_known_no_more():
    def written(x):
        mask = torch.ones(4, dtype=torch.bool)
        torch.gt(x[:, 0], 0, out=mask)
        return x @ x.T if mask.all() else x

    with pytest.raises(ModelRaised, match="_local_scalar_dense"):
        macs(written, X)


def test_what_is_made_in_between_is_known_too():
    def every_second(x):
        at = torch.arange(x.shape[1])
        at += 1
        at[0] += 1
        return x[:, (at % 2 == 1).nonzero().squeeze(1)] @ x.new_empty(3, 3)

    assert macs(every_second, X) == 4 * 3 * 3


def test_what_was_written_with_something_unknown_is_known_no_more():
    def mixed(x, keep):
        keep[:1] = x[0, 0] > 0
        return x[keep]

    with pytest.raises(ModelRaised):
        macs(mixed, X, torch.ones(4, dtype=torch.bool))


def test_what_was_given_is_not_written_to():
    keep = torch.ones(4, dtype=torch.bool)

    def changed(x, keep):
        keep[2] = False
        return x[keep] @ x.T

    assert macs(changed, X, keep) == 3 * 4 * 8
    assert keep.all()


def test_padding_is_followed():
    def padded(x, keep):
        return x[nn.functional.pad(keep, (1, 2))[:4]] @ x.T

    assert macs(padded, X, torch.tensor([1, 0])) == 4 * 4 * 8
    assert macs(lambda x, k: padded(x, k.bool()), X, torch.tensor([1, 0])) == 1 * 4 * 8


def test_rows_by_a_mask():
    def chosen(x, keep):
        return x[keep] @ x.T

    assert macs(chosen, X, torch.tensor([True, False, True, True])) == 3 * 4 * 8


def test_repeats():
    def repeated(x, times):
        return x.repeat_interleave(times, 0) @ x.T

    assert macs(repeated, X, torch.tensor([0, 1, 2, 5])) == 8 * 4 * 8


def test_buffers_of_a_module():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("width", torch.tensor(3))

        def forward(self, x):
            return x @ x.new_empty(8, int(self.width))

    assert macs(Net(), X) == 4 * 8 * 3


def test_chance_is_not_known():
    def drawn(x):
        return x @ x.new_empty(8, int(torch.randint(1, 5, ())))

    with pytest.raises(ModelRaised):
        macs(drawn, X)


def test_a_value_that_depends_on_weights_is_not_known():
    model = nn.Linear(8, 8)

    def routed(x):
        return x if model(x).argmax() > 3 else x + 1

    with pytest.raises(ModelRaised):
        macs(routed, X)


def test_a_size_from_data_stays_a_number_where_others_are_letters():
    r = orderof.analyze(grid, X, torch.tensor([[1, 2]]))
    assert r.forward.macs() == 64


def test_solving_and_gating_by_hand():
    def solved(a, b):
        return torch.linalg.solve_triangular(a, b, upper=False, unitriangular=True)

    r = orderof.analyze(solved, torch.zeros(2, 5, 5), torch.zeros(2, 5, 3), symbolic=())
    assert r.forward.kinds["mul"]["float32"]() == 2 * 3 * 10
    r = orderof.analyze(nn.functional.glu, torch.zeros(4, 6, requires_grad=True), symbolic=())
    assert r.forward.ops() == 4 * 3 * 5  # exp, neg, add, div, mul


def test_a_mask_that_something_is_written_by_is_still_known():
    def twice(x, keep):
        y = x.clone()
        y.masked_fill_(keep[:, None], 0.0)
        return x[keep] @ y.T

    assert macs(twice, X, torch.tensor([True, False, True, False])) == 2 * 4 * 8


@pytest.mark.parametrize("like", [torch.ones_like, torch.zeros_like, lambda x: x.new_ones(4, 8)])
def test_numbers_of_the_shape_of_something_unknown(like):
    def shaped(x):
        kept = like(x @ x.T @ x).long().sum(1)
        return x[kept > 0] @ x.T

    assert macs(shaped, X) == 2 * 4 * 4 * 8 + (0 if like is torch.zeros_like else 4 * 4 * 8)


def test_views_of_what_is_known_are_no_more_of_it():
    def looked(x, keep):
        for _ in range(200):
            keep = keep.view(-1)
        return x[keep[:4]] @ x.T

    assert macs(looked, X, torch.ones(1 << 18, dtype=torch.bool)) == 4 * 4 * 8


def test_a_tensor_of_numbers_that_are_in_tensors():
    def listed(x, sizes):
        ends = torch.tensor([0, *[n + 1 for n in sizes]]).cumsum(0)
        return x @ x.new_empty(8, int(ends[-1]))

    assert macs(listed, X, torch.tensor([2, 3])) == 4 * 8 * 7


def test_a_number_is_known_in_a_model_that_is_built_without_memory():
    def make():
        net = nn.Linear(8, 8)
        net.stride = nn.Buffer(torch.tensor(5) - torch.tensor(2), persistent=False)
        return net

    net = weightless(make, "net")
    assert net.weight.is_meta
    assert int(net.stride) == 3
