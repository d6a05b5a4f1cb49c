"""Cases of bags of rows: none is empty, and indices are as many as rows, or more."""

import numpy as np
from hypothesis import strategies as st
from oracle.case import SEEDS, Case, operand


@st.composite
def bags(draw, *, of):
    """Draw bags of one kind; `of` says whether they are read, or what the gradient is of."""
    sizes = [draw(st.integers(1, 3)) for _ in range(draw(st.integers(1, 3)))]
    env = {"B": len(sizes), "T": sum(sizes), "d": draw(st.integers(1, 3))}
    env["n"] = draw(st.integers(1, env["T"]))
    starts = np.cumsum([0, *sizes[:-1]])
    weighted = of == "weights" or draw(st.booleans())
    modes = ("sum", "mean") if of else ("sum", "mean", "max")
    mode = "sum" if weighted else draw(st.sampled_from(modes))
    g, table, at = operand("B d"), operand("n d"), operand("T", "index", bound=env["n"])
    weights = (operand("T"),) if weighted else ()
    begin = operand("B", "index")
    first = {"": (table,), "table": (g,), "weights": (g, table)}[of]
    operands = (*first, at, begin, *(weights if of != "weights" else ()))
    where = len(first) + 1

    def adjust(arrays):
        return [*arrays[:where], starts, *arrays[where + 1 :]]

    def joined(t, at, table, *weights):
        how = {"mode": mode, "per_sample_weights": weights[0] if weights else None}
        return t.nn.functional.embedding_bag(at, table, t.from_numpy(starts), **how)

    def forward(t, table, at, _, *weights):
        return joined(t, at, table, *weights)

    def table_gradient(t, g, at, _, *weights):
        table = t.zeros(env["n"], env["d"], dtype=g.dtype, requires_grad=True)
        return t.autograd.grad(joined(t, at, table, *weights), table, g)[0]

    def weights_gradient(t, g, table, at, _):
        weights = t.zeros(env["T"], dtype=g.dtype, requires_grad=True)
        return t.autograd.grad(joined(t, at, table, weights), weights, g)[0]

    reference = {"": forward, "table": table_gradient, "weights": weights_gradient}[of]
    attrs = {} if of == "weights" else {"mode": mode}
    attrs |= {"rows": env["n"]} if of == "table" else {}
    smooth = () if of else (0, 3) if weighted else (0,)
    return Case(operands, env, attrs, reference, draw(SEEDS), smooth, adjust=adjust)


CASES = {
    "bag": bags(of=""),
    "bag_gradient": bags(of="table"),
    "bag_weights_gradient": bags(of="weights"),
}
