"""What `explain` says adds up. UPDATE_GOLDENS=1 rewrites the golden files."""

import functools
import json
import os
import re
from pathlib import Path

import pytest

import orderof
from orderof import api
from orderof.analyses.explain import below, explain
from orderof.cli import main
from orderof.counts import Counts, Kind
from orderof.errors import BadSpelling
from orderof.frontends.zoo import ZOO
from orderof.ir.forms import Composite
from orderof.ir.graph import Phase
from orderof.sym import ONE, symbol, symbols

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
B, S, d, V, L = symbols("B S d V L")
PHASES = (Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER)
zoo = pytest.mark.parametrize("name", ZOO)
phases = pytest.mark.parametrize("phase", PHASES)


@functools.cache
def trained(name):
    graph = api.graph(f"zoo:{name}", train="adamw")
    return graph, api.result_of(graph, mode="train", train="adamw")


@functools.cache
def explained(name, phase):
    return explain(trained(name)[0], "", phase)


def matches(scope):
    """A second reading of a scope: a regular expression for paths of just this depth."""
    return re.compile(scope.replace(".", r"\.").replace("*", "[^.]*"))


def leaves(parts):
    """Those that have none deeper behind them."""
    depths = [*[p.depth for p in parts], 0][1:]
    return [p for p, after in zip(parts, depths, strict=True) if after <= p.depth]


@phases
@zoo
def test_the_items_of_every_scope_add_up_to_its_total(name, phase):
    graph, result = trained(name)
    modules = result.phase(phase).by_module()
    for path in modules:
        same = [cost for p, cost in modules.items() if matches(path).fullmatch(p)]
        found = explain(graph, path, phase)
        assert found.counts == Counts.sum(c.counts for c in same)
        assert found.counts.macs() == sum((c.macs.expr for c in same), start=0 * ONE)
        assert found.counts.ops() == sum((c.ops.expr for c in same), start=0 * ONE)


@phases
@zoo
def test_points_times_body_and_reductions_are_the_count(name, phase):
    for item in explained(name, phase).items:
        if item.points:
            assert item.points.ops == item.counts.ops()
            assert (item.points.points if item.points.mac else 0) == item.counts.macs()


@phases
@zoo
def test_the_parts_of_a_composite_add_up(name, phase):
    for item in explained(name, phase).items:
        assert bool(item.parts) == isinstance(item.node.form, Composite)
        if item.parts:
            assert Counts.sum(p.counts for p in item.parts if not p.depth) == item.counts
            assert Counts.sum(p.counts for p in leaves(item.parts)) == item.counts


@zoo
def test_the_gradients_of_all_items_are_the_backward_pass_but_for_joining_additions(name):
    items = explained(name, Phase.FORWARD).items
    gradients = Counts.sum(g.counts * i.times for i in items for g in i.gradients)
    more = explained(name, Phase.BACKWARD).counts - gradients
    assert {kind for (kind, _), _ in more} <= {Kind.ADD}


def test_gradients_list_all_they_consist_of():
    for item in explained("gpt2", Phase.FORWARD).items:
        for g in item.gradients:
            assert Counts.sum(p.counts for p in leaves(g.parts)) == g.counts


def test_a_projection_by_hand():
    (item,) = api.explain("zoo:gpt2", "lm_head").explanation.items
    assert item.points.points == B * S * d * V
    assert item.points.outputs == B * S * V
    assert item.points.joins == B * S * V * (d - 1)
    assert item.points.each == ((Kind.MUL, 1),)
    assert [g.counts.ops() for g in item.gradients] == [
        B * S * d * (2 * V - 1),  # dx[s, i] = sum over o
        V * d * (2 * B * S - 1),  # dw[o, i] = sum over b, s
    ]


def test_what_is_repeated_runs_as_often():
    found = api.explain("zoo:gpt2", "h.*.attn").explanation
    assert {i.times for i in found.items} == {L}
    assert found.counts.macs() == L * (4 * B * S * d**2 + 2 * B * S**2 * d)
    assert found.free.count("split") == 1


def test_no_gradient_is_given_that_the_backward_pass_does_not_make():
    first, *_ = api.explain("zoo:mlp", "layer1").explanation.items
    assert [g.operands for g in first.gradients] == [(1,)]  # the input x wants none


