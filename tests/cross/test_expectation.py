"""Means over the functions of `torch.cond`, held against the ways one by one."""

import json
from fractions import Fraction
from itertools import product

import pytest
import torch
from torch import nn
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop
from torch.nn import functional

import orderof
from orderof.errors import BadSpelling, ModelError, OutOfRange
from orderof.expectation import DEEPEST
from orderof.result.dims import Dims
from orderof.result.expected import Mean
from orderof.result.expected_doc import report
from orderof.result.formula import Formula
from orderof.sym import Range, parse
from orderof.views.text import render

pytestmark = pytest.mark.framework

X = torch.zeros(4, 8)
P = Fraction(3, 10)


def once(x):
    return x @ x.T


def twice(x):
    return x @ x.T @ x @ x.T


ONCE, TWICE = 4 * 8 * 4, 4 * 8 * 4 + 4 * 4 * 8 + 4 * 8 * 4


def choice(yes, no):
    return lambda x: torch.cond(x.sum() > 0, yes, no, (x,))


def nested(depth):
    return once if not depth else choice(nested(depth - 1), twice)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.small, self.large = nn.Linear(8, 8), nn.Sequential(nn.Linear(8, 64), nn.Linear(64, 8))

    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: self.small(x).relu(), self.large.forward, (x,))


@pytest.mark.parametrize("p", [0.3, "0.3", ".3", "3/10", P])
def test_a_choice_costs_its_functions_as_often_as_they_are_taken(p):
    e = orderof.expect(choice(once, twice), X, p=p)
    assert e.forward.macs() == P * ONCE + (1 - P) * TWICE
    assert [e.probability(way) for way in e.ways] == [P, 1 - P]


def test_choices_one_after_the_other_are_both_taken_by_chance():
    def both(x):
        return choice(once, twice)(x) + choice(twice, once)(x)

    e = orderof.expect(both, X, p=0.3)
    assert e.forward.macs() == ONCE + TWICE  # P one and 1 - P the other, and the other way round
    assert str(e.forward.macs) == "32*B**2"


@pytest.mark.parametrize("depth", range(1, DEEPEST + 1))
def test_a_choice_within_others_is_taken_as_often_as_all_of_them(depth):
    """The innermost function with P**depth, the others with 1 - P of what is left."""
    e = orderof.expect(nested(depth), X, p=P, symbolic=())
    assert e.forward.macs() == P**depth * ONCE + (1 - P**depth) * TWICE
    assert sum(e.probability(way) for way in e.ways) == 1
    assert [way.taken for way in e.ways] == [*product(("first", "second"), repeat=depth)]


def test_a_choice_too_deep_is_refused():
    with pytest.raises(ModelError, match=f"within more than {DEEPEST} others"):
        orderof.expect(nested(DEEPEST + 1), X, p=P, symbolic=())


def test_a_training_step_and_its_modules_are_means_too():
    e = orderof.expect(Gated(), X, p=0.3, train="sgd", symbolic=())
    one, two = (orderof.analyze(Gated(), X, train="sgd", symbolic=(), cond=c) for c in FUNCTIONS)
    for phase in ("forward", "backward", "optimizer", "step"):
        for what in ("macs", "flops", "ops", "total"):
            mean = getattr(e.phase(phase), what)
            mean = mean() if what == "total" else mean
            a, b = (getattr(getattr(r, phase), what) for r in (one, two))
            a, b = (f() if what == "total" else f for f in (a, b))
            assert mean() == P * a() + (1 - P) * b()
    assert e.phase("optimizer").ops() == 2 * one.params()
    assert e.phase("loss") is None
    assert e.forward.by_module()["large"].macs() == (1 - P) * (4 * 8 * 64 + 4 * 64 * 8)
    assert e.forward.by_module()["small"].macs() == P * 4 * 8 * 8


FUNCTIONS = ("first", "second")


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.gated = nn.Linear(8, 8), Gated()

    def forward(self, x):
        return torch.cond(x.max() > 0, self.a.forward, self.gated.forward, (x,))


class Scanned(nn.Module):
    def __init__(self):
        super().__init__()
        self.gated = Gated()

    def forward(self, x, h):
        def step(h, x):
            h = self.gated(h + x)
            return h, h.clone()

        return scan(step, h, x)[1]


