"""A scalar interpreter of loop nests: it does every operation one by one, and counts what it does.

It shares no code with what it is held against (ops.work, ops.nest, ir.access, ir.scalar): it reads
the data classes of a Nest, and has its own table of functions, of dtypes and of their sizes.

    full     every point of the nest is executed; an element outside a tensor is the unit of the
             reduction, a result outside the result tensor is computed, counted and dropped
    exact    a point that reads or writes outside is skipped
"""

import itertools
import math
from collections import Counter
from dataclasses import dataclass, field

from orderof.ir.access import Axis, Compose, Fixed, Window
from orderof.ir.scalar import Power

BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
BYTES |= {"int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1}
FLOATS = ("float16", "bfloat16", "float32", "float64")
INTS = ("uint8", "int8", "int16", "int32", "int64")


def _erfinv(a):
    """Halve the range in which erf is a."""
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < a else (low, middle)
    return low


FUNCTIONS = {
    "add": ("add", lambda a, b: a + b),
    "sub": ("add", lambda a, b: a - b),
    "mul": ("mul", lambda a, b: a * b),
    "div": ("div", lambda a, b: a / b),
    "neg": ("neg", lambda a: -a),
    "abs": ("abs", lambda a: a if a >= 0 else -a),
    "max": ("max", lambda a, b: max(b, a)),
    "min": ("max", lambda a, b: min(b, a)),
    "ge": ("cmp", lambda a, b: a >= b),
    "gt": ("cmp", lambda a, b: a > b),
    "eq": ("cmp", lambda a, b: a == b),
    "ne": ("cmp", lambda a, b: a != b),
    "and": ("logic", lambda a, b: bool(a) and bool(b)),
    "or": ("logic", lambda a, b: bool(a) or bool(b)),
    "xor": ("logic", lambda a, b: bool(a) is not bool(b)),
    "not": ("logic", lambda a: not a),
    "select": ("select", lambda c, a, b: a if c else b),
    "causal": ("select", lambda s, t, a, b: a if s >= t else b),
    "exp": ("exp", math.exp),
    "log": ("log", math.log),
    "sqrt": ("sqrt", math.sqrt),
    "rsqrt": ("rsqrt", lambda a: 1 / math.sqrt(a)),
    "pow": ("pow", math.pow),
    "sin": ("sin", math.sin),
    "cos": ("sin", math.cos),
    "asin": ("sin", math.asin),
    "acos": ("sin", math.acos),
    "atan": ("sin", math.atan),
    "atan2": ("sin", math.atan2),
    "tanh": ("tanh", math.tanh),
    "erf": ("erf", math.erf),
    "erfinv": ("erf", _erfinv),
    "floor": ("round", math.floor),
    "ceil": ("round", math.ceil),
    "round": ("round", round),
    "trunc": ("round", math.trunc),
    "cast": ("cast", lambda a: a),
}
"""Scalar function -> (the kind it counts as, how it is computed)."""

COMBINE = {"add": lambda a, b: a + b, "max": max}
UNIT = {"add": 0, "max": -math.inf}
CONDITIONS = {"select": 1, "causal": 2}
"""Functions whose first arguments decide, and take no part in the dtype."""
WITH_INTEGERS = {"add", "mul", "neg", "abs", "max", "select", "round", "cast", "pow"}
"""Kinds that give an integer for integers."""


@dataclass
class Executed:
    """What happened: values by position, and what was counted on the way."""

    values: dict
    dtype: str
    ops: Counter = field(default_factory=Counter)
    points: int = 0
    span: int = 0
    read: list = field(default_factory=list)
    written: set = field(default_factory=set)


def promote(*dtypes):
    """Give the dtype of an operation on tensors of some dtypes."""
    floats = {d for d in dtypes if d in FLOATS}
    if floats:
        both_halves = floats == {"float16", "bfloat16"}
        return "float32" if both_halves else max(floats, key=FLOATS.index)
    ints = {d for d in dtypes if d in INTS}
    if not ints:
        return "bool"
    return "int16" if ints == {"uint8", "int8"} else max(ints, key=INTS.index)


def effective(dtypes, ranks):
    """Give the dtypes that count in a promotion: one without dimensions follows the others.

    It does so unless it is of a higher category than they all are: bool, then int, then float.
    """
    category = [(d in FLOATS) + (d != "bool") for d in dtypes]
    strong = [i for i, rank in enumerate(ranks) if rank]
    if not strong:
        return list(dtypes)
    met = promote(*(dtypes[i] for i in strong))
    highest = max(category[i] for i in strong)
    weak = {i for i, rank in enumerate(ranks) if not rank and category[i] <= highest}
    return [met if i in weak else d for i, d in enumerate(dtypes)]


def program(body, dtypes, cast):
    """Write a body as numbered instructions (fn, arguments, leaf, kind, dtype), equal ones once."""
    numbers, code, known = {}, [], []

    def visit(s):
        args = tuple(visit(a) for a in s.args)
        key = (s.fn, args) if args else (s.fn, s.at)
        if key not in numbers:
            numbers[key] = len(code)
            kind = FUNCTIONS[s.fn][0] if args else None
            counted, result = _dtypes(s, kind, [known[a] for a in args], dtypes, cast)
            code.append((s.fn, args, s.at, kind, counted))
            known.append(result)
        return numbers[key]

    last = visit(body)
    return code, last, known[last] or (promote(*dtypes) if dtypes else "float32")


def _dtypes(s, kind, args, dtypes, cast):
    """Give the dtype that an instruction is counted under, and that of its result."""
    if s.fn == "var":
        return None, dtypes[s.at]
    if kind is None:
        return None, None
    tensors = [d for d in args[CONDITIONS.get(s.fn, 0) :] if d]
    # An operation on numbers alone is as wide as what the whole body reads.
    met = promote(*(tensors or dtypes)) if tensors or dtypes else "float32"
    if kind == "cmp":
        return met, "bool"
    if kind == "logic":
        return "bool", "bool"
    if s.fn == "cast":
        met = cast
    elif kind not in WITH_INTEGERS and met not in FLOATS:
        met = "float32"
    return met, met


def place(index, at, sizes):
    """Give the element that an Index reaches at a point."""
    match index:
        case Axis(name):
            return at[name]
        case Compose(names):
            flat = 0
            for name in names:
                flat = flat * sizes[name] + at[name]
            return flat
        case Window(outer, inner, stride, dilation, pad):
            return stride * at[outer] + dilation * at[inner] - pad
        case Fixed():
            return 0
    raise TypeError(index)


def where(access, at, sizes, shape):
    """Give a position and whether it is inside; only a window may leave a tensor."""
    position = tuple(place(i, at, sizes) for i in access)
    if len(position) != len(shape):
        raise IndexError(position, shape)
    inside = True
    for index, x, n in zip(access, position, shape, strict=True):
        if not 0 <= x < n:
            if not isinstance(index, Window):
                raise IndexError(index, x, n)
            inside = False
    return position, inside


def elements(array):
    """Give the elements of an array as Python numbers, by position."""
    places = itertools.product(*map(range, array.shape))
    return dict(zip(places, array.ravel().tolist(), strict=True))


def execute(nest, arrays, dtypes, shape, dtype, env, padding="full"):
    """Run a nest point by point on concrete sizes; `shape` and `dtype` are those of the result."""
    sizes = {name: n.at(env) for name, n in nest.axes}
    code, last, found = program(nest.body, dtypes, dtype)
    numbers = {c[2]: _number(c[2], env) for c in code if c[0] == "const"}
    used = sorted({c[2] for c in code if c[0] == "var"})
    data = {i: elements(arrays[i]) for i in used}
    out = Executed({}, found, read=[set() for _ in nest.ins])
    meeting = {}
    for point in itertools.product(*(range(n) for n in sizes.values())):
        at = dict(zip(sizes, point, strict=True))
        target, kept = where(nest.out, at, sizes, shape)
        places = {i: where(nest.ins[i], at, sizes, arrays[i].shape) for i in used}
        if padding == "exact" and not (kept and all(inside for _, inside in places.values())):
            continue
        out.points += 1
        read = {}
        for i, (position, inside) in places.items():
            if inside:
                out.read[i].add(position)
            read[i] = data[i][position] if inside else UNIT[nest.reduce]
        result = _point(code, last, read, numbers, at, out.ops)
        meets = meeting.setdefault(target, {})
        key = _reduced(nest, at)
        if key in meets:
            raise ValueError(f"{target} is written twice, and nothing says how to combine")
        meets[key] = result
        if kept:
            out.written.add(target)
    for target, meets in meeting.items():
        value, depth = _reduce(meets, nest.reduce, found, out.ops)
        out.values[target] = value
        out.span = max(out.span, depth)
    return out


def _number(value, env):
    return value.base.at(env) ** value.exponent if isinstance(value, Power) else value


def _point(code, last, read, numbers, at, ops):
    """Execute the instructions of one point; gives (value, longest chain)."""
    done = []
    for fn, args, leaf, kind, dtype in code:
        if fn == "var":
            done.append((read[leaf], 0))
        elif fn == "const":
            done.append((numbers[leaf], 0))
        elif fn == "coord":
            done.append((at[leaf], 0))
        else:
            ops[kind, dtype] += 1
            value = FUNCTIONS[fn][1](*(done[a][0] for a in args))
            done.append((value, 1 + max(done[a][1] for a in args)))
    return done[last]


def evaluate(body, read, env=None):
    """Give (value, operations by number, longest chain) of a body for the elements it reads."""
    code, last, _ = program(body, dict.fromkeys(read, "float64"), "float64")
    numbers = {c[2]: _number(c[2], env or {}) for c in code if c[0] == "const"}
    ops = Counter()
    value, depth = _point(code, last, read, numbers, {}, ops)
    return value, ops, depth


def _reduced(nest, at):
    """Say which of the points that write one element this is: one entry for each tree."""
    if nest.reduce is None:
        return ()
    written, entries = set(), []
    for index in nest.out:
        match index:
            case Axis(name):
                written.add(name)
            case Compose(names):
                written.update(names)
            case Window(outer, inner):
                written.update((outer, inner))
                entries.append((at[outer], at[inner]))
    return (*entries, *(at[name] for name, _ in nest.axes if name not in written))


def _reduce(meets, fn, dtype, ops):
    """Combine what meets in one element by balanced trees, one axis after the other."""
    while len(meets) > 1 or () not in meets:
        rows = {}
        for key in sorted(meets):
            rows.setdefault(key[:-1], []).append(meets[key])
        meets = {key: _tree(row, fn, dtype, ops) for key, row in rows.items()}
    return meets[()]


def _tree(row, fn, dtype, ops):
    while len(row) > 1:
        pairs = list(zip(row[::2], row[1::2], strict=False))
        ops[fn, dtype] += len(pairs)
        joined = [(COMBINE[fn](a, b), 1 + max(m, n)) for (a, m), (b, n) in pairs]
        row = [*joined, *row[2 * len(pairs) :]]
    return row[0]


def is_contraction(nest):
    """Say whether each point is one multiply-add: the product of two operands, added up."""
    leaves = [a.at for a in nest.body.args if a.fn == "var"]
    return nest.body.fn == "mul" and len({*leaves}) == 2 and nest.reduce == "add"
