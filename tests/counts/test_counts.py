"""Counts add and scale like vectors; a multiply-add is a mark and never one of the operations."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tests.sym.strategies import polynomials, positives, sizes

from orderof.counts import NONE, Counts, Kind
from orderof.sym import ONE, ZERO, Expr, symbols

B, S, d, V = symbols("B S d V")

keys = st.tuples(st.sampled_from(Kind), st.sampled_from(["float32", "float16", "int64"]))
counts = st.dictionaries(keys, polynomials, max_size=5).map(Counts)


def linear(m, k, n):
    """A product of matrices: a multiply-add is a mul, an add, and the mark."""
    points = m * k * n
    return Counts(
        {
            (Kind.MUL, "float32"): points,
            (Kind.ADD, "float32"): points - m * n,
            (Kind.MAC, "float32"): points,
        }
    )


@given(counts, counts, counts)
def test_counts_add_like_vectors(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + NONE == a
    assert a - a == NONE
    assert hash(a + b) == hash(b + a)


@given(counts, counts, polynomials, polynomials)
def test_counts_scale_like_vectors(a, b, n, m):
    assert (a + b) * n == a * n + b * n
    assert a * (n + m) == a * n + a * m
    assert (a * n) * m == a * (n * m) == m * (n * a)
    assert a * 1 == a
    assert a * 0 == NONE


@given(st.lists(st.tuples(counts, polynomials), max_size=4))
def test_many_at_once_is_one_after_the_other(items):
    total, weighted = NONE, NONE
    for c, n in items:
        total, weighted = total + c, weighted + c * n
    assert Counts.sum(c for c, _ in items) == total
    assert Counts.dot(items) == weighted


@given(counts)
def test_zeros_are_not_kept(c):
    assert all(n for _, n in c)
    assert len(c) == len(dict(c))
    assert Counts({**dict(c), (Kind.ERF, "bool"): 0}) == c
    assert c[Kind.ERF, "bool"] == 0


@given(counts, counts)
def test_multiply_adds_are_no_operations(a, b):
    marks = a.filter_by(lambda kind, dtype: kind is Kind.MAC)
    rest = a.filter_by(lambda kind, dtype: kind is not Kind.MAC)
    assert marks + rest == a
    assert marks.ops() == rest.macs() == ZERO
    assert marks.macs() == a.macs()
    assert rest.ops() == a.ops() == Expr.sum(n for _, n in rest)
    assert (a + b).ops() == a.ops() + b.ops()
    assert (a + b).macs() == a.macs() + b.macs()


@given(counts)
def test_groups_make_up_all_operations(c):
    by_kind = c.group_by(lambda kind, dtype: kind)
    by_dtype = c.group_by(lambda kind, dtype: dtype)
    assert Expr.sum(by_kind.values()) == Expr.sum(by_dtype.values()) == c.ops()
    assert Kind.MAC not in by_kind
    for label, n in by_kind.items():
        assert n == c.filter_by(lambda kind, dtype, label=label: kind == label).ops()


@given(counts, positives(), sizes())
def test_substitution_then_evaluation_is_evaluation(c, image, env):
    composed = env | {"B": image.at(env)}
    subbed = {k: n for k, n in c.subs({"B": image}).at(**env).items() if n}
    assert subbed == {k: n for k, n in c.at(**composed).items() if n}


@given(counts, counts, st.integers(0, 5), sizes())
def test_evaluation_is_linear(a, b, n, env):
    total = Counter({k: v * n for k, v in a.at(**env).items()})
    total.update(b.at(**env))
    values = (a * n + b).at(**env)
    assert {k: v for k, v in values.items() if v} == {k: v for k, v in total.items() if v}
    assert all(type(v) is int for v in values.values())


def test_a_language_model_head():
    head = linear(B * S, d, V)
    assert head.macs() == B * S * d * V
    assert head.ops() == 2 * B * S * d * V - B * S * V
    assert head.group_by(lambda kind, dtype: kind) == {
        "add": B * S * d * V - B * S * V,
        "mul": B * S * d * V,
    }
    assert head.at(B=2, S=3, d=5, V=7) == {
        (Kind.ADD, "float32"): 2 * 3 * 5 * 7 - 2 * 3 * 7,
        (Kind.MUL, "float32"): 2 * 3 * 5 * 7,
        (Kind.MAC, "float32"): 2 * 3 * 5 * 7,
    }
    assert head.subs({"V": ONE}) == linear(B * S, d, ONE)


def test_entries_stand_in_one_order():
    forward = Counts.of("mul", "float32") + Counts.of("add", "int64") + Counts.of("add", "bool")
    backward = Counts.of("add", "bool") + Counts.of("add", "int64") + Counts.of("mul", "float32")
    assert repr(forward) == repr(backward) == "Counts(add.bool: 1, add.int64: 1, mul.float32: 1)"
    assert list(forward.at()) == [key for key, _ in forward]


def test_every_kind_is_named_by_its_own_text():
    assert [Kind(kind.value) for kind in Kind] == list(Kind)
    assert Counts.of("mul", "float32", 3)[Kind.MUL, "float32"] == 3
