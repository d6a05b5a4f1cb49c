"""A model with letters counts at any sizes what a recording at these sizes counts."""

import random

import pytest
import torch
from models import CASES, language, plain, vision
from torch import nn

from orderof import analyze
from orderof.analyses.work import count
from orderof.counts import Counts
from orderof.errors import OutOfRange, UnknownDim
from orderof.frontends.torch import graph_of
from orderof.frontends.torch.letters import Inputs, points, sizes_of, usual

pytestmark = pytest.mark.framework

MODELS = {
    **CASES,
    "mobilenet_v3_small": lambda: vision("mobilenet_v3_small"),
    "densenet121": lambda: vision("densenet121"),
    "squeezenet1_1": lambda: vision("squeezenet1_1", height=65),
    "shufflenet_v2_x0_5": lambda: vision("shufflenet_v2_x0_5"),
    "vgg11": lambda: vision("vgg11"),
    "long gpt2": lambda: language("gpt2", batch=1, length=50),
    "linear": lambda: plain(nn.Linear(3, 4), (2, 5, 3)),
    "unet of halves": lambda: plain(Halves(), (1, 3, 16, 24)),
}
LARGEST = {"B": 5, "S": 60, "T": 60, "H": 160, "W": 160}


class Halves(nn.Module):
    """A pyramid down and up again: sides must be multiples of 4."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(n, 2 * n, 3, 2, 1) for n in (3, 6))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * n, n, 2, 2) for n in (6, 3))

    def forward(self, x):
        seen = []
        for layer in self.down:
            seen.append(x)
            x = layer(x)
        for layer in self.up:
            x = layer(x) + seen.pop()
        return x


def totals(graph, sizes):
    """Counts by phase, in numbers."""
    found = {}
    for row in count(graph).rows:
        found.setdefault(row.phase, []).append(row.counts.subs(sizes))
    return {phase: dict(Counts.sum(parts)) for phase, parts in found.items()}


@pytest.mark.parametrize("train", [None, "adamw"], ids=["forward", "adamw"])
@pytest.mark.parametrize("name", MODELS)
def test_recount_at_random_sizes(name, train):
    module, args, kwargs = MODELS[name]()
    how = {"train": train, "mode": "train" if train else "eval"}
    graph = graph_of(module, args, kwargs, **how)
    letters = dict(graph.dims)
    axes = usual(args, kwargs)
    inputs = Inputs(module, args, kwargs, axes, sizes_of(axes, args, kwargs))
    draw = random.Random(name)
    for _ in range(3):
        sizes = {k: _draw(draw, k, n, dict(graph.ranges).get(k)) for k, n in letters.items()}
        again = graph_of(*inputs.at({**inputs.sizes, **sizes}), **how, symbolic=())
        assert totals(graph, sizes) == totals(again, {}), sizes


def _draw(draw, name, n, allowed):
    step = allowed.multiple if allowed else 1
    most = (allowed.most if allowed else None) or max(LARGEST.get(name, 9), n)
    least = min(n, 64) if name in "HW" else 1
    return step * draw.randint(-(-least // step), most // step)


def test_letters_are_found_without_being_asked():
    r = analyze(nn.Linear(3, 4), torch.empty(2, 5, 3))
    assert str(r.forward.macs) == "12*B*S"
    assert (r.forward.macs(), r.forward.macs(B=7, S=1)) == (120, 84)
    assert dict(r.dims) == {"B": 2, "S": 5}


def test_a_pyramid_is_rounded_up_stage_by_stage():
    r = analyze(
        nn.Sequential(*(nn.Conv2d(1, 1, 3, 2, 1) for _ in range(3))), torch.empty(1, 1, 8, 8)
    )
    whole = sum(9 * -(-30 // n) * -(-41 // n) for n in (2, 4, 8))
    assert r.forward.macs(H=30, W=41) == whole
    assert str(r.forward.macs) == (
        "9*B*ceildiv(H, 2)*ceildiv(W, 2) + 9*B*ceildiv(H, 4)*ceildiv(W, 4)"
        " + 9*B*ceildiv(H, 8)*ceildiv(W, 8)"
    )


def test_sides_that_must_be_multiples():
    r = analyze(Halves(), torch.empty(1, 3, 16, 24))
    assert r.dims.ranges["H"].text("H") == ("H % 4 == 0",)
    with pytest.raises(OutOfRange, match="H=18: is outside H % 4 == 0"):
        r.forward.macs(H=18)
    assert r.forward.macs(H=32) == 2 * r.forward.macs()


def test_what_the_model_fixes_stays_a_number_and_is_named():
    class Fixed(nn.Module):
        def forward(self, x):
            if x.shape[1] != 5:
                raise ValueError("five steps only")
            return x @ x.transpose(1, 2)

    r = analyze(Fixed(), torch.empty(2, 5, 3))
    assert str(r.forward.macs) == "75*B"
    assert any("S=5: no letters here" in n and "five steps only" in n for n in r.notes)


def test_a_batch_of_one_takes_another_path_and_counts_the_same():
    """With a batch of 1 torch copies less, so the calls differ; the counts do not."""
    module, args, kwargs = language("gpt2", batch=1)
    graph = graph_of(module, args, kwargs)
    assert dict(graph.dims) == {"B": 1, "S": 16}


def test_a_path_that_costs_something_else_at_the_size_that_was_asked_for():
    class Apart(nn.Module):
        def forward(self, x):
            return x.exp() if len(x) == 1 else x.exp().log()

    r = analyze(Apart(), torch.empty(1, 4))
    assert (r.forward.ops(), str(r.forward.ops)) == (4, "4")
    assert analyze(Apart(), torch.empty(3, 4)).forward.ops() == 24


def test_letters_of_ones_own():
    x = torch.empty(6, 4, 3)
    r = analyze(nn.Linear(3, 2), x, dims={"input": ("N", "Q", None)})
    assert str(r.forward.macs) == "6*N*Q"
    r = analyze(nn.Linear(3, 2), x, dims={"N": 6})
    assert str(r.forward.macs) == "24*N"
    r = analyze(nn.Linear(3, 2), input_specs=["input: float32[6, T=4, 3]"])
    assert str(r.forward.macs) == "36*T"


def test_some_letters_or_none():
    module, x = nn.Linear(3, 4), torch.empty(2, 5, 3)
    assert str(analyze(module, x, symbolic=("B",)).forward.macs) == "60*B"
    assert str(analyze(module, x, symbolic=()).forward.macs) == "120"
    with pytest.raises(UnknownDim, match="Q: is no letter of the inputs"):
        analyze(module, x, symbolic=("Q",))


def test_a_number_computed_from_a_size_is_no_letter_of_the_graph():
    class Mean(nn.Module):
        def forward(self, x):
            return x.sum(1) / x.shape[1] + torch.arange(x.shape[-1]) - x.shape[0]

    r = analyze(Mean(), torch.empty(2, 5, 3))
    assert str(r.forward.ops.expr) == str(analyze(Mean(), torch.empty(4, 5, 3)).forward.ops.expr)


def test_points_lie_apart():
    found = points({"B": 1, "H": 64, "W": 64}, {"H": 8, "W": 8}, below=False)
    for _ in range(4):
        point = next(found)
        assert point["H"] % 8 == point["W"] % 8 == 0
        assert abs(point["H"] - point["W"]) >= 40
    assert list(points({"S": 5}, {}, below=True)) == [{"S": 3}, {"S": 2}]


class Long(nn.Module):
    """Beyond 32 steps it does something dearer."""

    def forward(self, x):
        return x.exp() if x.shape[1] <= 32 else x.exp().log()


def test_a_path_that_depends_on_the_size_has_a_range():
    r = analyze(Long(), torch.empty(2, 16, 3))
    assert str(r.forward.ops) == "3*B*S"
    assert r.dims.ranges["S"].text("S") == ("S <= 32",)
    (note,) = r.notes
    assert note.startswith("outside of the range another path is taken: at S=33 log: in the root")
    assert r.forward.ops(S=32) == 2 * 32 * 3
    with pytest.raises(OutOfRange, match="S=33: is outside S <= 32"):
        r.forward.ops(S=33)
    beyond = analyze(Long(), torch.empty(2, 40, 3))
    assert beyond.forward.ops(S=33) == 2 * 33 * 6
    assert beyond.dims.ranges["S"].text("S") == ("S >= 33",)


def test_a_batch_of_one_that_costs_something_else_is_outside_the_range():
    class Apart(nn.Module):
        def forward(self, x):
            return x.exp() if len(x) == 1 else x.exp().log()

    r = analyze(Apart(), torch.empty(3, 4))
    assert (str(r.forward.ops), r.dims.ranges["B"].text("B")) == ("8*B", ("B >= 2",))
    with pytest.raises(OutOfRange, match="B=1: is outside B >= 2"):
        r.forward.ops(B=1)


class Square(nn.Module):
    """Pads an image to a square, as those do that take images of any shape."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, padding=1)

    def forward(self, x):
        high, wide = x.shape[-2:]
        side = max(high, wide)
        return self.conv(nn.functional.pad(x, (0, side - wide, 0, side - high)))


