"""Forward mode against reverse mode: <g, J v> is <J' g, v>, for whole networks run as scalars."""

import numpy as np
import pytest
from oracle.values import run

from orderof.analyses.work import count
from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.ir.check import verify
from orderof.ir.graph import Role
from orderof.transform.grad import grad
from orderof.transform.push import push

CASES = {
    "mlp:3-4-2,gelu": {"B": 2},
    "mlp:3-4-4-2,sigmoid,bias=unit": {"B": 2},
    "zoo:conv": {"B": 2, "C0": 2, "C1": 2, "H": 2, "W": 2, "k": 2},
    "zoo:lstm": {"B": 2, "S": 3, "I": 2, "d": 2},
    "zoo:gru": {"B": 1, "S": 3, "I": 2, "d": 2},
    "zoo:attention": {"B": 1, "S": 3, "d": 4, "h": 2},
    "zoo:gpt2": {"B": 1, "S": 2, "d": 4, "h": 2, "L": 2, "V": 5, "P": 3},
    "zoo:lenet": {"B": 1, "H": 12, "W": 12, "C": 2},
}


def drawn(values, env, rng):
    made = []
    for v in values:
        shape = tuple(n.at(env) for n in v.shape)
        whole = v.dtype.startswith("int")
        made.append(rng.integers(0, 3, shape) if whole else rng.normal(size=shape) * 0.5)
    return made


@pytest.mark.parametrize("spelling", CASES)
def test_tangents_are_the_transpose_of_gradients(spelling):
    graph = graph_of_zoo(spelling, dims=CASES[spelling])
    env, rng = dict(graph.dims), np.random.default_rng(1)
    pushed, pulled = push(graph), grad(graph)
    verify(pushed)
    base = drawn([i.value for i in graph.inputs], env, rng)
    params = [*graph.of_role(Role.PARAM)]
    v = drawn(params, env, rng)
    seeds = pulled.inputs[len(graph.inputs) :]
    g = drawn([i.value for i in seeds], env, rng)
    n = len(graph.outputs)
    forward, done = run(pushed, [*base, *v], env)
    backward, _ = run(pulled, [*base, *g], env)
    moved = forward[n:]
    assert len(moved) == len(g)
    assert [p for p, _ in pulled.grads] == params
    one = sum(float((a * b).sum()) for a, b in zip(g, moved, strict=True))
    other = sum(float((a * b).sum()) for a, b in zip(backward[n:], v, strict=True))
    assert one == pytest.approx(other, rel=1e-9, abs=1e-12)
    counted = Counts.sum(r.counts for r in count(pushed).rows).at(**env)
    assert dict(done.ops) == {k: n for k, n in counted.items() if n and k[0] != "mac"}
