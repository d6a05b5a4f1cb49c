"""Cases of folds, scans, selection and search along a dimension."""

import numpy as np
from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

TEXTS = ("n m", "m n 2", "n")


def whole(reference):
    """Draw dimensions to fold over, and whether they stay."""

    @st.composite
    def draw_case(draw):
        text = draw(st.sampled_from(TEXTS))
        rank = len(text.split())
        dims = draw(st.sampled_from([(0,), (-1,), *([(0, 1)] if rank > 1 else [])]))
        attrs = {"dims": dims, "keep": draw(st.booleans())}

        def call(t, x):
            for d in sorted((d % rank for d in dims), reverse=True):
                x = reference(t, x, d, attrs["keep"])
            return x

        return Case((operand(text),), draw(letters("n m")), attrs, call, draw(SEEDS), ())

    return draw_case()


def scan(reference):
    """Draw an axis to run along."""

    @st.composite
    def draw_case(draw):
        text = draw(st.sampled_from(TEXTS))
        axis = draw(st.integers(0, len(text.split()) - 1))
        call = lambda t, x: reference(t, x, axis)  # noqa: E731
        x = operand(text, draw(st.sampled_from(("real", "digits"))))
        return Case((x,), draw(letters("n m")), {"axis": axis}, call, draw(SEEDS), ())

    return draw_case()


@st.composite
def kth(draw):
    """Draw rows that fall: the order in which a knockout needs all the comparisons it may need."""
    env = draw(letters("n m", 1, 6))
    k = draw(st.integers(1, env["n"]))
    reference = lambda t, x: t.kthvalue(x, k, keepdim=True).indices  # noqa: E731
    fall = lambda arrays: [-np.sort(-arrays[0])]  # noqa: E731
    return Case((operand("m n"),), env, {"k": k}, reference, draw(SEEDS), (), adjust=fall)


@st.composite
def search(draw):
    """Draw edges in order, one row for all or one for each row of numbers."""
    env, right = draw(letters("n m k")), draw(st.booleans())
    edges = draw(st.sampled_from(("n", "m n")))
    kind = draw(st.sampled_from(("real", "digits")))
    reference = lambda t, edges, x: t.searchsorted(edges, x, right=right)  # noqa: E731
    adjust = lambda arrays: [np.sort(arrays[0]), arrays[1]]  # noqa: E731
    operands = (operand(edges, kind), operand("m k", kind))
    return Case(operands, env, {"right": right}, reference, draw(SEEDS), (), adjust=adjust)


@st.composite
def combine_along(draw):
    """Draw what is joined with what stands where rows of indices say."""
    env, by = draw(letters("n m k")), draw(st.sampled_from(("mul", "max", "min")))
    operands = (operand("n m"), operand("k m"), operand("k m", "index", bound=env["n"]))
    name = {"mul": "prod", "max": "amax", "min": "amin"}[by]
    reference = lambda t, x, part, at: x.scatter_reduce(0, at, part, name)  # noqa: E731
    return Case(operands, env, {"axis": 0, "by": by}, reference, draw(SEEDS), ())


@st.composite
def distances(draw):
    """Draw two sets of points, and how the sides of what is between them are joined."""
    by = draw(st.sampled_from(("squares", "sizes", "largest")))
    order = {"squares": 2, "sizes": 1, "largest": float("inf")}[by]

    def reference(t, x, y):
        found = t.cdist(x, y, order)
        return found * found if by == "squares" else found

    operands = (operand("g n k"), operand("g m k"))
    return Case(operands, draw(letters("g n m k", 1, 3)), {"by": by}, reference, draw(SEEDS), ())


@st.composite
def trilinear(draw):
    reference = lambda t, x, w, y: t.einsum("ni,oij,nj->no", x, w, y)  # noqa: E731
    operands = (operand("n m"), operand("k m g"), operand("n g"))
    attrs = {"by": "n i, o i j, n j -> n o"}
    return Case(operands, draw(letters("n m k g", 1, 3)), attrs, reference, draw(SEEDS))


@st.composite
def pulled(draw):
    reference = lambda t, c, x, y: (c.unsqueeze(-1) * (x[:, None] - y)).sum(1)  # noqa: E731
    operands = (operand("n m"), operand("n k"), operand("m k"))
    return Case(operands, draw(letters("n m k", 1, 3)), {}, reference, draw(SEEDS))


CASES = {
    "pulled": pulled(),
    "combine_along": combine_along(),
    "distances": distances(),
    "trilinear": trilinear(),
    "prod": whole(lambda t, x, d, keep: t.prod(x, d, keep)),
    "amin": whole(lambda t, x, d, keep: t.amin(x, d, keep)),
    "cumprod": scan(lambda t, x, d: t.cumprod(x, d)),
    "logcumsumexp": scan(lambda t, x, d: t.logcumsumexp(x, d)),
    "running_largest": scan(lambda t, x, d: t.cummax(x, d).indices),
    "running_smallest": scan(lambda t, x, d: t.cummin(x, d).indices),
    "kth_place": kth(),
    "search": search(),
}