class Several(nn.Module):
    """Of what the functions give, one is not read again."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        both, one = (lambda x: (self.a(x), self.b(x))), (lambda x: (self.b(x), x * 2))
        return torch.cond(x.sum() > 0, both, one, (x,))[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own, in its scan
@pytest.mark.parametrize(
    ("net", "inputs"), [(Nested, (X,)), (Scanned, (torch.zeros(5, 4, 8), X)), (Several, (X,))]
)
def test_an_optimizer_updates_all_whichever_way_is_taken(net, inputs):
    e = orderof.expect(net(), *inputs, p=0.3, train="sgd", symbolic=())
    assert {way.result.optimizer.ops() for way in e.ways} == {2 * e.ways[0].result.params()}
    real = net()
    real(*(torch.ones_like(x) for x in inputs)).sum().backward()
    assert all(p.grad is not None for p in real.parameters())


def test_another_choice_beside_chance_is_refused():
    with pytest.raises(BadSpelling, match="is left to chance"):
        orderof.expect(once, X, p=0.3, cond="first")


@pytest.mark.parametrize("wrong", ["0.3", "firts", [], ["first", "both"], 0.3])
def test_a_choice_that_is_none_is_refused(wrong):
    with pytest.raises(BadSpelling, match="is no choice"):
        orderof.analyze(choice(once, twice), X, cond=wrong)
    assert orderof.analyze(choice(once, twice), X, cond=["first"]).forward.macs() == ONCE


def test_what_holds_for_one_way_is_said():
    def apart(x):
        return torch.cat([t @ t.mT @ t for t in x.chunk(2, 1)], 1)

    gate = choice(lambda x: x @ x.mT @ x, apart)
    e = orderof.expect(gate, input_specs=["x: float32[B=4, S=8, 8]"], p=0.3)
    text = render(report(e))
    assert "assumed   S % 2 == 0" in text
    assert json.loads(e.to_json())["assumed"] == ["S % 2 == 0"]
    with pytest.raises(OutOfRange):
        e.forward.macs(S=7)


def test_notes_of_one_way_name_it():
    def later(q):
        k = q[..., 1:, :]
        return functional.scaled_dot_product_attention(q, k, k, is_causal=True)

    gate, q = choice(lambda q: q * 2, later), torch.zeros(1, 2, 6, 8)
    e = orderof.expect(gate, q, p=0.3, causal="exact", symbolic=())
    (own,) = (note for note in json.loads(e.to_json())["notes"] if "counted whole" in note)
    assert own.startswith("second: ")


def test_without_a_choice_the_mean_is_the_cost():
    e = orderof.expect(once, X, p=0.3)
    assert "every way costs the same" in render(report(e))
    assert str(e.forward.macs) == str(orderof.analyze(once, X).forward.macs)


def test_a_letter_of_a_loop_in_a_function_is_refused():
    def loop(x):
        return while_loop(lambda x: x.sum() < 5, lambda x: (twice(x) @ x,), (x,))[0] @ x.T

    with pytest.raises(ModelError, match="has no letter"):
        orderof.expect(choice(once, loop), X, p=0.3)


def test_a_letter_of_a_loop_beside_a_choice_stays():
    def loop(x):
        (x,) = while_loop(lambda x: x.sum() < 5, lambda x: (twice(x) @ x,), (x,))
        return choice(once, twice)(x)

    e = orderof.expect(loop, X, p=0.5, symbolic=())
    assert e.forward.macs(T=3) == 3 * (TWICE + 4 * 4 * 8) + Fraction(ONCE + TWICE, 2)


@pytest.mark.parametrize(
    "p", [0, 1, "0", "1.5", "5/4", "1/0", "often", -0.5, Fraction(1), float("nan")]
)
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(BadSpelling, match="is no probability"):
        orderof.expect(once, X, p=p)


def test_a_mean_holds_where_all_its_parts_do():
    a = Formula(parse("3*H"), Dims({"H": 32}, {"H": Range(multiple=4, most=64)}))
    b = Formula(parse("3*H"), Dims({"H": 32}, {"H": Range(multiple=6, least=8)}))
    assert (a + b).dims.ranges == {"H": Range(multiple=12, least=8, most=64)}
    assert Mean(a + b, 4)(H=12) == 18
