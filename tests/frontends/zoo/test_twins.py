"""The zoo against the same models in torch, recorded: parameters, and operations of every kind."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Draw
from hypothesis import strategies as st
from zoo_sizes import SIZES
from zoo_twins import MAKERS, twin

from orderof.analyses.work import count
from orderof.counts import Counts, Kind
from orderof.frontends.torch.lower import lower
from orderof.frontends.torch.record import record
from orderof.frontends.zoo import ZOO, build
from orderof.ir.graph import Phase, Role
from orderof.transform.grad import grad

pytestmark = pytest.mark.framework
DIV, MAC = (Kind.DIV, "float32"), (Kind.MAC, "float32")
RESNETS = [name for name in MAKERS if name.startswith("resnet")]
FINAL = {"resnet18": 512, "resnet34": 512, "resnet50": 2048, "resnet101": 2048}
"""Channels before the last pooling."""


def recorded(name, sizes, *, train):
    module, args = twin(name, sizes)
    return lower(record(module, args, {}, backward=train, train=train))


def ours(name, *, train):
    graph = build(name, train=train)
    return grad(graph) if train else graph


def kinds(graph, phase, sizes, padding="full"):
    counts = Counts.sum(r.counts for r in count(graph, padding).rows if r.phase is phase)
    return {key: n for key, n in counts.at(**sizes).items() if n}


def expected(name, phase, sizes):
    """Ours minus torch's.

    Torch spreads the gradient of a mean and then divides every element; we divide first.
    """
    if phase is Phase.FORWARD or name not in FINAL:
        return {}
    places = math.ceil(sizes["H"] / 32) * math.ceil(sizes["W"] / 32)
    return {DIV: sizes["B"] * FINAL[name] * (1 - places)}


def check(name, sizes, padding="full"):
    full = {**ZOO[name].dims, **sizes}
    for train in (True, False):
        mine, theirs = ours(name, train=train), recorded(name, sizes, train=train)
        assert parameters(mine, full) == parameters(theirs, {})
        for phase in (Phase.FORWARD, Phase.BACKWARD):
            a, b = kinds(mine, phase, full, padding), kinds(theirs, phase, {}, padding)
            difference = {k: a.get(k, 0) - b.get(k, 0) for k in {*a, *b}}
            found = {k: n for k, n in difference.items() if n}
            assert found == (expected(name, phase, sizes) if b else {})


def parameters(graph, sizes):
    """Elements that are trained, frozen, buffers."""
    found = count(graph).params
    return [e.at(sizes) for e in (found.trainable, found.frozen, found.buffers)]


def fit(name, sizes):
    """Sizes that torch takes."""
    sizes = dict(sizes)
    if name in RESNETS:  # torchvision's stem is 64 wide; one place left would be divided by 1
        del sizes["n"]
        sizes["H"], sizes["W"] = 32 + sizes["H"], 32 + sizes["W"]
    if "h" in sizes:  # torch warns of an odd number of heads
        sizes["h"], sizes["d"] = 2 * sizes["h"], 2 * sizes["d"]
    return sizes


# No shrinking: a single example of a deep network takes seconds.
@settings(max_examples=3, suppress_health_check=list(HealthCheck), phases=[Draw.generate])
@pytest.mark.parametrize("name", MAKERS)
@given(data=st.data())
def test_every_kind_of_operation(name, data):
    sizes = fit(name, data.draw(SIZES[name]))
    check(name, sizes, data.draw(st.sampled_from(["full", "exact"])))


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
@pytest.mark.parametrize("sizes", [(1, 224, 224, 1000), (2, 256, 192, 1000)])
def test_resnets_on_images_of_the_usual_size(name, sizes):
    check(name, dict(zip("BHWC", sizes, strict=True)))


@pytest.mark.parametrize(("name", "macs"), [("lstm", 30_720), ("gru", 23_040)])
def test_recurrent_layers(name, macs):
    graph = recorded(name, dict(ZOO[name].dims), train=False)
    assert kinds(graph, Phase.FORWARD, {})[MAC] == macs
    check(name, dict(ZOO[name].dims))


SMALL = {"transformer": {"B": 2, "S": 5, "T": 7, "d": 8, "h": 2, "f": 12, "L": 3, "V": 11}}


@pytest.mark.parametrize("name", MAKERS)
def test_parameters_have_the_names_and_shapes_of_torch(name):
    sizes = SMALL.get(name, dict(ZOO[name].dims))
    sizes = {k: n for k, n in sizes.items() if name not in RESNETS or k != "n"}
    module, _ = twin(name, sizes)
    full = {**ZOO[name].dims, **sizes}
    found = {}
    for value in build(name).of_role(Role.PARAM):
        shape = tuple(n.at(full) for n in value.shape)
        found |= copies(value.name, shape, first=int(name in RESNETS))
    assert found == {path: tuple(p.shape) for path, p in module.named_parameters()}


def copies(path, shape, *, first):
    """Take the stack of a repeated block apart."""
    if "*" not in path:
        return {path: shape}
    trip, *rest = shape
    return {path.replace("*", str(first + i)): tuple(rest) for i in range(trip)}
