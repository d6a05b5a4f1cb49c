"""The graphs that the tests of the intermediate representation share."""

from dataclasses import replace

import pytest

from orderof.ir.build import Builder
from orderof.ir.forms import Composite, Loop
from orderof.ir.graph import Graph, Node, Origin, Phase, Role, tensor
from orderof.ops.attention import attention
from orderof.ops.contract import linear, matmul
from orderof.ops.conv import CONV, CONV_TRANSPOSE
from orderof.ops.derive import derive
from orderof.ops.elementwise import add, clamp, gelu, mul, relu, silu
from orderof.ops.norm import layer_norm
from orderof.ops.pool import max_pool
from orderof.ops.random import uniform
from orderof.ops.recurrent import recurrent
from orderof.ops.reduce import sum_over
from orderof.ops.region import branch, loop, series
from orderof.ops.shape import gather_rows, permute, reshape, scatter_rows, slice_
from orderof.ops.softmax import cross_entropy, softmax
from orderof.sym import Range, symbols

B, S, V, d, h, H, W = symbols("B S V d h H W")


def mlp():
    b = Builder()
    x = b.input("x", "float32", B, d)
    at = b.input("target", "int64", B)
    with b.module("fc", "Linear"):
        w, bias = b.param("weight", V, d), b.param("bias", V)
        b.source, b.origin = "mlp.py:7", Origin("aten.mm", "F.linear")
        y = linear(b, x, w)
        product = b.nodes[-1]
        y = add(b, y, bias)
    b.source = b.origin = None
    z = relu(b, y)
    used = b.nodes[-1]
    with b.during(Phase.LOSS):
        loss = cross_entropy(b, z, at)
    g = b.input("seed", "float32", B, V, role=Role.FROZEN)
    b.scope = "fc"
    with b.during(Phase.BACKWARD):
        gy = derive(b, used, g, 0)
        gw = derive(b, product, gy, 1)
    graph = b.graph([loss, gw], "mlp", [("B", 32), ("d", 64), ("V", 10)])
    return with_grads(graph, (w, gw))


def with_grads(g, *grads):
    return Graph(g.inputs, g.nodes, g.outputs, g.name, g.dims, g.modules, grads)


def conv():
    """Grouped, strided, padded, and transposed; all gradients derived."""
    b = Builder()
    x = b.input("x", "float32", B, 4, H, W)
    with b.module("stem", "Conv2d"):
        w = b.param("weight", 8, 2, 3, 3)
        y = CONV[2](b, x, w, stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2)
        first = b.nodes[-1]
    p = max_pool(b, x, size=(3, 3), stride=(2, 2), padding=(0, 0), dilation=(1, 1), ceil=True)
    u = b.param("up", 4, 8, 2, 2)
    z = CONV_TRANSPOSE[2](b, p, u, stride=(2, 2), extra=(1, 1))
    second = b.nodes[-1]
    grads = [derive(b, second, z, 0), derive(b, second, z, 1)]
    grads += [derive(b, first, y, 0), derive(b, first, y, 1)]
    graph = b.graph([y, z, *grads], "conv", [("B", 1), ("H", 33), ("W", 33)])
    ranges = ("H", Range(multiple=3, most=99)), ("W", Range(least=5))
    return replace(graph, ranges=ranges)


def gpt_block():
    b = Builder()
    tokens = b.input("tokens", "int64", B, S)
    x = gather_rows(b, b.param("wte.weight", V, d), tokens)
    with b.module("h", times=12), b.module("ln_1", "LayerNorm"):
        n, _, _ = layer_norm(b, x, b.param("weight", d), b.param("bias", d), eps=1e-6)
    with b.module("h.attn", "Attention", 12):
        heads = reshape(b, n, shape=(B, S, h, d / h))
        heads = permute(b, heads, order=(0, 2, 1, 3))
        y, _ = attention(b, heads, heads, heads, masked="causal")
        y = reshape(b, permute(b, y, order=(0, 2, 1, 3)), shape=(B, S, d))
    x = add(b, x, y)
    table = scatter_rows(b, x, tokens, rows=V)
    noise = uniform(b, shape=x.shape, dtype="bfloat16")
    dims = [("B", 1), ("S", 1024), ("V", 50257), ("d", 768), ("h", 12)]
    return b.graph([x, table, noise], "gpt2", dims)


