"""Cases of the elementary functions, of losses of one pair of elements."""

from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

from families.elementwise import binary, unary

UNIT = {"positive": lambda x: x / 2.5, "real": lambda x: x / 2.5, "above": lambda x: x + 1}


def within(reference, kind):
    """Draw one tensor of numbers in 0 .. 1, in -1 .. 1, or above 1."""

    @st.composite
    def draw_case(draw):
        x = operand("n m", "positive" if kind == "above" else kind)
        adjust = lambda arrays: [UNIT[kind](a) for a in arrays]  # noqa: E731
        call = reference
        return Case((x,), draw(letters("n m")), {}, call, draw(SEEDS), adjust=adjust)

    return draw_case()


@st.composite
def probabilities(draw):
    """Draw pairs of probabilities."""
    adjust = lambda arrays: [a / 2.5 for a in arrays]  # noqa: E731
    operands = (operand("n m", "positive"), operand("n m", "positive"))

    def reference(t, x, y):
        return t.nn.functional.binary_cross_entropy(x, y, reduction="none")

    return Case(operands, draw(letters("n m")), {}, reference, draw(SEEDS), adjust=adjust)


def pair(reference, name, numbers):
    """Draw two tensors and a number."""

    @st.composite
    def draw_case(draw):
        by = draw(st.sampled_from(numbers))
        call = lambda t, x, y: reference(t.nn.functional, x, y, by)  # noqa: E731
        operands = (operand("n m"), operand("n m", "wide"))
        return Case(operands, draw(letters("n m")), {name: by}, call, draw(SEEDS))

    return draw_case()


def numbers(**known):
    return st.fixed_dictionaries({k: st.sampled_from(v) for k, v in known.items()})


def _scaled_elu(t, x, alpha, by, rate):
    return t.ops.aten.elu(x, alpha, by, rate)


INSIDE = ("asin", "acos", "atanh", "erfinv")
WIDE = ("tan", "atan", "sinh", "cosh", "asinh", "exp2", "erfc", "sinc")

CASES = {
    **{name: unary(lambda t, x, name=name: getattr(t, name)(x)) for name in WIDE},
    **{name: within(lambda t, x, name=name: getattr(t, name)(x), "real") for name in INSIDE},
    **{
        name: unary(lambda t, x, name=name: getattr(t, name)(x), "positive")
        for name in ("log2", "log10")
    },
    "acosh": within(lambda t, x: t.acosh(x), "above"),
    "frac": unary(lambda t, x: t.frac(x)),
    "logit": within(lambda t, x: t.logit(x), "positive"),
    "entropy": unary(lambda t, x: t.special.entr(x), "positive"),
    "atan2": binary(lambda t, y, x: t.atan2(y, x)),
    "hypot": binary(lambda t, x, y: t.sqrt(x * x + y * y)),
    "fmod": binary(lambda t, x, y: t.fmod(x, y), "positive"),
    "copysign": binary(lambda t, x, y: t.copysign(x, y), dtypes=("float32",)),
    "xlogy": binary(lambda t, x, y: t.xlogy(x, y), "positive"),
    "logaddexp": binary(lambda t, x, y: t.logaddexp(x, y)),
    "xor": binary(lambda t, x, y: t.logical_xor(x, y), "keep", ("bool",)),
    "softshrink": unary(
        lambda t, x, by: t.nn.functional.softshrink(x, by), attrs=numbers(by=(0.51, 1.02))
    ),
    "hardshrink": unary(
        lambda t, x, by: t.nn.functional.hardshrink(x, by), attrs=numbers(by=(0.51, 1.02))
    ),
    "threshold": unary(
        lambda t, x, by, value: t.nn.functional.threshold(x, by, value),
        attrs=numbers(by=(0.51, 1.02), value=(20.0, -1.0)),
    ),
    "scaled_elu": unary(
        _scaled_elu, attrs=numbers(alpha=(1.0, 1.6733), by=(1.0, 1.0507), rate=(1.0, 0.5))
    ),
    "squared_difference": binary(lambda t, x, y: (x - y) ** 2),
    "smooth_l1": pair(lambda f, x, y, b: f.smooth_l1_loss(x, y, reduction="none", beta=b),
                      "beta", (1.0, 0.4)),
    "huber": pair(lambda f, x, y, d: f.huber_loss(x, y, reduction="none", delta=d),
                  "delta", (1.0, 0.4)),
    "soft_margin": binary(lambda t, x, y: t.nn.functional.softplus(-y * x)),
    "binary_entropy": probabilities(),
    "binary_entropy_logits": binary(
        lambda t, x, y: t.nn.functional.softplus(-x) + (1 - y) * x
    ),
}  # fmt: skip
