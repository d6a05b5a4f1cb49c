"""By value: images read where a grid says, and the gradients of both."""

import pytest
from tests.cross.test_values import check, real

pytestmark = pytest.mark.framework


def reader(**how):
    """A module that moves a grid by a parameter, and scales what it reads by another."""
    import torch
    from torch import nn

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(real(1))
            self.move = nn.Parameter(real(2))

        def forward(self, x, grid):
            at = grid + self.move
            return torch.nn.functional.grid_sample(self.w * x, at, align_corners=False, **how)

    return Reader()


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_grids(mode, padding):
    import torch

    torch.manual_seed(3)
    check(reader(mode=mode, padding_mode=padding), (real(2, 3, 4, 5), real(2, 3, 2, 2)), {})


def test_a_grid_by_hand():
    """One channel of 8 places in a 4 x 4 image, nothing outside: 16 coordinates."""
    import torch

    from orderof import analyze

    def read(x, grid):
        return torch.nn.functional.grid_sample(x, grid, align_corners=True)

    cost = analyze(read, torch.ones(1, 1, 4, 4), torch.ones(1, 2, 4, 2)).forward
    pixels, weights = 16 * 2, 8 * (4 + 4)  # (c + 1) * 1.5, then floor; 2 * (t, 1 - t), 4 products
    taps, inside = 8 * (4 + 3), 8 * (8 + 4 + 4)
    assert cost.ops() == pixels + 16 + weights + inside + taps


def test_a_cubic_grid_by_hand():
    """Two channels of 8 places in a 4 x 4 image: 16 coordinates, 16 taps a place."""
    import torch

    from orderof import analyze

    def read(x, grid):
        return torch.nn.functional.grid_sample(x, grid, "bicubic", align_corners=True)

    cost = analyze(read, torch.ones(1, 2, 4, 4), torch.ones(1, 2, 4, 2)).forward
    pixels, weights = 16 * (2 + 1), 16 * (1 + 12 + 13)  # (c + 1) * 1.5, floor; t, polynomials
    inside = 16 * 4 * (2 + 1) + 8 * 16
    taps = 2 * 8 * ((16 + 4) + (12 + 3))
    assert cost.ops() == pixels + weights + inside + taps
