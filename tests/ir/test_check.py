"""For each law a graph that breaks it, and nothing else, is refused; lawful graphs pass."""

import dataclasses

import pytest

from orderof.counts import NONE, Counts
from orderof.errors import VerifyError
from orderof.ir.access import access
from orderof.ir.build import Builder
from orderof.ir.check import GRAPH_LAWS, NODE_LAWS, verify
from orderof.ir.forms import Branch, Composite, Irregular, Loop, Move, Nest, Series, View
from orderof.ir.graph import Graph, Input, Node, Value, tensor
from orderof.ir.literal import read_scalar
from orderof.ir.scalar import Const, Power, Scalar, Var
from orderof.ops.elementwise import add, relu
from orderof.ops.pool import max_pool
from orderof.sym import ONE, ceildiv, const, expr, symbols

B, S, d, H, i, x0 = symbols("B S d H i x0")


def value(*shape, dtype="float32"):
    return Value(tensor(dtype, *shape))


def graph(form, operands, results, attrs=()):
    """A graph of one node."""
    node = Node("op", form, tuple(operands), tuple(results), attrs)
    return Graph(tuple(Input(v) for v in dict.fromkeys(operands)), (node,), tuple(results))


def nest(signature, body, sizes, reduce=None, *, ins, out, mac=False):
    """A graph of one nest; `ins` and `out` are shapes."""
    left, right = signature.split("->")
    accesses = tuple(map(access, left.split(",") if left.strip() or ins else ()))
    scalar = read_scalar(body) if isinstance(body, str) else body
    axes = tuple((a, expr(n)) for a, n in (sizes.items() if isinstance(sizes, dict) else sizes))
    form = Nest(axes, accesses, access(right), scalar, reduce, mac)
    return graph(form, [value(*s) for s in ins], [value(*out)])


def body(inputs, outputs):
    """A graph that gives values of its own."""
    fill = Move((), tuple(v.type.size for v in outputs))
    node = Node("fill", fill, (), tuple(outputs))
    return Graph(tuple(map(Input, inputs)), (node,) if outputs else (), tuple(outputs))


def loop(inputs, outputs, operands, results, carry=0, const=0, stack=0, trip=S):
    form = Loop(body(inputs, outputs), trip, carry, const, stack)
    return graph(form, operands, results)


def steps(inputs, outputs, operands, results, carry=1, index="i"):
    return graph(Series(body(inputs, outputs), index, S, carry), operands, results)


def one_of(inputs, outputs, operands, results):
    return graph(Branch((body(inputs, outputs),) * 2), [value(), *operands], results)


def chain():
    """x -> relu -> add, to be taken apart."""
    b = Builder()
    x = b.input("x", "float32", B)
    y = relu(b, x)
    return b.graph([add(b, y, x)])


def change(g, **parts):
    return dataclasses.replace(g, **parts)


def twice():
    g = chain()
    return change(g, nodes=(g.nodes[0], *g.nodes))


def given_twice():
    g = chain()
    return change(g, inputs=(*g.inputs, *g.inputs))


def backwards():
    g = chain()
    return change(g, nodes=g.nodes[::-1])


def with_outer_value():
    x, y = value(B), value(B)
    inner = body([value(B)], [value(B)])
    inner = change(inner, nodes=(*inner.nodes, Node("v", View(), (x,), (value(B),))))
    return graph(Composite(inner), [x], [y])


def gradient(x=None, g=None):
    made = chain()
    return change(made, grads=((x or made.inputs[0].value, g or made.outputs[0]),))


def gradient_of_other_type():
    x, y = value(B), value(S)
    return change(graph(Move((B,), (S,)), [x], [y]), grads=((x, y),))


