"""Choices that data makes: refused, but in files of which it is known what they are for."""

import pytest

from orderof import analyze
from orderof.errors import ModelRaised

pytestmark = pytest.mark.framework


def lifted(x):
    """Attend by a mask of scores that is lifted where it hides everything."""
    import torch

    mask = x > 0
    mask[torch.where(mask.sum(-1) == mask.shape[-1])] = False
    return x.masked_fill(mask, 0.0)


def pooled(x):
    return x[:, (x > 0).all(0)] * 2


@pytest.mark.parametrize("chooses", [lifted, pooled])
def test_choices_are_refused_where_nothing_is_known_of_them(chooses):
    import torch

    with pytest.raises(ModelRaised, match="DynamicOutputShape"):
        analyze(chooses, torch.ones(3, 5), symbolic=())


@pytest.fixture
def known_here(monkeypatch):
    import torch

    from orderof.frontends.torch import choices
    from orderof.frontends.torch.scopes import file_label

    assert torch is not None
    monkeypatch.setitem(choices.ALL_TAKEN, file_label(__file__), "all are taken")


@pytest.mark.usefixtures("known_here")
def test_everything_is_taken_where_that_is_known():
    import torch

    found = analyze(lifted, torch.ones(3, 5), symbolic=())
    # a comparison and a choice for each score; a sum for each mask, which is compared
    assert found.forward.ops() == 15 + 3 * 4 + 3 + 15 + found.forward.kinds["cast"]["int64"]()
    assert "all are taken" in found.notes
    found = analyze(pooled, torch.ones(3, 5), dims={"x": ("B", "S")}).forward
    assert found.ops(B=7, S=4) == 7 * 4 + 6 * 4 + 7 * 4  # compared, joined, doubled


def test_the_files_are_named_as_their_importer_knows_them():
    from orderof.frontends.torch.choices import ALL_TAKEN, assumed

    for file, note in ALL_TAKEN.items():
        assert assumed(f"{file}:12") == note
    assert assumed("mine/modeling_oneformer.py:12") is None
    assert assumed(None) is None
