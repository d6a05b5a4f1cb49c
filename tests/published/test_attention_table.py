"""Table 1 of Vaswani et al. 2017 ("Attention Is All You Need", arXiv:1706.03762), from graphs.

    layer                        complexity per layer   sequential operations   maximum path length
    self-attention               O(n^2 d)               O(1)                    O(1)
    recurrent                    O(n d^2)               O(n)                    O(n)
    convolutional                O(k n d^2)             O(1)                    O(log_k(n))
    self-attention (restricted)  O(r n d)               O(1)                    O(n/r)

The path of the convolutional row is that of dilated convolutions; section 4 gives O(n/k) for
contiguous kernels. Nothing of it is typed here but the expected column: complexity is the order of
the counted multiply-adds, sequential operations the longest chain of operators, and the path what
`analyses.reach` follows.
"""

from pathlib import Path

import pytest
from tests.published.layers_of_table_1 import (
    convolutional,
    dilated,
    recurrent,
    restricted,
    self_attention,
)
from tests.published.printed import rows_of
from tests.sym.verifier import check

from orderof.analyses.reach import path_length, reach
from orderof.analyses.span import longest, steps
from orderof.analyses.work import count
from orderof.counts import Counts
from orderof.sym import parse
from orderof.sym.growth import order

TABLE = {
    "self-attention": (self_attention, "n**2*d", "1", "1"),
    "recurrent": (recurrent, "n*d**2", "n", "n"),
    "convolutional": (convolutional, "k*n*d**2", "1", "n/k"),
    "self-attention (restricted)": (restricted, "r*n*d", "1", "n/r"),
}


def work(graph):
    """Multiply-adds of a graph."""
    return Counts.sum(row.counts for row in count(graph).rows).macs()


@pytest.mark.parametrize("name", TABLE)
def test_complexity_per_layer(name):
    build, complexity, _, _ = TABLE[name]
    found = order(work(build()))
    assert found.tight
    assert found.expr == parse(complexity)
    check(found.certificate)


@pytest.mark.parametrize("name", TABLE)
def test_sequential_operations(name):
    build, _, sequential, _ = TABLE[name]
    chain, exact = longest(build().nodes, steps, {})
    found = order(chain)
    assert exact
    assert found.tight
    assert found.expr == parse(sequential)


@pytest.mark.parametrize("name", TABLE)
def test_maximum_path_length(name):
    """ceildiv(n - 1, k - 1) layers of k taps: between n/k and 2*n/k for k >= 2 and n >= 2."""
    build, _, _, path = TABLE[name]
    found, stated = path_length(build(), "n"), parse(path)
    if not {"k", "r"} & stated.symbols():
        assert order(found).expr == stated
        return
    (taps,) = {"k", "r"} & stated.symbols()
    for n in range(2, 60):
        for k in range(2, n):
            layers = found.at({"n": n, taps: k})
            assert n - k <= k * layers
            assert (k - 1) * layers <= n + k - 3  # as ceildiv(a, b) * b <= a + b - 1


@pytest.mark.parametrize("k", [2, 3, 4])
def test_dilated_convolutions_need_a_logarithm_of_layers(k):
    """The least number of layers that sees n positions is the logarithm of n, rounded up."""
    widths = [reach(dilated(layers, k), "n").width.at({}) for layers in range(1, 7)]
    assert widths == [k**layers - 1 for layers in range(1, 7)]
    for n in range(2, k**6 + 1, max(1, k**6 // 500)):
        layers = next(i for i, width in enumerate(widths, 1) if width >= n - 1)
        assert k ** (layers - 1) < n <= k**layers  # layers = ceil(log_k n)


def test_the_rows_of_table_1_are_those_of_the_reference(reference):
    quantities = ("complexity_per_layer", "sequential_operations", "maximum_path_length")
    found = {}
    for row in rows_of(reference, "arXiv:1706.03762", "Table 1"):
        order_of = row["value"].removeprefix("O(").removesuffix(")")
        found[row["model"].lower(), row["quantity"]] = order_of.replace("^", "**")
    assert found.pop(("convolutional", "maximum_path_length")) == "log_k(n)"
    assert len(found) == 3 * len(TABLE) - 1
    for (name, quantity), order_of in found.items():
        assert parse(order_of) == parse(TABLE[name][1 + quantities.index(quantity)])


def test_the_page_has_the_table_as_it_is_derived():
    page = (Path(__file__).parents[2] / "docs" / "parallelism.md").read_text("utf-8")
    for name, (build, *_) in TABLE.items():
        graph = build()
        sequential = order(longest(graph.nodes, steps, {})[0])
        cells = order(work(graph)), sequential, path_length(graph, "n")
        assert f"| {name} | {' | '.join(map(str, cells))} | " in page


# ------------------------------------------------------------------------------- torch modules


@pytest.mark.framework
def test_the_same_from_torch():
    torch = pytest.importorskip("torch")
    from orderof import analyze
    from orderof.api import graph

    nn = torch.nn

    class Attention(nn.Module):
        def forward(self, q, k, v):
            return nn.functional.scaled_dot_product_attention(q, k, v)

    d = 8
    rows = {
        "self-attention": (Attention(), [torch.empty(1, 1, 5, d)] * 3, (None, None, "n", None)),
        "recurrent": (nn.RNN(d, d, batch_first=True), [torch.empty(1, 5, d)], (None, "n", None)),
        "convolutional": (nn.Conv1d(d, d, 3, padding=1), [torch.empty(1, d, 5)], (None, None, "n")),
    }
    power = {"self-attention": 2, "recurrent": 1, "convolutional": 1}
    for name, (module, inputs, axes) in rows.items():
        dims = {"qkv"[i]: axes for i in range(3)} if len(inputs) > 1 else {"input": axes}
        result = analyze(module, *inputs, dims=dims)
        assert order(result.forward.macs.expr, ("n",)).expr == parse(f"n**{power[name]}"), name
        found = graph(module, *inputs, dims=dims)
        chain, _ = longest(found.nodes, steps, {})
        assert order(chain, ("n",)).expr == parse(TABLE[name][2]), name
        length = path_length(found, "n")
        expected = {"self-attention": "1", "recurrent": "n", "convolutional": "ceildiv(n - 1, 2)"}
        assert length == parse(expected[name]), name
