"""A graph as text that people read and `parse_graph` gives back.

    graph mlp(B=32, d=64) {
      module fc : Linear
      input %x : float32[B, d]
      param %fc.weight : float32[4*d, d]
      %0 : float32[B, 4*d] = linear(%x, %fc.weight)  @ fc
      %1 : float32[B, 4*d] = relu(%0)
      return %1
    }

A node stands in one of two spellings. One whose operator is declared gives its name and attributes,
from which its form is made again. One that was made by a transform gives its form in full, after
the word for it:

    nest OP "SIGNATURE" {BODY | REDUCTION | mac} [AXIS=SIZE, ...] (OPERANDS)
    view OP (OPERANDS)
    move OP reads=[...] writes=[...] (OPERANDS)
    irregular OP "SOURCE" span=[N] reads=[...] writes=[...] counts=[KIND.DTYPE: N, ...] (OPERANDS)
    composite OP (OPERANDS) ... { BODY }
    loop [LABEL] [as OP] trip=[N] carry=N const=N stack=N [reverse] (OPERANDS) ... { BODY }
    series OP index=[I] last=[N] carry=N (OPERANDS) ... { BODY }
    branch OP (OPERANDS) ... { BODY } else { BODY }

Then come attributes in braces, and `@ SCOPE PHASE from "FILE:LINE" was "OPERATION FUNCTION
CLASS"` (`graph.Origin`); what is missing is empty, `forward`, unknown. The other statements are
`note "TEXT"`, `module PATH : CLASS times N`, `ROLE VALUE : TYPE`, `grad INPUT -> GRADIENT`,
`return VALUES`, and in a body `name NAME(DIM=SIZE)`. A line that begins with # is a comment.

Values have their own name where it is unique in its graph, else a number. `orderof.ir.literal`
says how names, attributes and the bodies of nests are spelled.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, assert_never

from orderof.errors import UnknownOperator
from orderof.ir.forms import Branch, Composite, Irregular, Loop, Move, Nest, Series, View, bodies
from orderof.ir.graph import Phase
from orderof.ir.literal import FROM, WAS, write_attrs, write_name
from orderof.ir.read import parse_graph
from orderof.sym import ONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from orderof.ir.forms import Form
    from orderof.ir.graph import Graph, Node, Value
    from orderof.ir.read import Lookup
    from orderof.sym import Expr

    Declared = Callable[[Node], bool]
    Names = Mapping[Value, str]

__all__ = ["parse_graph", "print_graph"]

_RESERVED = frozenset({*Phase, FROM, WAS})


def print_graph(graph: Graph, lookup: Lookup | None = None) -> str:
    """Print a graph.

    With `lookup`, a node is printed by name when its operator makes just this form. Without, when
    it is no loop and its name is an identifier, which `matmul.d0` is not: enough as long as nobody
    changes a form and keeps the name.
    """
    declared = functools.partial(_remade, lookup) if lookup else _looks_declared
    head = " ".join(filter(None, ("graph", _title(graph), "{")))
    return "\n".join([head, *_indented(_body(graph, declared)), "}", ""])


def _looks_declared(node: Node) -> bool:
    return not isinstance(node.form, Loop | Series | Branch) and node.op.isidentifier()


def _remade(lookup: Lookup, node: Node) -> bool:
    """Whether the operator of a node's name makes its form again."""
    if not _looks_declared(node):
        return False
    try:
        form, _ = lookup(node.op).instance(tuple(v.type for v in node.operands), node.attrs)
    except UnknownOperator:
        return False
    return same_form(form, node.form)


def same_form(a: Form, b: Form) -> bool:
    """Whether two forms say the same, their bodies compared as text."""
    if isinstance(a, Composite) and isinstance(b, Composite):
        return a is b or print_graph(a.body) == print_graph(b.body)
    return a == b


def _title(graph: Graph) -> str:
    dims = ", ".join(f"{name}={n}" for name, n in graph.dims)
    name = write_name(graph.name) if graph.name else ""
    return f"{name}({dims})" if dims else name


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _body(graph: Graph, declared: Declared) -> Iterator[str]:
    names = _names(graph)
    for note in graph.notes:
        yield f"note {_quoted(note)}"
    yield from (f"where {c}" for name, allowed in graph.ranges for c in allowed.text(name))
    for path, kind, times in graph.modules:
        of = f" : {write_name(kind)}" if kind else ""
        yield f"module {write_name(path)}{of}" + ("" if times == ONE else f" times {times}")
    for given in graph.inputs:
        yield f"{given.role} {names[given.value]} : {given.value.type}"
    for node in graph.nodes:
        yield from _node(node, names, declared)
    for x, g in graph.grads:
        yield f"grad {_list([x], names)} -> {_list([g], names)}"
    yield f"return {_list(graph.outputs, names)}".rstrip()


