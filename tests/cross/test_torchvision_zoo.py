"""The zoo's image networks and torchvision's are the same: every float kind, every phase."""

import pytest
from tests.cross.against import agree, floats, same_tree

from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.ir.graph import Phase
from orderof.transform.optimizer import optimize, optimizer

pytestmark = pytest.mark.framework

# The sizes leave as many places as the adaptive pooling makes, or a multiple of them, which the
# recorder asks for; squeezenet1_0 averages over all places, whatever their number.
SIZES = {
    "alexnet": [(1, 224, 224, 1000), (2, 230, 254, 10), (3, 415, 224, 7)],
    "vgg16": [(1, 224, 224, 1000), (2, 255, 230, 10), (1, 224, 448, 7)],
    "squeezenet1_0": [(1, 224, 224, 1000), (2, 101, 64, 10), (1, 60, 223, 7)],
}
ROWS = [(name, dict(zip("BHWC", sizes, strict=True))) for name in SIZES for sizes in SIZES[name]]
every = pytest.mark.parametrize(("name", "sizes"), ROWS)


def case(name, B, H, W, C):
    import torch

    from orderof.frontends.torch.build import load

    load("torchvision:alexnet")  # makes torchvision importable beside any build of torch
    from torchvision import models

    with torch.device("meta"):
        return getattr(models, name)(num_classes=C), (torch.empty(B, 3, H, W),), {}


@every
def test_every_float_kind(name, sizes):
    agree(name, sizes, case(name, **sizes), but=spread if name == "squeezenet1_0" else None)


def spread(_, sizes):
    """Ours minus torch's: it spreads the gradient of a mean over its places, then divides each."""
    h, w = ((sizes[k] + 11) // 16 - 1 for k in "HW")
    return Counts.of("div", "float32", sizes["B"] * sizes["C"] * (1 - h * w))


@every
def test_one_step_of_sgd(name, sizes):
    from orderof.frontends.torch.lower import lower
    from orderof.frontends.torch.record import record

    module, args, kwargs = case(name, **sizes)
    theirs = lower(record(module, args, kwargs, backward=True, train=True))
    theirs = optimize(theirs, optimizer("sgd"))
    ours = graph_of_zoo(f"zoo:{name}", train="sgd")
    found = floats(ours, Phase.OPTIMIZER, sizes)
    assert found == floats(theirs, Phase.OPTIMIZER, {})
    assert found.ops() == 2 * sum(p.numel() for p in module.parameters())  # p + -lr * g


@pytest.mark.parametrize("name", SIZES)
def test_the_tree(name):
    sizes = dict(zip("BHWC", SIZES[name][1], strict=True))
    same_tree(name, sizes, case(name, **sizes), lambda path: path)


@pytest.mark.parametrize("name", SIZES)
def test_parameters_have_the_names_and_shapes_of_torchvision(name):
    module, _, _ = case(name, 1, 224, 224, 1000)
    graph = graph_of_zoo(f"zoo:{name}", train="sgd")
    found = {p.name: tuple(n.at(dict(graph.dims)) for n in p.shape) for p, _ in graph.grads}
    assert found == {path: tuple(p.shape) for path, p in module.named_parameters()}
