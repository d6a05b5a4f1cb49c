"""Cases of writing where indices say, of order, of images at another size, of grouped products."""

import numpy as np
from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

from orderof.sym import expr, symbol

n, m, k = (symbol(x) for x in "nmk")


def apart(size):
    """Make indices that meet nowhere, so that writing has one result."""

    def adjust(arrays):
        x, part, *at = arrays
        flat = np.random.default_rng(part.size).permutation(size)[: at[0].size]
        return [x, part, flat.reshape(at[0].shape)]

    return adjust


@st.composite
def place(draw):
    """Draw one vector of indices, no more of them than there are places."""
    env = draw(letters("n m k"))
    env["n"] = env["n"] + env["k"] - 1
    axis = draw(st.sampled_from((0, 1)))
    x = operand("n m" if axis == 0 else "m n")
    part = operand("k m" if axis == 0 else "m k")
    at = operand("k", "index", bound=env["n"])

    def reference(t, x, part, at):
        return t.ops.aten.index_put(x, [*(None,) * axis, at], part)

    attrs = {"dims": (axis,)}
    return Case((x, part, at), env, attrs, reference, draw(SEEDS), adjust=apart(env["n"]))


@st.composite
def place_along(draw):
    """Draw rows of indices of which none stands twice."""
    env = draw(letters("n m k"))
    env["n"] = env["n"] + env["k"] - 1
    operands = (operand("n m"), operand("k m"), operand("k m", "index", bound=env["n"]))

    def adjust(arrays):
        x, part, at = arrays
        rng = np.random.default_rng(at.size)
        columns = [rng.permutation(env["n"])[: env["k"]] for _ in range(env["m"])]
        return [x, part, np.stack(columns, 1)]

    reference = lambda t, x, part, at: x.scatter(0, at, part)  # noqa: E731
    return Case(operands, env, {"axis": 0}, reference, draw(SEEDS), adjust=adjust)


@st.composite
def sort_places(draw):
    text = draw(st.sampled_from(("n", "m n", "2 m n")))
    attrs = {"descending": draw(st.booleans())}
    reference = lambda t, x: t.argsort(x, stable=True, **attrs)  # noqa: E731
    return Case((operand(text),), draw(letters("n m", 1, 6)), attrs, reference, draw(SEEDS), ())


MODES = {(1, 2): "linear", (2, 2): "bilinear", (3, 2): "trilinear", (2, 4): "bicubic"}


@st.composite
def resized(draw, *, backward, antialias=False):
    """Draw an image and another size."""
    rank, taps = draw(st.sampled_from([key for key in MODES if key[0] == 2 or not antialias]))
    most = 8 if antialias and not backward else {1: 4, 2: 3, 3: 2}[rank]
    align = draw(st.booleans())
    # torch 2.13 repeats the first row where an image of one column is made longer or shorter
    least = (1,) * (rank - 1) + (2 if antialias else 1,)
    old, new = (tuple(draw(st.integers(k, most)) for k in least) for _ in range(2))

    def forward(t, x):
        mode = MODES[rank, taps]
        how = {"align_corners": align, "antialias": antialias}
        return t.nn.functional.interpolate(x, new, mode=mode, **how)

    def reverse(t, g):
        x = t.zeros(*g.shape[:2], *old, dtype=g.dtype, requires_grad=True)
        (found,) = t.autograd.grad(forward(t, x), x, g)
        return found

    given, made = (new, old) if backward else (old, new)
    x = operand((n, m, *operand(" ".join(map(str, given))).dims))
    attrs = {"size": made, "taps": taps, "align": align}
    reference = reverse if backward else forward
    smooth = () if backward else None
    return Case((x,), draw(letters("n m", 1, 2)), attrs, reference, draw(SEEDS), smooth)


@st.composite
def nearest(draw, *, backward):
    """Draw an image and another size."""
    rank = draw(st.sampled_from((1, 2)))
    old, new = (tuple(draw(st.integers(1, 4)) for _ in range(rank)) for _ in range(2))

    def forward(t, x):
        return t.nn.functional.interpolate(x, new, mode="nearest")

    def reverse(t, g):
        x = t.zeros(*g.shape[:2], *old, dtype=g.dtype, requires_grad=True)
        (found,) = t.autograd.grad(forward(t, x), x, g)
        return found

    given, made = (new, old) if backward else (old, new)
    x = operand((n, m, *operand(" ".join(map(str, given))).dims))
    smooth = () if backward else None
    reference = reverse if backward else forward
    return Case((x,), draw(letters("n m", 1, 2)), {"size": made}, reference, draw(SEEDS), smooth)


