"""The update of every optimizer against what torch.optim runs on one tensor in its second step."""

import pytest

from orderof.analyses.work import count
from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.errors import BadSpelling

pytestmark = pytest.mark.framework


def executed(optimizer):
    """Record the ATen operations of the second step on one float32 tensor of 6 elements."""
    from collections import Counter

    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    p = torch.nn.Parameter(torch.ones(6))
    rule = optimizer([p])
    found = Counter()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if isinstance(args[0], torch.Tensor) and args[0].numel() == 6:
                found[func.overloadpacket.__name__, bool(kwargs)] += 1
            return func(*args, **(kwargs or {}))

    for step in range(2):
        p.grad = torch.ones(6)
        with Watch():
            rule.step()
        if step == 0:
            found.clear()
    return found


COST = {
    # operation -> kinds for each element; an alpha or value that is given is one product more
    ("mul_", False): {"mul": 1},
    ("add_", False): {"add": 1},
    ("add_", True): {"add": 1, "mul": 1},
    ("add", True): {"add": 1, "mul": 1},
    ("lerp_", False): {"add": 2, "mul": 1},
    ("addcmul_", True): {"mul": 2, "add": 1},
    ("addcdiv_", True): {"mul": 1, "div": 1, "add": 1},
    ("sqrt", False): {"sqrt": 1},
    ("div", False): {"div": 1},
    ("detach", False): {},
    ("is_nonzero", False): {},
}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("sgd", {}),
        ("sgd-momentum", {"momentum": 0.9}),
        ("sgd-nesterov", {"momentum": 0.9, "nesterov": True}),
        ("adamw", {}),
    ],
)
def test_torch_runs_the_same_operations(name, settings):
    import torch

    rule = torch.optim.AdamW if name == "adamw" else torch.optim.SGD
    found = executed(lambda ps: rule(ps, lr=1e-3, foreach=False, fused=False, **settings))
    theirs = Counts.sum(
        Counts({(kind, "float32"): n * times * 6 for kind, n in COST[op].items()})
        for op, times in found.items()
    )
    graph = graph_of_zoo("mlp:2-3,relu,bias=none", train=name)
    ours = Counts.sum(r.counts for r in count(graph).rows if r.phase == "optimizer")
    assert ours.subs(dict(graph.dims)) == theirs


def test_an_unknown_optimizer_names_the_known():
    with pytest.raises(BadSpelling, match="lbfgs") as caught:
        graph_of_zoo("mlp:2-3,relu", train="lbfgs")
    assert "adamw" in caught.value.hint
