"""Derivations, run: what they compute is what torch computes, and they count what they do."""

import random

import pytest
from tests.analyses.derivation.program import Program, flat, tensor

from orderof import derive

SIZES = {
    "zoo:mlp": {"B": 2, "n0": 3, "n1": 4, "n2": 3, "n3": 2},
    "mlp:2-3-2,sigmoid,bias=unit": {"B": 2, "n0": 2, "n1": 3, "n2": 2},
    "zoo:conv": {"B": 2, "C0": 2, "C1": 3, "H": 3, "W": 2, "k": 2},
    "zoo:lstm": {"B": 2, "S": 3, "I": 2, "d": 2},
    "zoo:gru": {"B": 1, "S": 3, "I": 2, "d": 2},
    "zoo:attention": {"B": 2, "S": 3, "d": 4, "h": 2},
}
TWINS = ["zoo:mlp", "zoo:conv", "zoo:lstm", "zoo:gru", "zoo:attention"]


def given(derivation, sizes, seed=0):
    draw = random.Random(seed)
    made = {}
    for g in derivation.given:
        shape = [n.at(sizes) for n in g.shape]
        count = 1
        for n in shape:
            count *= n
        made[g.symbol] = tensor(shape, [draw.uniform(-1, 1) for _ in range(count)])
    return made


@pytest.mark.parametrize("model", SIZES)
def test_a_derivation_counts_what_its_equations_do(model):
    sizes = SIZES[model]
    derivation = derive(model, train="sgd").derivation
    program = Program(sizes, given(derivation, sizes)).run(derivation)
    kinds = {}
    for chapter in derivation.chapters:
        for kind, n in chapter.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + n.at(sizes)
    assert {k: n for k, n in program.tally.items() if n} == {k: n for k, n in kinds.items() if n}


@pytest.mark.framework
@pytest.mark.parametrize("model", TWINS)
def test_a_derivation_computes_what_torch_computes(model):
    import torch
    from tests.frontends.zoo.zoo_twins import MAKERS

    sizes = SIZES[model]
    derivation = derive(model, train="sgd").derivation
    start = given(derivation, sizes)
    program = Program(sizes, {**start}).run(derivation)
    module, _ = MAKERS[model.removeprefix("zoo:")](**sizes)
    module = module.double()
    symbols = {g.what: g.symbol for g in derivation.given if g.role == "param"}
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.copy_(torch.tensor(flat(start[symbols[name]]), dtype=p.dtype).view(p.shape))
    x = start["x"]
    found = module(told(x))
    outputs = [found] if isinstance(found, torch.Tensor) else _flat(found)
    seeds = [start[g.symbol] for g in derivation.given if g.what == "grad.out"]
    gs = list(map(told, seeds))
    assert len(outputs) == len(gs)
    torch.autograd.backward(outputs, gs)
    for name, p in module.named_parameters():
        mine = told(program.values[f"g_{symbols[name]}"]).view(p.shape)
        assert torch.allclose(mine, p.grad, atol=1e-10), name
        new = told(program.values[f"{symbols[name]}_new"]).view(p.shape)
        assert torch.allclose(new, p - 1e-3 * p.grad, atol=1e-10), name


def told(t):
    import torch

    return torch.tensor(flat(t), dtype=torch.float64).view(t.shape)


def _flat(found):
    return [t for part in found for t in (_flat(part) if isinstance(part, tuple) else [part])]
