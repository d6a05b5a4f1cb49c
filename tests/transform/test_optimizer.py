"""The update of every optimizer against what torch.optim runs on one tensor after some steps."""

import pytest

from orderof.analyses.work import count
from orderof.api import graph_of_zoo
from orderof.counts import Counts
from orderof.errors import BadSpelling
from orderof.transform.optimizer import OPTIMIZERS

pytestmark = pytest.mark.framework


def executed(optimizer, steps=2):
    """Record the ATen operations of the last step on one float32 tensor of 6 elements."""
    from collections import Counter

    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    p = torch.nn.Parameter(torch.ones(6))
    rule = optimizer([p])
    found = Counter()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if isinstance(args[0], torch.Tensor) and args[0].numel() == 6:
                number = kwargs and kwargs.get("alpha", kwargs.get("value", 1)) != 1
                found[func.overloadpacket.__name__, bool(number)] += 1
            return func(*args, **(kwargs or {}))

    for _ in range(steps):
        p.grad = torch.ones(6)
        found.clear()
        with Watch():
            rule.step()
    return found


COST = {
    # operation -> kinds for each element; an alpha or value other than 1 is one product more
    ("mul_", False): {"mul": 1},
    ("mul", False): {"mul": 1},
    ("add_", False): {"add": 1},
    ("add", False): {"add": 1},
    ("add_", True): {"add": 1, "mul": 1},
    ("add", True): {"add": 1, "mul": 1},
    ("lerp_", False): {"add": 2, "mul": 1},
    ("addcmul_", False): {"mul": 1, "add": 1},
    ("addcmul_", True): {"mul": 2, "add": 1},
    ("addcdiv_", False): {"div": 1, "add": 1},
    ("addcdiv_", True): {"mul": 1, "div": 1, "add": 1},
    ("sqrt", False): {"sqrt": 1},
    ("sqrt_", False): {"sqrt": 1},
    ("div", False): {"div": 1},
    ("div_", False): {"div": 1},
    ("reciprocal", False): {"div": 1},
    ("abs", False): {"abs": 1},
    ("maximum", False): {"max": 1},
    ("sign", False): {"cmp": 2, "select": 2},
    ("gt", False): {"cmp": 1},
    ("lt", False): {"cmp": 1},
    ("eq", False): {"cmp": 1},
    ("index_put_", False): {"select": 1},
    ("clamp_", False): {"max": 2},
    ("clone", False): {},
    ("copy_", False): {},
    ("detach", False): {},
    ("is_nonzero", False): {},
}
RULES = {
    "sgd": ("SGD", {}),
    "sgd-momentum": ("SGD", {"momentum": 0.9}),
    "sgd-nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
    "nadam": ("NAdam", {}),
    "radam": ("RAdam", {}),
    "adamax": ("Adamax", {}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop-momentum": ("RMSprop", {"momentum": 0.9}),
    "rprop": ("Rprop", {}),
}


@pytest.mark.parametrize("name", RULES)
def test_torch_runs_the_same_operations(name):
    import torch

    cls, settings = RULES[name]
    made = {"foreach": False, **settings}
    found = executed(lambda ps: getattr(torch.optim, cls)(ps, **made), 100 if cls == "RAdam" else 2)
    theirs = Counts.sum(
        Counts({(kind, "float32"): n * times * 6 for kind, n in COST[op].items()})
        for op, times in found.items()
    )
    graph = graph_of_zoo("mlp:2-3,relu,bias=none", train=name)
    ours = Counts.sum(r.counts for r in count(graph).rows if r.phase == "optimizer")
    assert ours.subs(dict(graph.dims)) == theirs


def test_every_optimizer_is_compared():
    """Lion is not in torch, and Muon is held to its products below."""
    assert {*OPTIMIZERS} - RULES.keys() == {"lion", "muon"}


@pytest.mark.parametrize(("rows", "columns"), [(20, 30), (30, 20)])
def test_muon_multiplies_matrices(rows, columns):
    """Five times X X^T, A A and (A) X, the short side first; what is no matrix goes by AdamW."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    w = torch.nn.Parameter(torch.randn(rows, columns))
    rule = torch.optim.Muon([w])
    w.grad = torch.randn(rows, columns)
    with FlopCounterMode(display=False) as counter:
        rule.step()
    graph = graph_of_zoo(f"mlp:{columns}-{rows},relu", train="muon")
    counts = [r for r in count(graph).rows if r.phase == "optimizer"]
    macs = Counts.sum(r.counts for r in counts).macs().at(dict(graph.dims))
    assert macs == counter.get_total_flops() // 2 == 5 * (2 * 20 * 20 * 30 + 20**3)
    assert {r.op for r in counts} == {"muon", "adamw"}
    assert "adamw all other parameters" in graph.notes[-1]


def test_muon_with_letters_takes_the_shorter_side():
    graph = graph_of_zoo("mlp", train="muon")
    found = Counts.sum(r.counts for r in count(graph).rows if r.op == "muon").macs()
    assert "min(" in str(found)
    assert found.at(dict(graph.dims)) > 0


def test_an_unknown_optimizer_names_the_known():
    with pytest.raises(BadSpelling, match="lbfgs") as caught:
        graph_of_zoo("mlp:2-3,relu", train="lbfgs")
    assert "adamw" in caught.value.hint
