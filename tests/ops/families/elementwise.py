"""Cases of the functions of one element, or of several that broadcast."""

from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

from orderof.ir.scalar import Power
from orderof.sym import symbol

FLOATS = ("float32", "float64", "bfloat16")
WHOLE = ("float32", "float64", "int64", "int32")
NAMES = ("", "n", "n m", "n 2 m")


def unary(reference, values="wide", attrs=None, dtypes=FLOATS, smooth=None):
    """Draw a tensor of rank 0 to 3; `attrs` is a strategy of attributes."""

    @st.composite
    def draw_case(draw):
        numbers = draw(attrs) if attrs is not None else {}
        x = operand(draw(st.sampled_from(NAMES)), values, draw(st.sampled_from(dtypes)))
        env, seed = draw(letters("n m")), draw(SEEDS)
        known = {k: _number(v, env) for k, v in numbers.items()}
        return Case((x,), env, numbers, lambda t, x: reference(t, x, **known), seed, smooth)

    return draw_case()


def _number(value, env):
    return value.base.at(env) ** value.exponent if isinstance(value, Power) else value


PAIRS = (
    ("n m", "n m"), ("n m", "m"), ("m", "n m"), ("n 1", "n m"), ("n 1", "1 m"), ("", "n"),
    ("1 m", "n m"), ("n 1", "n 1"), ("m 1 n", "n"), ("2 1 m", "n m"), ("1", "n"), ("n", ""),
    ("1", "1"),
)  # fmt: skip
CHOICES = (
    ("n m", "n m", "n m"), ("m", "n m", ""), ("n 1", "m", "n m"), ("", "n", "n"), ("n m", "", "m"),
    ("1 m", "n 1", "1 1"),
)  # fmt: skip


def whole(reference):
    """Draw two tensors of integers or of integers and floats: no derivative, but a dtype."""
    return st.one_of(binary(reference), binary(reference, "digits", WHOLE))


def binary(reference, values="real", dtypes=FLOATS):
    """Draw two tensors that broadcast, each of its own dtype."""

    @st.composite
    def draw_case(draw):
        pair, env = draw(st.sampled_from(PAIRS)), draw(letters("n m"))
        kinds = [draw(st.sampled_from(dtypes)) for _ in pair]
        operands = tuple(operand(p, values, d) for p, d in zip(pair, kinds, strict=True))
        return Case(operands, env, {}, reference, draw(SEEDS))

    return draw_case()


@st.composite
def choices(draw):
    mask, *pair = draw(st.sampled_from(CHOICES))
    operands = (operand(mask, "keep"), *map(operand, pair))
    return Case(operands, draw(letters("n m")), {}, lambda t, *xs: t.where(*xs), draw(SEEDS))


BY = st.sampled_from([0.5, 3, Power(symbol("n"), -0.5), Power(symbol("n") * 2)])
NUMBER = st.fixed_dictionaries({"by": BY})
ROWS = {
    "scale": unary(lambda t, x, by: x * by, attrs=NUMBER),
    "shrink": unary(lambda t, x, by: x / by, attrs=NUMBER),
    "shift": unary(lambda t, x, by: x + by, attrs=NUMBER),
    "rdiv": unary(lambda t, x, by: by / x, attrs=NUMBER),
    "rsub": unary(lambda t, x, by: by - x, attrs=NUMBER),
}
COMPARE = st.fixed_dictionaries(
    {"fn": st.sampled_from(["ge", "gt", "eq", "ne"]), "by": st.sampled_from([0, 1])}
)
SLOPE = st.fixed_dictionaries({"slope": st.sampled_from([0.01, 0.2])})
ALPHA = st.fixed_dictionaries({"alpha": st.sampled_from([1.0, 0.7])})
CLAMP = st.sampled_from([{"low": -1.03, "high": 2.07}, {"low": 0.013, "high": 6.0}])
POWERS = st.fixed_dictionaries({"by": st.sampled_from([2, 3, 0.5, -1.5])})
TYPES = st.fixed_dictionaries({"dtype": st.sampled_from(["float32", "float16", "float64"])})
KINDS = st.fixed_dictionaries({"dtype": st.sampled_from(["int64", "bool", "float32"])})


def _cast(t, x, dtype):
    return x.to(getattr(t, dtype)) if not x.is_floating_point() or dtype[0] != "f" else x


SLOPES = (("n m", "m 1"), ("n m 2", "m 1"), ("n m 2 k", "m 1 1"), ("n m", "1"), ("n 1 m", "1 1"))