def test_exact_padding():
    full = api.explain("zoo:resnet18", "layer1.0.conv1")
    exact = api.explain("zoo:resnet18", "layer1.0.conv1", padding="exact")
    n, h = 64, 56
    sizes = dict(full.explanation.dims)
    assert full.explanation.counts.macs().at(sizes) == n * n * (3 * h) ** 2
    assert exact.explanation.counts.macs().at(sizes) == n * n * (3 * h - 2) ** 2  # corners: 2 lost
    assert "inside the tensor" in str(exact)


@pytest.mark.parametrize(
    ("path", "scope", "expected"),
    [
        ("h.*.attn.c_proj", "h.*.attn", True),
        ("h.3.attn", "h.*.attn", True),
        ("h.3.attn", "h.1*", False),
        ("h.3", "h.3.attn", False),
        ("head", "h", False),
        ("", "", True),
        ("h", "", True),
    ],
)
def test_scopes_match_part_by_part(path, scope, expected):
    assert below(path, scope) is expected


@pytest.mark.parametrize(
    ("scope", "phase", "hint"),
    [
        ("lm_hed", "forward", "lm_head"),
        ("attn", "forward", "h.*.attn"),
        ("zzz", "forward", "wte, wpe, h.*, ln_f, lm_head"),
        ("lm_head", "optimizer", "forward, backward"),
        ("lm_head", "sideways", "forward, loss"),
        ("", "loss", "cross_entropy"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(scope, phase, hint):
    with pytest.raises(BadSpelling) as caught:
        orderof.explain("zoo:gpt2", scope, phase=phase)
    assert hint in caught.value.hint


def test_a_loss_is_explained_where_it_is_named():
    found = orderof.explain("zoo:gpt2", "loss", phase="loss", loss="cross_entropy").explanation
    assert [i.node.op for i in found.items] == ["cross_entropy"]


def test_json_has_the_same_figures():
    found = json.loads(orderof.explain("zoo:gpt2", "lm_head", dims={"B": 2**20}).to_json())
    macs = 2**20 * 1024 * 768 * 50257
    assert found["macs"] == {"value": macs, "value_exact": str(macs), "formula": "B*S*V*d"}
    (linear,) = found["operators"]
    assert linear["nest"]["indices"] == "_0 _1 i, o i -> _0 _1 o"
    assert [g["of"] for g in linear["gradients"]] == [[0], [1]]
    assert orderof.explain("zoo:lstm", "").to_json()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lm_head", ["zoo:gpt2", "lm_head"]),
        ("attn", ["zoo:gpt2", "h.*.attn"]),
        ("backward", ["zoo:mlp", "layer1", "--phase", "backward"]),
    ],
)
def test_golden(name, words, capsys):
    """Without the line numbers of the declarations, which move with what stands above them."""
    path = GOLDEN / f"explain_{name}.txt"
    assert main(["explain", *words]) == 0
    text = re.sub(r"\.py:\d+", ".py:N", capsys.readouterr().out)
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


def test_the_command_line_keeps_what_was_asked(capsys):
    assert main(["explain", "zoo:gpt2", "h.*.mlp.act", "-d", "S=8k", "--as", "flops"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "orderof explain zoo:gpt2 'h.*.mlp.act' -d S=8k --phase backward" in last
    assert main(["explain", "zoo:mlp", "layer1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scope"] == "layer1"
    assert main(["explain", "zoo:mlp", "layer9"]) == BadSpelling.exit_code
    assert "layer1" in capsys.readouterr().err


@pytest.mark.framework
def test_equal_copies_of_a_torch_module_are_one_item():
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(*(torch.nn.Linear(8, 8) for _ in range(4)))
    x = torch.zeros(2, 8)
    found = orderof.explain(net, "*", x).explanation
    (product,) = [i for i in found.items if i.counts.macs()]
    assert (product.times, product.scopes) == (4, ("*",))
    assert product.names[1] == "*.weight"
    B = symbol("B")
    assert found.counts.macs() == 4 * B * 8 * 8
    backward = orderof.explain(net, "*", x, phase="backward").explanation
    assert backward.counts.macs() == (1 + 3 * 2) * B * 8 * 8  # the first input has no gradient


def test_one_of_equal_blocks_is_found_among_them():
    found = orderof.explain("zoo:gpt2", "h.3.attn").explanation
    assert (found.scope, found.notes[0]) == ("h.*.attn", "h.3.attn is one of these")
    assert found.counts == orderof.explain("zoo:gpt2", "h.*.attn").explanation.counts
    with pytest.raises(BadSpelling, match="is no module"):
        orderof.explain("zoo:gpt2", "h.3.nothing")
