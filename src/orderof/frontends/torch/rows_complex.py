"""Rows where complex numbers go in or come out.

A tensor of complex numbers is one of real numbers here, whose last dimension is (real, imaginary).
So nothing that looks at it costs anything, and arithmetic is what the processor runs:

    (a + ib)(c + id) = (ac - bd) + i(ad + bc)         four products, a difference and a sum
    (a + ib)/(c + id) = (a + ib)(c - id)/(cc + dd)    six products, three sums, two divisions
    |a + ib| = sqrt(aa + bb)                          two products, a sum, a root

Of a real operand, and of a number in the code, what is 0 is left out. A product of matrices is
four of real ones, each of whose multiply-adds counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import UnknownOperator
from orderof.frontends.torch import rows_fourier, rows_move, rows_pairs, rows_place
from orderof.frontends.torch.rows import number
from orderof.frontends.torch.rows_pairs import is_pair, over, pair, parts, spread
from orderof.ir.graph import Value
from orderof.ops import contract
from orderof.ops import elementwise as e
from orderof.ops import shape as s
from orderof.ops.functions import angle_of

if TYPE_CHECKING:
    from orderof.frontends.torch.recording import Call
    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering


def is_complex(call: Call) -> bool:
    """Whether complex numbers go in or come out: only the rows here know what these are."""
    return any(map(is_pair, (*call.results, *call.args)))


def find(name: str) -> Row | None:
    """Find the row of `aten.NAME.OVERLOAD`, or of one of our own calls."""
    space, op, *_ = name.split(".")
    if space != "aten":
        return ROWS.get(name)
    return ROWS.get(op) or ROWS.get(op.removesuffix("_"))


def _kinds(low: Lowering) -> tuple[bool, bool]:
    """Say which of two operands hold complex numbers."""
    assert low.call is not None  # noqa: S101 - rows run within a call
    first, second = (is_pair(a) for a in low.call.args[:2])
    return first, second


def product(low: Lowering, x: Any, y: Any) -> Any:
    """Multiply complex numbers, or complex by real ones."""
    if not isinstance(x, Value):
        x, y = y, x
    kinds = [isinstance(v, Value) and k for v, k in zip((x, y), _kinds(low), strict=True)]
    if not isinstance(y, Value):
        return _times(low, x, y, whole=kinds[0])
    if not all(kinds):
        x, y = (v if kind else spread(low, v) for v, kind in zip((x, y), kinds, strict=True))
        return e.mul(low.b, x, y)
    return _product(low, parts(low, x), parts(low, y))


def _product(low: Lowering, x: tuple[Value, Value], y: tuple[Value, Value]) -> Value:
    (a, b), (c, d) = x, y
    real = e.sub(low.b, e.mul(low.b, a, c), e.mul(low.b, b, d))
    return pair(low, real, e.add(low.b, e.mul(low.b, a, d), e.mul(low.b, b, c)))


def _times(low: Lowering, x: Value, n: Any, *, whole: bool) -> Value:
    """Multiply by a number in the code."""
    found: Value
    if not isinstance(n, complex) or not n.imag:
        by = n.real if isinstance(n, complex) else number(low, n)
        if whole:
            found = e.scale(low.b, x, by=by)
            return found
        return pair(low, e.scale(low.b, spread(low, x), by=by), None)
    a, b = parts(low, x) if whole else (spread(low, x), None)
    real, imaginary = (e.scale(low.b, a, by=by) if by else None for by in (n.real, n.imag))
    if b is None:
        return pair(low, real, imaginary)
    if real is None:
        return pair(low, e.scale(low.b, b, by=-n.imag), imaginary)
    real = e.sub(low.b, real, e.scale(low.b, b, by=n.imag))
    turned: Any = imaginary
    return pair(low, real, e.add(low.b, turned, e.scale(low.b, b, by=n.real)))


def plus(low: Lowering, x: Any, y: Any, *_: Any, alpha: Any = 1) -> Any:
    """Give x + alpha * y."""
    return _sum(low, x, y, alpha, negative=False)


def minus(low: Lowering, x: Any, y: Any, *_: Any, alpha: Any = 1) -> Any:
    """Give x - alpha * y."""
    return _sum(low, x, y, alpha, negative=True)


def _sum(low: Lowering, x: Any, y: Any, alpha: Any, *, negative: bool) -> Any:
    if alpha != 1:
        y = e.scale(low.b, y, by=number(low, alpha)) if isinstance(y, Value) else y * alpha
    if not isinstance(x, Value):
        hint = "write the tensor first"
        raise UnknownOperator("aten.sub", "has no rule for a number less a complex tensor", hint)
    if not isinstance(y, Value):
        return _shifted(low, x, -y if negative else y)
    join, kinds = e.sub if negative else e.add, _kinds(low)
    if all(kinds):
        return join(low.b, x, y)
    if kinds[0]:
        real, imaginary = parts(low, x)
        return pair(low, join(low.b, real, spread(low, y)), imaginary)
    real, imaginary = parts(low, y)
    imaginary = e.neg(low.b, imaginary) if negative else imaginary
    return pair(low, join(low.b, spread(low, x), real), imaginary)


def _shifted(low: Lowering, x: Value, n: Any) -> Value:
    """Add a number in the code."""
    both = parts(low, x) if _kinds(low)[0] else (spread(low, x), None)
    n = complex(n) if not hasattr(n, "values") else n  # a size that varies is real
    by = (n.real, n.imag) if isinstance(n, complex) else (number(low, n), 0)
    moved: list[Value | None] = []
    for part, k in zip(both, by, strict=True):
        if part is None:
            dtype, shape = x.dtype, (*low.types()[0].shape[:-1], 1)
            moved.append(s.fill(low.b, shape=shape, dtype=dtype, value=k) if k else None)
        else:
            moved.append(e.shift(low.b, part, by=k) if k else part)
    return pair(low, moved[0], moved[1])


def quotient(low: Lowering, x: Any, y: Any, **_: Any) -> Any:
    """Divide complex numbers, or complex by real ones."""
    if not isinstance(y, Value):
        if isinstance(y, complex):
            return _times(low, x, 1 / y, whole=_kinds(low)[0])
        return e.shrink(low.b, x, by=number(low, y))
    first, second = _kinds(low)
    if not second:
        return e.div(low.b, x, spread(low, y))
    c, d = parts(low, y)
    size = e.add(low.b, e.mul(low.b, c, c), e.mul(low.b, d, d))
    if not first:
        x = spread(low, x)
        real, imaginary = e.mul(low.b, x, c), e.neg(low.b, e.mul(low.b, x, d))
    else:
        a, b = parts(low, x)
        real = e.add(low.b, e.mul(low.b, a, c), e.mul(low.b, b, d))
        imaginary = e.sub(low.b, e.mul(low.b, b, c), e.mul(low.b, a, d))
    return pair(low, e.div(low.b, real, size), e.div(low.b, imaginary, size))


def inverse(low: Lowering, x: Value) -> Any:
    """Give 1/(c + id) = (c - id)/(cc + dd)."""
    c, d = parts(low, x)
    size = e.add(low.b, e.mul(low.b, c, c), e.mul(low.b, d, d))
    return pair(low, e.div(low.b, c, size), e.div(low.b, e.neg(low.b, d), size))


def polar(low: Lowering, size: Value, angle: Value) -> Any:
    """Give the numbers of some size at some angle."""
    real, imaginary = (f(low.b, angle) for f in (e.cosine, e.sine))
    made = (e.mul(low.b, spread(low, v), spread(low, size)) for v in (real, imaginary))
    return pair(low, *made)


def conjugate(low: Lowering, x: Any) -> Any:
    """Turn the imaginary part around; a number in the code has it turned for nothing."""
    if not isinstance(x, Value):
        return rows_pairs.filled(low, complex(x).conjugate())
    real, imaginary = parts(low, x)
    return pair(low, real, e.neg(low.b, imaginary))


def negative(low: Lowering, x: Value) -> Any:
    """Turn both parts around."""
    return e.neg(low.b, x)


def _size(low: Lowering, x: Value) -> Value:
    real, imaginary = parts(low, x)
    squares = (e.mul(low.b, v, v) for v in (real, imaginary))
    found: Value = e.root(low.b, e.add(low.b, *squares))
    return found


def size(low: Lowering, x: Value) -> Any:
    """Give how far numbers are from 0."""
    return s.reshape(low.b, _size(low, x), shape=x.shape[:-1])


def angle(low: Lowering, x: Value) -> Any:
    """Give the angles at which numbers stand."""
    real, imaginary = parts(low, x)
    return s.reshape(low.b, angle_of(low.b, imaginary, real), shape=x.shape[:-1])


def norm(low: Lowering, x: Value, order: float = 2, dims: Any = None, *how: Any, **kw: Any) -> Any:
    """Give the length of vectors of numbers, of which the sizes are taken first."""
    far = size(low, x)
    return rows_place.norm(low, far, order, dims, *how, **kw)


def direction(low: Lowering, x: Value) -> Any:
    """Divide numbers by their size; 0 stays 0."""
    far = _size(low, x)
    nothing = s.fill(low.b, shape=(), dtype=x.dtype)
    none = e.compare(low.b, far, fn="eq", by=0)
    return e.where(low.b, none, nothing, e.div(low.b, x, far))


def exponential(low: Lowering, x: Value) -> Any:
    """Give e**a * (cos b + i sin b)."""
    real, imaginary = parts(low, x)
    far = e.exponential(low.b, real)
    both = (e.mul(low.b, far, f(low.b, imaginary)) for f in (e.cosine, e.sine))
    return pair(low, *both)


def power(low: Lowering, x: Value, n: Any) -> Any:
    """Square; raises `UnknownOperator` for powers but 1 and 2."""
    if n == 1:
        return s.copy(low.b, x)
    if n != 2:  # noqa: PLR2004
        hint = "multiply, or take exp and log apart"
        raise UnknownOperator("aten.pow", f"has no rule for complex numbers to the {n}", hint)
    return _product(low, parts(low, x), parts(low, x))


def equal(low: Lowering, x: Value, n: Any) -> Any:
    """Compare both parts with a number, or with those of others."""
    if isinstance(n, Value):
        found = e.equal(low.b, *(rows_pairs.whole(low, v, i) for i, v in enumerate((x, n))))
        both = parts(low, found)
    else:
        n = complex(n)
        pairs = zip(parts(low, x), (n.real, n.imag), strict=True)
        both = tuple(e.compare(low.b, part, fn="eq", by=k) for part, k in pairs)
    return s.reshape(low.b, e.both(low.b, *both), shape=low.types()[0].shape)


def matrices(low: Lowering, x: Value, y: Value) -> Any:
    """Multiply matrices of complex numbers, or stacks of them."""
    (a, b), (c, d) = (
        tuple(s.reshape(low.b, part, shape=v.shape[:-1]) for part in parts(low, v)) for v in (x, y)
    )
    real = e.sub(low.b, contract.matmul(low.b, a, c), contract.matmul(low.b, b, d))
    imaginary = e.add(low.b, contract.matmul(low.b, a, d), contract.matmul(low.b, b, c))
    return pair(low, spread(low, real), spread(low, imaginary))


ROWS: dict[str, Row] = {
    **rows_fourier.ROWS,
    **rows_pairs.ROWS,
    "add": plus,
    "sub": minus,
    "mul": product,
    "div": quotient,
    "reciprocal": inverse,
    "neg": negative,
    "polar": polar,
    "_conj": conjugate,
    "_conj_physical": conjugate,
    "abs": size,
    "angle": angle,
    "linalg_vector_norm": norm,
    "sgn": direction,
    "exp": exponential,
    "pow": power,
    "eq": equal,
    "mm": matrices,
    "bmm": matrices,
    "sum": over(rows_move.sums),
    "mean": over(rows_move.means),
    "cumsum": rows_pairs.along(rows_move.cumulate, 0),
}