@st.composite
def prelu(draw):
    """Draw a slope for each channel, which is dimension 1, or one for all."""
    x, w = draw(st.sampled_from(SLOPES))
    if x == "n m":
        w = w.removesuffix(" 1")

    def reference(t, x, w):
        return t.nn.functional.prelu(x, w.reshape(-1))

    return Case((operand(x), operand(w)), draw(letters("n m k")), {}, reference, draw(SEEDS))


def casts():
    """Draw a change of dtype: floats to floats, or digits to anything."""
    keep = {"values": "digits", "smooth": ()}
    smooth = unary(_cast, "wide", TYPES)
    return st.one_of(smooth, unary(_cast, dtypes=WHOLE, attrs=KINDS, **keep))


CASES = {
    "add": whole(lambda t, x, y: x + y),
    "sub": binary(lambda t, x, y: x - y),
    "mul": whole(lambda t, x, y: x * y),
    "div": binary(lambda t, x, y: x / y),
    "pow": binary(lambda t, x, y: x**y, "positive"),
    "maximum": whole(lambda t, x, y: t.maximum(x, y)),
    "minimum": binary(lambda t, x, y: t.minimum(x, y)),
    "eq": binary(lambda t, x, y: x == y, "digits", WHOLE),
    "ne": binary(lambda t, x, y: x != y, "digits", WHOLE),
    "gt": binary(lambda t, x, y: x > y, "digits", WHOLE),
    "ge": binary(lambda t, x, y: x >= y, "digits", WHOLE),
    "and": binary(lambda t, x, y: t.logical_and(x, y), "keep", ("bool",)),
    "or": binary(lambda t, x, y: t.logical_or(x, y), "keep", ("bool",)),
    "where": choices(),
    **ROWS,
    "compare": unary(lambda t, x, fn, by: getattr(t, fn)(x, by), "digits", COMPARE, WHOLE),
    "raise_to": unary(lambda t, x, by: x**by, "positive", POWERS),
    "neg": st.one_of(unary(lambda t, x: -x), unary(lambda t, x: -x, "digits", None, WHOLE, ())),
    "not": unary(lambda t, x: t.logical_not(x), "keep", dtypes=("bool",)),
    "abs": unary(lambda t, x: x.abs()),
    "exp": st.one_of(
        unary(lambda t, x: x.exp()), unary(lambda t, x: x.exp(), "digits", None, WHOLE, ())
    ),
    "log": unary(lambda t, x: x.log(), "positive"),
    "sqrt": unary(lambda t, x: x.sqrt(), "positive"),
    "rsqrt": unary(lambda t, x: x.rsqrt(), "positive"),
    "sin": unary(lambda t, x: x.sin()),
    "cos": unary(lambda t, x: x.cos()),
    "floor": unary(lambda t, x: x.floor(), smooth=()),
    "ceil": unary(lambda t, x: x.ceil(), smooth=()),
    "round": unary(lambda t, x: x.round(), smooth=()),
    "trunc": unary(lambda t, x: x.trunc(), smooth=()),
    "erf": unary(lambda t, x: x.erf()),
    "reciprocal": unary(lambda t, x: x.reciprocal()),
    "tanh": unary(lambda t, x: x.tanh()),
    "relu": unary(lambda t, x: x.relu()),
    "sigmoid": unary(lambda t, x: x.sigmoid()),
    "leaky_relu": unary(lambda t, x, slope: t.nn.functional.leaky_relu(x, slope), attrs=SLOPE),
    "prelu": prelu(),
    "elu": unary(lambda t, x, alpha: t.nn.functional.elu(x, alpha), attrs=ALPHA),
    "clamp": unary(lambda t, x, low, high: x.clamp(low, high), attrs=CLAMP),
    "softplus": unary(lambda t, x: t.nn.functional.softplus(x)),
    "mish": unary(lambda t, x: t.nn.functional.mish(x)),
    "sign": unary(lambda t, x: x.sign(), smooth=()),
    "silu": unary(lambda t, x: t.nn.functional.silu(x)),
    "gelu": unary(lambda t, x: t.nn.functional.gelu(x)),
    "gelu_tanh": unary(lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    "hardsigmoid": unary(lambda t, x: t.nn.functional.hardsigmoid(x)),
    "hardswish": unary(lambda t, x: t.nn.functional.hardswish(x)),
    "cast": casts(),
}
