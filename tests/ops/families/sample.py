"""Cases of images that are read between pixels."""

from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

_MODES = {"linear": "bilinear", "nearest": "nearest", "cubic": "bicubic"}


@st.composite
def sampled(draw, *, backward):
    """Draw an image or a volume, and a grid that also leaves it."""
    rank = draw(st.sampled_from((2, 2, 3)))
    env = draw(letters("n m", 1, 2))
    sizes = " ".join(str(draw(st.integers(2, 3))) for _ in range(rank))
    places = " ".join(str(draw(st.integers(1, 2))) for _ in range(rank))
    attrs = {
        "mode": draw(st.sampled_from(sorted(_MODES)[rank == 3 :])),  # cubic: images only
        "padding": draw(st.sampled_from(("zeros", "border", "reflection"))),
        "align": draw(st.booleans()),
    }
    image, grid = operand(f"n m {sizes}"), operand(f"n {places} {rank}")

    def forward(t, x, grid):
        how = {"padding_mode": attrs["padding"], "align_corners": attrs["align"]}
        return t.nn.functional.grid_sample(x, grid, _MODES[attrs["mode"]], **how)

    if not backward:
        return Case((image, grid), env, attrs, forward, draw(SEEDS))
    want = draw(st.sampled_from(((True, True), (True, False), (False, True))))

    def reverse(t, g, x, grid):
        given = [x.requires_grad_(), grid.requires_grad_()]
        found = t.autograd.grad(forward(t, *given), given, g)
        return tuple(v for v, w in zip(found, want, strict=True) if w)

    operands = (operand(f"n m {places}"), image, grid)
    return Case(operands, env, {**attrs, "want": want}, reverse, draw(SEEDS), ())


CASES = {"sample": sampled(backward=False), "sample_gradient": sampled(backward=True)}
