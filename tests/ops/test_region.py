"""What series and branches cost: as the steps and bodies written out."""

import pytest

from orderof.errors import ModelError, ShapeMismatch
from orderof.ir.build import Builder
from orderof.ir.check import verify
from orderof.ops import graph_span, graph_work
from orderof.ops.contract import matmul
from orderof.ops.elementwise import add, exponential, mul
from orderof.ops.reduce import sum_over
from orderof.ops.region import branch, series
from orderof.ops.shape import reshape, slice_
from orderof.ops.work import traffic
from orderof.sym import const, symbols
from orderof.transform.grad import grad

S, d = symbols("S d")


def given(b):
    sizes = (("q", (1, d)), ("keys", (d, S)), ("z", (1, 1)))
    return [b.param(name, *size) for name, size in sizes]


def cached(b, q, keys, i):
    """One query against the first i keys: what a step of decoding with a cache does."""
    seen = slice_(b, keys, axis=1, start=0, stop=i)
    return sum_over(b, exponential(b, matmul(b, q, seen)), dims=(1,), keep=True)


def decoded(steps):
    b = Builder()
    q, keys, z = given(b)

    def turn(inner, i, carry, held):
        return [add(inner, carry[0], cached(inner, *held, i))]

    return b.graph(series(b, "i", steps, turn, carry=[z], const=[q, keys]))


def written_out(steps):
    b = Builder()
    q, keys, z = given(b)
    for i in range(1, steps + 1):
        z = add(b, z, cached(b, q, keys, const(i)))
    return b.graph([z])


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_series_costs_what_its_steps_cost(steps):
    found, each = decoded(const(steps)), written_out(steps)
    verify(found)
    assert graph_work(found) == graph_work(each)
    assert graph_work(decoded(S)).at(S=steps, d=3) == graph_work(each).at(S=steps, d=3)
    moved = [[n.at(S=9, d=3) for n in traffic(node)] for node in each.nodes]
    assert [n.at(S=9, d=3) for n in traffic(found.nodes[0])] == [
        sum(n) for n in zip(*moved, strict=True)
    ]


def test_the_span_of_a_series_is_that_of_its_steps_in_a_row():
    """A step waits for the last one."""
    assert graph_span(decoded(S)).at(S=6, d=4) == sum(
        1 + 2 + 1 + (i - 1).bit_length() + 1 for i in range(1, 7)
    )


def either(*bodies):
    b = Builder()
    x, small = b.param("x", S), b.input("small", "bool", 1)
    return b.graph(branch(b, small, [x], *bodies))


def doubled(b, values):
    return [add(b, values[0], values[0])]


def fourth(b, values):
    square = mul(b, values[0], values[0])
    return [mul(b, square, square)]


def risen(b, values):
    return [exponential(b, values[0])]


def test_the_dearer_body_counts():
    assert graph_work(either(doubled, fourth)) == graph_work(either(fourth))
    assert str(graph_work(either(doubled, fourth))) == "Counts(mul.float32: 2*S)"
    assert graph_span(either(doubled, fourth)) == 2


def test_where_no_body_is_dearer_at_all_sizes_each_kind_counts():
    """x + x over S and d multiplications in a row: which is more depends on the sizes."""

    def wide(b, values):
        y = reshape(b, slice_(b, values[0], axis=0, start=0, stop=1), shape=(1, 1))
        z = matmul(b, matmul(b, y, slice_(b, values[1], axis=0, start=0, stop=1)), values[2])
        return [reshape(b, z, shape=(1,))]

    def narrow(b, values):
        return [slice_(b, add(b, values[0], values[0]), axis=0, start=0, stop=1)]

    b = Builder()
    sizes = (("x", (S,)), ("row", (1, d)), ("column", (d, 1)))
    values = [b.input(name, "float32", *size) for name, size in sizes]
    made = b.graph(branch(b, b.input("is", "bool", 1), values, narrow, wide))
    verify(made)
    counts = graph_work(made)
    assert str(counts.macs()) == "2*d"
    assert str(counts) == "Counts(add.float32: max(S, d - 1), mac.float32: 2*d, mul.float32: 2*d)"


def test_bodies_must_agree():
    def half(b, values):
        return [slice_(b, values[0], axis=0, start=0, stop=1)]

    with pytest.raises(ShapeMismatch, match=r"branch: gives float32\[S\] or float32\[1\]"):
        either(doubled, half)


@pytest.mark.parametrize("graph", [either(doubled, risen), decoded(S)])
def test_a_region_that_varies_has_no_reverse_mode(graph):
    with pytest.raises(ModelError, match="has no reverse mode"):
        grad(graph)
