"""Cases of what decides, selects and solves."""

import numpy as np
from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand


@st.composite
def nonzero(draw):
    """Numbers or booleans of which so many are not 0."""
    env, kind = draw(letters("n m")), draw(st.sampled_from(("digits", "keep")))
    found = draw(st.integers(0, env["n"] * env["m"]))

    def adjust(arrays):
        x = np.zeros(arrays[0].shape, arrays[0].dtype)
        x.flat[np.random.default_rng(found).permutation(x.size)[:found]] = True
        return [x]

    reference = lambda t, x: t.nonzero(x)  # noqa: E731
    x = operand("n m", kind)
    return Case((x,), env, {"found": found}, reference, draw(SEEDS), (), adjust=adjust)


@st.composite
def holds(draw):
    """All or any of digits or booleans, over one axis or two."""
    env, kind = draw(letters("n m")), draw(st.sampled_from(("digits", "keep")))
    attrs = {"dims": draw(st.sampled_from(((0,), (-1,), (0, 1)))), "keep": draw(st.booleans())}
    attrs["every"] = draw(st.booleans())

    def reference(t, x):
        return (t.all if attrs["every"] else t.any)(x, attrs["dims"], attrs["keep"])

    return Case((operand("n m", kind),), env, attrs, reference, draw(SEEDS), ())


@st.composite
def solve_triangular(draw):
    """Triangles above and below the diagonal, which is far from 0; unknowns left and right."""
    env = draw(letters("n m k"))
    upper, left, unit = (draw(st.booleans()) for _ in range(3))

    def reference(t, a, b):
        return t.linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unit)

    def adjust(arrays):
        a, b = arrays
        return [(np.triu if upper else np.tril)(a) + 3 * np.eye(a.shape[-1]), b]

    operands = operand("m n n"), operand("m n k" if left else "m k n")
    attrs = {"upper": upper, "left": left, "unit": unit}
    return Case(operands, env, attrs, reference, draw(SEEDS), (), adjust=adjust)


@st.composite
def repeated_places(draw):
    env, total = draw(letters("k")), draw(st.integers(0, 7))

    def adjust(arrays):
        at = np.random.default_rng(total).integers(0, env["k"], total)
        return [np.bincount(at, minlength=env["k"])]

    reference = lambda t, x: t.repeat_interleave(x)  # noqa: E731
    x = operand("k", "index")
    return Case((x,), env, {"total": total}, reference, draw(SEEDS), (), adjust=adjust)


CASES = {
    "nonzero": nonzero(),
    "holds": holds(),
    "solve_triangular": solve_triangular(),
    "repeated_places": repeated_places(),
}
