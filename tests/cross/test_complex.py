"""By value: complex numbers as rotary embeddings have them; and what their products cost."""

import pytest
import torch
from tests.cross.test_places import scaled
from tests.cross.test_values import check, real

from orderof import analyze

pytestmark = pytest.mark.framework


def rotated(x):
    """Turn every pair of the last dimension by an angle that its place gives."""
    angles = torch.arange(4, dtype=x.dtype)[:, None] * torch.arange(1, 3, dtype=x.dtype)
    turns = torch.polar(torch.ones_like(angles), angles)
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], 2, 2))
    return torch.view_as_real(pairs * turns.unsqueeze(1)).flatten(-2)


def larger(x):
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], 2, 2))
    return torch.view_as_real(pairs * x[..., :2]).flatten(-2)


def cut(x):
    """Turn a table of angles that was cut, repeated and put together again."""
    angles = torch.arange(6, dtype=x.dtype)[:, None] * torch.arange(1, 3, dtype=x.dtype)
    turns = torch.polar(torch.ones_like(angles), angles)
    first, last = turns.split([4, 2], dim=0)
    turns = torch.cat([first[:2], last, first[-1:]], dim=-2)[:4].unsqueeze(1).expand(-1, 3, -1)
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], 2, 2))
    return torch.view_as_real(pairs * turns).flatten(-2)


def test_parts_of_complex_numbers():
    check(scaled(cut), (real(4, 3, 4),), {})


def test_a_rotation():
    check(scaled(rotated), (real(4, 3, 4),), {})


def test_a_product_with_real_numbers():
    with torch.no_grad():
        r = analyze(larger, real(4, 3, 4), symbolic=())
    assert r.forward.ops() == 4 * 3 * 4


def test_a_product_is_four_products_and_two_sums():
    r = analyze(rotated, torch.zeros(4, 3, 4), symbolic=())
    pairs = 4 * 3 * 2
    # Before it 4 places times 2, and polar, which multiplies two numbers by a size.
    kinds = {kind: by["float32"]() for kind, by in r.forward.kinds.items() if "float32" in by}
    assert kinds["mul"] == 4 * pairs + 4 * 2 + 2 * 4 * 2
    assert kinds["sin"] == 2 * 4 * 2
    assert kinds["add"] == 2 * pairs
