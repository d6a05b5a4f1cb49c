"""Work, span and Brent's bound: by hand for small graphs, against the counts for all others."""

from fractions import Fraction

import pytest

from orderof import analyze, spans
from orderof.analyses.span import Span
from orderof.api import graph
from orderof.ir.build import Builder
from orderof.ops import contract as linear
from orderof.ops import elementwise
from orderof.ops.reduce import sum_over
from orderof.ops.region import branch, loop, series
from orderof.ops.shape import overwrite, reshape, slice_
from orderof.sym import ceillog2, const, parse, symbol, symbols

N, K, M = symbols("N K M")


def measured(build, **sizes):
    """Work and span of what a function of a builder makes."""
    from dataclasses import replace

    from orderof.analyses.span import spans as of_graph

    b = Builder()
    made = b.graph([build(b)])
    row = of_graph(replace(made, dims=tuple(sizes.items()))).total
    assert row.exact
    return str(row.work), str(row.span)


def scalars(b, count):
    return [b.input(f"x{i}", "float32", 1) for i in range(count)]


# Expected work and depth of DaCe's tests/sdfg/work_depth_test.py (BSD-3), on graphs that do the
# same. Where its convention is another one, the row says ours and what the translation is:
#   a sum of N terms has N - 1 additions, of which DaCe counts N;
#   log2 is rounded up here, as a tree has whole levels;
#   a product of matrices is a multiplication, then a tree: DaCe takes the larger of both.


def test_elements_are_added_at_once():
    """DaCe: work N, depth 1."""
    assert measured(
        lambda b: elementwise.add(b, b.input("x", "float32", N), b.input("y", "float32", N)), N=5
    ) == ("N", "1")


def test_a_map_over_two_dimensions():
    """DaCe: work M*N, depth 1."""
    assert measured(
        lambda b: elementwise.add(b, b.input("x", "float32", N, M), b.input("y", "float32", N, M)),
        N=5, M=3,
    ) == ("M*N", "1")  # fmt: skip


def chained(b, trip, body=None):
    """Add one number after the other, each to what the last step gave."""

    def step(inner, carry, const_, slices):
        made = elementwise.add(inner, carry[0], slices[0])
        return [body(inner, made, const_) if body else made], []

    return loop(b, trip, step, carry=[b.input("c", "float32", 1)],
                scan=[b.input("y", "float32", trip, 1)])[0]  # fmt: skip


def test_a_sequential_loop():
    """DaCe: work N, depth N."""
    assert measured(lambda b: chained(b, N), N=5) == ("N", "N")


def test_a_sequential_loop_in_a_sequential_loop():
    """DaCe: work K*N, depth K*N."""

    def nested(b):
        def step(inner, carry, const_, slices):
            def add(deep, c, _, y):
                return [elementwise.add(deep, c[0], y[0])], []

            made = loop(inner, K, add, carry=carry, scan=[slices[0]])
            return [made[0]], []

        y = b.input("y", "float32", N, K, 1)
        return loop(b, N, step, carry=[b.input("c", "float32", 1)], scan=[y])[0]

    assert measured(nested, N=5, K=3) == ("K*N", "K*N")


def test_a_map_and_then_a_loop():
    """DaCe: work 2*N, depth N + 1."""

    def both(b):
        y = elementwise.add(b, b.input("x", "float32", N, 1), b.input("z", "float32", N, 1))

        def step(inner, carry, _, slices):
            return [elementwise.add(inner, carry[0], slices[0])], []

        return loop(b, N, step, carry=[b.input("c", "float32", 1)], scan=[y])[0]

    assert measured(both, N=5) == ("2*N", "N + 1")


def test_a_loop_with_a_trip_count_that_nobody_knows():
    """DaCe: work N * num_execs, depth num_execs."""

    def repeated(b):
        def step(inner, carry, const_, _):
            return [elementwise.add(inner, carry[0], const_[0])], []

        x, y = b.input("x", "float32", N), b.input("y", "float32", N)
        return loop(b, symbol("num_execs"), step, carry=[x], const=[y])[0]

    assert measured(repeated, N=5, num_execs=7) == ("N*num_execs", "num_execs")


def added(b, n):
    """Add two vectors; give one of their entries, as all bodies of a branch give the same."""
    z = elementwise.add(b, b.input("x", "float32", n), b.input("y", "float32", n))
    return slice_(b, z, axis=0, start=0, stop=1)