SQUARE = {"m": B, "n": S}
LAWS = {
    "every value is defined once": [twice(), given_twice()],
    "every operand is an input or an earlier result": [
        backwards(),
        change(chain(), inputs=()),
        with_outer_value(),
    ],
    "every output is an input or a result": [change(chain(), outputs=(value(B),))],
    "a gradient is a value of the type of its input": [
        gradient(x=value(B)),
        gradient(g=value(B)),
        gradient_of_other_type(),
    ],
    "a type has a known dtype and no negative size": [
        graph(Move((), (B,)), [], [value(B, dtype="float31")]),
        graph(Move((), (ONE,)), [], [value(-B)]),
    ],
    "a dim has a name and one size, at least 1": [
        change(chain(), dims=(("B", 1), ("B", 2))),
        change(chain(), dims=(("B", 0),)),
        change(chain(), dims=(("2B", 1),)),
    ],
    "every node has a result": [graph(Move((), ()), [], [])],
    "an attribute is a number, a text, a size, None, or a tuple of those": [
        graph(Move((), (B,)), [], [value(B)], (("axis", [1]),)),
        graph(Move((), (B,)), [], [value(B)], (("axis", (1, {})),)),
    ],
    "a nest has one access for each operand, and one result": [
        nest("m -> m", "x0", {"m": B}, ins=[(B,), (B,)], out=(B,)),
        graph(Nest((), (), (), Const(0)), [], [value(), value()]),
    ],
    "an access has one index for each dimension": [
        nest("m n -> m n", "x0", SQUARE, ins=[(B,)], out=(B, S)),
        nest("m n -> m", "x0", SQUARE, "add", ins=[(B, S)], out=(B, S)),
    ],
    "every axis has a name and one size": [
        nest("m n -> m n", "x0", {"m": B}, ins=[(B, S)], out=(B, S)),
        nest("m -> m", "x0", (("m", B), ("m", B)), ins=[(B,)], out=(B,)),
        nest("(m) -> (m)", "x0", {"m": B, "a b": S}, ins=[(B,)], out=(B,)),
        nest("m -> m", "x0", {"m": B, "n": -S}, "add", ins=[(B,)], out=(B,)),
    ],
    "no axis stands twice in one access": [
        nest("m m -> m", "x0", {"m": B}, ins=[(B, B)], out=(B,)),
        nest("(m m) -> m", "x0", {"m": B}, ins=[(B * B,)], out=(B,)),
        nest("m -> m m", "x0", {"m": B}, ins=[(B,)], out=(B, B)),
    ],
    "an index takes as many values as its dimension has": [
        nest("m -> m", "x0", {"m": B}, ins=[(S,)], out=(B,)),
        nest("m -> m", "x0", {"m": B}, ins=[(B,)], out=(B + 1,)),
        nest("(m n) -> m n", "x0", SQUARE, ins=[(B * S + 1,)], out=(B, S)),
        nest("m 1 -> m", "x0", {"m": B}, ins=[(B, S)], out=(B,)),
    ],
    "a window without padding starts inside, and stays there unless reduced": [
        nest("2*h+1*r -> h", "x0", {"h": 4, "r": 3}, "add", ins=[(6,)], out=(4,)),
        nest("2*h+1*r -> h", "x0", {"h": H, "r": 3}, "add", ins=[(2 * H - 2,)], out=(H,)),
        nest("1*h+1*r -> h r", "x0", {"h": H, "r": 3}, ins=[(H + 1,)], out=(H, 3)),
        nest("h -> 2*h+1*r", "x0", {"h": 4, "r": 3}, "add", ins=[(4,)], out=(6,)),
        nest("0*h+1*r -> h", "x0", {"h": 4, "r": 3}, "add", ins=[(6,)], out=(4,)),
    ],
    "what meets in one element is added or compared; a MAC is a product": [
        nest("m n -> m", "x0", SQUARE, "mul", ins=[(B, S)], out=(B,)),
        nest("m n -> m", "x0", SQUARE, ins=[(B, S)], out=(B,)),
        nest("h r -> 1*h+1*r", "x0", {"h": 4, "r": 3}, ins=[(4, 3)], out=(6,)),
        nest("m n -> m", "x0 * x0", SQUARE, "add", ins=[(B, S)], out=(B,), mac=True),
        nest("m n -> m", "x0", SQUARE, "add", ins=[(B, S)], out=(B,), mac=True),
    ],
    "a body applies scalar functions to its own operands, axes and numbers": [
        nest("m -> m", "x0 * x1", {"m": B}, ins=[(B,)], out=(B,)),
        nest("m -> m", "g", {"m": B}, ins=[(B,)], out=(B,)),
        nest("m -> m", "x0 * at(n)", {"m": B}, ins=[(B,)], out=(B,)),
        nest("m -> m", Scalar("sinh", (Var(0),)), {"m": B}, ins=[(B,)], out=(B,)),
        nest("m -> m", Scalar("exp", (Var(0), Var(0))), {"m": B}, ins=[(B,)], out=(B,)),
        nest("m -> m", Var(0) * Const(Power(x0)), {"m": B}, ins=[(B,)], out=(B,)),
    ],
    "a view has one operand": [graph(View(), [value(B), value(B)], [value(B)])],
    "a move reads from each operand and writes to each result": [
        graph(Move((), (B,)), [value(B)], [value(B)]),
        graph(Move((B,), (B, B)), [value(B)], [value(B)]),
        graph(Move((-B,), (B,)), [value(B)], [value(B)]),
    ],
    "an algorithm reads from each operand and writes to each result": [
        graph(Irregular(NONE, ONE, (), (B,), "a book"), [value(B)], [value(B)]),
        graph(Irregular(NONE, ONE, (B,), (), "a book"), [value(B)], [value(B)]),
    ],
    "a composite has the types of its body": [
        graph(Composite(body([value(B)], [value(B)])), [value(S)], [value(B)]),
        graph(Composite(body([value(B)], [value(B)])), [value(B)], [value(S)]),
        graph(Composite(body([value(B)], [value(B)])), [], [value(B)]),
        graph(Composite(body([], [value(B)])), [], [value(B), value(B)]),
        graph(Composite(body([], [value(B)])), [], [value(B, dtype="int8")]),
    ],
    "a loop splits the inputs and outputs of its body into parts": [
        loop([value(B)], [value(B)], [value(B)], [value(B)], carry=1, const=1),
        loop([value(B)], [value(B)], [value(B)], [value(B)], carry=1, stack=1),
        loop([value(B)], [value(B)], [value(B)], [value(B)], const=-1),
        loop([value(B)], [value(B)], [value(S, B)], [value(B)], trip=-S),
    ],
    "a loop takes carries, constants, and scans of `trip` slices": [
        loop([value(B)], [value(B)], [value(S, B)], [value(B)], carry=1),
        loop([value(B)], [value(B)], [value(S, B)], [value(B)], const=1),
        loop([value(B)], [value(B)], [value(B)], [value(B)]),
        loop([value(B)], [value(B)], [value(d, B)], [value(B)]),
        loop([value(B)], [value(B)], [], [value(B)]),
    ],
    "a step leaves the type of a carry as it is": [
        loop([value(B)], [value(S)], [value(B)], [value(S)], carry=1),
        loop([value(B)], [value(B, dtype="int8")], [value(B)], [value(B)], carry=1),
    ],
    "a loop gives carries, stacks of `trip` slices, and sums": [
        loop([], [value(B)], [], [value(B)], stack=1),
        loop([], [value(B)], [], [value(S, B)]),
        loop([value(B)], [value(B)], [value(B)], [value(S, B)], carry=1),
        loop([], [value(B)], [], [value(B), value(B)]),
    ],
    "a series hands on the same types at every step": [
        steps([value(B)], [value(B)], [value(B)], [value(B)], index="2i"),
        steps([value(B)], [value(B)], [value(B)], [value(B)], index="S"),
        steps([value(B)], [value(B)], [value(B)], [value(B)], carry=0),
        steps([value(B)], [value(B)], [value(B)], [value(B)], carry=2),
        steps([value(i)], [value(i)], [value(i)], [value(i)]),
        steps([value(B)], [value(B)], [value(S)], [value(B)]),
        steps([value(B)], [value(B)], [value(B)], [value(S)]),
        steps([value(B)], [value(S)], [value(B)], [value(B)]),
    ],
    "every body of a branch has its types, and a value decides": [
        graph(Branch(()), [value()], [value(B)]),
        graph(Branch((body([], [value(B)]),)), [], [value(B)]),
        one_of([value(B)], [value(B)], [value(S)], [value(B)]),
        one_of([value(B)], [value(B)], [value(B)], [value(S)]),
        graph(Branch((body([], [value(B)]), body([], [value(S)]))), [value()], [value(B)]),
    ],
}
CASES = [(law, i) for law, broken in LAWS.items() for i in range(len(broken))]


