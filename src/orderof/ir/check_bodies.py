"""The laws of nodes with bodies: a composite, a loop, a branch. `check` applies them.

A test yields what is wrong, as those of `check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from orderof.ir.forms import Branch, Composite, Loop, Series
from orderof.ir.graph import Type
from orderof.sym import Expr, bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.forms import Form
    from orderof.ir.graph import Node, Value

    F = TypeVar("F", bound=Form)


def below(a: Expr, b: Expr | int) -> bool:
    """Whether a < b for all values of the symbols, as far as bounds tell."""
    high = bounds(a - b)[1]
    return high is not None and high < 0


def on(kind: type[F], test: Callable[[Node, F], Iterable[str]]) -> Callable[[Node], Iterable[str]]:
    """Restrict a test to the nodes of one form."""

    def run(node: Node) -> Iterable[str]:
        return test(node, node.form) if isinstance(node.form, kind) else ()

    return run


def _differ(what: str, found: Sequence[Type], wanted: Sequence[Type]) -> Iterator[str]:
    """Say where two lists of types part."""
    if len(found) != len(wanted):
        yield f"has {len(found)} {what}, its body asks for {len(wanted)}"
    for i, (a, b) in enumerate(zip(found, wanted, strict=False)):
        if a != b:
            yield f"has {a} among its {what} at {i}, its body asks for {b}"


def _composite(node: Node, form: Composite) -> Iterator[str]:
    yield from _differ("operands", _of(node.operands), [i.value.type for i in form.body.inputs])
    yield from _differ("results", _of(node.results), _of(form.body.outputs))


def _of(values: Iterable[Value]) -> list[Type]:
    return [v.type for v in values]


def _loop_parts(node: Node, loop: Loop) -> Iterator[str]:
    if min(loop.carry, loop.const, loop.stack) < 0 or below(loop.trip, 0):
        yield "has a negative number of steps or parts"
    if loop.carry + loop.const > len(loop.body.inputs):
        yield f"carries {loop.carry} and keeps {loop.const} of {len(loop.body.inputs)} inputs"
    if loop.carry + loop.stack > len(loop.body.outputs):
        yield f"carries {loop.carry} and stacks {loop.stack} of {len(loop.body.outputs)} outputs"


def _sliced(loop: Loop, t: Type) -> Type:
    """Give the type of which every step sees one slice."""
    return Type((loop.trip, *t.shape), t.dtype)


def _loop_operands(node: Node, loop: Loop) -> Iterator[str]:
    taken = [i.value.type for i in loop.body.inputs]
    m = loop.carry + loop.const
    wanted = taken[:m] + [_sliced(loop, t) for t in taken[m:]]
    yield from _differ("operands", _of(node.operands), wanted)


def _loop_carries(node: Node, loop: Loop) -> Iterator[str]:
    for i in range(loop.carry):
        before, after = loop.body.inputs[i].value.type, loop.body.outputs[i].type
        if before != after:
            yield f"carry {i} is {before} before a step and {after} after it"


def _loop_results(node: Node, loop: Loop) -> Iterator[str]:
    given = _of(loop.body.outputs)
    n, m = loop.carry, loop.carry + loop.stack
    wanted = given[:n] + [_sliced(loop, t) for t in given[n:m]] + given[m:]
    yield from _differ("results", _of(node.results), wanted)


def _series(node: Node, form: Series) -> Iterator[str]:
    """Only what a step makes for itself may have a size that depends on its number."""
    if not form.index.isidentifier() or form.index in form.last.symbols():
        yield f"counts its steps by {form.index} up to {form.last}"
    if not 0 < form.carry <= len(form.body.inputs):
        yield f"carries {form.carry} of {len(form.body.inputs)} inputs"
    taken = [i.value.type for i in form.body.inputs]
    for t in (*taken, *_of(form.body.outputs)):
        if any(form.index in n.symbols() for n in t.shape):
            yield f"hands on {t}, which is another type at another step"
    yield from _differ("operands", _of(node.operands), taken)
    yield from _differ("results", _of(node.results), taken[: form.carry])
    yield from _differ("results", _of(form.body.outputs), taken[: form.carry])


def _branch(node: Node, form: Branch) -> Iterator[str]:
    if not form.bodies:
        yield "has no body"
    if not node.operands:
        yield "has no operand that decides"
    for body in form.bodies:
        yield from _differ("operands", _of(node.operands[1:]), [i.value.type for i in body.inputs])
        yield from _differ("results", _of(node.results), _of(body.outputs))


BODY_LAWS: tuple[tuple[str, Callable[[Node], Iterable[str]]], ...] = (
    ("a composite has the types of its body", on(Composite, _composite)),
    ("a loop splits the inputs and outputs of its body into parts", on(Loop, _loop_parts)),
    ("a loop takes carries, constants, and scans of `trip` slices", on(Loop, _loop_operands)),
    ("a step leaves the type of a carry as it is", on(Loop, _loop_carries)),
    ("a loop gives carries, stacks of `trip` slices, and sums", on(Loop, _loop_results)),
    ("a series hands on the same types at every step", on(Series, _series)),
    ("every body of a branch has its types, and a value decides", on(Branch, _branch)),
)
