"""Networks on images, by hand: layers as arithmetic, pooling into parts, sizes that do not fit."""

import pytest

import orderof
from orderof.analyses.work import count
from orderof.counts import Counts
from orderof.errors import ShapeMismatch
from orderof.frontends.zoo import build
from orderof.sym import ceildiv, floordiv, symbols

B, C, H, W, L, d, n, n1, n2, r, s = symbols("B C H W L d n n1 n2 r s")


def forward(name, scope=""):
    """Operations of the forward pass in a module, as formulas."""
    rows = count(build(name)).rows
    return Counts.sum(row.counts for row in rows if row.scope.startswith(scope))


def macs(name, scope=""):
    return forward(name, scope).macs()


def at_224(name):
    r = orderof.analyze(f"zoo:{name}")
    return r.forward.macs(), r.params()


def conv(size, m, n, places):
    return size * size * m * n * places**2


def test_alexnet():
    layers = [(11, 3, 64, 55), (5, 64, 192, 27), (3, 192, 384, 13), (3, 384, 256, 13)]
    layers.append((3, 256, 256, 13))
    dense = [(256 * 6 * 6, 4096), (4096, 4096), (4096, 1000)]
    multiplied = sum(conv(*row) for row in layers) + sum(m * n for m, n in dense)
    held = sum(conv(*row[:3], 1) + row[2] for row in layers) + sum((m + 1) * n for m, n in dense)
    assert at_224("alexnet") == (multiplied, held) == (714_188_480, 61_100_840)


def test_vgg16():
    stages = [(64, 2, 224), (128, 2, 112), (256, 3, 56), (512, 3, 28), (512, 3, 14)]
    layers, before = [], 3
    for width, times, places in stages:
        layers += [(3, before, width, places), *[(3, width, width, places)] * (times - 1)]
        before = width
    dense = [(512 * 7 * 7, 4096), (4096, 4096), (4096, 1000)]
    multiplied = sum(conv(*row) for row in layers) + sum(m * n for m, n in dense)
    held = sum(conv(*row[:3], 1) + row[2] for row in layers) + sum((m + 1) * n for m, n in dense)
    assert at_224("vgg16") == (multiplied, held) == (15_470_264_320, 138_357_544)


def fire(m, s, e, places):
    return [(1, m, s, places), (1, s, e, places), (3, s, e, places)]


def test_squeezenet():
    layers = [(7, 3, 96, 109)]
    layers += [*fire(96, 16, 64, 54), *fire(128, 16, 64, 54), *fire(128, 32, 128, 54)]
    layers += [*fire(256, 32, 128, 27), *fire(256, 48, 192, 27), *fire(384, 48, 192, 27)]
    layers += [*fire(384, 64, 256, 27), *fire(512, 64, 256, 13), (1, 512, 1000, 13)]
    multiplied = sum(conv(*row) for row in layers)
    held = sum(conv(*row[:3], 1) + row[2] for row in layers)
    assert at_224("squeezenet1_0") == (multiplied, held)


def pooling(name, size):
    found = forward(name, "avgpool").at(**{**dict(build(name).dims), "H": size, "W": size})
    return {str(kind): number for (kind, _), number in found.items() if number}


def test_pooling_into_parts():
    # As many places as parts: nothing is added up, but every part is divided, as torch does.
    assert pooling("alexnet", 224) == {"div": 256 * 6**2}
    assert pooling("vgg16", 224) == {"div": 512 * 7**2}
    # Twice as many: 2 x 2 places for each part.
    assert pooling("alexnet", 415) == {"add": 256 * 6**2 * 3, "div": 256 * 6**2}
    # 7 places in 6 parts, two in each: [0 1], [1 2], ...
    assert pooling("alexnet", 256) == {"add": 256 * 6**2 * 3, "div": 256 * 6**2}
    # 8 places in 7 parts, two in each.
    assert pooling("vgg16", 256) == {"add": 512 * 7**2 * 3, "div": 512 * 7**2}
    # 1 place in 6 parts: all of them look at it.
    assert pooling("alexnet", 63) == {"div": 256 * 6**2}


@pytest.mark.parametrize(("name", "least"), [("alexnet", 63), ("vgg16", 32), ("squeezenet1_0", 21)])
def test_images_that_are_too_small(name, least):
    build(name, dims={"H": least, "W": least})
    for dims in ({"H": least - 1}, {"W": least - 1}):
        with pytest.raises(ShapeMismatch, match=f"{name} at .* does not fit"):
            build(name, dims=dims)


def test_multipliers_of_mobilenet():
    # Howard et al. 2017, equation 7: D*D*aM*rF*rF + aM*aN*rF*rF, with a and r in n, H and W
    places = ceildiv(H, 16) * ceildiv(W, 16)
    assert macs("mobilenet_v1", "layer7") == 5 * B * places * (9 * 16 * n + 16 * n * 16 * n)
    places = ceildiv(H, 4) * ceildiv(W, 4)
    assert macs("mobilenet_v1", "layer2.depthwise") == B * places * 9 * 2 * n
    assert macs("mobilenet_v1", "layer2.pointwise") == B * places * 2 * n * 4 * n
    assert macs("mobilenet_v1_conv", "layer2") == B * places * 9 * 2 * n * 4 * n
    assert macs("mobilenet_v1", "fc") == B * 32 * n * C


def test_shallow_mobilenet_lacks_five_layers():
    less = macs("mobilenet_v1") - macs("mobilenet_v1_shallow")
    assert less == macs("mobilenet_v1", "layer7.*")


def test_equal_layers_are_one_region():
    times = {path: times for path, _, times in build("mobilenet_v1").modules}
    assert times["layer7.*.depthwise.conv"] == 5


def test_vdsr():
    # 3x3 windows from 1 to d, L times from d to d, and from d to 1
    assert macs("vdsr") == B * H * W * 9 * (d + L * d * d + d)


@pytest.mark.parametrize("name", ["fsrcnn", "fsrcnn_x2", "fsrcnn_x4"])
def test_fsrcnn(name):
    # Dong et al. 2016: 25d + sd + 9ms**2 + ds + 81d for each place of the small image
    each = 25 * d + s * d + 9 * L * s**2 + d * s + 81 * d
    assert macs(name) == B * H * W * each


def test_only_the_large_image_tells_the_scales_of_fsrcnn_apart():
    for name, scale in (("fsrcnn_x2", 2), ("fsrcnn", 3), ("fsrcnn_x4", 4)):
        (y,) = build(name).outputs
        assert y.shape == (B, 1, scale * H, scale * W)


def test_slopes():
    # One comparison, one product and one choice for each element behind a convolution but the last
    found = forward("fsrcnn", "expand.prelu")
    each = dict.fromkeys(
        (("cmp", "float32"), ("mul", "float32"), ("select", "float32")), B * H * W * d
    )
    assert found == Counts(each)


def test_espcn():
    assert macs("espcn") == B * H * W * (25 * n1 + 9 * n1 * n2 + 9 * n2 * r**2)
    (y,) = build("espcn").outputs
    assert y.shape == (B, 1, r * H, r * W)
    assert forward("espcn", "shuffle") == Counts()


def test_places_that_are_left():
    # The rows that AlexNet's and VGG's convolutions leave, as their docstrings say
    for name, rows in (("alexnet", floordiv(H - 31, 32)), ("vgg16", floordiv(H, 32))):
        (pool,) = (node for node in build(name).nodes if node.op == "adaptive_mean")
        assert pool.operands[0].shape[2] == rows
