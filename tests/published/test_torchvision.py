"""Films, segmentation and optical flow of torchvision, against the figures in its tables."""

from fractions import Fraction

import pytest

pytestmark = pytest.mark.framework

# "num_params" and "_ops" (G multiply-adds) of the weights in torchvision/models at 0.28.
PUBLISHED = {
    "r3d_18": (33_371_472, "40.697"),
    "mc3_18": (11_695_440, "43.343"),
    "r2plus1d_18": (31_505_325, "40.519"),
    "s3d": (8_320_048, "17.979"),
    "mvit_v1_b": (36_610_672, "70.599"),
    "mvit_v2_s": (34_537_744, "64.224"),
    "swin3d_t": (28_158_070, "43.882"),
    "raft_small": (990_162, "47.655"),
    "raft_large": (5_257_536, "211.007"),
    "fcn_resnet50": (35_322_218, "152.717"),
    "fcn_resnet101": (54_314_346, "232.738"),
    "deeplabv3_resnet50": (42_004_074, "178.722"),
    "deeplabv3_mobilenet_v3_large": (11_029_328, "10.452"),
    "lraspp_mobilenet_v3_large": (3_221_538, "2.086"),
    "quantized_resnet18": (11_689_512, "1.814"),
    "quantized_mobilenet_v2": (3_504_872, "0.301"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_as_torchvision_publishes_them(name):
    from orderof import analyze

    params, printed = PUBLISHED[name]
    found = analyze(f"torchvision:{name}", symbolic=())
    assert found.params() == params
    assert abs(Fraction(found.forward.macs(), 10**9) - Fraction(printed)) <= Fraction(1, 2000)


def test_what_was_chosen_is_said():
    from orderof import analyze

    assert "auxiliary" in analyze("torchvision:fcn_resnet50", symbolic=()).notes[0]
    assert "float32" in analyze("torchvision:quantized_resnet18", symbolic=()).notes[0]
