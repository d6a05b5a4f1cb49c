"""The essay's convention beside ours: its own sums, as the design says where they part."""

import pytest

from orderof import derive
from orderof.analyses.derivation.essay import contrasts, matrices
from orderof.api import graph
from orderof.sym import parse


def told(model="zoo:mlp"):
    return {c.what: c for c in derive(model).derivation.contrasts}


def test_multiplications_forward():
    found = told()["multiplications forward"]
    assert found.counted == parse("B*n0*n1 + B*n1*n2 + B*n2*n3")
    assert found.essay == parse("n1*n0 + n2*n1*n0 + n3*n2*n1")


def test_the_sum_of_the_essay_is_not_what_it_writes():
    found = told()["multiplications, 3 layers of n units"]
    assert found.essay == parse("(3 - 1)*n**3 + n**2")
    assert found.counted == parse("3*B*n**2")


@pytest.mark.parametrize(
    ("what", "ours", "theirs"),
    [
        ("forward, n layers of n units", "Theta(B*n**3)", "Theta(n**4)"),
        ("errors, n layers of n units", "Theta(B*n**3)", "Theta(n**4)"),
        ("gradients of all weights, n layers of n units", "Theta(B*n**3)", "Theta(n**3)"),
        ("one step of descent, multiplications", "Theta(B*n**3)", "Theta(n**4)"),
        ("n steps of descent", "Theta(B*n**4)", "Theta(n**5)"),
        ("output error", "Theta(B*n3)", "Theta(1)"),
    ],
)
def test_orders(what, ours, theirs):
    assert tuple(map(str, told()[what].orders)) == (ours, theirs)


def test_only_layers_that_have_an_activation_evaluate_it():
    found = told()["activations evaluated"]
    assert found.counted == parse("B*n1 + B*n2")
    assert found.essay == parse("n1 + n2 + n3")


def test_the_witness_of_the_essay():
    theirs = told()["forward, n layers of n units"].orders[1]
    assert theirs.certificate.says("f") == "n**4 <= f <= 2*n**4 for all n >= 1"


def test_a_bias_unit_is_one_more_input():
    pairs = matrices(graph("mlp:30-30-30,sigmoid,bias=unit"))
    assert pairs == ((parse("n1"), parse("n0 + 1"), True), (parse("n2"), parse("n1 + 1"), False))
    assert next(contrasts(pairs, parse("B"))).counted.at(B=1, n0=30, n1=30, n2=30) == 1860


@pytest.mark.parametrize("model", ["zoo:lenet", "zoo:lstm", "zoo:gpt2"])
def test_other_networks_are_not_the_essays(model):
    assert derive(model).derivation.contrasts == ()
