"""The layers that Vaswani et al. 2017 compare in Table 1, as graphs: n positions, width d."""

from orderof.ir.access import access
from orderof.ir.build import Builder
from orderof.ir.forms import Nest
from orderof.ir.graph import Role, Type
from orderof.ir.scalar import Var
from orderof.ops.attention import attention
from orderof.ops.contract import matmul
from orderof.ops.conv import CONV
from orderof.ops.elementwise import ACTIVATIONS, add
from orderof.ops.region import loop
from orderof.ops.shape import permute
from orderof.ops.softmax import softmax
from orderof.sym import ONE, const, symbols

n, d, k, r = symbols("n d k r")


def self_attention():
    """Every position looks at every other: queries, keys and values are given."""
    b = Builder()
    q, key, v = (b.input(name, "float32", 1, 1, n, d) for name in "qkv")
    return b.graph([attention(b, q, key, v)[0]], "self-attention")


def restricted():
    """Every position looks at r neighbours, of which there are r - 1 more at the edge."""
    b = Builder()
    q = b.input("q", "float32", n, d)
    key, v = (b.input(name, "float32", n + r - 1, d) for name in "kv")
    axes = (("s", n), ("t", r), ("e", d))
    body = Var(0) * Var(1)
    look = Nest(axes, (access("s e"), access("1*s+1*t e")), access("s t"), body, "add", True)
    (scores,) = b.emit("window_scores", look, [q, key], [Type((n, r), "float32")])
    p = softmax(b, scores, axis=1)
    take = Nest(axes, (access("s t"), access("1*s+1*t e")), access("s e"), body, "add", True)
    (out,) = b.emit("window_values", take, [p, v], [Type((n, d), "float32")])
    return b.graph([out], "self-attention (restricted)")


def recurrent():
    """h' = tanh(x W + h U), one position after the other."""
    b = Builder()
    x = b.input("x", "float32", n, ONE, d)
    w, u = (b.input(name, "float32", d, d, role=Role.PARAM) for name in "wu")

    def step(inner, carry, weights, slices):
        h = ACTIVATIONS["tanh"](inner, add(inner, matmul(inner, slices[0], weights[0]),
                            matmul(inner, carry[0], weights[1])))  # fmt: skip
        return [h], [h]

    start = b.input("h", "float32", ONE, d, role=Role.CONSTANT)
    return b.graph([loop(b, n, step, carry=[start], const=[w, u], scan=[x])[1]], "recurrent")


def convolutional(dilations=(1,), taps=k):
    """Convolutions of k taps over what was padded before, d channels to d channels."""
    b = Builder()
    rows = n + sum(m * (taps - 1) for m in dilations)
    y = b.input("x", "float32", ONE, rows, d)
    y = permute(b, y, order=(0, 2, 1))
    for i, m in enumerate(dilations):
        w = b.input(f"w{i}", "float32", d, d, taps, role=Role.PARAM)
        y = CONV[1](b, y, w, dilation=(m,))
    return b.graph([permute(b, y, order=(0, 2, 1))], "convolutional")


def dilated(layers, taps):
    """A stack of convolutions, each of which looks `taps` times as far as the one before."""
    return convolutional(tuple(taps**i for i in range(layers)), const(taps))