def _names(graph: Graph) -> dict[Value, str]:
    """Give each value its name, or a number where it has none of its own."""
    found: dict[Value, str] = {}
    taken: set[str] = set()
    number = 0
    results = (v for node in graph.nodes for v in node.results)
    for value in (*(i.value for i in graph.inputs), *results):
        if value in found:
            continue
        if value.name and value.name not in taken:
            reserved = frozenset({value.name} if value.name.isdecimal() else ())
            found[value] = f"%{write_name(value.name, reserved)}"
            taken.add(value.name)
        else:
            found[value] = f"%{number}"
            number += 1
    return found


def _list(values: Iterable[Value], names: Names) -> str:
    """List values; one that is not defined has a name that cannot be read."""
    return ", ".join(names.get(v, f"%?{v.name}") for v in values)


def _node(node: Node, names: Names, declared: Declared) -> Iterator[str]:
    results, types = _list(node.results, names), ", ".join(str(v.type) for v in node.results)
    operands, attrs = f"({_list(node.operands, names)})", write_attrs(node.attrs)
    by_name = declared(node)
    head = f"{write_name(node.op)}{operands}" if by_name else f"{_form(node)} {operands}"
    line = f"{results} : {types} = {head}" + (f" {attrs}" if attrs else "") + _place(node)
    parts = () if by_name else bodies(node.form)
    if not parts:
        yield line
        return
    for i, body in enumerate(parts):
        yield "} else {" if i else f"{line} {{"
        if title := _title(body):
            yield f"  name {title}"
        yield from _indented(_body(body, declared))
    yield "}"


def _place(node: Node) -> str:
    """Say where a node stands: scope, phase, source line, what it was."""
    parts = [write_name(node.scope, _RESERVED)] if node.scope else []
    if node.phase is not Phase.FORWARD:
        parts.append(node.phase)
    if node.source is not None:
        parts += [FROM, write_name(node.source)]
    if node.origin is not None:
        parts += [WAS, write_name(str(node.origin))]
    return "  @ " + " ".join(parts) if parts else ""


def _form(node: Node) -> str:
    """Spell a form in full, up to the operands."""
    op = write_name(node.op)
    match node.form:
        case Nest() as nest:
            return f"nest {op} {_nest(nest)}"
        case View():
            return f"view {op}"
        case Move(reads, writes):
            return f"move {op} reads={_sizes(reads)} writes={_sizes(writes)}"
        case Irregular(counts, span, reads, writes, source):
            items = ", ".join(f"{kind}.{dtype}: {n}" for (kind, dtype), n in counts)
            return (
                f"irregular {op} {_quoted(source)} span=[{span}] "
                f"reads={_sizes(reads)} writes={_sizes(writes)} counts=[{items}]"
            )
        case Composite():
            return f"composite {op}"
        case Loop() as loop:
            return _loop(node.op, loop)
        case Series(_, index, last, carry):
            return f"series {op} index=[{index}] last=[{last}] carry={carry}"
        case Branch():
            return f"branch {op}"
        case _:
            assert_never(node.form)


def _sizes(sizes: Iterable[Expr]) -> str:
    return f"[{', '.join(map(str, sizes))}]"


def _quoted(text: str) -> str:
    return write_name(text, frozenset({text}))


def _nest(nest: Nest) -> str:
    left = ", ".join(" ".join(map(str, acc)) for acc in nest.ins)
    signature = f"{left} -> {' '.join(map(str, nest.out))}"
    body = " | ".join(filter(None, (str(nest.body), nest.reduce, "mac" if nest.mac else "")))
    sizes = ", ".join(f"{axis}={n}" for axis, n in nest.axes)
    return f"{_quoted(signature)} {{{body}}} [{sizes}]"


def _loop(op: str, loop: Loop) -> str:
    label = write_name(loop.label, frozenset({"as"})) if loop.label else ""
    own = "" if op == "loop" else f"as {write_name(op)}"
    parts = f"trip=[{loop.trip}] carry={loop.carry} const={loop.const} stack={loop.stack}"
    backwards = "reverse" if loop.reverse else ""
    return " ".join(filter(None, ("loop", label, own, parts, backwards)))
