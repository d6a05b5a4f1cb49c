"""Counts that others published or that follow by hand, to the last integer."""

import pytest

from orderof.analyses.work import count
from orderof.counts import Counts

pytestmark = pytest.mark.framework


def macs(case, phase="forward", *, train=False):
    from orderof.frontends.torch.lower import lower
    from orderof.frontends.torch.record import record

    module, args, kwargs = case
    graph = lower(record(module, args, kwargs, backward=phase == "backward", train=train))
    return Counts.sum(r.counts for r in count(graph).rows if r.phase == phase).macs().value


@pytest.mark.parametrize(
    ("name", "want"),
    [
        # torch, test/test_flop_counter.py: 3,628,146,688 FLOP
        ("resnet18", 1_814_073_344),
        # "_ops" of the weights in torchvision/models: 4.089, 0.301 and 0.714 G
        ("resnet50", 4_089_184_256),
        ("mobilenet_v2", 300_774_272),
        ("alexnet", 714_188_480),
    ],
)
def test_vision_at_224(name, want):
    from tests.cross.models import vision

    assert macs(vision(name, height=224, width=224)) == want


def test_encoder_layer():
    from tests.cross.models import CASES

    projections = 4 * 16 * 64 * 64
    attention = 2 * 16 * 16 * 64
    feed_forward = 2 * 16 * 64 * 128
    assert macs(CASES["encoder_layer"]()) == projections + attention + feed_forward == 557_056


def test_attention():
    from tests.cross.models import CASES

    assert macs(CASES["mha"]()) == 4 * 16 * 64 * 64 + 2 * 16 * 16 * 64 == 294_912


def test_recurrent():
    from tests.cross.models import CASES

    assert macs(CASES["lstm"]()) == 5 * 4 * 32 * (16 + 32) == 30_720
    assert macs(CASES["gru"]()) == 5 * 3 * 32 * (16 + 32) == 23_040


def test_depthwise_transposed():
    from tests.cross.models import CASES

    case = CASES["conv_transpose2d"]
    assert macs(case()) == 4 * 8 * 8 * 3 * 3 == 2_304
    # The input needs no gradient; that of the weight visits the same points.
    assert macs(case(), "backward", train=True) == 2_304


def test_depthwise_weight_gradient():
    import torch
    from torch import nn

    case = nn.Conv2d(16, 16, 3, padding=1, groups=16), (torch.empty(1, 16, 8, 8),), {}
    assert macs(case, "backward", train=True) == 16 * 8 * 8 * 3 * 3 == 9_216


def test_reference_operators(reference):
    """The rows of the reference that torch's own counter tests give for convolutions."""
    import csv

    import torch
    from torch import nn

    with (reference / "expected_ops.csv").open() as file:
        rows = {
            r["model_or_op"]: int(r["value"])
            for r in csv.DictReader(file)
            if r["source"].startswith(("pytorch", "torchprofile"))
        }
    x = torch.empty
    cases = {
        "conv2d 3->6 k4 p1": (nn.Conv2d(3, 6, 4, padding=1), (x(2, 3, 6, 6),), 2),
        "conv1d 3->6 k4 p1": (nn.Conv1d(3, 6, 4, padding=1), (x(2, 3, 6),), 2),
        "Conv1d(3,16,k3)": (nn.Conv1d(3, 16, 3), (x(1, 3, 32),), 1),
        "Conv2d(3,16,k3,p1)": (nn.Conv2d(3, 16, 3, padding=1), (x(1, 3, 8, 8),), 1),
        "Conv2d(16,16,k3,p1,g16) depthwise": (
            nn.Conv2d(16, 16, 3, padding=1, groups=16),
            (x(1, 16, 8, 8),),
            1,
        ),
    }
    for name, (module, args, factor) in cases.items():
        found = macs((module, args, {}))
        assert found is not None
        assert factor * found == rows[name], name
