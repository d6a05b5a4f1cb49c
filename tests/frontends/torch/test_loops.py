"""Loops of torch as regions, held against their turns written out by torch itself."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch._higher_order_ops.map import map as each
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop
from torch.utils.checkpoint import checkpoint

import orderof
from orderof.api import graph
from orderof.errors import ModelError, UnknownDim
from orderof.ir.check import verify

pytestmark = pytest.mark.framework


X = torch.zeros(5, 8)


def figures(cost):
    """Every kind and dtype, as numbers."""
    return {k: {d: n() for d, n in by.items()} for k, by in cost.kinds.items()}


class Cell(nn.Module):
    def __init__(self, d=8, e=4):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(d))
        self.keep, self.give = nn.Linear(d, d), nn.Linear(d, e)
        self.norm = nn.LayerNorm(d)

    def turn(self, c, x):
        return torch.tanh(self.keep(c) + self.norm(x)), self.give(c * x).softmax(-1)


class Scanned(Cell):
    def forward(self, x):
        last, made = scan(self.turn, self.start, x.exp())
        return last.sum() + made.sum()


class Written(Cell):
    def forward(self, x):
        c, made = self.start, []
        for row in x.exp():
            c, y = self.turn(c, row)
            made.append(y)
        return c.sum() + torch.stack(made).sum()


class Mapped(Cell):
    def forward(self, x):
        return each(lambda row: self.turn(self.give.weight[:1], row)[0] * row, self.keep(x)).sum()


class Unmapped(Cell):
    def forward(self, x):
        rows = self.keep(x)
        return torch.stack([self.turn(self.give.weight[:1], r)[0] * r for r in rows]).sum()


class Whiled(Cell):
    def forward(self, x):
        turn = self.keep
        return while_loop(lambda x: x.sum() < 5, lambda x: (turn(x).tanh(),), (x,))[0]


class Turns(Cell):
    def __init__(self, n, *sizes):
        super().__init__(*sizes)
        self.n = n

    def forward(self, x):
        for _ in range(self.n):
            x.sum() < 5  # noqa: B015 - what the condition costs
            x = self.keep(x).tanh()
        x.sum() < 5  # noqa: B015
        return x


def by_rows(x):
    return {"x": ("S", *(None,) * (x.dim() - 1))}


@pytest.mark.parametrize(("loop", "written"), [(Scanned, Written), (Mapped, Unmapped)])
@settings(max_examples=6, deadline=None)
@given(s=st.integers(2, 9), d=st.integers(1, 12), e=st.integers(1, 12))
def test_a_loop_over_a_stack_is_its_turns(loop, written, s, d, e):
    """Of every kind, forward and backward; and its length stays a letter."""
    x = torch.zeros(7, d)
    ours = orderof.analyze(loop(d, e), x, dims=by_rows(x), train="sgd")
    assert ours.dims == {"S": 7}
    theirs = orderof.analyze(written(d, e), torch.zeros(s, d), symbolic=(), train="sgd")
    for ours_, theirs_ in ((ours.forward, theirs.forward), (ours.backward, theirs.backward)):
        found = {k: {t: n(S=s) for t, n in by.items()} for k, by in ours_.kinds.items()}
        assert found == figures(theirs_)
    assert [m.count.at({"S": s}) for m in ours.modules] == [m.count.at({}) for m in theirs.modules]


@settings(max_examples=6, deadline=None)
@given(t=st.integers(1, 9), s=st.integers(2, 5), d=st.integers(2, 12))
def test_a_loop_that_values_end_has_a_letter(t, s, d):
    x = torch.zeros(s, d, requires_grad=True)  # else the first turn of the other is cheaper
    ours = orderof.analyze(Whiled(d), x, dims=by_rows(x), train="sgd")
    theirs = orderof.analyze(Turns(t, d), x, symbolic=(), train="sgd")
    assert ours.dims == {"S": s, "T": 1}
    for ours_, theirs_ in ((ours.forward, theirs.forward), (ours.backward, theirs.backward)):
        found = {k: {n: f(T=t) for n, f in by.items()} for k, by in ours_.kinds.items()}
        assert found == figures(theirs_)
    assert any(note.startswith("T: how often while_loop runs") for note in ours.notes)


def test_the_number_of_turns_may_be_given():
    x = torch.zeros(6, 8)
    found = orderof.analyze(Whiled(), x, dims={**by_rows(x), "T": 10})
    assert found.dims == {"S": 6, "T": 10}
    assert found.forward.macs() == 10 * 6 * 8 * 8
    assert found.forward.macs(T=3) == 3 * 6 * 8 * 8
    described = orderof.analyze(Whiled(), input_specs=["x: float32[S=6, 8]"], dims={"T": 10})
    assert described.forward.macs() == 10 * 6 * 8 * 8


class Several(Cell):
    def forward(self, x):
        turns = while_loop(lambda x: x.sum() < 5, lambda x: (self.keep(x),), (x,))[0]
        return while_loop(lambda x: x.sum() < 5, lambda x: (x.exp(),), (turns,))[0]


def test_every_loop_has_a_letter_of_its_own():
    x = torch.zeros(6, 8)
    found = orderof.analyze(Several(), x, dims=by_rows(x))
    assert str(found.forward.macs) == "64*S*T"
    assert str(dict(found.forward.kinds["exp"])["float32"]) == "8*S*T2"
    assert len([n for n in found.notes if "how often" in n]) == 2


def test_a_letter_means_one_thing():
    x = torch.zeros(6, 8)
    found = orderof.analyze(Several(), x, dims={"x": ("T", None)})
    assert found.dims == {"T": 6, "T2": 1, "T3": 1}
    assert str(found.forward.macs) == "64*T*T2"


@pytest.mark.parametrize("name", ["T2", "Q"])
def test_a_letter_that_nothing_has_is_refused(name):
    with pytest.raises(UnknownDim, match=name):
        orderof.analyze(Whiled(), input_specs=["x: float32[S=6, 8]"], dims={name: 10})


def test_what_is_known_comes_before():
    """A loop that is not done before its first turn runs once, and then T times."""
    model = Cell()

    def loop(x):
        undone = torch.zeros((), dtype=torch.bool)
        turn = lambda done, x: (x.sum() > 5, model.keep(x))  # noqa: E731
        return while_loop(lambda done, x: ~done, turn, (undone, x))[1]

    found = orderof.analyze(loop, torch.zeros(6, 8), symbolic=())
    assert str(found.forward.macs) == "384*T + 384"
    assert "after 1 that is known" in found.notes[-1]


class Nested(Cell):
    def forward(self, x):
        def outer(c, row):
            rows = row[None].expand(3, 8).clone()
            inner = scan(lambda d, r: (self.keep(d) * r.exp(), d.sum()), c, rows)[0]
            return while_loop(lambda c: c.sum() < 5, lambda c: (self.keep(c),), (inner,))[
                0
            ], c.sum()

        return scan(outer, self.start, x)[0]


def test_loops_within_loops():
    x = torch.zeros(6, 8)
    found = orderof.analyze(Nested(), x, dims=by_rows(x), train="sgd")
    assert found.forward.macs.expr == orderof.sym.parse("3*64*S + 64*S*T")
    assert found.backward.macs.expr == 2 * found.forward.macs.expr
    assert str(next(m.count for m in found.modules if m.path == "keep")) == "S*T + 3*S"
    verify(graph(Nested(), x, dims=by_rows(x), train="sgd"))


class Counted(nn.Module):
    """Batch normalisation in training counts batches, in a buffer of its own."""

    def __init__(self):
        super().__init__()
        self.norm, self.keep = nn.BatchNorm1d(8), nn.Linear(8, 8)

    def forward(self, x):
        return scan(lambda c, row: (self.norm(self.keep(c)) * row, c.sum()), torch.zeros(4, 8), x)


def test_a_body_that_writes_is_written_out():
    x = torch.zeros(6, 8)
    found = orderof.analyze(Counted(), x, symbolic=(), mode="train")
    assert found.forward.macs() == 6 * 4 * 8 * 8
    assert figures(found.forward)["add"]["int64"] == 6  # the batches
    assert len([n for n in graph(Counted(), x, symbolic=()).nodes if n.op == "loop"]) == 1
    assert not [n for n in graph(Counted(), x, symbolic=(), mode="train").nodes if n.op == "loop"]


def test_a_body_that_asks_is_written_out():
    """Where a number is known, each turn takes its own way."""
    model = Cell()

    def turn(c, given):
        i, row = given
        return model.keep(c) if i.item() % 2 else c + row, c * 2

    def scanned(x):
        return scan(turn, torch.zeros(8), (torch.arange(6), x))

    assert orderof.analyze(scanned, torch.zeros(6, 8), symbolic=()).forward.macs() == 3 * 8 * 8


FUNCTIONS = {
    "norm": lambda c: c / c.norm(),
    "largest": lambda c: c.amax() * c,
    "sums of exponentials": lambda c: c.logsumexp(0) * c,
    "a product": lambda c: c.cumprod(0),
    "a place": lambda c: c.kthvalue(2).values * c,
    "clamped": lambda c: c.clamp(0, 1),
    "scattered": lambda c: c.scatter_add(0, torch.arange(8), c),
    "a checkpoint": lambda c: checkpoint(lambda c: c.exp() * c, c, use_reentrant=False),
    "attention": lambda c: attend(*[c.view(1, 1, 4, 2)] * 3, is_causal=True).flatten(),
}
attend = nn.functional.scaled_dot_product_attention


class Function(nn.Module):
    def __init__(self, function, looped):
        super().__init__()
        self.keep, self.function, self.looped = nn.Linear(8, 8), function, looped

    def forward(self, x):
        def turn(c, row):
            return self.function(self.keep(c) + row), c * 2

        if self.looped:
            return scan(turn, self.keep.bias, x)
        c, made = self.keep.bias, []
        for row in x:
            c, y = turn(c, row)
            made.append(y)
        return c, torch.stack(made)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_turn_goes_back_as_autograd_runs_it(name):
    """Also where torch's gradient is not the one that we would derive."""
    ours, theirs = (
        orderof.analyze(Function(FUNCTIONS[name], looped), X, symbolic=(), train="sgd")
        for looped in (True, False)
    )
    phases = ("forward", "backward", "recompute")
    pairs = [(getattr(ours, p), getattr(theirs, p)) for p in phases]
    assert [a and figures(a) for a, _ in pairs] == [b and figures(b) for _, b in pairs]
    nodes = graph(Function(FUNCTIONS[name], looped=True), X, symbolic=(), train="sgd").nodes
    assert len([n for n in nodes if n.op == "loop"]) == 2


