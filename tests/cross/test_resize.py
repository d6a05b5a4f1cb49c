"""Widths of modules that no configuration describes: other modules count what the formula says."""

import random

import pytest

from orderof import analyze
from orderof.counts import Counts
from orderof.errors import UnknownDim

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.framework


def attention(d, hidden=None, heads=4):
    """Build a block that knows its width by its attributes."""
    nn = torch.nn

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.n_embd, self.n_head, self.head_dim = d, heads, d // heads
            self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
            self.up, self.down = nn.Linear(d, hidden or 4 * d), nn.Linear(hidden or 4 * d, d)

        def forward(self, x):
            b, s, _ = x.shape
            parts = self.qkv(x).split(self.n_embd, -1)
            parts = [p.view(b, s, self.n_head, self.head_dim).transpose(1, 2) for p in parts]
            y = nn.functional.scaled_dot_product_attention(*parts)
            x = x + self.out(y.transpose(1, 2).reshape(b, s, self.n_embd))
            return x + self.down(nn.functional.gelu(self.up(x)))

    return Attention()


def mlp(a, b, c):
    """Build two layers."""
    return torch.nn.Sequential(torch.nn.Linear(a, b), torch.nn.ReLU(), torch.nn.Linear(b, c))


def cnn(i, c, d, n, groups=4):
    """Build convolutions with groups, one of them of a channel each, a norm, and a classifier."""
    nn = torch.nn
    return nn.Sequential(
        *(nn.Conv2d(i, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU()),
        *(nn.Conv2d(c, c, 3, groups=c), nn.Conv2d(c, d, 3, groups=groups), nn.GroupNorm(2, d)),
        *(nn.Flatten(), nn.Linear(d * 16, n)),
    )


def encoder(d, f):
    """Build torch's own encoder of six equal layers, which are folded."""
    layer = torch.nn.TransformerEncoderLayer(d, 4, f, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 6)


CASES = {
    "mlp": (mlp, {"d0": 20, "d1": 30, "d2": 10}, lambda s: (s["d0"],)),
    "cnn": (cnn, {"d0": 3, "d1": 8, "d2": 16, "d3": 10}, lambda s: (s["d0"], 8, 8)),
    "attention": (attention, {"d0": 24, "d1": 96}, lambda s: (5, s["d0"])),
    "encoder": (encoder, {"d0": 32, "d1": 80}, lambda s: (5, s["d0"])),
    "lstm": (lambda i, h: torch.nn.LSTM(i, h, 2, batch_first=True, bidirectional=True),
             {"d0": 5, "d1": 7}, lambda s: (6, s["d0"])),
}  # fmt: skip
TIMES = {"mlp": 1, "cnn": 4, "attention": 8, "encoder": 4, "lstm": 1}
"""What other widths are made multiples of; d0 of an image is any."""


def totals(result, sizes):
    """Add up all kinds in every phase."""
    found = {}
    for row in result.rows:
        found[row.phase] = found.get(row.phase, Counts()) + row.counts.subs(sizes)
    return {phase: counts for phase, counts in found.items() if counts != Counts()}


@pytest.mark.parametrize("train", [None, "adamw"])
@pytest.mark.parametrize("name", CASES)
def test_a_module_of_other_widths_counts_what_the_formula_says(name, train):
    build, widths, shape = CASES[name]
    x = torch.empty(2, *shape(widths))
    wide = analyze(build(*widths.values()), x, train=train, symbolic=("widths",))
    assert wide.dims.keys() >= widths.keys(), wide.notes
    assert {k: wide.dims[k] for k in widths} == widths
    draw = random.Random(name)
    others = {k: TIMES[name] * draw.randint(2, 9) for k in widths}
    other = analyze(
        build(*others.values()), torch.empty(3, *shape(others)), train=train, symbolic=()
    )
    given = {**wide.dims, **others, "B": 3}
    assert wide.params(**others) == other.params()
    assert totals(wide, given) == totals(other, {})


def test_widths_are_written_as_a_person_would():
    wide = analyze(mlp(20, 30, 10), torch.empty(2, 20), symbolic=("widths",))
    assert str(wide.forward.macs) == "B*d0*d1 + B*d1*d2"
    assert str(wide.params) == "d0*d1 + d1*d2 + d1 + d2"
    assert wide.notes == (
        "widths are letters: d0 = 0.weight[1], d1 = 0.weight[0], d2 = 2.weight[0]",
    )


def test_a_width_that_others_are_parts_of_is_a_multiple():
    wide = analyze(attention(24), torch.empty(2, 5, 24), symbolic=("widths",))
    assert wide.dims.ranges["d0"].text("d0") == ("d0 % 4 == 0",)


def test_a_width_that_the_code_insists_on_stays_a_number():
    class Insists(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = torch.nn.Linear(6, 8), torch.nn.Linear(8, 5)

        def forward(self, x):
            return self.b(self.a(x).reshape(-1, 8))

    wide = analyze(Insists(), torch.empty(2, 6), symbolic=("widths",))
    assert str(wide.forward.macs) == "8*B*d0 + 8*B*d1"


def test_two_widths_that_are_added_are_one():
    class Sum(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = torch.nn.Linear(6, 8), torch.nn.Linear(5, 8)

        def forward(self, x, y):
            return self.a(x) + self.b(y)

    wide = analyze(Sum(), torch.empty(2, 6), torch.empty(2, 5), symbolic=("widths",))
    assert str(wide.forward.macs) == "B*d0*d1 + B*d1*d2"


def test_tied_weights_are_one_width():
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.emb = torch.nn.Embedding(50, 8)
            self.head = torch.nn.Linear(8, 50, bias=False)
            self.head.weight = self.emb.weight

        def forward(self, x):
            return self.head(self.emb(x))

    wide = analyze(Tied(), torch.zeros(2, 3, dtype=torch.int64), symbolic=("widths",))
    assert str(wide.forward.macs) == "B*S*d0*d1"
    assert str(wide.params) == "d0*d1"


def test_what_has_no_widths_says_so():
    with pytest.raises(UnknownDim, match="widths: of ReLU cannot be changed after it is built"):
        analyze(torch.nn.ReLU(), torch.empty(2, 3), symbolic=("widths",))


def test_the_module_is_left_as_it_was():
    net = mlp(20, 30, 10)
    before = {name: (p.shape, p.data_ptr()) for name, p in net.named_parameters()}
    analyze(net, torch.empty(2, 20), symbolic=("widths",))
    assert before == {name: (p.shape, p.data_ptr()) for name, p in net.named_parameters()}
    assert net[0].in_features == 20
