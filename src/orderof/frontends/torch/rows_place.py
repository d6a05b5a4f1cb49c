"""Rows that order numbers, and that write where tensors say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.errors import UnknownOperator
from orderof.frontends.torch.rows import as_float, dims_of, number
from orderof.ir.graph import Value
from orderof.ops import elementwise as e
from orderof.ops import reduce as r
from orderof.ops import shape as s
from orderof.ops import solve
from orderof.ops.contract import matmul
from orderof.ops.grouped import grouped_product
from orderof.ops.place import place, place_along
from orderof.ops.reduce import max_over, sum_over, variance
from orderof.ops.sort import nonzero, repeated_places, sort_places, top_k
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.frontends.torch.rows import Row
    from orderof.frontends.torch.state import Lowering


def holds(low: Lowering, x: Value, dims: Any = None, keep: bool = False, **kw: Any) -> Any:  # noqa: FBT001, FBT002
    """Say whether elements are true over dimensions."""
    return r.holds(low.b, x, dims=dims_of(dims, len(x.shape)), keep=keep, **kw)


def holds_anywhere(low: Lowering, x: Value, *dims: Any) -> Any:
    """Say whether an element is true over dimensions."""
    return holds(low, x, *dims, every=False)


def alike(low: Lowering, x: Value, y: Value) -> tuple[()]:
    """Compare two tensors for an answer that is read, which no tensor becomes."""
    if x.shape == y.shape:
        r.holds(low.b, e.equal(low.b, x, y), dims=dims_of(None, len(x.shape)))
    return ()


def solve_triangular(low: Lowering, a: Value, b: Value, **kw: Any) -> Any:
    """Solve by substitution, with leading dimensions that broadcast."""
    t = low.types()[0]
    lead = t.shape[:-2]
    a = s.expand(low.b, a, shape=(*lead, *a.shape[-2:])) if a.shape[:-2] != lead else a
    b = s.expand(low.b, b, shape=t.shape) if b.shape != t.shape else b
    unit = kw.pop("unitriangular", False)
    return solve.solve_triangular(low.b, a, b, unit=unit, **kw)


def weight_norm(low: Lowering, v: Value, g: Value, dim: int = 0) -> Any:
    """Give v * (g / |v|) and |v|, the length over all other dimensions."""
    others = tuple(i for i in range(len(v.shape)) if i != dim % len(v.shape))
    length = e.root(low.b, sum_over(low.b, e.mul(low.b, v, v), dims=others, keep=True))
    return e.mul(low.b, v, e.div(low.b, g, length)), length


def gated(low: Lowering, x: Value, axis: int = -1) -> Any:
    """Give the first half times the sigmoid of the second."""
    x, gate = _halves(low, x, axis)
    return e.mul(low.b, x, e.sigmoid(low.b, gate))


def gated_backward(low: Lowering, g: Value, x: Value, axis: int) -> Any:
    """Give the gradients of both halves, with s the sigmoid: g*s, and g*s*x*(1 - s)."""
    first, gate = _halves(low, x, axis)
    opened = e.sigmoid(low.b, gate)
    df = e.mul(low.b, g, opened)
    dg = e.mul(low.b, e.mul(low.b, df, first), e.rsub(low.b, opened, by=1))
    return s.concat(low.b, df, dg, axis=axis % len(x.shape))


def _halves(low: Lowering, x: Value, axis: int) -> Any:
    half = x.shape[axis] / 2
    return s.split(low.b, x, axis=axis % len(x.shape), sizes=(half, half))


def masked_select(low: Lowering, x: Value, mask: Value) -> Any:
    """Pick the elements where a mask holds, in order."""
    return s.index(low.b, x, mask, shape=low.types()[0].shape, dims=(0,))


def repeat_interleave(low: Lowering, repeats: Value, **_: Any) -> Any:
    """Give each place as often as its number says."""
    return repeated_places(low.b, repeats, total=low.types()[0].shape[0])


def largest(
    low: Lowering, x: Value, k: Any, axis: int = -1, *rest: Any, **__: Any
) -> tuple[Value, Value]:
    """Give the k largest (or smallest) along a dimension, in order, and where they stand."""
    first = bool(rest[0]) if rest else True
    moved, back = _last(low, x, axis)
    which = {} if first else {"largest": False}
    at = top_k(low.b, moved, k=low.size(k), **which)
    found = s.take(low.b, moved, at, axis=len(x.shape) - 1)
    order = sort_places(low.b, found, descending=first)  # torch gives them in order
    both = (s.take(low.b, v, order, axis=len(x.shape) - 1) for v in (found, at))
    values, places = (back(v) for v in both)
    return values, places


def sort(low: Lowering, x: Value, *args: Any, **kw: Any) -> tuple[Value, Value]:
    """Give the numbers along a dimension in order, and where they stood."""
    axis = kw.get("dim", next((a for a in args if type(a) is int), -1))
    falls = kw.get("descending", next((a for a in args if type(a) is bool), False))
    moved, back = _last(low, x, axis)
    at = sort_places(low.b, moved, descending=falls)
    return back(s.take(low.b, moved, at, axis=len(x.shape) - 1)), back(at)


def argsort(low: Lowering, x: Value, *args: Any, **kw: Any) -> Value:
    """Give where the numbers stand that come one after the other."""
    return sort(low, x, *args, **kw)[1]


def _last(low: Lowering, x: Value, axis: int) -> tuple[Value, Any]:
    """See a dimension as the last; and the way back."""
    at, n = axis % max(len(x.shape), 1), len(x.shape)
    if at == n - 1 or not n:
        return x, lambda v: v
    order = (*(i for i in range(n) if i != at), at)
    back = tuple(order.index(i) for i in range(n))
    return s.permute(low.b, x, order=order), lambda v: s.permute(low.b, v, order=back)


def index_put(
    low: Lowering,
    x: Value,
    at: Sequence[Value | None],
    part: Value,
    accumulate: bool = False,  # noqa: FBT001, FBT002
) -> Value:
    """Write, or add, where tensors of indices say, or where a mask holds."""
    dims = tuple(i for i, v in enumerate(at) if v is not None)
    given = [v for v in at if v is not None]
    if [v.dtype for v in given] == ["bool"]:
        (mask,) = given
        rest = x.shape[len(mask.shape) :]
        if len(part.shape) > len(rest) and part.shape[0] != ONE:  # a row for each place it holds at
            part = _widened(low, part, (part.shape[0], *rest))
            return place(low.b, x, part, mask, dims=dims)
        if len(mask.shape) < len(x.shape):
            ones = (1,) * (len(x.shape) - len(mask.shape))
            mask = s.reshape(low.b, mask, shape=(*mask.shape, *ones))
        return e.where(low.b, mask, part, x)
    part = _widened(low, part, _picked(x, given, dims))
    if accumulate:
        return e.add(low.b, x, s.index_put(low.b, part, *given, shape=x.shape, dims=dims))
    return place(low.b, x, part, *given, dims=dims)


def index_copy(low: Lowering, x: Value, axis: int, at: Value, part: Value) -> Value:
    """Write slices where a vector of indices says, or one index."""
    at = s.reshape(low.b, at, shape=(at.type.size,))
    return place(low.b, x, part, at, dims=(axis % len(x.shape),))


def index_fill(low: Lowering, x: Value, axis: int, at: Value, by: Any) -> Value:
    """Write a number into the slices where a vector of indices says."""
    axis, at = axis % len(x.shape), s.reshape(low.b, at, shape=(at.type.size,))
    shape = (*x.shape[:axis], at.shape[0], *x.shape[axis + 1 :])
    part = s.fill(low.b, shape=shape, dtype=x.dtype, value=number(low, by))
    return place(low.b, x, part, at, dims=(axis,))


def masked_scatter(low: Lowering, x: Value, mask: Value, part: Value) -> Value:
    """Write elements in turn where a mask holds: as many as there are, at most."""
    mask, flat = _widened(low, mask, x.shape), s.reshape(low.b, part, shape=(part.type.size,))
    return place(low.b, x, flat, mask, dims=(0,))


def masked_scatter_backward(low: Lowering, g: Value, mask: Value, _: Any) -> Value:
    """Pick the gradients of what was written."""
    t, mask = low.types()[0], _widened(low, mask, g.shape)
    picked = s.index(low.b, g, mask, shape=(t.size,), dims=(0,))
    return s.reshape(low.b, picked, shape=t.shape)


def is_in(low: Lowering, x: Value, among: Value, **kw: Any) -> Value:
    """Compare every element with all of some others, as torch does with few."""
    flat = s.reshape(low.b, x, shape=(*x.shape, 1))
    found = r.holds(low.b, e.equal(low.b, flat, among), dims=(len(x.shape),), every=False)
    return e.invert(low.b, found) if kw.get("invert") else found


def _widened(low: Lowering, x: Value, shape: tuple[Expr, ...]) -> Value:
    found: Value = s.expand(low.b, x, shape=shape) if x.shape != shape else x
    return found


def _picked(x: Value, at: Sequence[Value], dims: tuple[int, ...]) -> tuple[Expr, ...]:
    """Give the shape of x[i, :, j]: that of the indices stands where they do, or in front."""
    rank = max(len(v.shape) for v in at)
    full = [(*(ONE,) * (rank - len(v.shape)), *v.shape) for v in at]
    wide = tuple(next((n for n in sizes if n != ONE), ONE) for sizes in zip(*full, strict=True))
    rest = [n for i, n in enumerate(x.shape) if i not in dims]
    together = dims == tuple(range(dims[0], dims[0] + len(dims)))
    front = dims[0] if together else 0
    return (*rest[:front], *wide, *rest[front:])


def scatter(low: Lowering, x: Value, axis: int, at: Value, part: Any, **kw: Any) -> Value:
    """Write along a dimension where indices say, or add."""
    if not isinstance(part, Value):
        part = s.fill(low.b, shape=at.shape, dtype=x.dtype, value=number(low, part))
    if kw.get("reduce") == "add":
        return scatter_add(low, x, axis, at, part)
    if kw.get("reduce"):
        raise UnknownOperator("aten.scatter", f"has no rule to {kw['reduce']}", "only add has one")
    return place_along(low.b, x, part, at, axis=axis % len(x.shape))


def scatter_add(low: Lowering, x: Value, axis: int, at: Value, part: Value) -> Value:
    """Add along a dimension where indices say."""
    added = s.put(low.b, part, at, shape=x.shape, axis=axis % len(x.shape))
    return e.add(low.b, x, added)


def index_add(low: Lowering, x: Value, axis: int, at: Value, part: Value, **kw: Any) -> Value:
    """Add slices where a vector of indices says."""
    dims = (axis % len(x.shape),)
    if (alpha := kw.get("alpha", 1)) != 1:
        part = e.scale(low.b, part, by=number(low, alpha))
    return e.add(low.b, x, s.index_put(low.b, part, at, shape=x.shape, dims=dims))


def histogram(low: Lowering, x: Value, *_: Any, **__: Any) -> Value:
    """Count how many numbers fall into each part: one addition for each number."""
    bins = low.types()[0].shape[0]
    ones = s.fill(low.b, shape=x.shape, dtype=low.dtype(), value=1)
    at = x if x.dtype == "int64" else e.cast(low.b, x, dtype="int64")
    return s.scatter_rows(low.b, ones, at, rows=bins)


def norm(
    low: Lowering, x: Value, order: float = 2, dims: Any = None, *rest: Any, **_: Any
) -> Value:
    """Give the length of vectors: the root of the sum of squares, or another norm."""
    along = {"dims": dims_of(dims, len(x.shape)), "keep": bool(rest and rest[0])}
    match order:
        case 2:
            return e.root(low.b, sum_over(low.b, e.mul(low.b, x, x), **along))
        case 1:
            return sum_over(low.b, e.magnitude(low.b, x), **along)
        case _ if order == float("inf"):
            return max_over(low.b, e.magnitude(low.b, x), **along)
        case _ if order in {0, float("-inf")}:
            hint = "norms of other orders have one"
            raise UnknownOperator("aten.linalg_vector_norm", f"has no rule for order {order}", hint)
        case _:
            powers = e.raise_to(low.b, e.magnitude(low.b, x), by=order)
            return e.raise_to(low.b, sum_over(low.b, powers, **along), by=1 / order)


def norm_of(low: Lowering, x: Value, order: Any = None, *how: Any, **_: Any) -> Value:
    """Give the same under the older name, whose order may be left out."""
    return norm(low, x, 2 if order is None else order, *how)


def logsumexp(low: Lowering, x: Value, dims: Any, *rest: Any) -> Value:
    """Give log(sum(exp(x))), with the maximum taken out first."""
    along = dims_of(dims, len(x.shape))
    top = max_over(low.b, x, dims=along, keep=True)
    total = sum_over(low.b, e.exponential(low.b, e.sub(low.b, x, top)), dims=along, keep=True)
    found = e.add(low.b, e.logarithm(low.b, total), top)
    shape = low.types()[0].shape
    return found if rest and rest[0] else s.reshape(low.b, found, shape=shape)


def grouped(low: Lowering, x: Value, w: Value, ends: Any = None, *_: Any, **__: Any) -> Value:
    """Multiply rows with the matrix of their group; without groups, stacks of matrices."""
    if not isinstance(ends, Value):
        return matmul(low.b, x, w)
    return grouped_product(low.b, x, w, ends)


def log_sigmoid(low: Lowering, x: Value) -> tuple[Value, None]:
    """Give -log(1 + exp(-x))."""
    return e.neg(low.b, e.softplus(low.b, e.neg(low.b, x))), None


def log_sigmoid_backward(low: Lowering, g: Value, x: Value, *_: Any) -> Value:
    """Give g * sigmoid(-x)."""
    return e.mul(low.b, g, e.sigmoid(low.b, e.neg(low.b, x)))


def triangle(*, upper: bool) -> Row:
    """Make the row that keeps one side of the diagonal, and puts 0 on the other."""

    def row(low: Lowering, x: Value, diagonal: int = 0) -> Value:
        n, m = x.shape[-2:]
        down = s.iota(low.b, shape=(n, 1), dtype="int64", start=diagonal)
        across = s.iota(low.b, shape=(1, m), dtype="int64")
        kept = e.at_least(low.b, across, down) if upper else e.at_least(low.b, down, across)
        zero = s.fill(low.b, shape=(), dtype=x.dtype, value=0)
        return e.where(low.b, kept, x, zero)

    return row


def deviation(low: Lowering, x: Value, dims: Any = None, **kw: Any) -> Value:
    """Give the root of the variance over dimensions."""
    how = {"correction": kw.get("correction", 1), "keep": bool(kw.get("keepdim"))}
    return e.root(low.b, variance(low.b, x, dims=dims_of(dims, len(x.shape)), **how))


def linspace(low: Lowering, start: float, end: float, *_: Any, **__: Any) -> Value:
    """Count from one number to another in equal steps."""
    t = low.types()[0]
    steps = t.shape[0].value or 1
    by = (end - start) / (steps - 1) if steps > 1 else 0.0
    return s.iota(low.b, shape=t.shape, dtype=t.dtype, start=start, step=by)


def expm1(low: Lowering, x: Value) -> Value:
    """Give exp(x) - 1."""
    return e.shift(low.b, e.exponential(low.b, as_float(low, x)), by=-1)


def log1p(low: Lowering, x: Value) -> Value:
    """Give log(1 + x)."""
    return e.logarithm(low.b, e.shift(low.b, as_float(low, x), by=1))


def floor_divide(low: Lowering, x: Value, y: Any) -> Value:
    """Divide, rounded down; of whole numbers the result is one."""
    x = as_float(low, x)
    whole = isinstance(y, Value)
    q = e.div(low.b, x, y) if whole else e.shrink(low.b, x, by=number(low, y))
    found, dtype = e.floor(low.b, q), low.dtype()
    return found if found.dtype == dtype else e.cast(low.b, found, dtype=dtype)


ROWS: dict[str, Row] = {
    "topk": largest,
    "sort": sort,
    "nonzero": lambda low, x: nonzero(low.b, x, found=low.types()[0].shape[0]),
    "masked_select": masked_select,
    "_assert_async": lambda *_: (),  # a number is read, which no tensor becomes
    "all": holds,
    "any": holds_anywhere,
    "equal": alike,
    "_is_all_true": holds,
    "linalg_solve_triangular": solve_triangular,
    "_weight_norm_interface": weight_norm,
    "glu": gated,
    "glu_backward": gated_backward,
    "repeat_interleave": repeat_interleave,
    "argsort": argsort,
    "index_put": index_put,
    "_index_put_impl": index_put,
    "scatter": scatter,
    "scatter_add": scatter_add,
    "index_add": index_add,
    "index_copy": index_copy,
    "index_fill": index_fill,
    "masked_scatter": masked_scatter,
    "masked_scatter_backward": masked_scatter_backward,
    "isin": is_in,
    "histc": histogram,
    "_grouped_mm": grouped,
    "linalg_vector_norm": norm,
    "norm": norm_of,
    "logsumexp": logsumexp,
    "log_sigmoid_forward": log_sigmoid,
    "tril": triangle(upper=False),
    "triu": triangle(upper=True),
    "std": deviation,
    "linspace": linspace,
    "log_sigmoid_backward": log_sigmoid_backward,
    "isnan": lambda low, x: e.unequal(low.b, x, x),
    "expm1": expm1,
    "log1p": log1p,
    "floor_divide": floor_divide,
}
