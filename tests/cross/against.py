"""A model of the zoo against the recorded one: operations, parameters, modules, values."""

import functools
from collections import defaultdict

import numpy as np
from oracle.values import run

from orderof.analyses.work import count, visits
from orderof.api import graph_of_zoo
from orderof.counts import Counts, is_float
from orderof.frontends.zoo import build
from orderof.ir.graph import Phase, Role
from orderof.transform.grad import grad
from orderof.transform.optimizer import optimize, optimizer

PHASES = (Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER)


@functools.cache
def hub():
    """Import transformers, which looks for torchvision; `load` makes that importable."""
    from orderof.frontends.torch.build import load

    load("torchvision:alexnet")
    import transformers

    return transformers


def recorded(case, *, train=True):
    from orderof.frontends.torch.lower import lower
    from orderof.frontends.torch.record import record

    module, args, kwargs = case
    graph = lower(record(module, args, kwargs, backward=train, train=train))
    return optimize(graph, optimizer("adamw")) if train else graph


def counts(graph, phase, sizes):
    return Counts.sum(r.counts for r in count(graph).rows if r.phase is phase).subs(sizes)


def floats(graph, phase, sizes):
    return _floats(counts(graph, phase, sizes))


def _floats(found):
    return found.filter_by(lambda _, dtype: is_float(dtype))


def integers(graph, phase, sizes):
    """Count what is not float: positions, masks."""
    return counts(graph, phase, sizes) - floats(graph, phase, sizes)


def parameters(graph, sizes):
    """Elements that are trained, frozen, buffers."""
    found = count(graph).params
    return [e.at(sizes) for e in (found.trainable, found.frozen, found.buffers)]


def predicted(zoo, sizes):
    """Our backward pass minus autograd's: what each named reason says of our nodes."""
    from orderof.frontends.torch.agreement import REASONS

    nodes = [(n, times) for n, times in visits(zoo) if n.phase is Phase.BACKWARD]
    each = ((reason([n]), times) for n, times in nodes for reason in REASONS.values())
    return Counts.dot(each).subs(sizes)


def agree(name, sizes, case, *, but=None):
    """Check every float kind of every phase, in training and in evaluation, and all parameters.

    `but` is (our graph, sizes) -> our backward pass minus theirs, where that is not nothing.
    """
    ours, theirs = graph_of_zoo(f"zoo:{name}", train="adamw"), recorded(case)
    more = {Phase.BACKWARD: but(ours, sizes)} if but else {}
    for phase in PHASES:
        found = floats(ours, phase, sizes) - more.get(phase, Counts())
        assert found == floats(theirs, phase, {}), (sizes, phase)
    assert parameters(ours, sizes) == parameters(theirs, {})
    ours, theirs = graph_of_zoo(f"zoo:{name}"), recorded(case, train=False)
    assert floats(ours, Phase.FORWARD, sizes) == floats(theirs, Phase.FORWARD, {}), sizes


def same_tree(name, sizes, case, place):
    """Check the classes of modules, the forward operations of each, its multiply-adds backward.

    `place` gives one path to all copies of a block, and to modules that are not told apart. Of the
    backward pass no more is compared: where gradients meet, autograd adds them up in the module
    that the last one comes from, and we in the module that they go to.
    """
    ours, theirs = graph_of_zoo(f"zoo:{name}", train="adamw"), recorded(case)
    a, b = (_by_module(g, Phase.FORWARD, sizes, place) for g in (ours, theirs))
    assert a == b
    a, b = (_by_module(g, Phase.BACKWARD, sizes, place) for g in (ours, theirs))
    assert _macs(a) == _macs(b)
    a, b = ({place(p): kind for p, kind, _ in reversed(g.modules)} for g in (ours, theirs))
    assert a == {p: b.get(p) for p in a}


def _by_module(graph, phase, sizes, place):
    parts = defaultdict(list)
    for row in count(graph).rows:
        if row.phase is phase and (found := _floats(row.counts)):
            parts[place(row.scope)].append(found)
    return {path: Counts.sum(each).subs(sizes) for path, each in parts.items()}


def _macs(modules):
    return {path: n for path, found in modules.items() if (n := found.macs())}


def same_values(name, sizes, module, *inputs, inside="", atol=1e-9):
    """Run the zoo's graph on random weights: its outputs and its gradients are the module's.

    `inside` stands before the names of parameters in the module, and not in the zoo.
    """
    import torch

    module = module.double().eval()
    for p in module.parameters():
        p.data.uniform_(-0.7, 0.7)
    parameters = {path.removeprefix(inside): p for path, p in module.named_parameters()}
    state, given = {**parameters, **dict(module.named_buffers())}, iter(inputs)
    graph = grad(build(name, dims=sizes))
    arrays = []
    for i in graph.inputs:
        if i.role is not Role.INPUT:
            arrays.append(_stacked(state, i.value.name, sizes))
        elif i.value.name.startswith("grad."):
            arrays.append(np.ones([n.at(sizes) for n in i.value.shape]))
        else:
            arrays.append(next(given).numpy())
    found, _ = run(graph, arrays, sizes)
    outputs = module(*inputs)
    outputs = outputs.values() if isinstance(outputs, dict) else [outputs]
    outputs = [o for o in outputs if isinstance(o, torch.Tensor)]
    torch.autograd.backward(outputs, [torch.ones_like(o) for o in outputs])
    grads = {path: p.grad for path, p in parameters.items()}
    want = [o.detach().numpy() for o in outputs]
    want += [_stacked(grads, p.name, sizes) for p, _ in graph.grads]
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a, b, atol=atol)


def _stacked(state, path, sizes):
    """Give a tensor, or those of all copies of a block as the zoo has them."""
    copies = [state[path.replace("*", str(i))] for i in range(sizes["L"] if "*" in path else 1)]
    arrays = [c.detach().numpy() for c in copies]
    return np.stack(arrays) if "*" in path else arrays[0]
