"""Means over the functions of `torch.cond`, held against the ways one by one."""

from fractions import Fraction
from itertools import product

import pytest
import torch
from torch import nn
from torch._higher_order_ops.while_loop import while_loop

import orderof
from orderof.errors import BadSpelling, ModelError
from orderof.expectation import DEEPEST
from orderof.result.dims import Dims
from orderof.result.expected import Mean
from orderof.result.formula import Formula
from orderof.sym import Range, parse

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


def test_without_a_choice_the_mean_is_the_cost():
    e = orderof.expect(once, X, p=0.3)
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


@pytest.mark.parametrize("p", [0, 1, "0", "1.5", "5/4", "1/0", "often", -0.5, Fraction(1), 1e-300])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(BadSpelling, match="is no probability"):
        orderof.expect(once, X, p=p)


def test_a_mean_holds_where_all_its_parts_do():
    a = Formula(parse("3*H"), Dims({"H": 32}, {"H": Range(multiple=4, most=64)}))
    b = Formula(parse("3*H"), Dims({"H": 32}, {"H": Range(multiple=6, least=8)}))
    assert (a + b).dims.ranges == {"H": Range(multiple=12, least=8, most=64)}
    assert Mean(a + b, 4)(H=12) == 18
