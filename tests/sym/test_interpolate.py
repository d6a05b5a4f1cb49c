"""A formula from a black box is the formula, or there is none; never a wrong one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderof.errors import NoFormula
from orderof.sym import Expr, parse, symbols
from orderof.sym.interpolate import interpolate

L, d, h = symbols("L d h")
POWERS = {"L": (0, 1), "d": (0, 2), "h": (0, 1)}
TERM = st.tuples(st.integers(1, 50), *(st.integers(low, high) for low, high in POWERS.values()))


@given(st.lists(TERM, min_size=1, max_size=5))
@settings(max_examples=30)
def test_polynomials_are_found(terms):
    wanted = Expr.sum(c * L**i * d**j * h**k for c, i, j, k in terms)
    found = interpolate(wanted.at, L=12, d=768, h=12)
    assert found.formula == wanted
    assert found.held_out > 0


@pytest.mark.parametrize(
    "text",
    ["4*L*d**2 + d/h", "2*L*S**2*d + 12*L*S*d**2", "d**2/h*L + 3*h", "7"],
)
def test_quotients_and_other_letters(text):
    wanted = parse(text)

    def box(n):
        if n["d"] % n["h"]:
            from orderof.errors import ModelRaised

            raise ModelRaised("heads", "do not divide the width")
        return wanted.subs(n)

    found = interpolate(box, L=3, d=96, h=8)
    assert found.formula == wanted


@pytest.mark.parametrize(
    ("count", "at"),
    [
        (lambda w: 3 * min(w, 64), [1, 63, 64, 65, 500]),
        (lambda w: 5 * (w // 2), [1, 2, 3, 100, 101]),
        (lambda w: w * w if w % 2 else w * w + w, [1, 2, 9, 10, 333]),
    ],
)
def test_pieces_are_proved_or_refused(count, at):
    try:
        found = interpolate(lambda n: count(n["w"]), w=200)
    except NoFormula:
        return
    assert found.pieces or found.ranges
    for n in at:
        if all(r.holds(n) for r in found.ranges.values()):
            assert found.formula.at(w=n) == count(n)


def test_a_cut_has_two_parts():
    found = interpolate(lambda n: 3 * min(n["w"], 64), w=200)
    below, above = found.parts(found.formula, "w")
    assert below[1] == parse("3*w")
    assert above[1] == 192


def test_what_follows_no_formula_is_refused_with_its_values():
    with pytest.raises(NoFormula, match="at w="):
        interpolate(lambda n: (n["w"] * 2654435761) % 1009, w=200)
