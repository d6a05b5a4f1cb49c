"""Orders of growth: by hand for what people know, by an independent verifier for the rest."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sym.verifier import check

from orderof.errors import BadSpelling, Inconclusive, NoFormula, UnknownDim
from orderof.result import Formula
from orderof.sym import parse
from orderof.sym.growth import crossovers, dominates, limit, order

BLOCK = "2*S**2*d + 12*S*d**2"
"""Multiply-adds of a block of GPT-2: 2*S*d and 4*d*d + 8*d*d for each of S positions."""

ORDERS = [
    ("n**4 + n**2", (), "Theta(n**4)", "n**4 <= n**4 + n**2 <= 2*n**4 for all n >= 1"),
    (BLOCK, (), "Theta(S**2*d + S*d**2)",
     "2*(S**2*d + S*d**2) <= 2*S**2*d + 12*S*d**2 <= 12*(S**2*d + S*d**2) for all S, d >= 1"),
    (BLOCK, ("S",), "Theta(S**2)",
     "2*d*S**2 <= 2*S**2*d + 12*S*d**2 <= (12*d**2 + 2*d)*S**2 for all S >= 1"),
    ("0", ("S",), "Theta(0)", "0 = 0 for all S >= 1"),
    ("7", (), "Theta(1)", "7 = 7 always"),
    ("5*d", ("S",), "Theta(1)", "5*d = 5*d for all S >= 1"),
    ("n**2 - 5*n", (), "Theta(n**2)", "1/2*n**2 <= n**2 - 5*n <= n**2 for all n >= 10"),
    ("ceildiv(H, 32)*ceildiv(W, 32)", (), "Theta(H*W)",
     "1/1024*H*W <= ceildiv(H, 32)*ceildiv(W, 32) <= H*W for all H, W >= 1"),
    ("floordiv(H - 3, 2)", (), "Theta(H)",
     "1/4*H <= ceildiv(H, 2) - 2 <= 1/2*H for all H >= 8"),
    ("S*min(S, 128)", (), "Theta(S)", "S*min(128, S) = 128*S for all S >= 128"),
    ("S*max(S, 128)", (), "Theta(S**2)", "S*max(128, S) = S**2 for all S >= 128"),
    ("n*mod(n, 3) + n", (), "Theta(n)", "n <= n*mod(n, 3) + n <= 3*n for all n >= 1"),
    ("3*n + n*ceillog2(n)", (), "Theta(n*ceillog2(n))",
     "n*ceillog2(n) <= n*ceillog2(n) + 3*n <= 4*n*ceillog2(n) for all n >= 2"),
    ("n*n + n*ceillog2(n)", (), "Theta(n**2)",
     "n**2 <= n**2 + n*ceillog2(n) <= 2*n**2 for all n >= 2"),
    ("S*min(S, T)", (), "O(S**2)", "S*min(S, T) <= S**2 for all S, T >= 1"),
    ("K*d**2/h", ("d",), "Theta(d**2)", "K*d**2/h = K/h*d**2 for all d >= 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "letters", "says", "proof"), ORDERS)
def test_orders_that_people_know(text, letters, says, proof):
    found = order(parse(text), letters)
    assert (str(found), str(found.certificate)) == (says, proof)
    check(found.certificate)


def test_the_regime_is_said():
    assert order(parse(BLOCK), ("S",)).regime == "as S grows"
    assert order(parse(BLOCK)).regime == "as S, d grow"


def test_a_constant_that_may_be_negative_is_taken_at_its_sizes():
    found = order(parse("12*S*d**2 - 24*S*d"), ("S",), {"d": 8})
    assert str(found) == "Theta(S)"
    assert found.regime == "as S grows, with d=8"
    assert str(found.certificate) == "576*S = 576*S for all S >= 1"  # 12*64 - 24*8


def test_a_constant_that_may_be_nothing_is_no_constant():
    f = parse("floordiv(H, 4)*floordiv(W, 4)")  # nothing, whatever H, for W < 4
    assert str(order(f, ("H",))) == "O(H)"
    found = order(f, ("H",), {"W": 8})
    assert (str(found), found.regime) == ("Theta(H)", "as H grows, with W=8")
    assert str(order(f)) == "Theta(H*W)"
    check(found.certificate)


def test_letters_with_logarithms_grow_apart():
    found = order(parse("S**2*d**2 + S*ceillog2(S*d) - d"))
    assert found.certificate.holds(S=2, d=1000)
    assert found.certificate.lower != found.certificate.upper
    check(found.certificate)


def test_a_proof_in_lines_says_how_rounding_is_enclosed():
    lines = order(parse("B*ceildiv(H, 2)"), ("H",)).certificate.lines()
    assert lines == (
        "H/2 <= ceildiv(H, 2) <= (H + 1)/2",
        "B*ceildiv(H, 2) <= B*H for all H >= 1",
        "B*ceildiv(H, 2) >= B/2*H for all H >= 1",
    )


def test_a_certificate_that_is_wrong_is_found_out():
    from dataclasses import replace

    from orderof.sym.growth.ratio import Ratio

    good = order(parse("n**4 + n**2")).certificate
    for bad in (
        replace(good, upper=Ratio(parse("1"))),
        replace(good, order=parse("n**3")),
        replace(good, lower=Ratio(parse("2"))),
    ):
        with pytest.raises(AssertionError):
            check(bad)
        assert not bad.holds(n=9)
    step = order(parse("ceildiv(n, 2)")).certificate
    wrong = replace(step.steps[0], high=Ratio(parse("n"), 2))
    with pytest.raises(AssertionError, match="counterexample"):
        check(replace(step, steps=(wrong,)))


ATOMS = ["S", "d", "floordiv(S, 3)", "ceildiv(S, 4)", "ceildiv(S + 5, 2)", "mod(d, 5)",
         "min(S, 40)", "max(d, 9)", "ceillog2(S)", "ceillog2(d*S)"]  # fmt: skip


@st.composite
def formulas(draw):
    """Draw sums of products of what costs consist of; some terms are subtracted."""
    text = draw(st.sampled_from(["S*S*d*d", "S**3*d", "S*d**3"]))
    for _ in range(draw(st.integers(1, 4))):
        factors = draw(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=2))
        sign = draw(st.sampled_from("+++-"))
        text += f" {sign} {draw(st.integers(1, 9))}*{'*'.join(factors)}"
    return text


@given(formulas(), st.sampled_from([("S", "d"), ("S",), ("d",)]))
@settings(max_examples=60, deadline=None)
def test_every_certificate_is_verified(text, letters):
    found = order(parse(text), letters, {"S": 50, "d": 60})
    check(found.certificate, random.Random(1))
    assert found.tight or "-" in text  # S*d - S**2 is negative in the end


# ------------------------------------------------------------------------------------ questions


DIMS = {"S": 128, "d": 768}


def formula(text, dims=None):
    return Formula(parse(text), DIMS if dims is None else dims)


def test_attention_passes_the_rest_of_a_block_at_six_times_its_width():
    f = formula(BLOCK)
    assert str(f.crossover("S")) == "S = 6*d"
    assert f.crossover("S").at(DIMS) == 6 * 768
    attention, rest = formula("2*S**2*d"), formula("12*S*d**2")
    assert attention.passes(rest, "S") == 6 * 768 + 1
    assert rest.passes(attention, "d") == 128 // 6 + 1
    assert formula("S").passes(formula("S + 1"), "S") is None


def test_crossovers_are_between_neighbouring_powers():
    found = crossovers(parse("2*n**3 + 6*n**2*k + 30*n"), "n")
    assert [str(c) for c in found] == ["n = 3*k", "n = 5/k"]
    assert [str(c) for c in crossovers(parse("3*n**3 + 12*n"), "n")] == ["n**2 = 4"]
    assert crossovers(parse("3*n**3"), "n") == ()
    assert crossovers(parse("n**2 - 5*n"), "n") == ()


def test_a_crossover_inside_of_a_function_is_not_guessed():
    with pytest.raises(Inconclusive, match="holds H inside of a function"):
        crossovers(parse("ceildiv(H, 2)*H + H"), "H")


def test_the_largest_size_within_a_budget():
    f = formula(BLOCK)
    n = f.largest("S", within=10**12)
    assert f(S=n) <= 10**12 < f(S=n + 1)
    assert formula("7*S").largest("S", within=6) == 0
    with pytest.raises(NoFormula, match="never passes 10 as S grows"):
        formula("5*d", {"S": 1, "d": 1}).largest("S", within=10)


def test_the_local_slope():
    f = formula(BLOCK)
    assert f.local_slope(S=6 * 768) == 1.5  # half of it squares
    assert f.local_slope(S=10**9) == pytest.approx(2, abs=1e-4)
    assert formula("ceildiv(S, 32)*S").local_slope(S=64) == 2
    assert formula("S*min(S, 100)").local_slope(S=50) == 2
    assert formula("S*min(S, 100)").local_slope(S=500) == 1
    assert formula("S*ceillog2(S)").local_slope(S=1024) == pytest.approx(1 + 1 / math.log(1024))
    with pytest.raises(BadSpelling, match="is not one size"):
        f.local_slope(S=1, d=2)


def test_leading_terms_are_those_that_count_most_here():
    assert str(formula(BLOCK).leading()) == "12*S*d**2"
    assert str(formula(BLOCK, {"S": 10**6, "d": 64}).leading()) == "2*S**2*d"
    assert formula(BLOCK).leading(2) == formula(BLOCK)


def test_which_dominates():
    f, g = parse(BLOCK), parse("100*S*d + 7")
    assert dominates(f, g)
    assert not dominates(g, f)
    assert dominates(parse("S**2"), f, ("S",))
    assert not dominates(parse("S**2"), f)
    assert formula("n*n", {}).dominates(formula("n*ceillog2(n)", {}))


def test_limits_of_quotients():
    assert str(limit(parse(BLOCK), parse("4*S**2*d"), "S")) == "1/2"
    assert limit(parse("n"), parse("n**2"), "n") == 0
    assert limit(parse("n**2"), parse("n"), "n") == math.inf
    above, below = limit(parse("L*n**2"), parse("3*k*n**2"), "n")
    assert (str(above), str(below)) == ("L", "3*k")


def test_a_letter_that_there_is_not():
    with pytest.raises(UnknownDim, match="x: is no dim of this model"):
        formula(BLOCK).order("x")


def test_a_letter_that_divides_another_is_no_larger():
    text = "B*S**2*d + B*S**2*h"
    assert str(order(parse(text))) == "Theta(B*S**2*d + B*S**2*h)"
    found = order(parse(text), divided={"d": "h"})
    assert str(found) == "Theta(B*S**2*d)"
    assert found.certificate.where == "for all B, S, d, h >= 1 where h | d"
    check(found.certificate)


def test_quotients_count_as_one_or_more():
    found = order(parse("B*H*W/k**2 - B"), divided={"H": "k", "W": "k"})
    assert str(found) == "Theta(B*H*W/k**2)"
    assert found.certificate.where.startswith("for all B, H/k, W/k, k >= 2 where k | H, k | W")
    check(found.certificate)
