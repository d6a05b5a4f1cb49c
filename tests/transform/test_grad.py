"""Reverse mode by value and by execution: whole networks run in the scalar interpreter."""

import numpy as np
import pytest
from oracle.values import run

from orderof.analyses.work import count
from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.ir.graph import Role

TINY = {"B": 2, "S": 3, "d": 4, "h": 2, "L": 2, "V": 5, "P": 4}


def arrays(graph, env, *, seed=0, tokens=5):
    """Draw an array for every input of a graph; integers below `tokens`."""
    rng = np.random.default_rng(seed)
    drawn = []
    for item in graph.inputs:
        shape = tuple(n.at(env) for n in item.value.shape)
        if item.value.dtype.startswith("int"):
            drawn.append(rng.integers(0, tokens, shape))
        elif item.role in (Role.BUFFER, Role.STATE):
            drawn.append(rng.uniform(0.5, 1.0, shape))
        else:
            drawn.append(rng.normal(size=shape) * 0.5)
    return drawn


def total(graph, phase=None):
    rows = count(graph).rows
    return Counts.sum(r.counts for r in rows if phase is None or r.phase == phase)


@pytest.mark.parametrize(
    ("spelling", "dims"),
    [
        ("zoo:gpt2", TINY),
        ("mlp:3-4-2,gelu", {"B": 2}),
        ("mlp:3-4-4-2,sigmoid,bias=unit", {"B": 2}),
    ],
)
@pytest.mark.parametrize("loss", [None, "cross_entropy"])
def test_executed_operations_are_those_counted(spelling, dims, loss):
    """Every scalar operation of forward, backward and update, executed and counted."""
    graph = graph_of_zoo(spelling, train="adamw", mode="eval", dims=dims, loss=loss)
    env = dict(graph.dims)
    outputs = min(env.get("V", 2), 2)
    _, done = run(graph, arrays(graph, env, tokens=outputs), env)
    counted = {k: n for k, n in total(graph).at(**env).items() if k[0] != "mac"}
    assert dict(done.ops) == {k: n for k, n in counted.items() if n}
    assert done.macs == total(graph).macs().at(env)


@pytest.mark.framework
def test_gradients_of_gpt2_are_those_of_torch(torch_gpt2):
    """The gradient of every parameter, with the weights of a torch model put into the zoo's."""
    module, torch = torch_gpt2
    graph = graph_of_zoo("zoo:gpt2", train="adamw", mode="eval", dims=TINY)
    env = dict(graph.dims)
    drawn = arrays(graph, env)
    named = {i.value.name: k for k, i in enumerate(graph.inputs)}
    weights = dict(module.named_parameters())
    for name in [i.value.name for i in graph.inputs if i.role is Role.PARAM]:
        drawn[named[name]] = stacked(weights, name).detach().numpy()
    outputs, _ = run(graph, drawn, env)
    tokens, seed = (torch.tensor(drawn[named[n]]) for n in ("tokens", "grad.out"))
    logits = module(input_ids=tokens, use_cache=False).logits
    logits.backward(seed)
    np.testing.assert_allclose(outputs[0], logits.detach().numpy(), atol=1e-9)
    for (param, _), found in zip(graph.grads, outputs[1:], strict=False):
        want = stacked({k: p.grad for k, p in weights.items()}, param.name).numpy()
        np.testing.assert_allclose(found, want, atol=1e-9, err_msg=param.name)


def stacked(weights, name):
    """Find the parameter of a name of the zoo, whose `h.*` is a stack over the layers."""
    import torch

    if "*" not in name:
        return weights[f"transformer.{name}"]
    one = [weights[f"transformer.{name.replace('*', str(i))}"] for i in range(TINY["L"])]
    return torch.stack(one)


@pytest.fixture
def torch_gpt2():
    torch = pytest.importorskip("torch")
    from orderof.frontends.torch.build import load

    load("torchvision:alexnet")
    import transformers

    config = transformers.GPT2Config(
        n_layer=TINY["L"],
        n_embd=TINY["d"],
        n_head=TINY["h"],
        n_positions=TINY["P"],
        vocab_size=TINY["V"],
        bos_token_id=1,
        eos_token_id=1,
    )
    torch.manual_seed(3)
    module = transformers.GPT2LMHeadModel(config).double().eval()
    for p in module.parameters():  # also where torch starts from 0 or 1
        p.data.normal_(std=0.5)
    return module, torch


def test_first_layer_has_no_input_gradient():
    graph = graph_of_zoo("mlp:784-300-10,relu", train="sgd")
    backward = total(graph, "backward").macs()
    # Weight gradients of both layers, the input gradient of the second only.
    assert backward.at(dict(graph.dims)) == 784 * 300 + 300 * 10 + 300 * 10


def test_a_tied_weight_receives_one_sum():
    graph = graph_of_zoo("zoo:gpt2", train="sgd")
    names = [p.name for p, _ in graph.grads]
    assert names.count("wte.weight") == 1
    adds = [n for n in graph.nodes if n.op == "add" and n.phase == "backward"]
    shapes = [[str(d) for d in n.results[0].shape] for n in adds]
    assert shapes.count(["V", "d"]) == 1  # embedding and head
