"""Which parameters a token meets, and how many experts a batch does."""

from fractions import Fraction

from orderof.analyses.experts import experts
from orderof.ir.build import Builder
from orderof.ops.grouped import grouped_product
from orderof.ops.sort import top_k
from orderof.sym import const, symbols

T, L = symbols("T L")
E, K, D, F = 8, 2, 3, 5


def mixture(b, x, scores, weights, *, chosen=K):
    """Rows that are chosen, times the matrices of their experts."""
    places = top_k(b, scores, k=chosen)
    ends = b.param("ends", E, dtype="int32")
    return places, grouped_product(b, x, weights, ends)


def graph(chosen=K, rows=K):
    b = Builder()
    x, scores = b.param("x", T * rows, D), b.param("scores", T, E)
    made = mixture(b, x, scores, b.param("w", E, D, F), chosen=chosen)
    return b.graph(made)


def test_a_token_meets_those_that_are_chosen():
    (found,) = experts(graph())
    assert (found.chosen, found.of, found.tokens) == (const(K), const(E), T)
    assert found.weights == E * D * F
    assert found.idle == (E - K) * D * F


def test_rows_that_nothing_chose_are_no_mixture():
    assert experts(graph(chosen=2, rows=3)) == ()


def test_what_a_batch_meets():
    (found,) = experts(graph())
    assert found.most.at(T=1) == K
    assert found.most.at(T=100) == E
    assert found.expected({"T": 1}) == K
    # Of 8 experts one is missed by a token with probability 6/8, by two with 36/64.
    assert found.expected({"T": 2}) == 8 * (1 - Fraction(36, 64))


def test_matrices_without_a_row_are_not_read():
    node = next(n for n in graph().nodes if n.op == "grouped_product")
    assert node.form.reads[1].at(T=1) == K * D * F
    assert node.form.reads[1].at(T=9) == E * D * F
