"""What an operator is: one declaration, in one of the forms, kept in one registry.

    matmul = nest("matmul", "... m k, ... k n -> ... m n", lambda x, w: x * w, reduce="add")

Calling an operator on a builder emits a node: `y = matmul(b, x, w)`. Values go by position,
attributes by keyword. The form is made once for each combination of operand types and attributes.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orderof.errors import UnknownOperator
from orderof.ir.build import Builder
from orderof.ir.forms import Composite, Irregular, Move, View
from orderof.ir.graph import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orderof.ir.forms import Form
    from orderof.ir.graph import Attr, Node, Type

    Types = tuple[Type, ...]
    Made = tuple[Form, Types]
    Grads = Sequence[Value | None]


@dataclass(frozen=True, eq=False)
class Operator:
    """A declared operator."""

    name: str
    make: Callable[..., Made]
    """(*operand types, **attributes) -> the form and the result types."""
    vjp: Callable[..., Grads] | None = None
    where: str = ""
    """`file:line` of the declaration."""
    source: str = ""
    """Where an algorithm is published, when it is not its own definition."""
    signature: str = ""
    about: str = ""
    free: bool = False
    """Whether it is a View: no cost of any kind."""
    made: dict[Any, Made] = field(default_factory=dict[Any, "Made"])
    """What `make` gave, by operand types and attributes."""

    def __call__(self, b: Builder, *operands: Value, **attrs: Any) -> Any:  # noqa: ANN401
        """Emit a node; gives its result, or a tuple where there are several."""
        results = self.emit(b, operands, tuple(sorted(attrs.items())))
        return results[0] if len(results) == 1 else results

    def emit(
        self, b: Builder, operands: Sequence[Value], attrs: tuple[tuple[str, Attr], ...]
    ) -> tuple[Value, ...]:
        """Emit a node; gives all its results."""
        form, types = self.instance(tuple(v.type for v in operands), attrs)
        return b.emit(self.name, form, operands, types, attrs)

    def draft(self, *operands: Value, **attrs: Any) -> Node:  # noqa: ANN401
        """Make a node without emitting it, to derive from it."""
        b = Builder()
        self.emit(b, operands, tuple(sorted(attrs.items())))
        return b.nodes[-1]

    def instance(self, types: Types, attrs: tuple[tuple[str, Attr], ...]) -> Made:
        """Give the form and result types for operand types and attributes."""
        key = (types, attrs)
        if (made := self.made.get(key)) is None:
            made = self.made[key] = self.make(*types, **dict(attrs))
        return made


REGISTRY: dict[str, Operator] = {}


def register(op: Operator) -> Operator:
    """Add an operator under its name, once."""
    if op.name in REGISTRY:
        message = f"operator {op.name} is declared twice: {REGISTRY[op.name].where}, {op.where}"
        raise ValueError(message)
    REGISTRY[op.name] = op
    return op


def lookup(name: str) -> Operator:
    """Find an operator; raises `UnknownOperator`."""
    try:
        return REGISTRY[name]
    except KeyError:
        hint = "declare it in orderof/ops, see docs/architecture.md"
        raise UnknownOperator(name, "has no declaration", hint) from None


def here(depth: int = 2) -> str:
    """Give `file:line` of the caller's caller: where a declaration stands."""
    frame = inspect.currentframe()
    for _ in range(depth):
        frame = frame.f_back if frame else None
    if frame is None:
        return ""
    return f"{frame.f_code.co_filename.rpartition('/orderof/')[2]}:{frame.f_lineno}"


def view(name: str, shape: Callable[..., Type], vjp: Callable[..., Grads]) -> Operator:
    """Declare a View by its shape map (type, **attributes) -> type."""

    def make(*types: Type, **attrs: Any) -> Made:  # noqa: ANN401
        return View(), (shape(*types, **attrs),)

    return register(Operator(name, make, vjp, here(), free=True))


def move(name: str, plan: Callable[..., tuple[Move, Types]], vjp: Callable[..., Grads]) -> Operator:
    """Declare a Move by (types, **attributes) -> what is read and written, and the results."""
    return register(Operator(name, plan, vjp, here()))


def irregular(
    name: str,
    plan: Callable[..., tuple[Irregular, Types]],
    *,
    source: str,
    vjp: Callable[..., Grads] | None = None,
) -> Operator:
    """Declare an Irregular; `source` says where its counts come from."""
    return register(Operator(name, plan, vjp, here(), source))


def composite(
    name: str, *, vjp: Callable[..., Grads] | None = None, source: str = ""
) -> Callable[[Callable[..., Any]], Operator]:
    """Declare a Composite by a builder (b, *values, **attributes) -> value or values.

    Without `vjp` the derivative is that of the expansion.
    """
    where = here()

    def declare(build: Callable[..., Any]) -> Operator:
        def make(*types: Type, **attrs: Any) -> Made:  # noqa: ANN401
            b = Builder()
            operands = [b.take(Value(t)) for t in types]
            outputs = _values(build(b, *operands, **attrs))
            return Composite(b.graph(outputs, name)), tuple(v.type for v in outputs)

        about = (build.__doc__ or "").strip()
        return register(Operator(name, make, vjp, where, source, about=about))

    return declare


def _values(found: Value | tuple[Value, ...]) -> tuple[Value, ...]:
    return found if isinstance(found, tuple) else (found,)
