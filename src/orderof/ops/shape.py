"""Views and moves: other looks at the same elements, and copies of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.counts import Counts, Kind
from orderof.errors import ShapeMismatch
from orderof.ir.forms import Irregular, Move, View
from orderof.ir.graph import Type
from orderof.ops.define import Operator, here, irregular, move, register, view
from orderof.ops.reduce import sum_over
from orderof.sym import ONE, ZERO, Expr, Size, ceildiv, ceillog2, expr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Node, Value
    from orderof.ops.define import Grads

    Gs = Sequence[Value]


def _reshape(x: Type, *, shape: tuple[Size, ...]) -> Type:
    out = Type(tuple(map(expr, shape)), x.dtype)
    if out.size != x.size:
        raise ShapeMismatch(str(x), f"cannot be seen as {out}: {x.size} elements, not {out.size}")
    return out


def _reshape_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    return (reshape(b, gs[0], shape=node.operands[0].shape),)


def _permute(x: Type, *, order: tuple[int, ...]) -> Type:
    return Type(tuple(x.shape[i] for i in order), x.dtype)


def _permute_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    order = node.attr("order")
    return (permute(b, gs[0], order=tuple(sorted(range(len(order)), key=order.__getitem__))),)


def _expand(x: Type, *, shape: tuple[Size, ...]) -> Type:
    return Type(tuple(map(expr, shape)), x.dtype)


def _expand_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    """Sum over what was repeated: dimensions added in front, and those of size 1."""
    g, x = gs[0], node.operands[0]
    extra = len(g.shape) - len(x.shape)
    grown = [i for i, n in enumerate(x.shape) if n == 1 and g.shape[i + extra] != 1]
    dims = (*range(extra), *(i + extra for i in grown))
    if dims:
        g = sum_over(b, g, dims=dims, keep=True)
    return (g if g.shape == x.shape else reshape(b, g, shape=x.shape),)


def _slice(x: Type, *, axis: int, start: Size = 0, stop: Size, step: int = 1) -> Type:
    shape = list(x.shape)
    shape[axis] = ceildiv(expr(stop) - start, step)
    return Type(tuple(shape), x.dtype)


def _slice_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    return (embed_slice(b, gs[0], shape=node.operands[0].shape, **dict(node.attrs)),)


def _alias_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    return (gs[0],)


def _split(x: Type, *, axis: int, sizes: tuple[Size, ...]) -> tuple[View, tuple[Type, ...]]:
    if Expr.sum(sizes) != x.shape[axis]:
        raise ShapeMismatch(str(x), f"is not cut along {axis} into {', '.join(map(str, sizes))}")
    shapes = ((*x.shape[:axis], expr(n), *x.shape[axis + 1 :]) for n in sizes)
    return View(), tuple(Type(shape, x.dtype) for shape in shapes)


def _split_vjp(b: Builder, node: Node, gs: Sequence[Value | None], _: object) -> Grads:
    """Put the gradients of the parts side by side, zeros where there is none."""
    parts = [
        g if g is not None else fill(b, shape=r.shape, dtype=r.dtype)
        for g, r in zip(gs, node.results, strict=True)
    ]
    return (concat(b, *parts, axis=node.attr("axis")),)


def _same(x: Type) -> Type:
    return x


def _no_vjp(*_: object) -> Grads:
    return (None,)


def _nothing(*_: object) -> Grads:
    return ()


split = register(Operator("split", _split, _split_vjp, here(1), free=True))
reshape = view("reshape", _reshape, _reshape_vjp)
permute = view("permute", _permute, _permute_vjp)
expand = view("expand", _expand, _expand_vjp)
slice_ = view("slice", _slice, _slice_vjp)
alias = view("alias", _same, _alias_vjp)
detach = view("detach", _same, _no_vjp)


def _copy(x: Type) -> tuple[Move, tuple[Type]]:
    return Move((x.size,), (x.size,)), (x,)


def _concat(*xs: Type, axis: int) -> tuple[Move, tuple[Type]]:
    shape = list(xs[0].shape)
    shape[axis] = Expr.sum(x.shape[axis] for x in xs)
    out = Type(tuple(shape), xs[0].dtype)
    return Move(tuple(x.size for x in xs), (out.size,)), (out,)


def _concat_vjp(b: Builder, node: Node, gs: Gs, want: Sequence[bool]) -> Grads:
    axis: int = node.attr("axis")
    start: Expr = ZERO
    grads: list[Value | None] = []
    for x, wanted in zip(node.operands, want, strict=True):
        stop = start + x.shape[axis]
        grads.append(slice_(b, gs[0], axis=axis, start=start, stop=stop) if wanted else None)
        start = stop
    return grads


def _fill(*, shape: tuple[Size, ...], dtype: str, value: float = 0) -> tuple[Move, tuple[Type]]:
    del value
    out = Type(tuple(map(expr, shape)), dtype)
    return Move((), (out.size,)), (out,)


def _embed_slice(x: Type, *, shape: tuple[Size, ...], **_: object) -> tuple[Move, tuple[Type]]:
    out = Type(tuple(map(expr, shape)), x.dtype)
    return Move((x.size,), (out.size,)), (out,)


def _embed_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    attrs = {k: v for k, v in node.attrs if k != "shape"}
    return (slice_(b, gs[0], **attrs),)


def _pad(
    x: Type, *, before: tuple[int, ...], after: tuple[int, ...], value: float = 0
) -> tuple[Move, tuple[Type]]:
    del value
    ends = zip(x.shape, before, after, strict=True)
    out = Type(tuple(n + lo + hi for n, lo, hi in ends), x.dtype)
    return Move((x.size,), (out.size,)), (out,)


def _pad_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    g = gs[0]
    for axis, (n, lo) in enumerate(zip(node.operands[0].shape, node.attr("before"), strict=True)):
        if g.shape[axis] != n:
            g = slice_(b, g, axis=axis, start=lo, stop=n + lo)
    return (g,)


copy = move("copy", _copy, _alias_vjp)
concat = move("concat", _concat, _concat_vjp)
fill = move("fill", _fill, _nothing)
embed_slice = move("embed_slice", _embed_slice, _embed_vjp)
pad = move("pad", _pad, _pad_vjp)


def _gather_rows(table: Type, at: Type) -> tuple[Move, tuple[Type]]:
    row = Expr.prod(table.shape[1:])
    out = Type((*at.shape, *table.shape[1:]), table.dtype)
    return Move((at.size * row, at.size), (out.size,)), (out,)


def _gather_rows_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    table, at = node.operands
    return scatter_rows(b, gs[0], at, rows=table.shape[0]), None


def _scatter_rows(g: Type, at: Type, *, rows: Size) -> tuple[Irregular, tuple[Type]]:
    out = Type((expr(rows), *g.shape[len(at.shape) :]), g.dtype)
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    form = Irregular(counts, _meet(at.size), (g.size, at.size), (out.size,), _SCATTER)
    return form, (out,)


def _meet(n: Expr) -> Expr:
    """Bound the chain where n gradients may all meet in one zeroed element: a tree."""
    return ceillog2(n + 1)


_SCATTER = "one addition for each element that arrives, into a zeroed table"
gather_rows = move("gather_rows", _gather_rows, _gather_rows_vjp)
scatter_rows = irregular("scatter_rows", _scatter_rows, source=_SCATTER)


def _take(x: Type, at: Type, *, axis: int) -> tuple[Move, tuple[Type]]:
    """Pick along one axis, elementwise, as torch.gather."""
    del axis
    return Move((at.size, at.size), (at.size,)), (Type(at.shape, x.dtype),)


def _take_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    x, at = node.operands
    return put(b, gs[0], at, shape=x.shape, **dict(node.attrs)), None


def _put(g: Type, at: Type, *, shape: tuple[Size, ...], axis: int) -> tuple[Irregular, tuple[Type]]:
    del axis
    out = Type(tuple(map(expr, shape)), g.dtype)
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    return Irregular(counts, _meet(at.size), (g.size, at.size), (out.size,), _SCATTER), (out,)


take = move("take", _take, _take_vjp)
put = irregular("put", _put, source=_SCATTER)


def _iota(
    *, shape: tuple[Size, ...], dtype: str, start: float = 0, step: float = 1
) -> tuple[Irregular, tuple[Type]]:
    """Count up from `start`, along the flat order of the elements."""
    del start, step
    out = Type(tuple(map(expr, shape)), dtype)
    return Irregular(Counts.of(Kind.INT, dtype, out.size), ONE, (), (out.size,), _IOTA), (out,)


_IOTA = "one step of a counter for each element"
iota = irregular("iota", _iota, source=_IOTA)


def _index(
    x: Type, *at: Type, shape: tuple[Size, ...], dims: tuple[int, ...]
) -> tuple[Move, tuple[Type]]:
    """Pick elements by one tensor of indices for each of `dims`, as x[i, :, j] does."""
    del dims
    out = Type(tuple(map(expr, shape)), x.dtype)
    return Move((out.size, *(i.size for i in at)), (out.size,)), (out,)


def _index_vjp(b: Builder, node: Node, gs: Gs, _: object) -> Grads:
    x, *at = node.operands
    dims = node.attr("dims")
    return index_put(b, gs[0], *at, shape=x.shape, dims=dims), *(None for _ in at)


def _index_put(
    g: Type, *at: Type, shape: tuple[Size, ...], dims: tuple[int, ...]
) -> tuple[Irregular, tuple[Type]]:
    """Add elements up where `index` picked them."""
    del dims
    out = Type(tuple(map(expr, shape)), g.dtype)
    counts = Counts.of(Kind.ADD, g.dtype, g.size)
    reads = (g.size, *(i.size for i in at))
    return Irregular(counts, _meet(g.size), reads, (out.size,), _SCATTER), (out,)


index = move("index", _index, _index_vjp)
index_put = irregular("index_put", _index_put, source=_SCATTER)


def _overwrite(x: Type, part: Type, **_: object) -> tuple[Move, tuple[Type]]:
    """Write x[..., start:stop:step] in place: the other elements are not touched."""
    return Move((ZERO, part.size), (part.size,)), (x,)


def _overwrite_vjp(b: Builder, node: Node, gs: Gs, want: Sequence[bool]) -> Grads:
    """Give x the gradient of what stayed, and the part that of what was written."""
    g, part, attrs = gs[0], node.operands[1], dict(node.attrs)
    dx = None
    if want[0]:
        nothing = fill(b, shape=part.shape, dtype=part.dtype)
        dx = overwrite(b, copy(b, g), nothing, **attrs)
    return dx, slice_(b, g, **attrs) if want[1] else None


overwrite = move("overwrite", _overwrite, _overwrite_vjp)
