"""Counting at some sizes is counting in letters, evaluated."""

import pickle

import pytest

from orderof.analyses.work import counted, counted_at
from orderof.api import graph
from orderof.ir.forms import Nest
from orderof.ir.graph import Graph

MODELS = {
    "zoo:gpt2": {"B": 2, "S": 7},
    "zoo:lstm": {"B": 3, "S": 5},
    "zoo:resnet18": {"B": 2, "H": 64, "W": 96},
}


def evaluated(g: Graph, sizes):
    """Every row that counts something."""
    rows = {(r.scope, r.phase, r.op): r.counts.at(**sizes) for r in counted(g)[0]}
    rows = {place: {k: n for k, n in row.items() if n} for place, row in rows.items()}
    return {place: row for place, row in rows.items() if row}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("train", [None, "sgd"])
def test_counts_at_sizes(name, train):
    """Loops multiply, and rows that are zero are left out of both."""
    g = graph(name, train=train)
    sizes = {**dict(g.dims), **MODELS[name]}
    found = counted_at(g, sizes)
    assert found == evaluated(g, sizes)
    assert found


def test_a_form_that_travels_keeps_its_hash():
    """A hash of texts holds in one process only, so it is taken again."""
    node = next(n for n in graph("zoo:mlp").nodes if isinstance(n.form, Nest))
    copy = pickle.loads(pickle.dumps(node.form))
    assert (copy, hash(copy)) == (node.form, hash(node.form))
    kind = pickle.loads(pickle.dumps(node.results[0].type))
    assert (kind, hash(kind)) == (node.results[0].type, hash(node.results[0].type))
