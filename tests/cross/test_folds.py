"""Equal blocks are recorded once and counted often: as many as when each is recorded."""

import re

import numpy as np
import pytest
import torch
from models import language_model, plain
from oracle.values import run
from torch import nn

from orderof.analyses.work import count
from orderof.counts import Counts
from orderof.frontends.torch import graph_of
from orderof.frontends.torch.folds import Watched, runs
from orderof.ir.check import verify
from orderof.ir.graph import Phase

pytestmark = pytest.mark.framework


class Residual(nn.Module):
    def __init__(self, i=0, width=4):
        super().__init__()
        self.i = i
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x, scale=1.0, mask=None):
        y = self.down(torch.relu(self.up(x))) * scale
        return x + (y if mask is None else y * mask)


class Stack(nn.Module):
    """Blocks one after the other, behind a layer that needs its gradient."""

    def __init__(self, blocks, step=lambda block, x, i: block(x)):
        super().__init__()
        self.front, self.blocks, self.step = nn.Linear(3, 4), nn.ModuleList(blocks), step
        self.back = nn.Linear(4, 2)

    def forward(self, x):
        x = self.front(x)
        for i, block in enumerate(self.blocks):
            x = self.step(block, x, i)
        return self.back(x)


def blocks(n=6, kind=Residual):
    return [kind(i) for i in range(n)]


def totals(graph):
    found = {}
    for row in count(graph).rows:
        found.setdefault(row.phase, []).append(row.counts)
    return {phase: Counts.sum(parts) for phase, parts in found.items()}


def loops(graph):
    return [n for n in graph.nodes if n.op == "loop" and n.form.label == "layers"]


def both(module, *inputs, train="adamw", **kwargs):
    """The graph with folding, held equal to the one without; and the latter."""
    how = {"train": train, "mode": "train" if train else "eval"}
    folded = graph_of(module, inputs, kwargs, **how)
    flat = graph_of(module, inputs, kwargs, **how, fold=False)
    verify(folded)
    assert totals(folded) == totals(flat)
    ours, theirs = count(folded).params, count(flat).params
    assert (ours.trainable, ours.frozen, ours.buffers) == (
        theirs.trainable, theirs.frozen, theirs.buffers,
    )  # fmt: skip
    assert not loops(flat)
    return folded, flat


@pytest.mark.parametrize("train", [None, "adamw"], ids=["eval", "train"])
@pytest.mark.parametrize("name", ["gpt2", "bert", "llama"])
def test_transformers(name, train):
    module = language_model(name, 32, 101, num_hidden_layers=6)
    tokens = torch.zeros(2, 16, dtype=torch.int64)
    extra = {"use_cache": False} if name != "bert" else {}
    folded, flat = both(module, train=train, input_ids=tokens, **extra)
    assert [n.form.trip for n in loops(folded)] == [6] * (2 if train else 1)
    assert len(folded.nodes) < len(flat.nodes) / 2


def test_vision_transformer():
    from torchvision.models.vision_transformer import VisionTransformer

    module = VisionTransformer(32, 8, 5, 2, 16, 32, num_classes=3)
    folded, _ = both(module, torch.empty(2, 3, 32, 32))
    assert [n.form.trip for n in loops(folded)] == [5, 5]
    assert "encoder.layers.encoder_layer_*" in {path for path, *_ in folded.modules}


def test_the_first_block_stays_outside_where_nothing_wants_its_input_gradient():
    net = nn.Sequential(*(nn.Linear(8, 8) for _ in range(5)))
    folded, _ = both(net, torch.empty(2, 8))
    assert [n.form.trip for n in loops(folded)] == [4, 4]
    paths = [path for path, *_ in folded.modules]
    assert paths == ["", "0", "*"]


def test_a_run_among_other_blocks():
    net = nn.Sequential(nn.Linear(3, 4), *(Residual() for _ in range(5)), nn.Linear(4, 4))
    folded, _ = both(net, torch.empty(2, 3))
    assert [n.form.trip for n in loops(folded)] == [5, 5]


def test_frozen_blocks():
    net = Stack(blocks())
    for block in net.blocks:
        block.requires_grad_(requires_grad=False)
    folded, _ = both(net, torch.empty(2, 3))
    assert len(loops(folded)) == 2


def test_a_constant_that_all_blocks_read():
    mask = torch.ones(4)
    net = Stack(blocks(), lambda block, x, i: block(x, scale=2.0, mask=mask))
    folded, _ = both(net, torch.empty(2, 3))
    assert loops(folded)[0].form.const == 1


class Even(Residual):
    def forward(self, x):
        return super().forward(x) if self.i % 2 else x


class Third(Residual):
    def forward(self, x):
        return x if self.i == 3 else super().forward(x)


class Table(Residual):
    WIDE = (1, 1, 1, 0, 1, 1)

    def forward(self, x):
        return super().forward(x) if self.WIDE[self.i] else x


class Asking(Residual):
    def forward(self, x):
        return super().forward(x) if isinstance(self.i, int) and self.i < 4 else x


class Windowed(Residual):
    def __init__(self, i):
        super().__init__(i)
        self.window = 2 if i % 2 else None

    def forward(self, x):
        return super().forward(x)[:, : self.window]


class Wider(Residual):
    def __init__(self, i):
        super().__init__(i)
        if i % 3 == 2:
            self.up, self.down = nn.Linear(4, 16), nn.Linear(16, 4)


