"""Cases of products of matrices, and convolutions."""

from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

from orderof.sym import symbol

FLOATS = ("float32", "float64", "bfloat16")


def product(reference, *shapes):
    """Draw one of some pairs of shapes, each written `dims, dims`."""

    @st.composite
    def draw_case(draw):
        pair = draw(st.sampled_from(shapes)).split(",")
        dtype = draw(st.sampled_from(FLOATS))
        operands = tuple(operand(p, dtype=dtype) for p in pair)
        return Case(operands, draw(letters("B S m k n")), {}, reference, draw(SEEDS))

    return draw_case()


def _rank_of(draw, rank, values):
    return tuple(draw(st.sampled_from(values)) for _ in range(rank))


PLACES = ("H", "W", "T")


def window_numbers(draw, rank):
    """Draw sizes, strides, dilations and paddings, and letters that they fit into."""
    most = 4 if rank == 1 else 3 if rank == 2 else 2
    size = _rank_of(draw, rank, range(1, most + 1))
    stride, dilation = (_rank_of(draw, rank, (1, 2, 3)) for _ in range(2))
    padding = _rank_of(draw, rank, (0, 1, 2))
    return size, {"stride": stride, "dilation": dilation, "padding": padding}


def room(draw, size, numbers):
    """Draw the sizes of the dimensions in which a window slides."""
    env = {}
    ends = zip(PLACES, size, numbers["dilation"], numbers["padding"], strict=False)
    for name, k, d, p in ends:
        least = max(1, d * (k - 1) + 1 - 2 * p)
        env[name] = draw(st.integers(least, least + (4 if len(size) == 1 else 2)))
    return env


def conv(rank):
    """Draw a convolution, grouped too."""

    @st.composite
    def draw_case(draw):
        size, numbers = window_numbers(draw, rank)
        groups = draw(st.sampled_from((1, 1, 2)))
        env = draw(letters("B C D", 1, 2)) | room(draw, size, numbers)
        x = operand((symbol("B"), groups * symbol("C"), *map(symbol, PLACES[:rank])))
        w = operand((groups * symbol("D"), symbol("C"), *_dims(size)))
        attrs = {**numbers, "groups": groups}
        return Case((x, w), env, attrs, lambda t, x, w: _conv(t, "conv", x, w, attrs), draw(SEEDS))

    return draw_case()


def _dims(size):
    return operand(" ".join(map(str, size))).dims


def _conv(t, name, x, w, attrs):
    return getattr(t.nn.functional, f"{name}{len(attrs['stride'])}d")(x, w, **attrs)


def conv_transpose(rank):
    """Draw a transposed convolution, with rows behind that no tap writes."""

    @st.composite
    def draw_case(draw):
        size, numbers = window_numbers(draw, rank)
        pairs = list(zip(numbers["stride"], numbers["dilation"], strict=True))
        extra = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in pairs)
        env, groups = draw(letters("B C D", 1, 2)), draw(st.sampled_from((1, 2)))
        for i, (name, (s, d)) in enumerate(zip(PLACES, pairs, strict=False)):
            reach = d * (size[i] - 1) + 1 + extra[i] - 2 * numbers["padding"][i]
            least = max(1, 1 - (reach - 1) // s)
            env[name] = draw(st.integers(least, least + 2))
        x = operand((symbol("B"), groups * symbol("C"), *map(symbol, PLACES[:rank])))
        w = operand((groups * symbol("C"), symbol("D"), *_dims(size)))
        attrs = {**numbers, "groups": groups}
        known = {**attrs, "output_padding": extra}
        return Case(
            (x, w), env, {**attrs, "extra": extra},
            lambda t, x, w: _conv(t, "conv_transpose", x, w, known), draw(SEEDS),
        )  # fmt: skip

    return draw_case()


CASES = {
    "matmul": product(
        lambda t, x, w: x @ w, "m k, k n", "B m k, k n", "B 1 m k, S k n", "m k, B k n"
    ),
    "matmul_nt": product(
        lambda t, x, w: x @ w.mT, "m k, n k", "B m k, n k", "B 1 m k, S n k", "m k, B n k"
    ),
    "linear": product(
        lambda t, x, w: t.nn.functional.linear(x, w), "k, n k", "B k, n k", "B S k, n k"
    ),
    "project": product(lambda t, x, w: x @ w, "k, k n", "B k, k n", "B S k, k n"),
    "dot": product(lambda t, x, w: t.dot(x, w), "k, k"),
    "matvec": product(lambda t, x, w: t.mv(x, w), "m k, k"),
    "outer": product(lambda t, x, w: t.outer(x, w), "m, n"),
    **{f"conv{rank}d": conv(rank) for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": conv_transpose(rank) for rank in (1, 2, 3)},
}