@st.composite
def grouped(draw):
    """Draw groups of rows, none of which is empty."""
    env = draw(letters("E d f", 1, 3))
    sizes = [draw(st.integers(1, 3)) for _ in range(env["E"])]
    env["T"] = sum(sizes)
    ends = np.cumsum(sizes)
    first = draw(st.booleans())
    left, right = ("T d", "E d f") if first else ("d T", "T f")
    operands = (operand(left), operand(right), operand("E", "index", bound=1))

    def reference(t, left, right, ends):
        starts = [0, *ends[:-1].tolist()]
        spans = list(zip(starts, ends.tolist(), strict=True))
        if first:
            return t.cat([left[a:b] @ right[e] for e, (a, b) in enumerate(spans)])
        return t.stack([left[:, a:b] @ right[a:b] for a, b in spans])

    adjust = lambda arrays: [*arrays[:2], ends]  # noqa: E731
    return Case(operands, env, {}, reference, draw(SEEDS), (), adjust=adjust)


@st.composite
def slide(draw, *, backward):
    """Draw windows over the first or the second of two dimensions."""
    axis, size, step = (draw(st.sampled_from(x)) for x in ((0, 1), (1, 2, 3), (1, 2)))
    places = draw(st.integers(size, size + 4))
    env = draw(letters("m"))
    dims = (places, m) if axis == 0 else (m, places)

    def forward(t, x):
        return x.unfold(axis, size, step)

    def reverse(t, g):
        x = t.zeros(*(places if d == places else env["m"] for d in dims), dtype=g.dtype)
        (found,) = t.autograd.grad(forward(t, x.requires_grad_()), x, g)
        return found

    attrs = {"axis": axis, "size": size, "step": step}
    if not backward:
        return Case((operand(dims_of(dims)),), env, attrs, forward, draw(SEEDS))
    windows = (places - size) // step + 1
    shape = (windows, m, size) if axis == 0 else (m, windows, size)
    x = operand(dims_of(shape))
    return Case((x,), env, {"n": places, **attrs}, reverse, draw(SEEDS), ())


@st.composite
def strided(draw, *, backward):
    """Draw windows over rows that overlap, as they lie in memory."""
    size, step, many, offset = (draw(st.integers(1, 3)) for _ in range(4))
    whole = (2, offset + (many - 1) * step + size)
    attrs = {"shape": (2, many, size), "strides": (whole[1], step, 1), "offset": offset - 1}

    def forward(t, x):
        return t.as_strided(x.contiguous(), *attrs.values())

    def reverse(t, g):
        x = t.zeros(whole, dtype=g.dtype, requires_grad=True)
        (found,) = t.autograd.grad(forward(t, x), x, g)
        return found

    if backward:
        x = operand(dims_of(attrs["shape"]))
        return Case((x,), {}, {"whole": whole, **attrs}, reverse, draw(SEEDS), ())
    return Case((operand(dims_of(whole)),), {}, attrs, forward, draw(SEEDS))


def dims_of(sizes):
    return tuple(map(expr, sizes))


@st.composite
def mirror(draw, *, backward, mode="reflect"):
    """Draw how far an image goes on behind its edges: less than it is wide."""
    sizes = tuple(draw(st.integers(2, 4)) for _ in range(2))
    before, after = (tuple(draw(st.integers(0, n - 1)) for n in sizes) for _ in range(2))
    ends = (before[1], after[1], before[0], after[0])

    def forward(t, x):
        return t.nn.functional.pad(x, ends, mode=mode)

    def reverse(t, g):
        x = t.zeros(*g.shape[:2], *sizes, dtype=g.dtype, requires_grad=True)
        (found,) = t.autograd.grad(forward(t, x), x, g)
        return found

    grown = tuple(n + a + b for n, a, b in zip(sizes, before, after, strict=True))
    x = operand(dims_of((n, m, *(grown if backward else sizes))))
    attrs, smooth = {"before": before, "after": after}, () if backward else None
    reference = reverse if backward else forward
    return Case((x,), draw(letters("n m", 1, 2)), attrs, reference, draw(SEEDS), smooth)


@st.composite
def eye(draw):
    env = draw(letters("n m"))
    reference = lambda t: t.eye(env["n"], env["m"])  # noqa: E731
    return Case((), env, {"shape": (n, m), "dtype": "float32"}, reference, draw(SEEDS))


CASES = {
    "slide": slide(backward=False),
    "strided": strided(backward=False),
    "strided_gradient": strided(backward=True),
    "slide_gradient": slide(backward=True),
    "mirror": mirror(backward=False),
    "mirror_gradient": mirror(backward=True),
    "stretch": mirror(backward=False, mode="replicate"),
    "stretch_gradient": mirror(backward=True, mode="replicate"),
    "eye": eye(),
    "place": place(),
    "place_along": place_along(),
    "sort_places": sort_places(),
    "resample": resized(backward=False),
    "resample_gradient": resized(backward=True),
    "antialias": resized(backward=False, antialias=True),
    "antialias_gradient": resized(backward=True, antialias=True),
    "nearest": nearest(backward=False),
    "nearest_gradient": nearest(backward=True),
    "grouped_product": grouped(),
}
