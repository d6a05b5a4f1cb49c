"""A graph is printed, read, and is the same. UPDATE_GOLDENS=1 rewrites the golden files."""

import os
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderof.errors import VerifyError
from orderof.ir.build import Builder
from orderof.ir.check import verify
from orderof.ir.forms import Branch, Composite, Irregular, Loop, Move, Nest, Series, View
from orderof.ir.graph import Graph, Input, Node, Origin, Phase, Role, Value, tensor
from orderof.ir.text import parse_graph, print_graph
from orderof.ops import graph_span, graph_work, lookup
from orderof.ops.contract import matmul
from orderof.ops.elementwise import relu
from orderof.sym import symbols

GOLDEN = Path(__file__).parent / "golden"
B, S, d = symbols("B S d")


def facts(graph):
    """All that a graph says, with its values numbered: what the text form must keep."""
    number = {}
    for value in (*(i.value for i in graph.inputs), *(v for n in graph.nodes for v in n.results)):
        number.setdefault(value, len(number))
    return (
        [(i.role, i.value.type, i.value.name) for i in graph.inputs],
        [node_facts(n, number) for n in graph.nodes],
        [number[v] for v in graph.outputs],
        (graph.name, graph.dims, graph.modules, graph.notes, graph.ranges),
        [(number[x], number[g]) for x, g in graph.grads],
    )


def node_facts(n, number):
    results = [(number[v], v.type, v.name) for v in n.results]
    place = n.op, repr(n.attrs), n.scope, n.phase, n.source, n.origin
    return place, form_facts(n.form), [number[v] for v in n.operands], results


def form_facts(form):
    match form:
        case Composite(body):
            return "composite", facts(body)
        case Loop(body, trip, carry, const, stack, reverse, label):
            return "loop", facts(body), trip, carry, const, stack, reverse, label
        case Series(body, index, last, carry):
            return "series", facts(body), index, last, carry
        case Branch(bodies):
            return "branch", [facts(body) for body in bodies]
        case _:
            return form


def test_facts_are_complete():
    """Who adds a field adds it to the text form, and to the facts above."""
    known = {
        Graph: "inputs nodes outputs name dims modules grads notes ranges",
        Node: "op form operands results attrs scope phase source origin",
        Input: "value role",
        Value: "type name",
        Nest: "axes ins out body reduce mac",
        View: "",
        Move: "reads writes",
        Irregular: "counts span reads writes source",
        Composite: "body",
        Loop: "body trip carry const stack reverse label",
        Series: "body index last carry",
        Branch: "bodies",
    }
    found = {kind: [f.name for f in fields(kind) if f.init] for kind in known}
    assert {kind: " ".join(names) for kind, names in found.items()} == known


def again(graph, printed_with=None):
    return parse_graph(print_graph(graph, printed_with), lookup)


@pytest.mark.parametrize("printed_with", [None, lookup], ids=["by spelling", "by lookup"])
def test_round_trip(example, printed_with):
    text = print_graph(example, printed_with)
    read = parse_graph(text, lookup)
    assert print_graph(read, printed_with) == text
    assert facts(read) == facts(example)


def test_what_is_read_costs_the_same(example):
    read = again(example)
    assert graph_work(read) == graph_work(example)
    assert graph_span(read) == graph_span(example)


@pytest.mark.parametrize("name", ["mlp", "conv", "loops"])
def test_golden(name, examples):
    path = GOLDEN / f"{name}.ir"
    text = print_graph(examples[name]())
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.ir")), ids=lambda p: p.stem)
def test_golden_is_read(path):
    text = path.read_text("utf-8")
    assert print_graph(parse_graph(text, lookup)) == text


def small(name="", scope="", op=matmul):
    b = Builder(scope=scope)
    x, w = b.input(name, "float32", B, S), b.param("w", S, d)
    return b, op(b, x, w)


ODD = ["0", "12", "a.b", "from", "backward", "as", "trip=[", '"', "'{", "\\", "a\nb", "x -> y"]
TEXTS = st.text(max_size=8) | st.sampled_from(ODD)


@given(name=TEXTS, scope=TEXTS, source=st.none() | TEXTS, kind=TEXTS)
def test_any_name_survives(name, scope, source, kind):
    b, y = small(name, scope)
    n = b.nodes[0]
    was = Origin("aten.mm", "", f"my.{''.join(kind.split())}")
    node = Node(n.op, n.form, n.operands, n.results, (), scope, Phase.RECOMPUTE, source, was)
    made = Node("made.loop" + kind, loop_of(y), n.results, (Value(y.type),), (), kind)
    parts = (*b.inputs,), (node, made), n.results, name
    graph = Graph(*parts, (), ((scope, kind, B),), notes=(kind, name))
    assert facts(again(graph)) == facts(graph)


def loop_of(y, label="from"):
    b = Builder()
    x = b.take(Value(y.type))
    return Loop(b.graph([x], label), S, carry=1, const=0, stack=0, label="as")


def test_names_are_used_once():
    b = Builder()
    x, y = b.input("x", "float32", B), b.input("x", "float32", B)
    text = print_graph(b.graph([x, y]))
    assert "input %x :" in text
    assert "input %0 :" in text
    assert print_graph(parse_graph(text, lookup)) == text


def test_a_name_that_is_a_number_is_quoted():
    b = Builder()
    x = b.input("0", "float32", B)
    y = relu(b, x)
    text = print_graph(b.graph([y]))
    assert '%0 : float32[B] = relu(%"0")' in text
    assert [i.value.name for i in parse_graph(text, lookup).inputs] == ["0"]


@given(st.lists(st.sampled_from(Role), max_size=6))
def test_roles_survive(roles):
    graph = Graph(tuple(Input(Value(tensor("int8")), role) for role in roles), (), ())
    assert facts(again(graph)) == facts(graph)


def test_with_lookup_a_changed_form_is_printed_in_full():
    b, y = small()
    n = b.nodes[0]
    form = Nest(n.form.axes, n.form.ins, n.form.out, n.form.body, "max")
    node = Node(n.op, form, n.operands, n.results)
    graph = Graph((*b.inputs,), (node,), (y,))
    assert "nest matmul" in print_graph(graph, lookup)
    assert facts(again(graph, lookup)) == facts(graph)
    assert "nest" not in print_graph(b.graph([y]), lookup)


def test_with_lookup_an_operator_that_is_not_declared_is_printed_in_full():
    x, y = Value(tensor("int8", B)), Value(tensor("int8", B))
    node = Node("mystery", Move((B,), (B,)), (x,), (y,))
    graph = Graph((Input(x),), (node,), (y,))
    assert "move mystery reads=[B] writes=[B] (%0)" in print_graph(graph, lookup)
    assert facts(again(graph, lookup)) == facts(graph)


def test_a_graph_that_breaks_a_law_can_still_be_printed():
    b, y = small()
    graph = Graph((), (*b.nodes,), (y,))
    assert "matmul(%?, %?w)" in print_graph(graph)
    with pytest.raises(VerifyError):
        verify(graph)
