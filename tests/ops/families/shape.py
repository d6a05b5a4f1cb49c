"""Cases of views, moves, reductions, and what stands on random numbers."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from oracle.case import LETTER, SEEDS, Case, build, concrete, letters, operand

from orderof.ops import REGISTRY

n, m, k = LETTER["n"], LETTER["m"], LETTER["k"]
DTYPES = ("float32", "float64", "bfloat16", "int64")


def one_of(*rows, values="real"):
    """Draw one of some rows (dims, attributes, reference(t, x, **attributes with numbers))."""

    @st.composite
    def draw_case(draw):
        text, attrs, reference = draw(st.sampled_from(rows))
        env = draw(letters("n m k"))
        known = concrete(attrs, env)
        x = operand(text, values)
        return Case((x,), env, attrs, lambda t, x: reference(t, x, **known), draw(SEEDS))

    return draw_case()


def _reshape(t, x, shape):
    return x.reshape(shape)


def _permute(t, x, order):
    return x.permute(order)


def _expand(t, x, shape):
    return x.expand(shape)


def _slice(t, x, axis, stop, start=0, step=1):
    return x[(*(slice(None),) * axis, slice(start, stop, step))]


def _embed(t, x, shape, axis, stop, start=0, step=1):
    out = t.zeros(shape, dtype=x.dtype)
    _slice(t, out, axis, stop, start, step).copy_(x)
    return out


def _pad(t, x, before, after, value=0):
    ends = [e for pair in zip(before[::-1], after[::-1], strict=True) for e in pair]
    return t.nn.functional.pad(x, ends, value=value)


def _same(t, x):
    return x


@st.composite
def concat(draw):
    texts, axis = draw(st.sampled_from((
        (("n", "m"), 0), (("n m", "n k", "n 2"), 1), (("n 2 m", "n k m"), 1), (("n m",), 0),
        (("n m", "n m"), 0), (("n k", "n m"), 1),
    )))  # fmt: skip
    operands = tuple(map(operand, texts))
    reference = lambda t, *xs: t.cat(xs, axis)  # noqa: E731
    return Case(operands, draw(letters("n m k")), {"axis": axis}, reference, draw(SEEDS))


@st.composite
def fill(draw):
    env, dtype = draw(letters("n m")), draw(st.sampled_from(("float32", "int64", "bool")))
    attrs = {"shape": (n, 2, m), "dtype": dtype, "value": draw(st.sampled_from((0, 1)))}
    known = concrete(attrs, env)
    reference = lambda t: t.full(known["shape"], known["value"], dtype=getattr(t, dtype))  # noqa: E731
    return Case((), env, attrs, reference)


@st.composite
def gather_rows(draw):
    env, at = draw(letters("n m k")), draw(st.sampled_from(("k", "k 2", "")))
    table = operand(draw(st.sampled_from(("n m", "n", "n 2 m"))))
    index = operand(at, "index", bound=env["n"])
    return Case((table, index), env, {}, lambda t, x, at: x[at], draw(SEEDS))


@st.composite
def scatter_rows(draw):
    env, at = draw(letters("n m k")), draw(st.sampled_from(("k", "k 2")))
    index = operand(at, "index", bound=env["n"])
    g = operand(f"{at} m")

    def reference(t, g, at):
        out = t.zeros(env["n"], env["m"], dtype=g.dtype)
        return out.index_add(0, at.reshape(-1), g.reshape(-1, env["m"]))

    return Case((g, index), env, {"rows": n}, reference, draw(SEEDS), ())


@st.composite
def take(draw):
    axis, env = draw(st.sampled_from((0, 1, -1))), draw(letters("n m k"))
    at = operand("k m" if axis == 0 else "n k", "index", bound=env["nm"[axis]])
    reference = lambda t, x, at: t.gather(x, axis, at)  # noqa: E731
    return Case((operand("n m"), at), env, {"axis": axis}, reference, draw(SEEDS))


@st.composite
def index(draw):
    """Draw indices for one or two dimensions that stand side by side."""
    env, at = draw(letters("n m k")), draw(st.sampled_from(("k", "k 2")))
    dims = draw(st.sampled_from(((0,), (1,), (0, 1), (1, 2))))
    x = operand("n m 2")
    found = [operand(at, "index", bound=(env["n"], env["m"], 2)[d]) for d in dims]
    shape = (*x.dims[: dims[0]], *found[0].dims, *x.dims[dims[-1] + 1 :])
    attrs = {"shape": shape, "dims": dims}
    reference = lambda t, x, *at: x[(..., *at, *(slice(None),) * (2 - dims[-1]))]  # noqa: E731
    return Case((x, *found), env, attrs, reference, draw(SEEDS))


@st.composite
def index_put(draw):
    case = draw(index())
    env, dims = case.env, case.attrs["dims"]

    def reference(t, g, *at):
        out = t.zeros(env["n"], env["m"], 2, dtype=g.dtype)
        return t.ops.aten.index_put(out, [*(None,) * dims[0], *at], g, accumulate=True)

    operands = (operand(case.attrs["shape"]), *case.operands[1:])
    attrs = {"shape": (n, m, 2), "dims": dims}
    return replace(case, operands=operands, attrs=attrs, reference=reference, smooth=())


@st.composite
def overwrite(draw):
    text, attrs = draw(st.sampled_from((
        ("n m", {"axis": 0, "start": 0, "stop": n}), ("n m", {"axis": 0, "stop": 2 * n, "step": 2}),
        ("2*n 1", {"axis": 1, "start": 0, "stop": 1}),
    )))  # fmt: skip
    env = draw(letters("n m"))
    known = concrete(attrs, env)

    def reference(t, x, part):
        ends = known.get("start", 0), known["stop"], known.get("step", 1)
        return x.slice_scatter(part, known["axis"], *ends)

    return Case((operand("2*n m"), operand(text)), env, attrs, reference, draw(SEEDS))


@st.composite
def iota(draw):
    dtype, env = draw(st.sampled_from(("int64", "int32"))), draw(letters("n m"))
    start, step = draw(st.integers(-2, 2)), draw(st.integers(1, 3))

    def reference(t):
        end = start + step * env["n"] * env["m"]
        counted = t.arange(start, end, step, dtype=getattr(t, dtype))
        return counted.reshape(env["n"], env["m"])

    attrs = {"shape": (n, m), "dtype": dtype, "start": start, "step": step}
    return Case((), env, attrs, reference)


@st.composite
def split(draw):
    text, axis, sizes = draw(st.sampled_from((
        ("n 3*m", 1, (m, 2 * m)), ("2*n m", 0, (n, n)), ("n m", 1, (m,)), ("2*n+1 m", 0, (n, 1, n)),
    )))  # fmt: skip
    env = draw(letters("n m"))
    reference = lambda t, x: t.split(x, concrete(sizes, env), axis)  # noqa: E731
    return Case((operand(text),), env, {"axis": axis, "sizes": sizes}, reference, draw(SEEDS))


@st.composite
def put(draw):
    case = draw(take())
    axis, (_, at) = case.attrs["axis"], case.operands
    shape = (case.env["n"], case.env["m"])
    reference = lambda t, g, at: t.zeros(shape, dtype=g.dtype).scatter_add(axis, at, g)  # noqa: E731
    attrs = {"axis": axis, "shape": (n, m)}
    return replace(
        case, operands=(operand(at.dims), at), attrs=attrs, reference=reference, smooth=()
    )


@st.composite
def reduction(draw, reference, *, dtypes=("float32", "float64", "bfloat16"), extra=None):
    """Draw dimensions to reduce over; `reference` is (t, x, dims, keep, **attributes)."""
    text = draw(st.sampled_from(("n m", "n m 2", "n", "n 2 m k")))
    rank = len(text.split())
    dims = draw(st.lists(st.integers(-rank, rank - 1), min_size=1, unique_by=lambda d: d % rank))
    more = draw(extra) if extra is not None else {}
    attrs = {"dims": tuple(dims), "keep": draw(st.booleans()), **more}
    env = draw(letters("n m k", 2 if more.get("correction") else 1, 3))
    x = operand(text, dtype=draw(st.sampled_from(dtypes)))
    return Case((x,), env, attrs, lambda t, x: reference(t, x, *attrs.values()), draw(SEEDS))


@st.composite
def route_to_max(draw):
    case = draw(reduction(lambda t, x, dims, keep: t.amax(x, dims, keep)))
    _, node = build(REGISTRY["amax"], case)
    y = operand(node.results[0].shape, dtype=case.operands[0].dtype)
    numbers = {"axis": case.attrs["dims"], "keepdims": case.attrs["keep"]}

    def reference(t, x, y, g):
        x = x.clone().requires_grad_()
        return t.autograd.grad(case.reference(t, x), x, g)[0]

    return replace(
        case, operands=(case.operands[0], y, y), reference=reference, smooth=(),
        adjust=lambda arrays: [arrays[0], np.asarray(np.max(arrays[0], **numbers)), arrays[2]],
    )  # fmt: skip


@st.composite
def along(draw, reference, *, keep=False):
    """Draw one axis."""
    text = draw(st.sampled_from(("n", "n m", "n 2 m")))
    rank = len(text.split())
    attrs = {"axis": draw(st.integers(-rank, rank - 1))}
    attrs |= {"keep": draw(st.booleans())} if keep else {}
    x = operand(text, draw(st.sampled_from(("real", "digits"))))
    run = lambda t, x: reference(t, x, *attrs.values())  # noqa: E731
    return Case((x,), draw(letters("n m")), attrs, run, draw(SEEDS), ())


CORRECTION = st.fixed_dictionaries({"correction": st.sampled_from((0, 1))})


@st.composite
def uniform(draw):
    attrs = {"shape": (n, 2, m), "dtype": draw(st.sampled_from(("float32", "float64")))}
    return Case((), draw(letters("n m")), attrs, law=check_uniform)


def check_uniform(arrays, results):
    """Say whether numbers lie between 0 and 1."""
    assert np.all((results[0] >= 0) & (results[0] < 1))


@st.composite
def permutation(draw):
    attrs = {"n": n, "dtype": draw(st.sampled_from(("int64", "int32")))}
    return Case((), draw(letters("n", 1, 6)), attrs, law=check_permutation)


def check_permutation(arrays, results):
    """Say whether every number below n is there once."""
    np.testing.assert_array_equal(np.sort(results[0]), np.arange(len(results[0])))


@st.composite
def bernoulli(draw):
    case = draw(uniform())
    attrs = {**case.attrs, "p": draw(st.sampled_from((0.0, 0.5, 1.0)))}
    law = lambda arrays, results: check_coins(attrs["p"], results[0])  # noqa: E731
    return replace(case, attrs=attrs, law=law)


def check_coins(p, coins):
    """Say whether coins show heads as often as they must."""
    assert {*coins.ravel()} <= {0: {0}, 1: {1}}.get(p, {0, 1})


@st.composite
def dropout(draw):
    p = draw(st.sampled_from((0.25, 0.5)))
    env, seed = draw(letters("n m")), draw(SEEDS)
    return Case(
        (operand("n m"),), env, {"p": p}, None, seed, law=lambda a, r: check_dropout(p, a, r)
    )


def check_dropout(p, arrays, results):
    """Say whether dropout did what it is for: what is kept grows, the rest is zero."""
    (x,), (y, noise) = arrays, results
    np.testing.assert_allclose(noise * (noise - 1 / (1 - p)), 0, atol=1e-12)
    np.testing.assert_allclose(y, x * noise)


@st.composite
def top_k(draw):
    """Draw rows that rise: the order in which a knockout needs all the comparisons it may need."""
    env = draw(letters("m k g", 1, 5))
    env["n"] = env["k"] + env["g"] - 1
    text = draw(st.sampled_from(("n", "m n", "2 m n")))

    def reference(t, x):
        return t.topk(x, env["k"])[1].flip(-1)

    rise = lambda arrays: [np.sort(x, axis=-1) for x in arrays]  # noqa: E731
    return Case((operand(text),), env, {"k": k}, reference, draw(SEEDS), (), adjust=rise)


CASES = {
    "reshape": one_of(
        ("n m", {"shape": (n * m,)}, _reshape),
        ("n 2 m", {"shape": (2 * n, m)}, _reshape),
        ("n", {"shape": (n, 1)}, _reshape),
        ("", {"shape": (1, 1)}, _reshape),
    ),
    "permute": one_of(
        ("n m", {"order": (1, 0)}, _permute),
        ("n m k", {"order": (2, 0, 1)}, _permute),
    ),
    "expand": one_of(
        ("1 m", {"shape": (n, m)}, _expand),
        ("m", {"shape": (n, m)}, _expand),
        ("n 1", {"shape": (2, n, m)}, _expand),
        ("", {"shape": (n,)}, _expand),
        ("n m", {"shape": (n, m)}, _expand),
        ("1 1", {"shape": (1, m)}, _expand),
    ),
    "slice": one_of(
        ("n m", {"axis": 0, "stop": n}, _slice),
        ("n 3*m", {"axis": 1, "start": m, "stop": 2 * m}, _slice),
        ("2*n 5", {"axis": 0, "stop": 2 * n, "step": 2}, _slice),
        ("5 m", {"axis": 0, "start": 1, "stop": 5, "step": 3}, _slice),
    ),
    "alias": one_of(("n m", {}, _same)),
    "detach": one_of(("n m", {}, _same)).map(lambda case: replace(case, smooth=())),
    "copy": one_of(("n m", {}, _same), ("", {}, _same)),
    "concat": concat(),
    "fill": fill(),
    "embed_slice": one_of(
        ("n m", {"axis": 1, "shape": (n, 3 * m), "start": m, "stop": 2 * m}, _embed),
        ("n m", {"axis": 0, "shape": (2 * n, m), "stop": 2 * n, "step": 2}, _embed),
    ),
    "pad": one_of(
        ("n m", {"before": (0, 1), "after": (2, 0)}, _pad),
        ("n", {"before": (1,), "after": (1,), "value": 3.5}, _pad),
        ("n m k", {"before": (0, 0, 2), "after": (0, 1, 0)}, _pad),
    ),
    "gather_rows": gather_rows(),
    "scatter_rows": scatter_rows(),
    "take": take(),
    "put": put(),
    "sum": reduction(lambda t, x, dims, keep: t.sum(x, dims, keep)),
    "amax": reduction(lambda t, x, dims, keep: t.amax(x, dims, keep)),
    "mean": reduction(lambda t, x, dims, keep: t.mean(x, dims, keep)),
    "variance": reduction(
        lambda t, x, dims, keep, c: t.var(x, dims, correction=c, keepdim=keep), extra=CORRECTION
    ),
    "route_to_max": route_to_max(),
    "cumsum": along(lambda t, x, axis: t.cumsum(x, axis)),
    "argmax": along(lambda t, x, axis, keep: t.argmax(x, axis, keep), keep=True),
    "argmin": along(lambda t, x, axis, keep: t.argmin(x, axis, keep), keep=True),
    "top_k": top_k(),
    "uniform": uniform(),
    "dropout": dropout(),
    "bernoulli": bernoulli(),
    "permutation": permutation(),
    "split": split(),
    "overwrite": overwrite(),
    "index": index(),
    "index_put": index_put(),
    "iota": iota(),
}
