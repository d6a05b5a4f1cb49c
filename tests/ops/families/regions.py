"""Cases of boxes that stay, and of what lies inside of them."""

import numpy as np
from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand


@st.composite
def suppress(draw):
    """Draw boxes far from one another, in groups as large as they may be."""
    env = draw(letters("n", 1, 7))
    most = draw(st.integers(1, env["n"]))

    def adjust(arrays):
        _, scores, _ = arrays
        corner = 10.0 * np.arange(len(scores))[:, None]
        boxes = np.concatenate([corner, corner, corner + 3, corner + 2], 1)
        return [boxes, scores, np.arange(len(scores)) // most]

    def all_stay(arrays, results):
        assert sorted(results[0].tolist()) == list(range(len(arrays[0])))

    operands = (operand("n 4"), operand("n"), operand("n", "index"))
    attrs = {"most": most, "threshold": 0.5}
    return Case(operands, env, attrs, None, draw(SEEDS), (), adjust=adjust, law=all_stay)


@st.composite
def read_regions(draw):
    """Draw boxes inside an image; reading between pixels is torch's grid_sample."""
    env = draw(letters("k m", 1, 2))
    size = tuple(draw(st.integers(1, 2)) for _ in range(2))
    ratio, aligned = draw(st.integers(1, 2)), draw(st.booleans())

    def adjust(arrays):
        rng = np.random.default_rng(len(arrays[1]))
        n = len(arrays[1])
        first, more = rng.uniform(0.6, 1.5, (n, 2)), rng.uniform(1.0, 2.0, (n, 2))
        image = rng.integers(0, 2, (n, 1))
        return [arrays[0], np.concatenate([image, first, first + more], 1)]

    def reference(t, x, boxes):
        low = boxes[:, 1:3] - 0.5 * aligned
        bins = (boxes[:, 3:] - boxes[:, 1:3]) / t.tensor(size[::-1])
        lines = [
            low[:, d, None] + (t.arange(n * ratio) + 0.5) / ratio * bins[:, d, None]
            for d, n in ((0, size[1]), (1, size[0]))
        ]
        shape = (len(boxes), size[0] * ratio, size[1] * ratio)
        across, down = lines[0][:, None, :].expand(shape), lines[1][:, :, None].expand(shape)
        grid = t.stack([2 * across / 4 - 1, 2 * down / 3 - 1], 3).to(x.dtype)
        images = x[boxes[:, 0].long()]
        read = t.nn.functional.grid_sample(images, grid, padding_mode="border", align_corners=True)
        return t.nn.functional.avg_pool2d(read, ratio)

    attrs = {"size": size, "ratio": ratio, "aligned": aligned}
    operands = (operand("2 m 4 5"), operand("k 5"))
    return Case(operands, env, attrs, reference, draw(SEEDS), (), adjust=adjust)


CASES = {"suppress": suppress(), "read_regions": read_regions()}
