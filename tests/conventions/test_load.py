"""Conventions are read from files: every key, and every mistake."""

import pytest

from orderof.conventions import convention, names, register
from orderof.conventions.load import read
from orderof.conventions.types import STEP, Convention, Rule
from orderof.errors import BadSpelling
from orderof.sym import const, parse

GOOD = """
about = "products, and activations at 1"
source = "nowhere, 2026"
otherwise = "macs"

[[rule]]
op = "relu"
module = ["nn.ReLU", "nn.ReLU6"]
where = { operands = 1 }
count = "x0"
why = "a comparison is 1"
"""


def none(name):
    raise AssertionError(name)


def test_what_a_file_says():
    found = read("mine", GOOD, none)
    rule = Rule(
        parse("x0"),
        "a comparison is 1",
        op=("relu",),
        module=("nn.ReLU", "nn.ReLU6"),
        where=((parse("operands"), const(1)),),
    )
    assert found == Convention(
        "mine", "products, and activations at 1", "nowhere, 2026", parse("macs"), rules=(rule,)
    )


def test_one_that_extends_another_comes_first():
    base = read("mine", GOOD, none)
    text = 'about = "as FLOP"\nextends = "mine"\neach = 2\nunit = "FLOP"\notherwise = "2*macs"\n'
    text += '[[rule]]\nop = "exp"\ncount = "4*y0"\nwhy = "an exponential is 4"\n'
    found = read("theirs", text, {"mine": base}.__getitem__)
    assert [r.op for r in found.rules] == [("exp",), ("relu",)]
    assert (found.source, found.each, found.otherwise) == (base.source, 2, parse("2*macs"))


def test_the_body_of_a_loop_can_count_once():
    text = f'about = ""\nsource = ""\notherwise = "macs"\nphases = {[str(p) for p in STEP]}\n'
    assert read("mine", text, none).plain
    base = read("mine", text + 'once = "a loop is one turn"', none)
    assert base.once == "a loop is one turn"
    assert not base.plain
    found = read("theirs", 'about = ""\nextends = "mine"', {"mine": base}.__getitem__)
    assert found.once == base.once


def test_products_of_sizes_count_where_there_is_a_reason():
    base = read("mine", 'products = "a trace has them"\n' + GOOD, none)
    text = 'about = "the same"\nextends = "mine"\n'
    assert base.products == read("theirs", text, {"mine": base}.__getitem__).products
    assert base.products == "a trace has them"
    assert not base.plain


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("about", "abuot", "has the unknown key abuot"),
        ('otherwise = "macs"', "", "lacks otherwise"),
        ('op = "relu"', 'opp = "relu"', "a rule has the unknown key opp"),
        ('count = "x0"', 'count = "x0 if x1 else 2"', "is not an expression of sizes"),
        ('count = "x0"', "", "lacks count"),
        ("about = ", "about ", "is no TOML"),
        ("operands = 1", "operands = [1]", "cannot be read"),
    ],
)
def test_mistakes(old, new, said):
    with pytest.raises(BadSpelling) as caught:
        read("mine", GOOD.replace(old, new, 1), none)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", names())
def test_every_convention_of_the_catalog_says_what_it_is(name):
    found = convention(name)
    assert found.name == name
    assert found.about
    assert found.source
    assert found.unit
    assert all(rule.why or rule.count == found.each * parse("macs") for rule in found.rules)


def test_a_file_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setattr("orderof.conventions._REGISTERED", {})
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert convention(str(path)).name == "mine"


def test_a_name_is_taken_once(monkeypatch):
    monkeypatch.setattr("orderof.conventions._REGISTERED", {})
    mine = Convention("test-once", "nothing", "nowhere", const(0))
    assert register(mine) is convention("test-once")
    for name in ("test-once", "fvcore", "macs"):
        with pytest.raises(BadSpelling, match="is a convention already"):
            register(Convention(name, "nothing", "nowhere", const(0)))


def test_one_that_nobody_knows():
    with pytest.raises(BadSpelling, match="is no convention known here") as caught:
        convention("fvcor")
    assert "fvcore" in caught.value.hint