def test_every_law_is_broken_by_some_graph():
    assert list(LAWS) == [law for law, _ in (*GRAPH_LAWS, *NODE_LAWS)]


@pytest.mark.parametrize(("law", "i"), CASES)
def test_refused(law, i):
    with pytest.raises(VerifyError) as caught:
        verify(LAWS[law][i])
    assert caught.value.hint == law
    assert caught.value.subject
    assert caught.value.message


def test_examples_are_lawful(example):
    verify(example)


@pytest.mark.parametrize(
    "lawful",
    [
        nest("2*h+1*r-1 -> h", "x0", {"h": H, "r": 3}, "add", ins=[(d,)], out=(H,)),
        nest("2*h+1*r -> h", "x0", {"h": H, "r": 3}, "add", ins=[(d,)], out=(H,)),
        nest("2*h+1*r -> h", "x0", {"h": H, "r": 3}, "max", ins=[(2 * H - 1,)], out=(H,)),
        nest("1*h+1*r -> h r", "x0", {"h": H, "r": 3}, ins=[(H + 2,)], out=(H, 3)),
        nest("h r -> 2*h+1*r", "x0", {"h": H, "r": 2}, ins=[(H, 2)], out=(2 * H,)),
        nest("-> h", "at(h)", {"h": H}, ins=[], out=(H,)),
        nest(" -> h", "x0", {"h": H}, ins=[()], out=(H,)),
        nest("m 1 -> m", "x0", {"m": B, "n": 1}, ins=[(B, 1)], out=(B,)),
        nest("m, n -> m n", "x0 * x1", SQUARE, ins=[(B,), (S,)], out=(B, S), mac=True),
        loop([value(B), value(), value(d)], [value(B), value(d), value()],
             [value(B), value(), value(S, d)], [value(B), value(S, d), value()],
             carry=1, const=1, stack=1),
        steps([value(B), value(d)], [value(B)], [value(B), value(d)], [value(B)]),
        one_of([value(B)], [value(B)], [value(B)], [value(B)]),
        graph(Irregular(Counts.of("add", "int8", B), ONE, (), (B,), "a book"), [], [value(B)]),
        graph(Move((), (ONE,)), [], [value(S - B)]),
    ],
)  # fmt: skip
def test_passes(lawful):
    verify(lawful)


def test_a_pool_that_rounds_up_may_stand_over():
    b = Builder()
    x = b.input("x", "float32", B, 3, H, 6)
    y = max_pool(b, x, size=(3, 3), stride=(2, 2), padding=(0, 0), dilation=(1, 1), ceil=True)
    assert y.shape == (B, 3, ceildiv(H - 1, 2), const(3))
    verify(b.graph([y]))


def test_a_fault_in_a_body_is_named_with_the_way_to_it():
    inner = change(body([value(B)], [value(B)]), outputs=(value(B),))
    outer = graph(Composite(inner), [value(B)], [value(B)])
    outer = graph(Composite(outer), [value(B)], [value(B)])
    with pytest.raises(VerifyError) as caught:
        verify(outer)
    assert caught.value.subject == "node 0 (op) > node 0 (op) > output 0"


def test_a_body_that_two_nodes_share_is_read_once():
    inner = body([value(B)], [value(B)])
    x, y, z = value(B), value(B), value(B)
    nodes = (Node("a", Composite(inner), (x,), (y,)), Node("b", Composite(inner), (y,), (z,)))
    verify(Graph((Input(x),), nodes, (z,)))
