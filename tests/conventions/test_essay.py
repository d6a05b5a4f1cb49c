"""The essay's convention is the essay's own sums, as `derivation.essay` writes them down."""

import pytest

from orderof.analyses.compare import account
from orderof.analyses.derivation.essay import contrasts, matrices
from orderof.api import graph
from orderof.conventions import convention
from orderof.sym import symbol, symbols

NETWORKS = [
    "mlp:3-4-5-2,sigmoid",
    "mlp:3-4-5-2,sigmoid,bias=unit",
    "mlp:3-4-5-2,relu,bias=none",
    "mlp:784-300-10",
]


@pytest.mark.parametrize("spelling", NETWORKS)
def test_it_counts_what_the_essay_writes(spelling):
    network = graph(spelling)
    theirs = {c.what: c.essay for c in contrasts(matrices(network), symbol("B"))}
    found = account(network, convention("essay"))
    assert found.total == theirs["multiplications forward"] + theirs["activations evaluated"]


def test_three_layers_by_hand():
    n0, n1, n2, n3 = symbols("n0 n1 n2 n3")
    found = account(graph("mlp:3-4-5-2,sigmoid"), convention("essay"))
    assert found.total == n1 * n0 + n2 * n1 * n0 + n3 * n2 * n1 + n1 + n2 + n3
