"""What rules can ask of the nodes around a node, and of how it was called."""

import pytest
import torch
from tests.conventions.cases import Does, ones
from torch import nn
from torch._higher_order_ops.scan import scan

from orderof.analyses.places import Places
from orderof.analyses.work import visits
from orderof.api import graph
from orderof.conventions.context import Context
from orderof.conventions.types import significant
from orderof.counts import Counts
from orderof.sym import ONE, Expr, const, symbol

pytestmark = pytest.mark.framework


def sites(module, *inputs, **asked):
    g = graph(module, *inputs, symbolic=(), **asked)
    places = Places(g)
    return [places.site(node, Counts()) for node in g.nodes]


def functions(function, *inputs):
    found = sites(Does(lambda _, *inputs: function(*inputs)), *inputs)
    return [s.node.origin.function for s in found]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x, y: x + y, "Tensor.__add__"),
        (lambda x, y: x.add(y), "Tensor.add"),
        (torch.add, "torch.add"),
        (lambda x, y: sum([x, y]), "Tensor.__add__"),
        (lambda x, y: x @ y, "Tensor.__matmul__"),
        (lambda x, y: x.matmul(y), "Tensor.matmul"),
        (lambda x, y: x.add(y) * 2, "Tensor.__mul__"),
    ],
)
def test_an_operator_is_no_call(function, name):
    assert functions(function, ones(3, 3), ones(3, 3))[-1] == name


def test_what_matters_of_the_arguments():
    resize = nn.functional.interpolate
    x = ones(1, 2, 4, 4)
    assert set(functions(lambda x: resize(x, (3, 3)), x)) == {"F.interpolate(size)"}
    assert set(functions(lambda x: resize(x, 3), x)) == {"F.interpolate(int)"}
    assert set(functions(lambda x: resize(x, scale_factor=2), x)) == {"F.interpolate"}
    (conv, *_) = sites(nn.Conv2d(2, 2, 3, padding="same"), x)
    assert conv.node.origin.function == "torch.conv2d(same)"


def test_an_operand_as_it_was_given():
    found = sites(Does(lambda _, x, y: torch.matmul(x, y)), ones(3, 4), ones(2, 4, 5))
    (product,) = [s for s in found if s.node.op == "matmul"]
    assert [product[n] for n in ("x0", "g0", "x0_rank", "g0_rank")] == [2 * 3 * 4, 3 * 4, 3, 2]


def test_the_node_before():
    conv, *_, add = sites(nn.Conv2d(4, 8, 3, stride=2), ones(1, 4, 9, 9))
    assert [add[n] for n in ("of_x1", "of_stride_1", "xn", "of1_stride")] == [8 * 4 * 9, 2, 8, 0]
    assert (conv["of_x1"], conv["depth"]) == (0, 0)


def test_what_is_trained():
    class Adds(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(ones(3))

        def forward(self, x):
            return x + 2 * self.weight

    for asked, trained in (({}, 0), ({"train": "sgd"}, 1)):
        (add,) = [s for s in sites(Adds(), ones(3), **asked) if s.node.op == "add"]
        assert (add["x0_trained"], add["x1_trained"], add["trained"]) == (0, 1, trained)


def test_how_a_module_begins():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
    begins = Context(graph(layer, ones(2, 3, 8))).openings
    assert begins[""].startswith("F.layer_norm Tensor.transpose F.linear ")
    assert begins["self_attn"].startswith("Tensor.transpose F.linear ")
    assert len(begins[""].split()) == 5
    (first, *_) = [s for s in sites(layer, ones(2, 3, 8)) if s.node.scope == "linear1"]
    assert first.holds("opens_1", begins[""])
    assert first.holds("opens_1", "F.layer_norm Tensor.transpose*")
    assert not first.holds("opens", begins[""])


def test_what_leads_to_a_result_is_live():
    class Writes(nn.Module):
        def forward(self, x):
            dead, y = x.exp(), x.sin()
            y[0] = x[1].cos()  # through a view
            return y if dead is not None else dead

    found = {s.node.op: s["live"] for s in sites(Writes(), ones(2, 3))}
    assert (found["exp"], found["sin"], found["cos"]) == (0, 1, 1)


def test_whether_a_module_attends_with_a_mask():
    heads = nn.MultiheadAttention(8, 2)

    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads = heads

        def forward(self, x, mask=None):
            return self.heads(x, x, x, attn_mask=mask, need_weights=False)[0]

    for given, found in (((), 0), ((ones(5, 5),), 1)):
        projections = [s for s in sites(Attends(), ones(5, 2, 8), *given) if "matmul" in s.node.op]
        assert [s["masks"] for s in projections] == [found] * len(projections)


def test_digits_of_a_formula():
    n = symbol("n")
    rounded = significant(2 * n + 1, 4)
    for size in (3, 4999, 5000, 617283, 10**9):
        assert rounded.at({"n": size}) == int(float(f"{2 * size + 1:.3e}"))


class Doubles(nn.Module):
    """Scans over steps, in each of which it doubles."""

    def forward(self, x, steps):
        return scan(lambda c, a: (c + c, a.clone()), x, steps)[0]


def written(g):
    """How often sums are written and how often they run."""
    times = Context(g).written
    return {(times[node], runs) for node, runs in visits(g) if node.op == "add"}


def test_how_often_a_node_is_written():
    x, steps = ones(4, 8), ones(10, 1)
    assert written(graph(Doubles(), x, steps, symbolic=())) == {(ONE, const(10))}
    blocks = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(6)))
    g = graph(blocks, ones(3, 4), symbolic=())
    found = Context(g).written
    assert Expr.sum(found[n] for n, _ in visits(g) if n.op == "relu") == const(6)
