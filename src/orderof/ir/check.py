"""The laws of a graph, as two tables of (law, test), and the verifier that applies them.

A test yields what is wrong, and nothing where the law holds. It may rely on the laws above its own.
Sizes are compared as formulas: two that differ as formulas differ. Where a law is an inequality, it
is broken when no values of the symbols can keep it; what cannot be decided passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from orderof.counts import ITEMSIZE
from orderof.errors import VerifyError
from orderof.ir.access import Window, axes_of, image
from orderof.ir.check_bodies import BODY_LAWS, below, on
from orderof.ir.forms import Irregular, Move, Nest, View, bodies
from orderof.ir.graph import Type
from orderof.ir.literal import ARITY, OPERAND, is_attr
from orderof.ir.scalar import Power, Scalar, position, steps
from orderof.sym import Expr

if TYPE_CHECKING:
    from orderof.ir.access import Access, Index
    from orderof.ir.forms import Form
    from orderof.ir.graph import Graph, Node, Value

    F = TypeVar("F", bound=Form)

Faults = Iterator[tuple[str, str]]
"""(what it is about, what is wrong)"""


def verify(graph: Graph) -> None:
    """Raise `VerifyError` where a graph, or a body in it, breaks a law."""
    seen: set[int] = set()
    pending = [("", graph)]
    while pending:
        path, g = pending.pop()
        if id(g) in seen:
            continue
        seen.add(id(g))
        for law, test in GRAPH_LAWS:
            for subject, message in test(g):
                raise VerifyError(f"{path}{subject}", message, law)
        for i, node in enumerate(g.nodes):
            for law, check in NODE_LAWS:
                for message in check(node):
                    raise VerifyError(f"{path}{describe(i, node)}", message, law)
            inside = f"{path}{describe(i, node)} > "
            pending.extend((inside, body) for body in bodies(node.form))


def describe(i: int, node: Node) -> str:
    """Say which node it is, for a reader: `node 3 (matmul) in h.0.attn`."""
    return f"node {i} ({node.op})" + (f" in {node.scope}" if node.scope else "")


# ---------------------------------------------------------------------------------- graphs


def _defined(graph: Graph) -> Iterator[tuple[str, Value]]:
    """Iterate over (where, value) for all that a graph defines."""
    for i, given in enumerate(graph.inputs):
        yield f"input {i}" + (f" ({given.value.name})" if given.value.name else ""), given.value
    for i, node in enumerate(graph.nodes):
        for value in node.results:
            yield describe(i, node), value


def _once(graph: Graph) -> Faults:
    first: dict[Value, str] = {}
    for where, value in _defined(graph):
        if value in first:
            yield where, f"defines a value again that {first[value]} defines"
        first[value] = where


def _operands_known(graph: Graph) -> Faults:
    known = {i.value for i in graph.inputs}
    for i, node in enumerate(graph.nodes):
        for j, value in enumerate(node.operands):
            if value not in known:
                yield describe(i, node), f"operand {j}, {value.type}, is not defined before it"
        known.update(node.results)


def _outputs_known(graph: Graph) -> Faults:
    known = {value for _, value in _defined(graph)}
    for i, value in enumerate(graph.outputs):
        if value not in known:
            yield f"output {i}", f"{value.type} is not defined"


def _gradients(graph: Graph) -> Faults:
    inputs = {i.value for i in graph.inputs}
    known = {value for _, value in _defined(graph)}
    for i, (x, g) in enumerate(graph.grads):
        where = f"gradient {i}" + (f" ({x.name})" if x.name else "")
        if x not in inputs:
            yield where, "is that of a value that is no input"
        elif g not in known:
            yield where, "is not defined"
        elif x.type != g.type:
            yield where, f"is {g.type}, its input {x.type}"


def _types(graph: Graph) -> Faults:
    for where, value in _defined(graph):
        if value.dtype not in ITEMSIZE:
            yield where, f"has the dtype {value.dtype}, which is unknown"
        for n in value.shape:
            if below(n, 0):
                yield where, f"is {value.type}, with a negative size"


def _dims(graph: Graph) -> Faults:
    times = Counter(name for name, _ in graph.dims)
    for name, n in graph.dims:
        if times[name] > 1:
            yield f"dim {name}", "is given twice"
        elif not name.isidentifier() or n < 1:
            yield f"dim {name}", f"cannot be {n}"


GRAPH_LAWS: tuple[tuple[str, Callable[[Graph], Faults]], ...] = (
    ("every value is defined once", _once),
    ("every operand is an input or an earlier result", _operands_known),
    ("every output is an input or a result", _outputs_known),
    ("a gradient is a value of the type of its input", _gradients),
    ("a type has a known dtype and no negative size", _types),
    ("a dim has a name and one size, at least 1", _dims),
)

# ----------------------------------------------------------------------------------- nodes


def _some_result(node: Node) -> Iterator[str]:
    if not node.results:
        yield "has no result"


def _attrs(node: Node) -> Iterator[str]:
    for name, value in node.attrs:
        if not is_attr(value):
            yield f"attribute {name} is a {type(value).__name__}"


def _one_access_each(node: Node, nest: Nest) -> Iterator[str]:
    if len(nest.ins) != len(node.operands):
        yield f"has {len(nest.ins)} accesses for {len(node.operands)} operands"
    if len(node.results) != 1:
        yield f"has {len(node.results)} results"


def _sides(node: Node, nest: Nest) -> Iterator[tuple[str, Access, Type]]:
    """Iterate over (name, access, type) of the operands, then of the result."""
    for j, (acc, value) in enumerate(zip(nest.ins, node.operands, strict=True)):
        yield f"operand {j}", acc, value.type
    yield "the result", nest.out, node.results[0].type


def _dimensions(node: Node, nest: Nest) -> Iterator[tuple[str, Index, Expr]]:
    """Iterate over (name, index, size of the dimension) of all sides."""
    for side, acc, t in _sides(node, nest):
        for index, n in zip(acc, t.shape, strict=True):
            yield side, index, n


def _ranks(node: Node, nest: Nest) -> Iterator[str]:
    for side, acc, t in _sides(node, nest):
        if len(acc) != len(t.shape):
            yield f"{side}, {t}, is reached by {len(acc)} indices"


def _axes_have_sizes(node: Node, nest: Nest) -> Iterator[str]:
    for name, times in Counter(name for name, _ in nest.axes).items():
        if times > 1:
            yield f"axis {name} has {times} sizes"
        if not name.isidentifier():
            yield f"axis `{name}` has no name"
    for side, index, _ in _dimensions(node, nest):
        for name in axes_of(index):
            if name not in nest.sizes:
                yield f"axis {name} of {side} has no size"
    for name, n in nest.axes:
        if below(n, 0):
            yield f"axis {name} has the size {n}"


def _axes_apart(node: Node, nest: Nest) -> Iterator[str]:
    for side, acc, _ in _sides(node, nest):
        for name, times in Counter(a for i in acc for a in axes_of(i)).items():
            if times > 1:
                yield f"axis {name} stands {times} times in {side}"


def _sizes_agree(node: Node, nest: Nest) -> Iterator[str]:
    sizes = nest.sizes
    for side, index, n in _dimensions(node, nest):
        if not isinstance(index, Window):
            found = Expr.prod(sizes[a] for a in axes_of(index))
            if found != n:
                yield f"index {index} takes {found} values, the dimension of {side} is {n}"


def _windows(node: Node, nest: Nest) -> Iterator[str]:
    """A window may stand over behind, as `ceil` pooling does, but it starts inside.

    Padding in front moves windows out on purpose; then there is nothing to check.
    """
    sizes = nest.sizes
    for side, index, n in _dimensions(node, nest):
        if not isinstance(index, Window):
            continue
        if min(index.stride, index.dilation) < 1 or index.pad < 0:
            yield f"window {index} of {side} does not move forwards"
        reach = (sizes[index.outer] - 1) * index.stride + 1
        if nest.reduce is None:
            reach = reach + (sizes[index.inner] - 1) * index.dilation
        if not index.pad and below(n, reach):
            yield f"window {index} leaves {side}: it needs {reach}, and there are {n}"


def _reductions(node: Node, nest: Nest) -> Iterator[str]:
    if nest.reduce not in {None, "add", "max"}:
        yield f"reduces by {nest.reduce}, not by add or max"
    match nest.body:
        case Scalar("mul", (Scalar("var") as a, Scalar("var") as b)) if a != b:
            pass
        case _ if nest.mac:
            yield f"counts {nest.body} as a MAC, which is no product of two operands"
        case _:
            pass
    if nest.reduce is None:
        yield from _overwrites(nest)


def _overwrites(nest: Nest) -> Iterator[str]:
    sizes = nest.sizes
    kept = {a for index in nest.out for a in axes_of(index)}
    for name, n in nest.axes:
        if name not in kept and n != 1:
            yield f"writes each element {n} times, along {name}, and reduces by nothing"
    for index in nest.out:
        if image(index, sizes) != Expr.prod(sizes[a] for a in axes_of(index)):
            yield f"writes elements of {index} more than once and reduces by nothing"


def _body(node: Node, nest: Nest) -> Iterator[str]:
    for s in steps(nest.body):
        if ARITY.get(s.fn) != len(s.args):
            yield f"applies {s.fn} to {len(s.args)} arguments"
    for leaf in _leaves(nest.body):
        match leaf:
            case Scalar("var") if not 0 <= position(leaf) < len(nest.ins):
                yield f"reads {leaf}, and has {len(nest.ins)} operands"
            case Scalar("coord", at=str(axis)) if axis not in nest.sizes:
                yield f"reads the position along {axis}, which is no axis"
            case Scalar("const", at=Power(base)):
                for name in filter(OPERAND.fullmatch, sorted(base.symbols())):
                    yield f"has a size {name} in its body, which is the name of an operand"
            case _:
                pass


def _leaves(body: Scalar) -> Iterator[Scalar]:
    parts = {a for s in steps(body) for a in s.args} | {body}
    return (s for s in parts if not s.args)


def _view(node: Node, _: View) -> Iterator[str]:
    if len(node.operands) != 1:
        yield f"is a look at {len(node.operands)} operands"


def _traffic(node: Node, form: Move | Irregular) -> Iterator[str]:
    for what, given, values in (
        ("reads", form.reads, node.operands),
        ("writes", form.writes, node.results),
    ):
        if len(given) != len(values):
            yield f"says how much it {what} of {len(given)} values, and there are {len(values)}"
        if any(below(n, 0) for n in given):
            yield f"{what} a negative number of elements"


NODE_LAWS: tuple[tuple[str, Callable[[Node], Iterable[str]]], ...] = (
    ("every node has a result", _some_result),
    ("an attribute is a number, a text, a size, None, or a tuple of those", _attrs),
    ("a nest has one access for each operand, and one result", on(Nest, _one_access_each)),
    ("an access has one index for each dimension", on(Nest, _ranks)),
    ("every axis has a name and one size", on(Nest, _axes_have_sizes)),
    ("no axis stands twice in one access", on(Nest, _axes_apart)),
    ("an index takes as many values as its dimension has", on(Nest, _sizes_agree)),
    ("a window without padding starts inside, and stays there unless reduced", on(Nest, _windows)),
    ("what meets in one element is added or compared; a MAC is a product", on(Nest, _reductions)),
    ("a body applies scalar functions to its own operands, axes and numbers", on(Nest, _body)),
    ("a view has one operand", on(View, _view)),
    ("a move reads from each operand and writes to each result", on(Move, _traffic)),
    ("an algorithm reads from each operand and writes to each result", on(Irregular, _traffic)),
    *BODY_LAWS,
)
