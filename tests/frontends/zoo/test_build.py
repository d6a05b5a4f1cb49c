"""The zoo by itself: formulas against numbers, published figures, bad names."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zoo_sizes import SIZES

import orderof
from orderof.analyses.work import count
from orderof.counts import Counts
from orderof.errors import BadSpelling, UnknownDim
from orderof.frontends.zoo import ZOO, build, find
from orderof.frontends.zoo.layers import Net
from orderof.ir.check import verify
from orderof.ir.forms import Loop
from orderof.ir.graph import Role
from orderof.sym import const
from orderof.transform.grad import grad
from orderof.transform.optimizer import optimize, optimizer

every = pytest.mark.parametrize("name", ZOO)
some = settings(max_examples=4, suppress_health_check=list(HealthCheck))


def trained(graph):
    return optimize(grad(graph), optimizer("adamw"))


def with_numbers(name, sizes, *, train):
    net = Net(train=train)
    return net.graph(find(name).make(net, {k: const(n) for k, n in sizes.items()}))


def at(graph, sizes, padding):
    """Operations of every kind in each phase, parameters and buffers."""
    report = count(graph, padding)
    phases = {r.phase for r in report.rows}
    kinds = {p: Counts.sum(r.counts for r in report.rows if r.phase is p) for p in phases}
    numbers = {p: {k: v for k, v in c.at(**sizes).items() if v} for p, c in kinds.items()}
    params = report.params
    return numbers, [e.at(sizes) for e in (params.trainable, params.frozen, params.buffers)]


@pytest.mark.parametrize("padding", ["full", "exact"])
@every
@some
@given(data=st.data())
def test_a_formula_gives_what_numbers_give(name, padding, data):
    sizes = data.draw(SIZES[name])
    by_formula = at(trained(build(name, train=True)), sizes, padding)
    assert by_formula == at(trained(with_numbers(name, sizes, train=True)), {}, padding)
    by_formula = at(build(name), sizes, padding)
    assert by_formula == at(with_numbers(name, sizes, train=False), {}, padding)


@every
def test_graphs_are_sound(name):
    verify(build(name))
    graph = trained(build(name, train=True))
    verify(graph)
    assert [p for p, _ in graph.grads] == [*graph.of_role(Role.PARAM)]


@every
def test_training_with_adamw(name):
    r = orderof.analyze(f"zoo:{name}", train="adamw")
    assert r.coverage.complete
    assert dict(r.dims) == dict(ZOO[name].dims)
    assert r.step.ops() == r.forward.ops() + r.backward.ops() + r.optimizer.ops()
    # Two of the three products of a layer belong to the backward pass; some inputs need none.
    least = r.forward.macs() + (name != "conv")  # of a single layer no input needs one
    assert least <= r.backward.macs() <= 2 * r.forward.macs()
    # p*(1 - lr*wd); m + (1-b1)*(g - m); b2*v + (1-b2)*g*g; sqrt(v)/c + eps; p + (-a*m)/that
    assert r.optimizer.ops() == (1 + 3 + 4 + 3 + 3) * r.params()


def published(name, **dims):
    r = orderof.analyze(f"zoo:{name}", dims=dims)
    return r.params(), r.forward.macs()


def test_mlp():
    # 784-300-100-10 with biases
    assert published("mlp") == (785 * 300 + 301 * 100 + 101 * 10, 784 * 300 + 300 * 100 + 100 * 10)


def test_lenet():
    params = 6 * 26 + 16 * (6 * 25 + 1) + (400 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10
    macs = 6 * 25 * 28**2 + 16 * 6 * 25 * 10**2 + 400 * 120 + 120 * 84 + 84 * 10
    assert published("lenet") == (params, macs) == (61_706, 416_520)


# He et al. 2016, table 1: (1.8, 3.6, 3.8, 7.6) * 10**9 multiply-adds; the last two are 4.1 and 7.8
# with the stride in the 3x3 convolution. `a` is a 1x1 convolution from 64 to 64 channels on 56x56
# places, and from 128 to 128 on 28x28, and so on; a stage's first block works on more places.
a = 64 * 64 * 56**2
stem = 64 * 3 * 7**2 * 112**2
PUBLISHED = {
    # 2 x 9 a block; the first of a later stage 4.5 + 9 + 0.5 for its way past the convolutions
    "resnet18": (11_689_512, stem + 512 * 1000 + a * (2 * 18 + 3 * (14 + 18))),
    "resnet34": (21_797_672, stem + 512 * 1000 + a * (3 * 18 + 3 * 14 + (3 + 5 + 2) * 18)),
    # 4 + 9 + 4 a block; the first 1 + 9 + 4 + 4, of a later stage 8 + 9 + 4 + 8
    "resnet50": (25_557_032, stem + 2048 * 1000 + a * (18 + 3 * 29 + (2 + 3 + 5 + 2) * 17)),
    "resnet101": (44_549_160, stem + 2048 * 1000 + a * (18 + 3 * 29 + (2 + 3 + 22 + 2) * 17)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_resnet(name):
    assert published(name) == PUBLISHED[name]


def test_resnets_as_torchvision_says_them():
    assert PUBLISHED["resnet18"][1] == 1_814_073_344
    assert PUBLISHED["resnet50"][1] == 4_089_184_256


def test_equal_blocks_are_one_region():
    graph = build("resnet101")
    loops = {n.scope: n.form.trip.at() for n in graph.nodes if isinstance(n.form, Loop)}
    assert loops == {"layer1.*": 2, "layer2.*": 3, "layer3.*": 22, "layer4.*": 2}
    times = {path: n.at() for path, _, n in graph.modules}
    assert times["layer3.*.conv2"] == 22
    assert times["layer3.0.downsample"] == 1


@pytest.mark.parametrize(("name", "gates"), [("lstm", 4), ("gru", 3)])
def test_recurrent_layers(name, gates):
    # every gate of every step sees the input (16) and the state (32); two biases for each gate
    assert published(name) == (gates * 32 * (16 + 32 + 2), 5 * gates * 32 * (16 + 32))


def test_transformer():
    d, f, n = 512, 2048, 128  # n: length of source and target
    attention, feed_forward, norm = 4 * (d + 1) * d, (d + 1) * f + (f + 1) * d, 2 * d
    encoder = attention + feed_forward + 2 * norm
    decoder = 2 * attention + feed_forward + 3 * norm
    stacks = 6 * (encoder + decoder) + 2 * norm
    assert stacks == 44_140_544  # torch.nn.Transformer()
    layer = 3 * (4 * n * d * d + 2 * n * n * d) + 2 * 2 * n * d * f  # three attentions, two MLPs
    # Vaswani et al. 2017, table 3, says 65 * 10**6 parameters
    assert published("transformer") == (stacks + 37000 * d, 6 * layer + n * d * 37000)


def test_the_memory_is_a_constant_of_the_decoder():
    loops = [n for n in build("transformer").nodes if isinstance(n.form, Loop)]
    assert [(n.scope, n.form.const) for n in loops] == [
        ("encoder.layers.*", 0),
        ("decoder.layers.*", 1),
    ]


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6), st.integers(1, 9))
def test_mlp_with_a_unit_for_the_bias(widths, B):
    spelling = f"mlp:{'-'.join(map(str, widths))},sigmoid,bias=unit"
    r = orderof.analyze(spelling, dims={"B": B}, train="sgd")
    # theta^(k) has n^(k) rows and n^(k-1) + 1 columns: element 0 of what comes in is 1
    weights = [n * (m + 1) for m, n in itertools.pairwise(widths)]
    assert r.params() == sum(weights)
    assert r.forward.macs() == B * sum(weights)
    # the gradient of every weight, and what goes back to every layer but the first
    assert r.backward.macs() == B * (sum(weights) + sum(weights[1:]))


def test_what_is_not_there():
    with pytest.raises(BadSpelling, match="zoo:vgg: is not in the zoo") as error:
        build("vgg")
    assert "lenet" in error.value.hint
    with pytest.raises(UnknownDim) as unknown:
        build("resnet18", dims={"S": 3})
    assert unknown.value.hint == "its dims are B, H, W, C, n"


@pytest.mark.parametrize("text", ["mlp:", "mlp:3", "mlp:3-0", "mlp:3-4,relu,tanh", "mlp:3-4,swish"])
def test_networks_in_words_that_are_none(text):
    with pytest.raises(BadSpelling):
        build(text)
