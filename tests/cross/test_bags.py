"""By value: bags of rows of a table, and the gradients of the table and of weights."""

import pytest
from tests.cross.test_values import check, real

from orderof import analyze
from orderof.errors import UnknownOperator

pytestmark = pytest.mark.framework


@pytest.mark.parametrize("mode", ["sum", "mean", "max", "weighted"])
def test_bags(mode):
    import torch
    from torch import nn

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Parameter(real(5, 3))
            self.scale = nn.Parameter(real(6))

        def forward(self, at, starts):
            how = {"mode": mode}
            if mode == "weighted":
                how = {"mode": "sum", "per_sample_weights": self.scale}
            return torch.nn.functional.embedding_bag(at, self.table, starts, **how)

    torch.manual_seed(3)
    at = torch.tensor([0, 4, 2, 2, 1, 3])
    check(Reader(), (at, torch.tensor([0, 2, 3])), {})


def test_an_end_of_the_last_bag_is_no_bag():
    import torch

    def read(table, at, ends):
        return torch.nn.functional.embedding_bag(
            at, table, ends, mode="sum", include_last_offset=True
        )

    cost = analyze(read, torch.ones(5, 3), torch.zeros(6, dtype=int), torch.tensor([0, 2, 6]))
    assert cost.forward.ops() == (6 - 2) * 3


def test_bags_by_hand():
    """Four bags of 7 indices into rows of 8."""
    import torch
    from torch import nn

    cost = analyze(nn.EmbeddingBag(10, 8), torch.zeros(4, 7, dtype=int), train="sgd", symbolic=())
    places = 4  # the bags begin at 0, 7, 14, 21
    assert cost.forward.ops() == (28 - 4) * 8 + 4 * 8 + places
    assert cost.backward.ops() == 28 * (1 + 8 + 8)


def test_a_weighted_bag_is_multiply_adds_and_its_sizes_are_letters():
    import torch

    def read(table, at, w):
        return torch.nn.functional.embedding_bag(at, table, mode="sum", per_sample_weights=w)

    whole = torch.zeros(4, 7, dtype=int)
    found = analyze(
        read, torch.ones(10, 8), whole, torch.ones(4, 7), dims={"at": ("B", "S"), "w": ("B", "S")}
    )
    assert str(found.forward.macs) == "8*B*S"


def test_scales_by_frequency_are_refused():
    import torch
    from torch import nn

    module = nn.EmbeddingBag(10, 8, scale_grad_by_freq=True)
    with pytest.raises(UnknownOperator, match="frequency"):
        analyze(module, torch.zeros(4, 7, dtype=int), train="sgd", symbolic=())