def test_one_of_two_bodies():
    """DaCe: if z = x + y over N, else a sum in K steps: work max(K, N), depth max(1, K)."""

    def either(b):
        x, y, k = (b.input(name, "float32", n) for name, n in (("x", N), ("y", N), ("k", K)))

        def vectors(inner, values):
            z = elementwise.add(inner, values[0], values[1])
            return [slice_(inner, z, axis=0, start=0, stop=1)]

        def summed(inner, values):
            rows = reshape(inner, values[2], shape=(K, 1))
            first = slice_(inner, values[0], axis=0, start=0, stop=1)
            return [in_steps(inner, K, first, rows)]

        return branch(b, b.input("is", "bool", 1), [x, y, k], vectors, summed)[0]

    assert measured(either, N=5, K=3) == ("max(K, N)", "K")
    assert measured(either, N=3, K=5) == ("max(K, N)", "K")


def in_steps(b, trip, first, rows):
    """Add rows to a first one, each to what the last step gave."""

    def step(inner, carry, _, slices):
        return [elementwise.add(inner, carry[0], slices[0])], []

    return loop(b, trip, step, carry=[first], scan=[rows])[0]


def test_one_of_two_bodies_of_which_one_is_one_of_two():
    """DaCe: nested ifs: work max(K, 3*N, M + N), depth max(3, K, M + 1)."""

    def nested(b):
        sizes = (("x", N), ("y", N), ("k", K), ("m", M))
        given = [b.input(name, "float32", n) for name, n in sizes] + [b.input("is", "bool", 1)]

        def first(inner, values):
            return [slice_(inner, values[0], axis=0, start=0, stop=1)]

        def deep(inner, values):
            z = values[0]
            for _ in range(3):
                z = elementwise.add(inner, z, values[1])
            return first(inner, [z])

        def long(inner, values):
            start = first(inner, [elementwise.add(inner, values[0], values[1])])
            return [in_steps(inner, M, start[0], reshape(inner, values[3], shape=(M, 1)))]

        def summed(inner, values):
            rows = reshape(inner, values[2], shape=(K, 1))
            return [in_steps(inner, K, first(inner, values)[0], rows)]

        def inside(inner, values):
            return branch(inner, values[4], values, deep, long)

        return branch(b, given[4], given, inside, summed)[0]

    assert measured(nested, N=5, K=3, M=4) == ("max(3*N, K, M + N)", "max(3, K, M + 1)")


def test_a_loop_whose_steps_grow():
    """DaCe: for i = 1 .. N the product of x[:i] and y[:i]: work N**2, depth N + sum log2(i + 1).

    A product of i entries is i multiplications and i - 1 additions here, which are N**2 together;
    its tree has ceillog2(i) levels, and the sum of those has a closed form.
    """

    def triangular(b):
        x, y = b.input("x", "float32", N), b.input("y", "float32", N)

        def turn(inner, i, carry, const_):
            parts = [slice_(inner, v, axis=0, start=0, stop=i) for v in const_]
            z = sum_over(inner, elementwise.mul(inner, *parts), dims=(0,), keep=True)
            return [overwrite(inner, carry[0], z, axis=0, start=i - 1, stop=i)]

        return series(b, "i", N, turn, carry=[b.input("z", "float32", N)], const=[x, y])[0]

    found = measured(triangular, N=5)
    assert found == ("N**2", "N*ceillog2(N) + N - ceilpow2(N) + 1")
    depths = [max(i - 1, 0).bit_length() for i in range(1, 10)]
    assert parse(found[1]).at(N=9) == 9 + sum(depths)


def test_a_sum():
    """DaCe: work N, depth log2(N)."""
    found = measured(lambda b: sum_over(b, b.input("x", "float32", N), dims=(0,)), N=5)
    assert found == ("N - 1", "ceillog2(N)")


def test_a_product_of_matrices():
    """DaCe: work 2*M*K*N, depth max(1, log2(K))."""
    found = measured(
        lambda b: linear.matmul(b, b.input("x", "float32", M, K), b.input("y", "float32", K, N)),
        M=2, K=3, N=4,
    )  # fmt: skip
    assert found == ("2*K*M*N - M*N", "ceillog2(K) + 1")


def test_expressions_of_scalars():
    """DaCe: 3 and 2, 3 and 3, 7 and 3."""
    add, mul = elementwise.add, elementwise.mul

    def product(b, a, c, d, e):
        return mul(b, add(b, a, c), add(b, d, e))

    assert measured(lambda b: product(b, *scalars(b, 4))) == ("3", "2")

    def in_a_row(b):
        w, x, y, z = scalars(b, 4)
        return add(b, add(b, add(b, w, x), y), z)

    assert measured(in_a_row) == ("3", "3")

    def two(b):
        xs = scalars(b, 8)
        return add(b, product(b, *xs[:4]), product(b, *xs[4:]))

    assert measured(two) == ("7", "3")