def around(base, way):
    """The same model in a checkpoint, or under autocast and with its weights used again."""

    class Around(base):
        def forward(self, x):
            if way == "checkpoint":
                return checkpoint(super().forward, x, use_reentrant=False)
            with torch.autocast("cpu", torch.bfloat16):
                return super().forward(x) + self.give(self.keep(x)).sum()

    return Around()


def test_a_loop_in_a_checkpoint_runs_again():
    ours, theirs = (
        orderof.analyze(around(m, "checkpoint"), X, symbolic=(), train="sgd")
        for m in (Scanned, Written)
    )
    for phase in ("forward", "recompute", "backward"):
        assert figures(getattr(ours, phase)) == figures(getattr(theirs, phase))


def test_a_turn_casts_its_weights_itself():
    """Torch keeps what it cast under autocast, and written out casts a weight once."""
    ours, theirs = (
        orderof.analyze(around(m, "autocast"), X, symbolic=(), train="sgd")
        for m in (Scanned, Written)
    )
    assert ours.forward.macs() == theirs.forward.macs()
    assert ours.backward.macs() == theirs.backward.macs()
    weights = 8 * 8 + 8 + 8 * 4 + 4
    more = figures(ours.forward)["cast"]["bfloat16"] - figures(theirs.forward)["cast"]["bfloat16"]
    assert more == 5 * weights


