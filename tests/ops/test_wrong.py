"""Operators that are declared wrongly, each in its own way, and each is caught."""

import math
from dataclasses import replace

import pytest
from oracle import check
from oracle.case import Case, operand
from oracle.check import check_gradient, check_op, check_values

from orderof.counts import Counts, Kind
from orderof.ir.forms import Irregular
from orderof.ir.scalar import G, Var, erf, exp
from orderof.ops import REGISTRY
from orderof.ops.define import Operator
from orderof.ops.derive import derive
from orderof.ops.elementwise import mul, sub
from orderof.ops.nest import concrete
from orderof.ops.reduce import sum_over
from orderof.ops.work import work
from orderof.sym import symbol

n = symbol("n")


def wrong(name, make, vjp=None):
    """Declare an operator without entering it into the registry."""
    return Operator(name, make, vjp)


def holds(checked, op, case, *more):
    """Say whether an operator passes a check."""
    try:
        checked(op, case, *more)
    except (AssertionError, ValueError):
        return False
    return True


CONV = Case(
    (operand("B 2 n"), operand("3 2 2")), {"B": 2, "n": 7}, {"stride": (3,), "dilation": (2,)},
    lambda t, x, w: t.nn.functional.conv1d(x, w, stride=3, dilation=2),
)  # fmt: skip


def _swapped(x, w, *, stride, dilation):
    right = REGISTRY["conv1d"].make
    return right(x, w, stride=dilation, dilation=stride)


@pytest.mark.framework
def test_a_convolution_that_agrees_only_with_itself():
    import torch

    conv = wrong("conv1d", _swapped)
    assert holds(check_op, conv, CONV)
    assert holds(check_gradient, conv, CONV)
    assert not holds(check_values, conv, CONV, torch)
    assert holds(check_values, REGISTRY["conv1d"], CONV, torch)


GELU = Case((operand("n"),), {"n": 4}, {}, lambda t, x: t.nn.functional.gelu(x))


def _gelu(constant):
    x = Var(0)
    body = x * 0.5 * (1 + erf(x * constant))

    def make(t):
        return concrete("gelu", "n -> n", (t,), body, None, {})

    return make


def _gelu_vjp(b, node, gs, want):
    x = Var(0)
    density = exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    own = G * (0.5 * (1 + erf(x * math.sqrt(0.5))) + x * density)
    return (derive(b, node, gs[0], 0, own),)


@pytest.mark.framework
def test_a_wrong_constant():
    import torch

    gelu = wrong("gelu", _gelu(0.7))
    assert holds(check_op, gelu, GELU)
    assert not holds(check_values, gelu, GELU, torch)
    assert not holds(check_gradient, wrong("gelu", _gelu(0.7), _gelu_vjp), GELU)
    assert holds(check_gradient, wrong("gelu", _gelu(math.sqrt(0.5)), _gelu_vjp), GELU)


MATMUL = Case((operand("n m"), operand("m 2")), {"n": 2, "m": 3}, {})


@pytest.mark.parametrize(("reduce", "passes"), [("add", True), (None, False), ("max", False)])
def test_a_product_that_reduces_by_something_else(reduce, passes):
    def make(x, w):
        return concrete("matmul", "m k, k n -> m n", (x, w), Var(0) * Var(1), reduce, {})

    assert holds(check_op, wrong("matmul", make), MATMUL) == passes


ROW = Case((operand("n m"),), {"n": 2, "m": 3}, {"axis": 1})


@pytest.mark.parametrize(("less", "passes"), [(1, True), (0, False)])
def test_a_wrong_count_by_hand(less, passes):
    def make(x, *, axis):
        counts = Counts.of(Kind.ADD, x.dtype, x.shape[0] * (x.shape[1] - less))
        return Irregular(counts, x.shape[1] - 1, (x.size,), (x.size,), "by hand"), (x,)

    assert holds(check_op, wrong("cumsum", make), ROW) == passes


@pytest.mark.parametrize("form", ["reads", "writes", "span"])
def test_wrong_bytes_or_span_by_hand(form):
    def make(x, *, axis):
        right, types = REGISTRY["cumsum"].make(x, axis=axis)
        found = {"reads": (n,), "writes": (2 * x.size,), "span": x.size + 1}[form]
        return replace(right, **{form: found}), types

    assert not holds(check_op, wrong("cumsum", make), ROW)


def test_a_gradient_that_forgets_a_term():
    case = Case((operand("n m"),), {"n": 2, "m": 3}, {"axis": 1})
    right = REGISTRY["softmax"]

    def forgets(b, node, gs, want):
        y = node.results[0]
        return (mul(b, gs[0], y),)

    def remembers(b, node, gs, want):
        y = node.results[0]
        inner = sum_over(b, mul(b, gs[0], y), dims=(1,), keep=True)
        return (mul(b, y, sub(b, gs[0], inner)),)

    assert not holds(check_gradient, wrong("softmax", right.make, forgets), case)
    assert holds(check_gradient, wrong("softmax", right.make, remembers), case)


def test_a_count_that_takes_the_result_for_the_elements_touched(monkeypatch):
    """A convolution of width 1 and stride 2 touches half of its input: the rest is no addition."""
    case = replace(CONV, operands=(operand("B 2 n"), operand("3 2 1")), attrs={"stride": (2,)})
    assert holds(check_gradient, REGISTRY["conv1d"], case)

    def naive(node, padding="full"):
        found, out = work(node, padding), node.results[0].type
        if node.op != "conv1d.d0":
            return found
        muls = found[Kind.MUL, out.dtype]
        adds = Counts.of(Kind.ADD, out.dtype, muls - out.size)
        return found.filter_by(lambda kind, _: kind is not Kind.ADD) + adds

    monkeypatch.setattr(check, "work", naive)
    assert not holds(check_gradient, REGISTRY["conv1d"], case)
