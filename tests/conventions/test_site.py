"""The names that rules count in."""

import pytest

from orderof.conventions.site import Place, Site
from orderof.ir.build import Builder
from orderof.ops.conv import CONV
from orderof.ops.work import work
from orderof.sym import parse, symbols

B, H = symbols("B H")
KERNEL, PADDING, STRIDE = 3, 1, 2


@pytest.fixture
def site():
    b = Builder()
    x = b.input("x", "float32", B, 4, H, 10)
    w = b.param("w", 8, 2, KERNEL, KERNEL)
    how = {"stride": (STRIDE,) * 2, "padding": (PADDING,) * 2, "dilation": (1, 1), "groups": 2}
    CONV[2](b, x, w, **how)
    return Site(b.nodes[-1], work(b.nodes[-1]), Place(("", "nn.Conv2d")))


def test_sizes(site):
    assert site["x0"] == B * 4 * H * 10
    assert site["x1"] == 8 * 2 * 3 * 3
    assert (site["x0_1"], site["x1_0"], site["x0_last"], site["x9_1"]) == (4, 8, 10, 0)
    assert site["y0"] == B * 8 * parse("ceildiv(H, 2)") * 5
    assert (site["batch"], site["operands"]) == (B, 2)


def test_counts(site):
    out = B * 8 * parse("ceildiv(H, 2)") * 5
    assert site["macs"] == out * 2 * 9
    assert site["mul"] == site["macs"]
    assert site["ops"] == out * 2 * 9 + out * (2 * 9 - 1)
    assert site["exp"] == 0


def test_taps_leave_padding_out():
    b = Builder()
    x, w = b.input("x", "float32", 1, 1, 4), b.param("w", 1, 1, 3)
    CONV[1](b, x, w, stride=(1,), padding=(1,), dilation=(1,), groups=1)
    found = Site(b.nodes[-1], work(b.nodes[-1]), Place())
    assert (found["macs"], found["taps"]) == (4 * 3, 4 * 3 - 2)


def test_attributes(site):
    assert (site["groups"], site["stride"], site["padding"]) == (2, 4, 1)
    assert site["no_such_name"] == 0


def test_an_expression(site):
    assert site.value(parse("2*y0 + groups*x1_0")) == 2 * site["y0"] + 16
    assert site.value(parse("7")) == 7