def scalars():
    """Bodies with numbers of every sort."""
    b = Builder()
    x = b.input("x", "bfloat16", B, S)
    for value in (silu, gelu):
        derive(b, _last(b, value, x), x, 0)
    clamp(b, x, low=float("-inf"), high=0.1)
    derive(b, b.nodes[-1], x, 0)
    softmax(b, x, axis=-1)
    outputs = [v for n in b.nodes for v in n.results]
    return b.graph(outputs)


def _last(b, op, x):
    op(b, x)
    return b.nodes[-1]


def lstm():
    """One layer in both directions, as a composite in full."""
    b = Builder()
    x = b.input("x", "float32", S, B, d)
    states = [b.input(name, "float32", 2, B, h) for name in ("h0", "c0")]
    weights = []
    with b.module("rnn", "LSTM"):
        for way in ("", "_reverse"):
            weights.append(b.param(f"weight_ih_l0{way}", 4 * h, d))
            weights.append(b.param(f"weight_hh_l0{way}", 4 * h, h))
        out, *last = recurrent(b, x, *states, *weights, cell="lstm", bidirectional=True, bias=False)
    return spelled_out(b.graph([out, *last], "lstm", [("S", 5), ("B", 2), ("d", 3), ("h", 4)]))


def spelled_out(g):
    """Rename the nodes that have bodies, as a transform would."""
    nodes = tuple(
        Node(f"{n.op}.made", n.form, n.operands, n.results, n.attrs, n.scope, n.phase, n.source)
        if isinstance(n.form, Composite | Loop)
        else n
        for n in g.nodes
    )
    return Graph(g.inputs, nodes, g.outputs, g.name, g.dims, g.modules, g.grads)


def loops():
    """A loop in a loop, backwards, with constants, stacks and sums; no name anywhere."""
    b = Builder(scope="0")
    x = b.input("", "float32", S, B, d)
    w = b.input("", "float32", d, d)
    start = b.input("", "float32", B, d)

    def inner(c, carry, const, slices):
        return [add(c, carry[0], slices[0])], []

    def outer(c, carry, const, slices):
        y = matmul(c, carry[0], const[0])
        (total,) = loop(c, B, inner, carry=[sum_over(c, y, dims=(0,))], scan=[slices[0]])
        return [mul(c, y, slices[0])], [total]

    out = loop(b, S, outer, carry=[start], const=[w], scan=[x], reverse=True, label="time")
    form = Loop(_square(), S, carry=0, const=0, stack=0)
    summed = b.emit("loop", form, [x], [tensor("float32", B, d)])
    return spelled_out(b.graph([*out, *summed]))


def regions():
    """A series whose steps grow, in which one of two bodies runs."""
    b = Builder(scope="0")
    x, z = b.input("x", "float32", S), b.input("z", "float32", 1)
    small = b.input("small", "bool", 1)

    def double(c, values):
        return [add(c, values[0], values[0])]

    def square(c, values):
        return [mul(c, values[0], values[0])]

    def turn(c, i, carry, const):
        part = slice_(c, const[0], axis=0, start=0, stop=i)
        (part,) = branch(c, const[1], [part], double, square)
        return [add(c, carry[0], sum_over(c, part, dims=(0,), keep=True))]

    return b.graph(series(b, "i", S, turn, carry=[z], const=[x, small]), "regions", [("S", 5)])


def _square():
    b = Builder()
    x = b.input("x", "float32", B, d)
    return b.graph([mul(b, x, x)], "square", [("B", 2)])


EXAMPLES = {f.__name__: f for f in (mlp, conv, gpt_block, scalars, lstm, loops, regions)}


@pytest.fixture(params=EXAMPLES)
def example(request):
    return EXAMPLES[request.param]()


@pytest.fixture
def examples():
    return EXAMPLES
