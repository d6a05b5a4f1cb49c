"""MobileNet and the networks that enlarge images, against the same ones written in torch."""

import random
import re

import pytest
import torch
from tests.cross.against import agree, same_tree, same_values
from torch import nn

from orderof.counts import Counts

pytestmark = pytest.mark.framework


class Conv(nn.Module):
    def __init__(self, m, n, size=3, stride=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(m, n, size, stride, size // 2, groups=groups, bias=False)
        self.bn, self.relu = nn.BatchNorm2d(n), nn.ReLU()

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class Separable(nn.Module):
    def __init__(self, m, n, stride=1):
        super().__init__()
        self.depthwise, self.pointwise = Conv(m, m, 3, stride, m), Conv(m, n, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class MobileNet(nn.Module):
    """Table 1 of the paper, row by row."""

    def __init__(self, n, C, name):
        super().__init__()
        self.stem, self.names, width = Conv(3, n, stride=2), ["stem"], n
        block = Conv if name == "mobilenet_v1_conv" else Separable
        rows = [(1, 2), (2, 4), (1, 4), (2, 8), (1, 8), (2, 16), (1, 16), (2, 32), (1, 32)]
        for i, (stride, times) in enumerate(rows, 1):
            made = block(width, times * n, stride=stride)
            if i == 7:
                equal = [made, *(block(width, width) for _ in range(4))]
                made = nn.Sequential(*equal[: 0 if name == "mobilenet_v1_shallow" else 5])
            self.names.append(f"layer{i}")
            self.add_module(f"layer{i}", made)
            width = times * n
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(width, C)

    def forward(self, x):
        for name in self.names:
            x = self.get_submodule(name)(x)
        return self.fc(self.avgpool(x).flatten(1))


def spread(_, sizes):
    """Ours minus torch's: it spreads the gradient of a mean over its places, then divides each."""
    places = -(-sizes["H"] // 32) * -(-sizes["W"] // 32)
    return Counts.of("div", "float32", sizes["B"] * 32 * sizes["n"] * (1 - places))


def mobilenet(name, B, H, W, C, n):
    with torch.device("meta"):
        return MobileNet(n, C, name), (torch.empty(B, 3, H, W),), {}


MOBILENETS = ("mobilenet_v1", "mobilenet_v1_conv", "mobilenet_v1_shallow")
USUAL = {"B": 1, "H": 224, "W": 224, "C": 1000, "n": 32}


@pytest.mark.parametrize("name", MOBILENETS)
def test_mobilenets(name):
    draw = random.Random(3)
    rows = [USUAL, {**USUAL, "n": 24, "H": 160, "W": 192}]
    for _ in range(2):
        small = {k: draw.randint(1, 9) for k in ("B", "C", "n")}
        rows.append({**small, "H": draw.randint(33, 99), "W": draw.randint(33, 99)})
    for sizes in rows:
        agree(name, sizes, mobilenet(name, **sizes), but=spread)


@pytest.mark.parametrize("name", MOBILENETS)
def test_the_tree_of_a_mobilenet(name):
    sizes = {"B": 2, "H": 65, "W": 40, "C": 5, "n": 3}
    fold = lambda path: re.sub(r"^layer7\.\d", "layer7.*", path)  # noqa: E731
    same_tree(name, sizes, mobilenet(name, **sizes), fold)


class Vdsr(nn.Module):
    def __init__(self, d, L):
        super().__init__()
        self.input, self.output = nn.Conv2d(1, d, 3, padding=1), nn.Conv2d(d, 1, 3, padding=1)
        self.relu, self.residual_layer = nn.ReLU(), nn.ModuleList()
        for _ in range(L):
            self.residual_layer.append(nn.ModuleDict({"conv": nn.Conv2d(d, d, 3, padding=1)}))

    def forward(self, x):
        y = self.relu(self.input(x))
        for layer in self.residual_layer:
            y = self.relu(layer["conv"](y))
        return self.output(y) + x


class Slope(nn.PReLU):
    """The same values by operators that the recorder knows."""

    def forward(self, x):
        return torch.where(x > 0, x, self.weight.view(-1, 1, 1) * x)


class Sloped(nn.Module):
    def __init__(self, m, n, size, slope):
        super().__init__()
        self.conv, self.prelu = nn.Conv2d(m, n, size, padding=size // 2), slope(n)

    def forward(self, x):
        return self.prelu(self.conv(x))


class Fsrcnn(nn.Module):
    def __init__(self, d, s, L, scale, slope):
        super().__init__()
        self.feature, self.shrink = Sloped(1, d, 5, slope), Sloped(d, s, 1, slope)
        self.map = nn.Sequential(*(Sloped(s, s, 3, slope) for _ in range(L)))
        self.expand = Sloped(s, d, 1, slope)
        self.deconv = nn.ConvTranspose2d(d, 1, 9, scale, 4, scale - 1)

    def forward(self, x):
        return self.deconv(self.expand(self.map(self.shrink(self.feature(x)))))


class Espcn(nn.Module):
    def __init__(self, n1, n2, r):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, n1, 5, padding=2), nn.Conv2d(n1, n2, 3, padding=1)
        self.conv3, self.r = nn.Conv2d(n2, r * r, 3, padding=1), r

    def forward(self, x):
        x = self.conv3(torch.tanh(self.conv2(torch.tanh(self.conv1(x)))))
        (B, _, H, W), r = x.shape, self.r
        # nn.PixelShuffle, by operators that the recorder knows
        x = x.view(B, r, r, H, W).permute(0, 3, 1, 4, 2).contiguous()
        return x.view(B, 1, r * H, r * W)


SCALES = {"fsrcnn": 3, "fsrcnn_x2": 2, "fsrcnn_x4": 4}
ENLARGERS = ("vdsr", *SCALES, "espcn")


def enlarger(name, B, H, W, *, slope=Slope, **sizes):
    match name:
        case "vdsr":
            module = Vdsr(**sizes)
        case "espcn":
            module = Espcn(**sizes)
        case _:
            module = Fsrcnn(**sizes, scale=SCALES[name], slope=slope)
    return module, (torch.empty(B, 1, H, W),), {}


def drawn(name, draw):
    own = {"vdsr": "dL", "espcn": ("n1", "n2", "r")}.get(name, "dsL")
    small = {k: draw.randint(1, 5) for k in ("B", *own)}
    return {**small, "H": draw.randint(1, 20), "W": draw.randint(1, 20)}


def slopes(_, sizes):
    """Ours minus that of `Slope`: one more comparison for each gradient, no addition of two."""
    B, H, W, d, s, L = (sizes[k] for k in "BHWdsL")
    n = B * H * W * (2 * d + (1 + L) * s)
    return Counts({("cmp", "float32"): 2 * n, ("add", "float32"): -n})


@pytest.mark.parametrize("name", ENLARGERS)
def test_enlargers(name):
    draw = random.Random(4)
    for _ in range(3):
        sizes = drawn(name, draw)
        agree(name, sizes, enlarger(name, **sizes), but=slopes if name in SCALES else None)


VALUES = {
    "vdsr": {"B": 1, "H": 3, "W": 4, "d": 2, "L": 2},
    **{name: {"B": 1, "H": 2, "W": 3, "d": 2, "s": 2, "L": 2} for name in SCALES},
    "espcn": {"B": 2, "H": 2, "W": 3, "n1": 2, "n2": 3, "r": 2},
}


@pytest.mark.parametrize("name", ENLARGERS)
def test_the_values_of_enlargers(name):
    torch.manual_seed(5)
    module, (x,), _ = enlarger(name, **VALUES[name], slope=nn.PReLU)
    same_values(name, VALUES[name], module, torch.randn(x.shape, dtype=torch.float64))
