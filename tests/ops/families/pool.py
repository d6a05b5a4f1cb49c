"""Cases of pooling."""

from dataclasses import replace

from hypothesis import strategies as st
from oracle.case import SEEDS, Case, build, letters, operand

from families.linear import PLACES, room, window_numbers
from orderof.ops import REGISTRY
from orderof.sym import expr, symbol

NAMES = ("size", "stride", "padding", "dilation", "ceil")


@st.composite
def windows(draw, *, average=False):
    """Draw what a pooling takes: its case without a reference.

    The padding is half the window at most, as torch wants it, and a window fits in without it, so
    that none looks at the padding alone.
    """
    rank = draw(st.sampled_from((1, 2, 2, 3)))
    size, numbers = window_numbers(draw, rank)
    if average:
        numbers["dilation"] = (1,) * rank
    numbers["padding"] = tuple(draw(st.integers(0, k // 2)) for k in size)
    env = draw(letters("B C", 1, 2)) | room(draw, size, {**numbers, "padding": (0,) * rank})
    attrs = {"size": size, **numbers, "ceil": draw(st.booleans())}
    x = operand((symbol("B"), symbol("C"), *map(symbol, PLACES[:rank])))
    return Case((x,), env, attrs, None, draw(SEEDS))


@st.composite
def max_pool(draw):
    case = draw(windows())
    numbers = [case.attrs[k] for k in NAMES]
    name = f"max_pool{len(case.attrs['size'])}d"
    return replace(case, reference=lambda t, x: getattr(t.nn.functional, name)(x, *numbers))


@st.composite
def max_pool_gradient(draw):
    case = draw(max_pool())
    shape = _places(case)
    g = operand((*case.operands[0].dims[:2], *shape))
    x = replace(case.operands[0], values=draw(st.sampled_from(("real", "digits"))))

    def reference(t, x, g):
        x = x.clone().requires_grad_()
        return t.autograd.grad(case.reference(t, x), x, g)[0]

    return replace(case, operands=(x, g), reference=reference, smooth=())


def _places(case):
    """Give the sizes of the result in letters, as the operator infers them."""
    _, node = build(REGISTRY["max_pool"], case)
    return node.results[0].shape[2:]


@st.composite
def window_sum(draw):
    case = draw(windows(average=True))
    return replace(case, reference=_average(case.attrs, divisor=1))


@st.composite
def avg_pool(draw):
    case = draw(windows(average=True))
    attrs = {k: v for k, v in case.attrs.items() if k != "dilation"}
    divisor = draw(st.sampled_from((0, 0, 3)))
    # A window that hangs over the end is divided by its part inside in torch, by all of it here.
    attrs = {**attrs, "divisor": divisor, "ceil": case.attrs["ceil"] and divisor > 0}
    return replace(case, attrs=attrs, reference=_average(attrs, divisor))


def _average(attrs, divisor):
    numbers = [attrs[k] for k in ("size", "stride", "padding", "ceil")]
    missing = 3 - len(attrs["size"])

    def reference(t, x):
        x = x.reshape(*x.shape, *(1,) * missing)  # torch has no divisor in one dimension
        full = [(*n, *(0 if i == 2 else 1,) * missing) for i, n in enumerate(numbers[:3])]
        found = t.nn.functional.avg_pool3d(x, *full, numbers[3], True, divisor or None)
        return found.reshape(found.shape[: found.ndim - missing])

    return reference


@st.composite
def adaptive_avg_pool(draw):
    rank, whole = draw(st.sampled_from((1, 2, 3))), draw(st.booleans())
    size = (1,) * rank if whole else tuple(draw(st.integers(1, 3)) for _ in range(rank))
    places = [symbol(n) * k for n, k in zip(("H", "W", "T"), size, strict=False)]
    x = operand((symbol("B"), symbol("C"), *places))
    env = draw(letters("B C H W T", 1, 3))
    name = f"adaptive_avg_pool{rank}d"
    reference = lambda t, x: getattr(t.nn.functional, name)(x, size)  # noqa: E731
    return Case((x,), env, {"size": size}, reference, draw(SEEDS))


@st.composite
def parts(draw, *, how):
    """Draw parts that overlap, or that the size divides, or that are more than the places."""
    rank = draw(st.sampled_from((1, 2, 3)))
    size = tuple(draw(st.integers(1, 4 if rank < 3 else 2)) for _ in range(rank))
    x = operand((symbol("B"), symbol("C"), *map(symbol, PLACES[:rank])))
    env = draw(letters("B C", 1, 2)) | draw(
        letters(" ".join(PLACES[:rank]), 1, 12 - 4 * (rank - 1))
    )
    name = f"adaptive_{how}_pool{rank}d"
    reference = lambda t, x: getattr(t.nn.functional, name)(x, size)  # noqa: E731
    return Case((x,), env, {"size": size}, reference, draw(SEEDS))


@st.composite
def adaptive_mean_gradient(draw):
    case = draw(parts(how="avg"))
    x, size = case.operands[0], case.attrs["size"]
    g = operand((*x.dims[:2], *map(expr, size)))
    shape = [n.at(case.env) for n in x.dims]

    def reference(t, g):
        x = t.zeros(shape, dtype=g.dtype, requires_grad=True)
        return t.autograd.grad(case.reference(t, x), x, g)[0]

    return replace(case, operands=(g,), attrs={"shape": x.dims}, reference=reference, smooth=())


@st.composite
def adaptive_max_gradient(draw):
    case = draw(parts(how="max"))
    x, size = case.operands[0], case.attrs["size"]
    g = operand((*x.dims[:2], *map(expr, size)))

    def reference(t, x, g):
        x = x.clone().requires_grad_()
        return t.autograd.grad(case.reference(t, x), x, g)[0]

    return replace(case, operands=(x, g), attrs={}, reference=reference, smooth=())


CASES = {
    "max_pool": max_pool(),
    "max_pool_gradient": max_pool_gradient(),
    "window_sum": window_sum(),
    "avg_pool": avg_pool(),
    "adaptive_avg_pool": adaptive_avg_pool(),
    "adaptive_max": parts(how="max"),
    "adaptive_max_gradient": adaptive_max_gradient(),
    "adaptive_mean": parts(how="avg"),
    "adaptive_mean_gradient": adaptive_mean_gradient(),
}