DIFFERENT = [Even, Third, Table, Asking, Windowed, Wider]


@pytest.mark.parametrize("kind", DIFFERENT, ids=lambda kind: kind.__name__)
def test_blocks_that_differ_by_their_number(kind):
    module = nn.Sequential(nn.Linear(3, 4), *blocks(kind=kind))
    folded, _ = both(module, torch.empty(1, 4, 3), train=None)
    assert not loops(folded)


CALLS = {
    "a number of the loop": lambda block, x, i: block(x, scale=float(i)),
    "another mask for each": lambda block, x, i: block(x, mask=torch.ones(4)),
    "an operation between": lambda block, x, i: block(x.exp()),
    "an operation in place between": lambda block, x, i: block(x).mul_(2.0),
    "side by side": lambda block, x, i: x + block(torch.ones(2, 4)),
    "backwards at the third": lambda block, x, i: -block(x) if i == 3 else block(x),
}


@pytest.mark.parametrize("step", CALLS.values(), ids=CALLS)
def test_blocks_that_are_called_otherwise(step):
    folded, _ = both(Stack(blocks(), step), torch.empty(2, 3))
    assert not loops(folded)


def test_blocks_that_are_called_twice_in_a_row():
    both(Stack(blocks(), lambda block, x, i: block(block(x))), torch.empty(2, 3))


class Keeps(Stack):
    """Every state is an output too."""

    def forward(self, x):
        x, states = self.front(x), []
        for block in self.blocks:
            x = block(x)
            states.append(x)
        return self.back(x), states


class Checkpointed(Stack):
    def forward(self, x):
        from torch.utils.checkpoint import checkpoint

        x = self.front(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False)
        return self.back(x)


@pytest.mark.parametrize("kind", [Keeps, Checkpointed])
def test_what_is_read_beside_the_chain(kind):
    folded, _ = both(kind(blocks()), torch.empty(2, 3))
    assert not loops(folded)


def test_tied_and_hooked_blocks_are_not_folded():
    tied = blocks()
    for block in tied[1:]:
        block.up.weight = tied[0].up.weight
    assert runs(Stack(tied)) == []
    hooked = Stack(blocks())
    hooked.blocks[3].register_forward_hook(lambda *_: None)
    assert all(len(fold.paths) < 6 for fold in runs(hooked))
    both(hooked, torch.empty(2, 3))


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
def test_a_folded_graph_runs_as_torch_does(train):
    """Outputs and all gradients, with the blocks' weights stacked."""
    module = Stack(blocks(5)).double()
    x = torch.randn(2, 3, dtype=torch.float64)
    graph = graph_of(module, (x,), train="sgd", mode="train" if train else "eval", symbolic=())
    forward = tuple(n for n in graph.nodes if n.phase is not Phase.OPTIMIZER)
    gradients = tuple(g for _, g in graph.grads)
    from dataclasses import replace

    graph = replace(graph, nodes=_seeded(forward), outputs=(graph.outputs[0], *gradients))
    known = dict(module.named_parameters())
    arrays = [_array(i.value.name, known, x) for i in graph.inputs]
    found, _ = run(graph, arrays, {})
    y = module(x)
    y.backward(torch.ones_like(y))
    np.testing.assert_allclose(found[0], y.detach().numpy(), atol=1e-12)
    for (p, _), g in zip(graph.grads, found[1:], strict=True):
        want = _stacked(p.name, {k: v.grad for k, v in known.items()})
        np.testing.assert_allclose(g, want, atol=1e-12, err_msg=p.name)


def _seeded(nodes):
    from dataclasses import replace

    at = next(i for i, n in enumerate(nodes) if n.phase is Phase.BACKWARD and n.op == "fill")
    attrs = tuple(sorted({**dict(nodes[at].attrs), "value": 1.0}.items()))
    return (*nodes[:at], replace(nodes[at], attrs=attrs), *nodes[at + 1 :])


def _array(name, known, x):
    return x.numpy() if name in ("x", "input") else _stacked(name, known)


def _stacked(name, known):
    """The tensors of a path with a star, one upon the other."""
    if "*" not in name:
        return known[name].detach().numpy()
    pattern = re.compile(re.escape(name).replace(r"\*", r"\d+"))
    return np.stack([t.detach().numpy() for k, t in known.items() if pattern.fullmatch(k)])


QUESTIONS = (
    int, bool, str, hash, range, lambda n: n == 1, lambda n: n % 2, lambda n: 2 * n,
    lambda n: [5, 6][n], lambda n: isinstance(n, int), lambda n: f"{n}",
)  # fmt: skip


def test_a_watched_number_tells_of_every_question():
    for ask in QUESTIONS:
        told = []
        ask(Watched(1, told))
        assert told
    told = []
    Watched(1, told) is None  # noqa: B015 - a question that is not about the number
    assert not told


def test_a_module_is_left_as_it_was():
    module = Stack(blocks())
    before = [dict(vars(m)) for m in module.modules()]
    graph_of(module, (torch.empty(2, 3),), train="adamw", mode="train")
    assert [dict(vars(m)) for m in module.modules()] == before


def test_plain_models_have_no_runs():
    module, _, _ = plain(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), (1, 2))
    assert runs(module) == []
