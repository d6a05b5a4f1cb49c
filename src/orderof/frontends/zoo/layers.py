"""The layers that the zoo's models are written in: parameters with names, then operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.ir.build import Builder, join
from orderof.ir.forms import Loop
from orderof.ir.graph import Role, Value, tensor
from orderof.ops.contract import linear
from orderof.ops.contract import project as project_op
from orderof.ops.conv import CONV
from orderof.ops.elementwise import ACTIVATIONS, add, shift
from orderof.ops.norm import EPS, batch_norm, batch_norm_eval, running_average, unbiased
from orderof.ops.norm import layer_norm as layer_norm_op
from orderof.ops.random import dropout as dropout_op
from orderof.ops.shape import reshape
from orderof.sym import Expr, Size, expr

if TYPE_CHECKING:
    from collections.abc import Callable

    Block = (
        Callable[["Net", Value], Value]
        | Callable[["Net", Value, Value], Value]
        | Callable[["Net", Value, Value, Value], Value]
    )


class Net(Builder):
    """A builder that knows whether the network is being trained."""

    def __init__(self, *, train: bool = False) -> None:
        """Start an empty network."""
        super().__init__()
        self.train = train

    def frozen(self, name: str, *shape: Size, dtype: str = "float32") -> Value:
        """Declare a buffer of the open module."""
        return self.input(join(self.scope, name), dtype, *shape, role=Role.BUFFER)


class _Layer(Net):
    """The body of repeated layers: it is given one slice of each stack that the outer net owns."""

    def __init__(self, outer: Net, trip: Expr) -> None:
        super().__init__(train=outer.train)
        self.scope, self.times, self.modules = outer.scope, outer.times, outer.modules
        self.outer, self.trip = outer, trip
        self.stacks: list[Value] = []
        self.slices: list[Value] = []

    def input(self, name: str, dtype: str, *shape: Size, role: Role = Role.INPUT) -> Value:
        self.stacks.append(self.outer.input(name, dtype, self.trip, *shape, role=role))
        self.slices.append(Value(tensor(dtype, *shape)))
        return self.slices[-1]


def repeat(
    net: Net,
    name: str,
    trip: Size,
    x: Value,
    block: Block,
    *consts: Value,
    kind: str = "Block",
) -> Value:
    """Run `trip` copies of a block one after the other, each with parameters of its own.

    Every copy is called as block(net, x, *consts): x is what the copy before it gave, a constant is
    the same value for all. The copies are called `name.*`, or `name` if it has a `*` in it.
    """
    with net.module(name if "*" in name else join(name, "*"), kind, times=trip):
        inner = _Layer(net, expr(trip))
        start, *same = (inner.take(Value(v.type)) for v in (x, *consts))
        whole: Callable[..., Value] = block
        end = whole(inner, start, *same)
        for one in inner.slices:
            inner.take(one)
        n = len(consts)
        form = Loop(inner.body([end]), inner.trip, carry=1, const=n, stack=0, label="layers")
        return net.emit("loop", form, (x, *consts, *inner.stacks), [end.type])[0]


def dense(net: Net, name: str, x: Value, out: Size, *, bias: bool = True) -> Value:
    """Give x W^T + b, with weights (out, in)."""
    with net.module(name, "Linear"):
        y = linear(net, x, net.param("weight", out, x.shape[-1]))
        return add(net, y, net.param("bias", out)) if bias else y


def project(net: Net, name: str, x: Value, out: Size) -> Value:
    """Give x W + b, with weights (in, out), as GPT-2 stores them."""
    with net.module(name, "Conv1D"):
        y = project_op(net, x, net.param("weight", x.shape[-1], out))
        return add(net, y, net.param("bias", out))


def layer_norm(net: Net, name: str, x: Value, *, eps: float = EPS) -> Value:
    """Normalise over the last dimension, with weight and bias."""
    with net.module(name, "LayerNorm"):
        n = x.shape[-1]
        return layer_norm_op(net, x, net.param("weight", n), net.param("bias", n), eps=eps)[0]


def dropout(net: Net, x: Value, p: float) -> Value:
    """Drop in training; do nothing in evaluation."""
    return dropout_op(net, x, p=p)[0] if net.train and p else x


def act(net: Net, x: Value, name: str) -> Value:
    """Apply an activation by name."""
    found: Value = ACTIVATIONS[name](net, x)
    return found


def conv2d(
    net: Net,
    name: str,
    x: Value,
    out: Size,
    size: int,
    *,
    stride: int = 1,
    padding: int = 0,
    bias: bool = True,
    groups: Size = 1,
) -> Value:
    """Slide square windows over (B, C, H, W)."""
    with net.module(name, "Conv2d"):
        w = net.param("weight", out, x.shape[1] / groups, size, size)
        numbers = {"stride": (stride,) * 2, "padding": (padding,) * 2, "groups": groups}
        y: Value = CONV[2](net, x, w, **numbers)
        if not bias:
            return y
        b = reshape(net, net.param("bias", out), shape=(expr(out), expr(1), expr(1)))
        return add(net, y, b)


def norm2d(net: Net, name: str, x: Value) -> Value:
    """Normalise each channel: with the batch in training, with running statistics otherwise."""
    with net.module(name, "BatchNorm2d"):
        c = x.shape[1]
        affine = net.param("weight", c), net.param("bias", c)
        mu, var = net.frozen("running_mean", c), net.frozen("running_var", c)
        batches = net.frozen("num_batches_tracked", dtype="int64")
        if not net.train:
            found: Value = batch_norm_eval(net, x, mu, var, *affine)
            return found
        shift(net, batches, by=1)
        y, mean, _, variance = batch_norm(net, x, *affine)
        n = x.type.size / c
        running_average(net, mu, mean, momentum=0.1)
        running_average(net, var, unbiased(net, variance, n=n), momentum=0.1)
        return y
