"""Answers: equal forms are right, and of wrong ones it is said which term is wrong and why."""

import pytest

from orderof import derive
from orderof.analyses.derivation.exercise import judge
from orderof.sym import parse

QUESTIONS = {q.asks: q for q in derive("mlp:3-4-2").questions()}
ADDS = QUESTIONS["How many additions does layer1.linear take?"]
ALL = QUESTIONS["How many operations in all does layer1.linear take?"]
DIMS = {"B": 1, "n0": 3, "n1": 4, "n2": 2}


@pytest.mark.parametrize("text", ["B*n1*(n0 - 1) + B*n1", "n0*B*n1", "B*n1 + (n0 - 1)*n1*B", "12"])
def test_equal_forms_are_right(text):
    assert judge(ADDS, parse(text), DIMS).right


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("n0*n1", "B is missing: every example of the batch is computed"),
        ("B*n1*(n0 - 1)", "the additions of (2) are missing: B*n1"),
        ("B*n0*n1 + B*n1", "a sum of n terms takes n - 1 additions: in (1) one less for each"),
        ("B*n1", "the additions of (1) are missing: B*n1*(n0 - 1)"),
        ("B*n0*n1 + B*n2", "n2 has nothing to do with it"),
        ("3*B*n0*n1", "the term B*n0*n1 is there 1 times, not 3"),
        ("13", "13 it is not"),
    ],
)
def test_what_is_wrong_with_an_answer(text, why):
    verdict = judge(ADDS, parse(text), DIMS)
    assert not verdict.right
    assert why in verdict.says


def test_a_factor_that_is_missing():
    (says,) = judge(ALL, parse("B*n0 + B*n1*(n0 - 1) + B*n1")).says
    assert says == "the multiplications of (1) lack a factor n1: there is one for each o"


def test_turns_of_a_loop():
    q = next(q for q in derive("zoo:lstm").questions() if "multiplications" in q.asks)
    (says,) = judge(q, q.truth - parse("(S - 1)*4*B*I*d")).says
    assert says == "the multiplications of (8) are needed in each of S turns"


def test_a_scope_asks_less():
    asked = derive("mlp:3-4-2").questions("layer1")
    assert {q.asks.split()[-2] for q in asked} == {"layer1.linear", "layer1.act"}


@pytest.mark.parametrize("model", ["mlp:3-4-2", "conv", "attention", "lstm"])
def test_every_mistake_gives_another_answer(model):
    for q in derive(model if ":" in model else f"zoo:{model}").questions():
        assert q.truth not in [slip.answer for slip in q.slips]