class Longer(nn.Module):
    """Takes every second place along the longer side."""

    def forward(self, x):
        axis = 2 if x.shape[2] > x.shape[3] else 3
        half = x.narrow(axis, 0, x.shape[axis] // 2)
        return half * half


class Filled(nn.Module):
    """A kernel that must be filled: smaller images are made larger before, as in timm's VGG."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 4, stride=4)
        self.last = nn.Conv2d(4, 6, 7)

    def forward(self, x):
        x = self.first(x)
        if min(x.shape[-2:]) < 7:
            x = nn.functional.adaptive_avg_pool2d(x, (max(7, x.shape[-2]), max(7, x.shape[-1])))
        return self.last(x)


@pytest.mark.parametrize("model", [Square(), Longer(), Filled()], ids=lambda m: type(m).__name__)
def test_what_is_said_of_other_shapes_of_an_image_is_right(model):
    """A formula may be refused at a size, or have no letter for it; where it speaks it is right."""
    r = analyze(model, torch.zeros(1, 3, 40, 40))
    for high, wide in ((60, 44), (44, 60), (24, 40), (40, 24), (20, 20), (90, 33)):
        recount = analyze(model, torch.zeros(1, 3, high, wide), symbolic=()).forward.ops()
        try:
            said = r.forward.ops(H=high, W=wide)
        except (OutOfRange, UnknownDim):
            continue
        assert said == recount


def test_a_kernel_that_must_be_filled_gives_a_least_size():
    r = analyze(Filled(), torch.zeros(1, 3, 40, 40))
    assert r.forward.ops(H=40, W=61) > r.forward.ops(H=40, W=40)
    with pytest.raises(OutOfRange, match="H >= 28"):
        r.forward.ops(H=27, W=40)
