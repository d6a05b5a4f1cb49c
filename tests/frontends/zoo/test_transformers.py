"""BERT, Llama and ViT by themselves: published parameters and multiply-adds, sizes they refuse."""

import csv

import pytest

import orderof
from orderof.errors import ShapeMismatch
from orderof.frontends.zoo import build


def published(name, **dims):
    r = orderof.analyze(f"zoo:{name}", dims=dims)
    return r.params(), r.forward.macs()


def encoder(S, d, f, L):
    """Parameters of L layers with biases and two norms; multiply-adds of all for S tokens."""
    params = L * (4 * (d + 1) * d + (d + 1) * f + (f + 1) * d + 2 * 2 * d)
    return params, L * (4 * S * d * d + 2 * S * S * d + 2 * S * d * f)


BERTS = [
    ({}, (512, 768, 3072, 12), 109_482_240),  # Devlin et al. 2018 say 110 M
    ({"d": 1024, "h": 16, "f": 4096, "L": 24}, (512, 1024, 4096, 24), 335_141_888),  # and 340 M
]


@pytest.mark.parametrize(("dims", "sizes", "params"), BERTS)
def test_bert(dims, sizes, params):
    d = sizes[1]
    layers, macs = encoder(*sizes)
    embeddings = (30522 + 512 + 2) * d + 2 * d
    assert params == embeddings + layers + (d + 1) * d
    assert published("bert", **dims) == (params, macs + d * d)  # the pooler sees one token


# Llama 2 7B; Llama 3 8B, 70B and 405B (arXiv:2407.21783, table 3), whose vocabulary is 128,256
LLAMAS = {
    6_738_415_616: {"d": 4096, "h": 32, "K": 32, "f": 11008, "L": 32, "V": 32000},
    8_030_261_248: {"d": 4096, "h": 32, "K": 8, "f": 14336, "L": 32, "V": 128256},
    70_553_706_496: {"d": 8192, "h": 64, "K": 8, "f": 28672, "L": 80, "V": 128256},
    405_853_388_800: {"d": 16384, "h": 128, "K": 8, "f": 53248, "L": 126, "V": 128256},
}


@pytest.mark.parametrize("params", LLAMAS)
def test_llama(params):
    dims, S = LLAMAS[params], 2048
    d, h, K, f, L, V = dims.values()
    products = L * (2 * d * d + 2 * d * K * d // h + 3 * d * f) + d * V
    assert params == products + L * 2 * d + d + V * d
    assert published("llama", **dims) == (params, S * products + L * 2 * S * S * d)


VITS = {  # Dosovitskiy et al. 2021, table 1
    "b": {"d": 768, "h": 12, "f": 3072, "L": 12},
    "l": {"d": 1024, "h": 16, "f": 4096, "L": 24},
    "h": {"d": 1280, "h": 16, "f": 5120, "L": 32},
}


def test_vit():
    S, d, f, L = 14 * 14 + 1, 768, 3072, 12
    layers, macs = encoder(S, d, f, L)
    patch = 3 * 16 * 16
    params = (patch + 1) * d + d + S * d + layers + 2 * d + (d + 1) * 1000
    assert params == 86_567_656
    assert published("vit") == (params, (S - 1) * patch * d + macs + d * 1000)


def test_vits_as_torchvision_says_them(reference):
    with (reference / "torchvision_ops.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["builder"].startswith("vit_")]
    assert len(rows) == 10
    for row in rows:
        _, size, patch = row["builder"].split("_")
        *_, H, W = map(int, row["ops_input"].split("x"))
        params, macs = published("vit", H=H, W=W, k=int(patch), **VITS[size])
        assert params == int(row["num_params"]), row
        assert round(macs / 1e9, 3) == float(row["gops"]), row


def test_bert_beyond_its_positions():
    (note,) = build("bert", dims={"S": 600}).notes
    assert note.startswith("S=600 is beyond P=512")


@pytest.mark.parametrize(
    ("name", "dims"),
    [
        ("bert", {"h": 7}),  # d/h
        ("llama", {"K": 3}),  # h/K
        ("llama", {"h": 4096, "K": 1}),  # a head of width 1 has no two halves
        ("vit", {"H": 225}),  # H/k
        ("vit", {"k": 15}),
    ],
)
def test_sizes_that_do_not_divide(name, dims):
    with pytest.raises(ShapeMismatch, match="does not fit"):
        build(name, dims=dims)