def test_a_scan_gives_what_its_function_does():
    """Carries and results may be nested."""

    def nested(x):
        def turn(c, row):
            return {"n": c["n"] + 1, "s": c["s"] * row}, (c["s"].exp(), c["n"] * 2)

        start = {"n": torch.zeros((), dtype=torch.int64), "s": x[0] * 1}
        last, (powers, twice) = scan(turn, start, x, reverse=True)
        return last["s"] + powers.sum() + twice.sum()

    found = orderof.analyze(nested, X, dims=by_rows(X)).forward
    assert str(dict(found.kinds["exp"])["float32"]) == "8*S"
    assert str(dict(found.kinds["mul"])["int64"]) == "S"


def test_a_recurrent_layer_within_a_turn():
    class Layered(nn.Module):
        def __init__(self, looped):
            super().__init__()
            self.layer, self.looped = nn.LSTM(8, 8, batch_first=True), looped

        def forward(self, x):
            turn = lambda c, rows: (self.layer(c + rows)[0], rows.sum())  # noqa: E731
            if self.looped:
                return scan(turn, x[0], x)[0]
            c = x[0]
            for rows in x:
                c = turn(c, rows)[0]
            return c

    x = torch.zeros(3, 2, 5, 8, requires_grad=True)
    ours, theirs = (
        orderof.analyze(Layered(looped), x, symbolic=(), train="sgd") for looped in (True, False)
    )
    assert figures(ours.forward) == figures(theirs.forward)
    assert ours.backward.macs() == theirs.backward.macs()


def test_a_loop_that_does_not_stand_alone_is_refused():
    def loop(x, state):
        def turn(x):
            state.add_(1)
            return (x + state,)

        return while_loop(lambda x: x.sum() < 5, turn, (x,))

    with pytest.raises(ModelError, match="does not stand alone"):
        orderof.analyze(loop, torch.zeros(4), torch.zeros(4))


def test_equal_blocks_with_loops():
    class Blocks(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(Scanned() for _ in range(5))

        def forward(self, x):
            return sum(layer(x) for layer in self.layers)

    x = torch.zeros(6, 8)
    found = orderof.analyze(Blocks(), x, dims=by_rows(x), train="sgd")
    one = orderof.analyze(Scanned(), x, dims=by_rows(x), train="sgd")
    assert found.forward.macs.expr == 5 * one.forward.macs.expr
    assert found.backward.macs.expr == 5 * one.backward.macs.expr
