"""Cases of softmax and losses, normalisations, attention and recurrent layers."""

from hypothesis import strategies as st
from oracle.case import LETTER, SEEDS, Case, letters, operand

B, C, S, n, m = (LETTER[name] for name in ("B", "C", "S", "n", "m"))


def along(reference, count=1, texts=("n m", "n m 2", "m")):
    """Draw an axis and tensors of one shape."""

    @st.composite
    def draw_case(draw):
        text = draw(st.sampled_from(texts))
        rank = len(text.split())
        axis = draw(st.sampled_from((-1, rank - 1, 0)))
        operands = (operand(text),) * count
        call = lambda t, *xs: reference(t, *xs, axis)  # noqa: E731
        return Case(operands, draw(letters("n m")), {"axis": axis}, call, draw(SEEDS))

    return draw_case()


def _softmax_gradient(t, g, y, axis):
    return t.ops.aten._softmax_backward_data(g, y, axis, y.dtype)


def _log_softmax_gradient(t, g, y, axis):
    return t.ops.aten._log_softmax_backward_data(g, y, axis, y.dtype)


@st.composite
def loss(draw, reference):
    """Draw scores with the classes last, and a class for each row."""
    env, text = draw(letters("n m")), draw(st.sampled_from(("n", "n 2")))
    target = operand(text, "index", bound=env["m"])

    def call(t, x, y):
        return reference(t)(x.reshape(-1, env["m"]), y.reshape(-1))

    return Case((operand(f"{text} m"), target), env, {}, call, draw(SEEDS))


@st.composite
def mse(draw):
    x = operand(draw(st.sampled_from(("n", "n m", "n 2 m"))))
    reference = lambda t, x, y: t.nn.functional.mse_loss(x, y)  # noqa: E731
    return Case((x, x), draw(letters("n m")), {}, reference, draw(SEEDS))


EPS = st.sampled_from((1e-5, 0.1))


@st.composite
def layer_norm(draw):
    axes, count, eps = draw(st.sampled_from((1, 2))), draw(st.integers(0, 2)), draw(EPS)
    env, shape = draw(letters("B n m", 1, 3)), (n, m)[2 - axes :]
    env["m"] = max(env["m"], 2)
    x, w = operand("B n m"), operand(shape)
    known = [env[str(d)] for d in shape]

    def reference(t, x, *affine):
        return t.native_layer_norm(x, known, *affine, *(None,) * (2 - count), eps)

    return Case((x, *(w,) * count), env, {"axes": axes, "eps": eps}, reference, draw(SEEDS))


@st.composite
def rms_norm(draw):
    affine, env, eps = draw(st.booleans()), draw(letters("B n m", 1, 3)), draw(EPS)
    operands = (operand("B n m"), operand("m"))[: 1 + affine]

    def reference(t, x, *w):
        return t.nn.functional.rms_norm(x, [env["m"]], *w, eps=eps)

    return Case(operands, env, {"eps": eps}, reference, draw(SEEDS))


IMAGES = ("B C", "B C n", "B C n m")


@st.composite
def batch_norm(draw):
    text, count, eps = draw(st.sampled_from(IMAGES)), draw(st.sampled_from((0, 2))), draw(EPS)
    env = draw(letters("B C n m", 1, 3))
    env["B"] = max(env["B"], 2)

    def reference(t, x, *affine):
        w = affine or (None, None)
        y, mu, rstd = t.native_batch_norm(x, *w, None, None, True, 0.1, eps)
        kept = (1, -1, *(1,) * (x.ndim - 2))
        dims = (0, *range(2, x.ndim))
        var = t.var(x, dims, correction=0, keepdim=True)
        return y, mu.reshape(kept), rstd.reshape(kept), var

    operands = (operand(text), *(operand("C"),) * count)
    return Case(operands, env, {"eps": eps}, reference, draw(SEEDS))


@st.composite
def batch_norm_eval(draw):
    text, count, eps = draw(st.sampled_from(IMAGES)), draw(st.sampled_from((0, 2))), draw(EPS)

    def reference(t, x, mu, var, *affine):
        return t.nn.functional.batch_norm(x, mu, var, *(affine or (None, None)), False, 0.1, eps)

    operands = (operand(text), operand("C"), operand("C", "positive"), *(operand("C"),) * count)
    smooth = (0, *range(3, 3 + count))
    return Case(
        operands, draw(letters("B C n m", 1, 3)), {"eps": eps}, reference, draw(SEEDS), smooth
    )


@st.composite
def group_norm(draw):
    groups, count, eps = draw(st.sampled_from((1, 2))), draw(st.sampled_from((0, 2))), draw(EPS)
    env = draw(letters("B C n m", 1, 2))
    env["n"] += 1
    text = draw(st.sampled_from((f"B {groups}*C n", f"B {groups}*C n m")))

    def reference(t, x, *affine):
        return t.nn.functional.group_norm(x, groups, *(affine or (None, None)), eps)

    w = operand((groups * C,))
    attrs = {"groups": groups, "eps": eps}
    return Case((operand(text), *(w,) * count), env, attrs, reference, draw(SEEDS))


@st.composite
def running_average(draw):
    reference = lambda t, old, new: t.lerp(old, new.reshape(-1), 0.3)  # noqa: E731
    env = draw(letters("C"))
    return Case((operand("C"), operand("1 C 1")), env, {"momentum": 0.3}, reference, draw(SEEDS))


@st.composite
def unbiased(draw):
    env = draw(letters("C n", 2))
    reference = lambda t, v: v * env["n"] / (env["n"] - 1)  # noqa: E731
    return Case((operand("C", "positive"),), env, {"n": n}, reference, draw(SEEDS))


CASES = {
    "softmax": along(lambda t, x, axis: t.softmax(x, axis)),
    "softmax_gradient": along(_softmax_gradient, 2),
    "log_softmax": along(lambda t, x, axis: t.log_softmax(x, axis)),
    "log_softmax_gradient": along(_log_softmax_gradient, 2),
    "nll_loss": loss(lambda t: t.nn.functional.nll_loss),
    "cross_entropy": loss(lambda t: t.nn.functional.cross_entropy),
    "mse_loss": mse(),
    "layer_norm": layer_norm(),
    "rms_norm": rms_norm(),
    "batch_norm": batch_norm(),
    "batch_norm_eval": batch_norm_eval(),
    "group_norm": group_norm(),
    "running_average": running_average(),
    "unbiased": unbiased(),
}
