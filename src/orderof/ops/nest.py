"""Declaring loop nests by signature, and making them concrete.

A signature names one axis for each dimension of each operand: `... m k, ... k n -> ... m n`. The
dots stand for leading dimensions that broadcast. Sizes follow from the operands; a window
`s*h+d*r-p` gives its outer axis the number of places where it fits:

    h = floordiv(n + p + q - d*(r - 1) - 1, s) + 1      q: padding behind, by default p

With `ceil=True` it is `ceildiv`, but the last window starts in the input or in the padding before
it, as in torch. An attribute whose name is an axis gives that axis its size.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from orderof.counts import FLOAT_DTYPES, ITEMSIZE, Kind, is_float
from orderof.errors import BadSpelling, ShapeMismatch
from orderof.ir.access import Axis, Compose, Fixed, Window, access, axes_of
from orderof.ir.forms import Nest
from orderof.ir.graph import Type
from orderof.ir.scalar import FUNCTIONS, Scalar, Var, position, steps
from orderof.ops.define import Operator, here, register
from orderof.sym import ONE, Expr, ceildiv, expr, floordiv, minimum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orderof.ir.access import Access, Index, Sizes
    from orderof.ops.define import Grads, Made

    One = Callable[[Scalar], Scalar]
    Two = Callable[[Scalar, Scalar], Scalar]
    Three = Callable[[Scalar, Scalar, Scalar], Scalar]
    Body = One | Two | Three


def nest(
    name: str,
    signature: str,
    body: Body,
    *,
    reduce: str | None = None,
    takes: tuple[str, ...] = (),
    vjp: Callable[..., Grads] | None = None,
) -> Operator:
    """Declare a Nest. Attributes that the body `takes` follow its operands; others are sizes."""
    return register(declared(name, signature, body, reduce=reduce, takes=takes, vjp=vjp))


def declared(
    name: str,
    signature: str,
    body: Callable[..., Scalar],
    *,
    reduce: str | None = None,
    takes: tuple[str, ...] = (),
    vjp: Callable[..., Grads] | None = None,
) -> Operator:
    """Make an operator that is a Nest, without registering it."""
    whole: Callable[..., Scalar] = body

    def make(*types: Type, **attrs: Any) -> Made:  # noqa: ANN401
        if missing := [k for k in takes if k not in attrs]:
            raise BadSpelling(name, f"needs {missing[0]}=", f"it takes {', '.join(takes)}")
        scalar = whole(*map(Var, range(signature.count(",") + 1)), *(attrs[k] for k in takes))
        rest = {k: v for k, v in attrs.items() if k not in takes}
        return concrete(name, signature, types, scalar, reduce, rest)

    return Operator(name, make, vjp, here(3), signature=signature)


def concrete(
    name: str,
    signature: str,
    types: Sequence[Type],
    body: Scalar,
    reduce: str | None,
    numbers: Mapping[str, Any],
) -> Made:
    """Make the Nest of a signature for operand types; gives it with its result type."""
    left, right = signature.split("->")
    texts = left.split(",")
    if len(texts) != len(types):
        raise ShapeMismatch(name, f"takes {len(texts)} operands, not {len(types)}")
    rank = max(len(t.shape) - _named(text) for t, text in zip(types, texts, strict=True))
    ins = [_expand(text, t, rank, numbers) for text, t in zip(texts, types, strict=True)]
    sizes: dict[str, Expr] = {}
    ins = [_broadcast(i, t, sizes) for i, t in zip(ins, types, strict=True)]
    _solve(name, ins, types, sizes, numbers)
    full = Type(tuple(ONE for _ in range(_named(right) + rank)), "bool")
    out = _expand(right, full, rank, numbers)
    shape = tuple(_extent(i, sizes, numbers) for i in out)
    used = dict.fromkeys(a for acc in (*ins, out) for i in acc for a in axes_of(i))
    mac = reduce == "add" and body == Var(0) * Var(1)
    form = Nest(tuple((a, sizes[a]) for a in used), tuple(ins), out, body, reduce, mac)
    dtype = result_dtype(body, effective(types))
    return form, (Type(shape, dtype),)


def _named(text: str) -> int:
    return len(access(text.replace("...", ""), _ANY))


class _Any(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 1


_ANY = _Any()


def _expand(text: str, t: Type, rank: int, numbers: Mapping[str, Any]) -> Access:
    """Write out the dots of one operand as axes _0 _1 ..., aligned to the right."""
    dots = len(t.shape) - _named(text)
    names = " ".join(f"_{i}" for i in range(rank - dots, rank)) if "..." in text else ""
    found = access(text.replace("...", names), numbers)
    if len(found) != len(t.shape):
        shape = ", ".join(map(str, t.shape))
        raise ShapeMismatch(f"[{shape}]", f"does not have the dimensions `{text.strip()}`")
    return found


def _broadcast(acc: Access, t: Type, sizes: Sizes) -> Access:
    """Bind the axes of the dots; a dimension of size 1 is broadcast against a larger one."""
    out: list[Index] = []
    for index, n in zip(acc, t.shape, strict=True):
        if isinstance(index, Axis) and index.name.startswith("_"):
            known = sizes.get(index.name)
            if known is None or known == 1:
                sizes[index.name] = n
            elif n not in (known, 1):
                raise ShapeMismatch(str(t), f"does not broadcast: {n} against {known}")
        out.append(index)
    return tuple(out)


def _solve(
    name: str,
    ins: list[Access],
    types: Sequence[Type],
    sizes: Sizes,
    numbers: Mapping[str, Any],
) -> None:
    """Find the size of every axis, then replace broadcast dimensions by `Fixed`."""
    sizes.update({k: expr(v) for k, v in numbers.items() if k.isidentifier() and _is_size(v)})
    dims = [
        (i, n) for acc, t in zip(ins, types, strict=True) for i, n in zip(acc, t.shape, strict=True)
    ]
    for kind in (Axis, Compose, Window):
        for index, n in dims:
            if isinstance(index, kind):
                _bind(name, index, n, sizes, numbers)
    for j, (acc, t) in enumerate(zip(ins, types, strict=True)):
        ins[j] = tuple(
            Fixed() if isinstance(i, Axis) and n == 1 and sizes[i.name] != 1 else i
            for i, n in zip(acc, t.shape, strict=True)
        )


def _extent(index: Index, sizes: Sizes, numbers: Mapping[str, Any]) -> Expr:
    """Give the size of a dimension of the result; a window writes s*(H-1) + d*(k-1) + 1 - 2p."""
    if not isinstance(index, Window):
        return Expr.prod(sizes[a] for a in axes_of(index))
    last = (sizes[index.outer] - 1) * index.stride + (sizes[index.inner] - 1) * index.dilation
    return last + 1 - 2 * index.pad + int(numbers.get(f"extra_{index.outer}", 0))


def _is_size(value: object) -> bool:
    return isinstance(value, Expr) or (isinstance(value, int) and not isinstance(value, bool))


def _bind(
    name: str, index: Axis | Compose | Window, n: Expr, sizes: Sizes, numbers: Mapping[str, Any]
) -> None:
    match index:
        case Axis(axis):
            known = sizes.setdefault(axis, n)
            if known != n and not axis.startswith("_"):
                raise ShapeMismatch(name, f"axis {axis} is {known} in one operand, {n} in another")
        case Compose(names):
            known = Expr.prod(sizes[a] for a in names if a in sizes)
            missing = [a for a in names if a not in sizes]
            if len(missing) == 1:
                sizes[missing[0]] = n / known
            elif known != n:
                raise ShapeMismatch(name, f"{index} is {known}, but the operand has {n}")
        case Window(outer, inner, s, d, p):
            behind = numbers.get(f"behind_{outer}", p)
            look = (sizes[inner] - 1) * d + 1
            fits = floordiv(n + p + behind - look, s) + 1
            if numbers.get("ceil"):
                fits = ceildiv(n + p + behind - look, s) + 1
                if look.value is None or look.value < s + behind:
                    fits = minimum(fits, ceildiv(n + p, s))
            if fits.value is not None and fits.value < 1:
                raise ShapeMismatch(name, f"a window of {sizes[inner]} does not fit into {n}")
            sizes.setdefault(outer, fits)


def promote(dtypes: Sequence[str]) -> str:
    """Give the dtype of an operation on several: float before int before bool, then the wider.

    As in torch, float16 with bfloat16 is float32.
    """
    floats = {d for d in dtypes if d in FLOAT_DTYPES}
    if floats == {"float16", "bfloat16"}:
        return "float32"
    if {*dtypes} == {"uint8", "int8"}:
        return "int16"
    return max(dtypes, key=lambda d: (*_rank(d), ITEMSIZE[d], d))


Typed = tuple[tuple[tuple[Kind, str], ...], str]


@functools.lru_cache(maxsize=1 << 14)
def typed(body: Scalar, dtypes: tuple[str, ...], cast: str = "") -> Typed:
    """Give (kind, dtype) of each operation of a body, and the dtype of its result.

    `dtypes` are those of the operands, `cast` that of the result of a cast. Numbers take the dtype
    of what they meet, and among themselves that of the operands together. A comparison is counted
    under the dtype of its operands; its result is bool.
    """
    known: dict[Scalar, str] = {}

    def dtype(s: Scalar) -> str | None:
        if s.fn in ("const", "coord"):
            return None
        return known[s] if s.args else dtypes[position(s)]

    counted: list[tuple[Kind, str]] = []
    usual = promote(dtypes) if dtypes else "float32"
    for s in steps(body):
        row = FUNCTIONS[s.fn]
        meets = [d for a in s.args[s.fn == "select" :] if (d := dtype(a)) is not None]
        met = promote(meets) if meets else usual
        if row.kind not in _KEEPS_INT and not is_float(met):
            met = "float32"
        known[s] = cast or met if s.fn == "cast" else met
        counted.append((row.kind, known[s]))
        if row.kind is Kind.CMP:
            known[s] = "bool"
    return tuple(counted), dtype(body) or usual


_KEEPS_INT = {
    Kind.ADD, Kind.MUL, Kind.NEG, Kind.ABS, Kind.MAX, Kind.CMP, Kind.SELECT, Kind.LOGIC,
    Kind.ROUND, Kind.CAST, Kind.INT, Kind.POW,
}  # fmt: skip
"""Kinds whose result on integers is an integer; the others give float32, as in torch."""


def effective(types: Sequence[Type]) -> tuple[str, ...]:
    """Give the dtypes that operands bring to a promotion.

    As in torch, a tensor without dimensions is weak: it follows the others unless it is of a higher
    category (bool < int < float).
    """
    strong = [t.dtype for t in types if t.shape]
    if not strong or len(strong) == len(types):
        return tuple(t.dtype for t in types)
    met = promote(strong)
    return tuple(met if not t.shape and _rank(t.dtype) <= _rank(met) else t.dtype for t in types)


def _rank(dtype: str) -> tuple[bool, bool]:
    return is_float(dtype), dtype != "bool"


def result_dtype(body: Scalar, dtypes: tuple[str, ...]) -> str:
    """Give the dtype of a body's result."""
    return typed(body, dtypes)[1]
