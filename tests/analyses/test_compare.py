"""A difference is the sum of its terms, exactly and in letters."""

import pytest

from orderof import compare
from orderof.analyses.compare import EACH, account, difference
from orderof.api import graph
from orderof.conventions import convention, names
from orderof.conventions.types import Convention
from orderof.errors import BadSpelling, VerifyError
from orderof.sym import Expr, parse

ZOO = ["zoo:resnet18", "zoo:gpt2", "zoo:lstm", "zoo:mobilenet_v1"]


@pytest.mark.parametrize("model", ZOO)
def test_terms_add_up_between_any_two(model):
    found = graph(model)
    plain = [n for n in names() if not convention(n).formula]
    accounts = [account(found, convention(n)) for n in plain]
    first = accounts[0]
    for other in accounts:
        terms = difference(first, other)
        assert Expr.sum(t.amount for t in terms) == other.total - first.total
        for term in terms:
            assert term.why == EACH or Expr.sum(n for _, n in term.places) == term.amount


def test_what_fvcore_says_of_gpt2():
    macs, fvcore = (account(graph("zoo:gpt2"), convention(n)) for n in ("macs", "fvcore"))
    norms, attention = difference(macs, fvcore)
    assert norms.amount == parse("5*B*S*d*(2*L + 1)")
    assert attention.amount == parse("-2*B*L*S**2*d")
    assert [path for path, _ in norms.places] == ["h.*.ln_1", "h.*.ln_2", "ln_f"]


def test_what_two_share_cancels():
    fvcore, timm = (account(graph("zoo:gpt2"), convention(n)) for n in ("fvcore", "timm"))
    assert [t.amount for t in difference(fvcore, timm)] == [parse("2*B*L*S**2*d")]


def test_units_are_a_term_of_their_own():
    macs, flops = (account(graph("zoo:gpt2"), convention(n)) for n in ("macs", "flops"))
    (term,) = difference(macs, flops)
    assert (term.why, term.amount) == (EACH, macs.total)


def test_every_operation_is_what_is_counted():
    from orderof import analyze

    found = account(graph("zoo:gpt2"), convention("orderof"))
    assert found.total == analyze("zoo:gpt2").forward.ops.expr


def test_a_tool_that_runs_a_model_once_sees_no_backward_pass():
    from orderof import analyze

    found = account(graph("zoo:gpt2", train="sgd"), convention("fvcore"))
    whys = {t.why: t.amount for t in found.terms}
    assert found.total == account(graph("zoo:gpt2"), convention("fvcore")).total
    backward = analyze("zoo:gpt2", train="sgd").backward.macs.expr
    assert whys["backward is not counted"] == -backward


def test_a_deviation_without_a_reason_is_refused():
    bare = Convention("bare", "twice", "nowhere", 3 * parse("macs"))
    with pytest.raises(VerifyError, match="gives no reason"):
        account(graph("zoo:mlp"), bare)


def test_compare_gives_figures_and_terms():
    found = compare("zoo:resnet18", as_=["macs", "fvcore"])
    assert found.figures() == {"macs": 1_814_073_344, "fvcore": 1_819_065_856}
    dims = dict(found.comparison.dims)
    assert [t.amount.at(dims) for t in found.terms("macs", "fvcore")] == [4_967_424, 25_088]


def test_all_are_compared():
    found = compare("zoo:mlp")
    assert {"fvcore", "timm", "torch", "torchvision"} <= found.figures().keys()


def test_a_name_that_nobody_knows():
    with pytest.raises(BadSpelling, match="is no convention known here"):
        compare("zoo:mlp", as_=["fvcor"])


def test_a_result_has_the_figure_by_module_and_keeps_it():
    from orderof import Result, analyze

    found = analyze("zoo:resnet18", as_="fvcore")
    assert found.forward.total()() == 1_819_065_856
    by_module = found.forward.by_module(1)
    assert sum(by_module[m].total()() for m in by_module if m) == 1_819_065_856
    again = Result.from_json(found.to_json())
    assert again == found
    assert again.forward.total()(B=2) == 2 * 1_819_065_856


def test_it_cannot_be_asked_for_afterwards():
    from orderof import analyze

    with pytest.raises(BadSpelling, match="counts operators"):
        analyze("zoo:resnet18").forward.total("fvcore")
