"""Every model of the zoo: symbols are defined before they are used, sums are what is counted."""

import re

import pytest
from tests.sym.verifier import check

from orderof import derive
from orderof.analyses.derivation.types import Part
from orderof.counts import Kind
from orderof.errors import BadSpelling, VerifyError
from orderof.frontends.zoo import ZOO
from orderof.sym import Expr, parse
from orderof.written import Apply, Entry, Equal, Product, Reduced, Total

NAMES = [name for name in ZOO if name != "seq2seq_beam"]
B, n0, n1, n2, n3 = (parse(x) for x in ("B", "n0", "n1", "n2", "n3"))


def symbols(w):
    """All names and letters that stand in written mathematics."""
    match w:
        case Expr():
            return set(w.symbols())
        case Entry(name, index):
            return {name}.union(*(i.symbols() for i in index))
        case Apply(_, args):
            return set().union(*map(symbols, args))
        case Reduced(_, over, body):
            return symbols(body) | set(over)
        case Equal(parts) | Product(parts) | Total(parts):
            return set().union(*map(symbols, parts))
    return set()


def undefined(derivation):
    known = {x.name for x in derivation.letters} | {g.symbol for g in derivation.given}
    for step in derivation.steps():
        local = {i for i, _ in step.ranges} | {t.index for t in step.turns}
        own = {name for name, _ in step.defines}
        used = set(step.uses)
        if step.equation is not None:
            target, body = step.equation.sides
            used |= symbols(body)
            for name, stands in step.where:
                yield from symbols(stands) - known - local
                local.add(name)
            assert target.name in own
            yield from {x for i in target.index for x in i.symbols()} - known - local
        yield from used - known - local
        yield from {x for _, shape in step.defines for n in shape for x in n.symbols()} - known
        assert not own & known, "defined twice"
        known |= own


@pytest.mark.parametrize("name", NAMES)
def test_every_symbol_is_defined_before_it_is_used(name):
    derivation = derive(f"zoo:{name}", train="adamw").derivation
    assert list(undefined(derivation)) == []
    texts = [s.says for s in derivation.steps() if s.equation is None]
    assert not any(re.search(r"Expr\(|\bNone\b", t) for t in texts)


@pytest.mark.parametrize("name", ["mlp", "conv", "lstm", "attention"])
def test_orders_are_verified_by_another(name):
    derivation = derive(f"zoo:{name}", train="sgd").derivation
    orders = [c.order for c in derivation.chapters] + [w.order for w in derivation.wholes]
    orders += [case.order for c in derivation.chapters for case in c.cases]
    assert len(orders) > 6
    for found in filter(None, orders):
        assert found.tight
        check(found.certificate)


def test_chapters_of_a_feed_forward_network():
    d = derive("zoo:mlp", train="sgd", loss="mse").derivation
    assert [c.part for c in d.chapters] == [
        Part.FORWARD, Part.LOSS, Part.ERROR, Part.WEIGHT, Part.UPDATE,
    ]  # fmt: skip
    forward, _, errors, weights, update = d.chapters
    assert forward.kinds[Kind.MUL] == B * (n0 * n1 + n1 * n2 + n2 * n3)
    assert forward.kinds[Kind.ADD] == B * (n0 * n1 + n1 * n2 + n2 * n3)
    assert weights.kinds[Kind.MUL] == B * (n0 * n1 + n1 * n2 + n2 * n3)
    assert update.total == 2 * (n0 * n1 + n1 * n2 + n2 * n3 + n1 + n2 + n3)
    first = errors.layers[0]
    assert first.scope == "loss"  # the output error
    assert [x.scope for x in errors.layers[1:]] == [
        "layer3.linear", "layer2.act", "layer2.linear", "layer1.act",
    ]  # fmt: skip


def test_special_cases():
    d = derive("mlp:3-4-4-2,none".replace(",none", ""), train="sgd").derivation
    equal, deep = d.chapters[0].cases
    assert equal.value == parse("6*B*n**2 + 2*B*n")
    assert deep.value == equal.value + (parse("n") - 3) * parse("2*B*n**2 + B*n")
    assert str(deep.order) == "Theta(B*n**3)"


def test_training_is_steps_in_epochs():
    d = derive("mlp:3-4-2", train="sgd").derivation
    step, epoch, run = (w.value for w in d.wholes if w.name != "backward")
    at = {"B": 4, "n0": 3, "n1": 4, "n2": 2, "m": 10, "e": 3}
    whole, rest = step.at(at), step.at({**at, "B": 2})
    assert epoch.at(at) == 2 * whole + rest
    assert run.at(at) == 3 * epoch.at(at)


def test_what_a_layer_repeats_is_not_derived_again():
    forward = derive("zoo:attention").derivation.chapters[0]
    query, key, value, *_ = forward.layers
    assert key.like is query
    assert value.like is query
    assert key.uses == ("x", "W_2", "b_2")


def test_a_step_that_does_not_hold():
    with pytest.raises(VerifyError, match="does not hold"):
        Equal((Product((B, n0)), B + n0))


def test_the_parts_of_a_view_are_told_apart():
    texts = [s.says for s in derive("zoo:gpt2").derivation.steps() if "split(" in s.says]
    assert [t for t in texts if "[0]" in t]
    assert [t for t in texts if "[1]" in t]


def test_one_phase_reads_what_is_given():
    d = derive("mlp:3-2-1", train="sgd").derivation.only("optimizer")
    assert list(undefined(d)) == []
    assert {g.symbol for g in d.given} == {"W_1", "b_1", "W_2", "b_2", "g_W_1", "g_b_1",
                                           "g_W_2", "g_b_2"}  # fmt: skip
    with pytest.raises(BadSpelling, match="is no phase of this derivation"):
        derive("mlp:3-2-1").derivation.only("loss")


@pytest.mark.parametrize("model", ["zoo:vdsr", "zoo:resnet18", "zoo:mobilenet_v1", "zoo:gpt2"])
def test_sizes_that_are_no_widths_of_one_kind_are_not_put_equal(model):
    assert all(not c.cases for c in derive(model).derivation.chapters)
