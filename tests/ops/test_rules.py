"""Rules of one's own: by an expression, by counts, and what is refused."""

import pytest

import orderof
from orderof.errors import BadSpelling, ModelRaised
from orderof.ir.build import Builder
from orderof.ops import graph_span, graph_work
from orderof.ops.rules import RULES
from orderof.sym import ceillog2, symbols
from orderof.transform.grad import grad

B, d = symbols("B d")


pytestmark = pytest.mark.usefixtures("forgotten_rules")


def emitted(name, *args, **kwargs):
    """A graph with one call; arguments that are shapes become parameters of it."""
    b = Builder()
    args = [b.param(f"x{i}", *a) if isinstance(a, list) else a for i, a in enumerate(args)]
    types = [next(a for a in args if hasattr(a, "type")).type]
    return b.graph(RULES[name].emit(b, args, kwargs, types))


def test_an_expression_gives_counts_span_and_gradient():
    orderof.rule("mine::gemm", "m k, k n -> m n", lambda x, w: x * w, reduce="add")
    g = emitted("mine::gemm", [B, d], [d, 7])
    assert str(graph_work(g).macs()) == "7*B*d"
    assert graph_span(g) == 1 + ceillog2(d)
    assert str(graph_work(grad(g)).macs()) == "21*B*d"


def test_an_expression_may_take_numbers():
    orderof.rule("mine::axpy", "..., ... -> ...", lambda x, y, a: a * x + y, takes=("a",))
    assert str(graph_work(emitted("mine::axpy", [B], [B], 0.5))) == (
        "Counts(add.float32: B, mul.float32: B)"
    )


def test_an_expression_takes_the_tensors_of_a_list_and_the_numbers_after_it():
    orderof.rule("mine::mix", "..., ... -> ...", lambda x, y, a: a * x + y, takes=("a",))
    b = Builder()
    xs = tuple(b.param(name, B) for name in "xy")
    g = b.graph(RULES["mine::mix"].emit(b, [xs, 0.5], {}, [xs[0].type]))
    assert str(graph_work(g)) == "Counts(add.float32: B, mul.float32: B)"


def test_counts_are_given_types_and_numbers():
    @orderof.rule("mine::scan", source="a book")
    def scan(x, width, *, reverse=False):
        assert reverse
        return {"add": x.size * width, ("exp", "float64"): x.shape[0], "mac": 3, "span": 9}

    g = emitted("mine::scan", [B, d], 4, reverse=True)
    assert str(graph_work(g)) == (
        "Counts(add.float32: 4*B*d + 3, exp.float64: B, mac.float32: 3, mul.float32: 3)"
    )
    assert graph_span(g) == 9
    assert g.nodes[0].form.source == "a book"


def test_without_a_span_all_is_in_a_row():
    orderof.rule("mine::one", source="a book")(lambda x: {"add": x.size, "mul": 2})
    assert graph_span(emitted("mine::one", [B])) == B + 2


def test_lists_of_tensors_are_given_as_tuples():
    orderof.rule("mine::all", source="a book")(lambda xs: {"add": sum(x.size for x in xs)})
    b = Builder()
    xs = (b.param("x", B), b.param("y", d))
    g = b.graph(RULES["mine::all"].emit(b, [xs], {}, [xs[0].type]))
    assert graph_work(g).ops() == B + d


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"fma": 1}, "counts 1 of fma"),
        ({"add": 1.5}, "counts 1.5 of add"),
        ({"add": "n"}, "counts n of add"),
    ],
)
def test_counts_that_cannot_be(said, message):
    orderof.rule("mine::op", source="a book")(lambda x: said)
    with pytest.raises(BadSpelling, match=message):
        emitted("mine::op", [B])


def test_a_rule_that_raises_is_named():
    orderof.rule("mine::op", source="a book")(dict)
    with pytest.raises(ModelRaised, match="mine::op: its rule raised TypeError"):
        emitted("mine::op", [B])


@pytest.mark.parametrize("name", ["op", "mine.op", "a::b::c", "::op", "mine::"])
def test_a_name_has_a_library(name):
    with pytest.raises(BadSpelling, match="is no name of an operator"):
        orderof.rule(name, source="a book")


def test_counts_have_a_source():
    with pytest.raises(BadSpelling, match="neither an expression nor a source"):
        orderof.rule("mine::op")
