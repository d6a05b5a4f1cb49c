"""Detectors of torchvision: what is published, what is assumed, and that nothing else changes."""

from fractions import Fraction

import pytest
import torch
from torch import nn

from orderof import analyze
from orderof.errors import ModelRaised, OutOfRange, UnknownDim
from orderof.frontends.torch.build import load

pytestmark = pytest.mark.framework

HEAD = 7 * 7 * 256 * 1024 + 1024 * 1024 + 1024 * (91 + 4 * 91)  # two layers, classes and boxes
MASK = 14 * 14 * 4 * 9 * 256 * 256 + 28 * 28 * (256 * 256 + 256 * 91)
POINTS = 14 * 14 * (9 * 256 * 512 + 7 * 9 * 512 * 512 + 4 * 4 * 512 * 17)

PUBLISHED = {  # G multiply-adds, and what was not there where torchvision measured
    "fasterrcnn_resnet50_fpn": ("134.380", 0),
    "fasterrcnn_resnet50_fpn_v2": ("280.371", 0),
    "fasterrcnn_mobilenet_v3_large_fpn": ("4.494", 1000 * HEAD),
    "fasterrcnn_mobilenet_v3_large_320_fpn": ("0.719", 150 * HEAD),
    "fcos_resnet50_fpn": ("128.207", 0),
    "retinanet_resnet50_fpn": ("151.540", 0),
    "retinanet_resnet50_fpn_v2": ("152.238", 0),
    "ssd300_vgg16": ("34.858", 0),
    "ssdlite320_mobilenet_v3_large": ("0.583", 0),
    "maskrcnn_resnet50_fpn": ("134.380", 100 * MASK),
    "maskrcnn_resnet50_fpn_v2": ("333.577", 0),
    "keypointrcnn_resnet50_fpn": ("137.420", 99 * POINTS),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_as_torchvision_publishes_them(name):
    printed, more = PUBLISHED[name]
    found = analyze(f"torchvision:{name}", symbolic=()).forward.macs() - more
    assert abs(Fraction(found, 10**9) - Fraction(printed)) <= Fraction(1, 2000)


def test_what_is_assumed_is_said():
    found = analyze("torchvision:fasterrcnn_mobilenet_v3_large_320_fpn", symbolic=())
    assert [n.split(",")[0] for n in found.notes] == [
        "P=150 regions of each image are looked at",
        "100 detections in each image",
    ]


REGIONS = {  # multiply-adds for each region that is looked at, by hand; points look at 2 classes
    "fasterrcnn_resnet50_fpn": HEAD,
    "maskrcnn_resnet50_fpn": HEAD,
    "keypointrcnn_resnet50_fpn": HEAD - 1024 * 5 * (91 - 2),
}


@pytest.mark.parametrize("name", REGIONS)
def test_regions_are_a_letter(name):
    """A formula in P counts, of every kind, what the model counts that looks at so many."""
    found = analyze(f"torchvision:{name}", symbolic=("P",))
    assert found.dims == {"P": 1000}
    assert found.dims.ranges["P"].most == 4 * 1000 + 3 * 13 * 13  # the best of five levels
    for p in (300, 2211):
        other = analyze(f"torchvision:{name}", symbolic=(), dims={"P": p})
        assert other.dims == {}
        assert found.forward.macs(P=p) == other.forward.macs()
        assert found.forward.ops(P=p) == other.forward.ops()
        assert found.forward.macs() - found.forward.macs(P=p) == (1000 - p) * REGIONS[name]


SMALL = "torchvision:fasterrcnn_mobilenet_v3_large_320_fpn"


def test_regions_are_a_letter_by_default():
    found = analyze(SMALL)
    assert found.dims["P"] == 150
    assert found.forward.macs() - found.forward.macs(P=40) == 110 * HEAD


def test_regions_of_ones_own_detector():
    """It is copied for another P, and is itself as it was."""
    loaded = load(SMALL)
    before = [dict(vars(part)) for part in loaded.module.modules()]
    asked = {"kwargs": loaded.kwargs, "symbolic": ("P",)}
    found = analyze(loaded.module, *loaded.args, **asked)
    other = analyze(loaded.module, *loaded.args, **asked, dims={"P": 40})
    assert (found.dims, other.dims) == ({"P": 150}, {"P": 40})
    assert found.forward.macs(P=40) == other.forward.macs()
    assert [dict(vars(part)) for part in loaded.module.modules()] == before


def test_regions_no_more_than_are_proposed():
    found, most = analyze(SMALL, symbolic=("P",)), 3 * 150  # the best of three levels
    assert found.dims.ranges["P"].most == most
    with pytest.raises(OutOfRange, match=f"P <= {most}"):
        found.forward.macs(P=most + 1)
    more = analyze(SMALL, symbolic=("P",), dims={"P": most + 1})
    assert more.dims == {}
    assert more.forward.macs() == found.forward.macs(P=most)
    assert f"P={most + 1}: no letters here" in more.notes[-1]
    assert f"P <= {most}" in more.notes[-1]


def test_a_letter_of_the_inputs_comes_first():
    """P is then the height, and 150 regions are a number."""
    spec = ["images: [float32[3, P=320, W=320]]"]
    found = analyze(SMALL, input_specs=spec, symbolic=(), dims={"P": 352})
    tall = analyze(SMALL, input_specs=["images: [float32[3, 352, 320]]"], symbolic=())
    assert found.forward.macs() == tall.forward.macs() != analyze(SMALL, symbolic=()).forward.macs()


def test_what_is_no_detector_has_no_regions():
    with pytest.raises(UnknownDim, match="P"):
        analyze("torchvision:resnet18", symbolic=("P",))
    with pytest.raises(UnknownDim, match="P"):
        analyze("torchvision:resnet18", dims={"P": 3})


def test_two_images_look_at_twice_as_many_regions():
    image = "float32[3, H=320, W=320]"
    one, two = (
        analyze(SMALL, input_specs=[f"images: [{', '.join([image] * n)}]"], symbolic=())
        for n in (1, 2)
    )
    assert two.forward.macs() == 2 * one.forward.macs()


def functions():
    """All that torchvision and torch's tensors hold of what a detector calls."""
    from torchvision.models.detection import roi_heads, rpn, transform
    from torchvision.ops import boxes, poolers

    held = [vars(m) for m in (roi_heads, rpn, transform, boxes, poolers)]
    held += [vars(rpn.RegionProposalNetwork), vars(roi_heads.RoIHeads)]
    return [{k: id(v) for k, v in names.items() if k != "__builtins__"} for names in held]


def test_nothing_is_left_behind():
    loaded = load("torchvision:fasterrcnn_mobilenet_v3_large_320_fpn")
    before = functions()
    own = [dict(vars(part)) for part in loaded.module.modules()]
    analyze(loaded.module, *loaded.args, kwargs=loaded.kwargs, symbolic=())
    with pytest.raises(ModelRaised):
        analyze(loaded.module, [torch.ones(3)], symbolic=())
    assert functions() == before
    for part, names in zip(loaded.module.modules(), own, strict=True):
        assert vars(part).keys() == names.keys()


class Chooses(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x):
        y = self.a(x)
        return y[y > 0]


def test_a_choice_of_ones_own_is_refused():
    """The same choice that a detector makes of its boxes."""
    with pytest.raises(ModelRaised, match="DynamicOutputShape"):
        analyze(Chooses(), torch.ones(2, 4))


def test_training_needs_targets():
    with pytest.raises(ModelRaised, match="targets"):
        analyze("torchvision:ssd300_vgg16", train="sgd", symbolic=())


@pytest.fixture
def roi_align():
    """Torchvision's operator, declared as it declares it where its kernels did not load."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    if not hasattr(torch.ops.torchvision, "roi_align"):
        library.define(
            "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
            "SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor"
        )
        library.impl(
            "roi_align",
            lambda x, rois, scale, h, w, ratio, aligned: x.new_empty(len(rois), x.shape[1], h, w),
            "Meta",
        )
    yield torch.ops.torchvision.roi_align
    library._destroy()


def test_regions_by_hand(roi_align):
    """Of 3 boxes 2 x 2 bins, each the mean of 4 places, in 5 channels."""

    def read(x, boxes):
        return roi_align(x, boxes, 0.25, 2, 2, 2, False)

    found = analyze(read, torch.ones(1, 5, 8, 8), torch.ones(3, 5)).forward
    box, line, place = 4 + 2 + 2 + 2, 2 + 1 + 3, 6 + 3 + 2 + 2 + 4 + 4
    bins = 3 * 4
    each = 16 + 15 + 1  # products, sums, the division
    assert found.ops() == 3 * box + (3 * 4 + bins * 4) * line + bins * 4 * place + bins * 5 * each


def test_regions_with_as_many_places_as_a_box_is_large(roi_align):
    from orderof.errors import UnknownOperator

    with pytest.raises(UnknownOperator, match="size of a box"):
        analyze(
            lambda x, boxes: roi_align(x, boxes, 1.0, 2, 2, -1, False),
            *(torch.ones(1, 5, 8, 8), torch.ones(3, 5)),
        )