# -------------------------------------------------------------------------------- whole models


@pytest.mark.parametrize("model", ["zoo:gpt2", "zoo:resnet18", "zoo:lstm", "mlp:784-300-10"])
def test_work_is_what_is_counted(model):
    found, result = spans(model, train="adamw"), analyze(model, train="adamw")
    phases = {"forward": result.forward, "backward": result.backward,
              "optimizer": result.optimizer, "step": result.step}  # fmt: skip
    assert {row.phase: row.work for row in found.rows} == {
        name: cost.ops.expr for name, cost in phases.items()
    }


def test_span_is_that_of_the_graph():
    from orderof.ops import graph_span

    found = graph("zoo:gpt2")
    assert spans("zoo:gpt2").total.span == graph_span(found)
    sizes = dict(found.dims)
    step = spans("zoo:gpt2", train="adamw").total
    assert step.span.at(sizes) == graph_span(graph("zoo:gpt2", train="adamw")).at(sizes)


def test_a_transformer_is_parallel_in_its_sequence_and_a_recurrent_network_is_not():
    assert not spans("zoo:gpt2").total.steps.symbols() & {"S"}
    assert str(spans("zoo:lstm").total.steps) == "8*S"


def test_training_is_as_deep_as_both_passes_at_most():
    found = {row.phase: row.span.at(dict(s.dims)) for s in [spans("zoo:gpt2", train="adamw")]
             for row in s.rows}  # fmt: skip
    parts = found["forward"] + found["backward"] + found["optimizer"]
    assert max(found["forward"], found["backward"]) < found["step"] <= parts


def test_brents_bound():
    row = Span("forward", const(1000), const(10), const(3))
    assert row.parallelism({}) == 100
    assert row.brent(1, {}) == (1000, 1000)
    assert row.brent(100, {}) == (10, Fraction(990, 100) + 10)
    assert row.brent(10**6, {})[0] == 10


def test_brents_bound_holds_for_a_tree_done_level_by_level():
    for n in (5, 64, 1000):
        row = Span("sum", const(n - 1), ceillog2(n), const(1))
        for p in (1, 3, 16, 2000):
            level, steps = n, 0
            while level > 1:
                steps += -(-(level // 2) // p)
                level -= level // 2
            low, high = row.brent(p, {})
            assert low <= steps <= high


def test_chains_that_letters_cannot_order_are_decided_at_the_sizes():
    from orderof.analyses.span import longest

    b = Builder()
    x = sum_over(b, b.input("x", "float32", N), dims=(0,), keep=True)
    y = sum_over(b, b.input("y", "float32", M), dims=(0,), keep=True)
    elementwise.add(b, x, y)
    from orderof.ops import span

    nodes = b.graph([]).nodes
    assert longest(nodes, span, {"N": 8, "M": 64}) == (ceillog2(M) + 1, False)
    assert longest(nodes, span, {"N": 64, "M": 8}) == (ceillog2(N) + 1, False)


@pytest.mark.parametrize(
    ("model", "paths"),
    [
        ("zoo:mlp", {}),
        ("zoo:conv", {"H": "ceildiv(H - 1, k - 1)", "W": "ceildiv(W - 1, k - 1)"}),
        ("zoo:vdsr", {"H": "ceildiv(H - 1, 2*(L + 2))", "W": "ceildiv(W - 1, 2*(L + 2))"}),
        ("zoo:fsrcnn", {}),  # its stride makes other places of places
        ("zoo:lstm", {"S": "S"}),
        ("zoo:attention", {"S": "1"}),
        ("zoo:gpt2", {"S": "1"}),
        ("zoo:transformer", {"S": "1", "T": "1"}),
    ],
)
def test_the_longest_way_between_two_places(model, paths):
    assert dict(spans(model).paths) == {x: parse(e) for x, e in paths.items()}


def test_descent_is_a_loop_of_steps():
    found = spans("zoo:mlp", train="sgd")
    descent, step = found.descent(), found.total
    assert (descent.work, descent.span) == (parse("T") * step.work, parse("T") * step.span)
    assert spans("zoo:mlp").descent() is None
    assert "N" in spans("zoo:transformer", train="sgd").descent().work.symbols()  # T is taken
