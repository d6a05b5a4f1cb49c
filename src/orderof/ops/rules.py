"""Rules of one's own: what an operator costs that this library does not know.

By an expression, from which the shape, the counts, the span, the bytes and the derivative follow:

    orderof.rule("mylib::gemm", "m k, k n -> m n", lambda x, w: x * w, reduce="add")

or by counts, with their source; tensors are given as their types, and sizes may be letters:

    @orderof.rule("mylib::scan", source="Blelloch 1990, table 1.5")
    def scan(x, reverse=False):
        return {"add": x.size - 1, "span": 2 * ceillog2(x.size)}

A rule is asked where a front end meets the operator and has none itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from orderof.counts import Counts, Kind
from orderof.errors import BadSpelling, Error, ModelRaised
from orderof.ir.forms import Irregular
from orderof.ir.graph import Value
from orderof.ops.nest import declared
from orderof.sym import Expr, expr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Type
    from orderof.ops.define import Operator

    By = Callable[..., Mapping[Any, Any]]


@dataclass(frozen=True, slots=True)
class Rule:
    """An operator by its name, and either the nest that it is or what says its counts."""

    name: str
    op: Operator | None = None
    takes: tuple[str, ...] = ()
    counts: By | None = None
    source: str = ""

    def emit(
        self, b: Builder, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Type]
    ) -> tuple[Value, ...]:
        """Emit a node for a call with Values among its arguments; `results` are what it gave."""
        operands = [v for a in (*args, *kwargs.values()) for v in _values(a)]
        if self.op is not None:
            plain = [a for a in args if not _values(a)]
            attrs = {**dict(zip(self.takes, plain, strict=False)), **_plain(kwargs)}
            return self.op.emit(b, operands, tuple(sorted(attrs.items())))
        form = self._irregular(args, kwargs, operands, results)
        return b.emit(self.name, form, operands, results)

    def _irregular(
        self, args: Sequence[Any], kwargs: Mapping[str, Any],
        operands: Sequence[Value], results: Sequence[Type],
    ) -> Irregular:  # fmt: skip
        assert self.counts is not None  # noqa: S101 - there is one or the other
        try:
            said = dict(self.counts(*map(_seen, args), **{k: _seen(v) for k, v in kwargs.items()}))
        except Error:
            raise
        except Exception as error:
            what = f"its rule raised {type(error).__name__}: {error}"
            raise ModelRaised(self.name, what, "it is called as the operator is") from error
        span = said.pop("span", None)
        counts = Counts.sum(self._entry(key, n, results) for key, n in said.items())
        chain = counts.ops() if span is None else expr(span)
        sizes = tuple(v.type.size for v in operands), tuple(t.size for t in results)
        return Irregular(counts, chain, *sizes, source=self.source)

    def _entry(self, key: Any, n: Any, results: Sequence[Type]) -> Counts:  # noqa: ANN401
        """Read one entry: a kind, or (kind, dtype); multiply-adds are a product and a sum each."""
        kind, dtype = cast("tuple[str, str]", key if isinstance(key, tuple) else (key, None))
        if kind not in [*Kind] or not isinstance(n, int | Expr):
            hint = f"kinds are {', '.join(Kind)}, and span; numbers are integers or sizes"
            raise BadSpelling(self.name, f"counts {n} of {kind}, which cannot be", hint)
        parts = (Kind.MAC, Kind.MUL, Kind.ADD) if kind == Kind.MAC else (kind,)
        return Counts.sum(Counts.of(part, dtype or results[0].dtype, n) for part in parts)


RULES: dict[str, Rule] = {}


def rule(
    name: str,
    signature: str = "",
    body: Callable[..., Any] | None = None,
    *,
    reduce: str | None = None,
    takes: tuple[str, ...] = (),
    source: str = "",
) -> Any:  # noqa: ANN401 - a decorator where there is no expression
    """Say what the operator `library::name` costs; a second rule for a name replaces the first.

    With `signature` and `body` it is a loop nest (see `orderof.ops.nest`); `takes` names the plain
    arguments after the tensors that the body is given. Without, this decorates a function that is
    called as the operator is, with a type for each tensor (`shape`, `size`, `dtype`), and gives
    {kind: number}: `add`, `mul`, `div`, `exp`, ..., or `mac` for a product that is added, each in
    the dtype of the first result unless the key is (kind, dtype). `span`, the longest chain, is by
    default all of them in a row. `source` says where the counts come from.

    Raises `BadSpelling` for a name without a library, and for counts without a source.

    >>> import orderof
    >>> orderof.rule("mylib::axpy", "..., ... -> ...", lambda x, y, a: a * x + y, takes=("a",))
    >>> @orderof.rule("mylib::scan", source="Blelloch 1990, table 1.5")
    ... def scan(x):
    ...     return {"add": x.size - 1}
    """
    if not all(part.isidentifier() for part in name.split("::")) or name.count("::") != 1:
        raise BadSpelling(name, "is no name of an operator", "write library::operator")
    if body is None:
        return _by_counts(name, source)
    RULES[name] = Rule(name, declared(name, signature, body, reduce=reduce, takes=takes), takes)
    return None


def _by_counts(name: str, source: str) -> Callable[[By], By]:
    if not source:
        hint = 'source="..." says where the counts come from'
        raise BadSpelling(name, "has neither an expression nor a source", hint)

    def declare(counts: By) -> By:
        RULES[name] = Rule(name, counts=counts, source=source)
        return counts

    return declare


def _values(a: Any) -> list[Value]:  # noqa: ANN401
    if isinstance(a, Value):
        return [a]
    items = cast("tuple[Any, ...]", a) if isinstance(a, tuple) else ()
    return [v for item in items for v in _values(item)]


def _seen(a: Any) -> Any:  # noqa: ANN401
    """Give the type for a tensor, through tuples."""
    if isinstance(a, Value):
        return a.type
    return tuple(map(_seen, cast("tuple[Any, ...]", a))) if isinstance(a, tuple) else a


def _plain(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in kwargs.items() if not _values(v)}
