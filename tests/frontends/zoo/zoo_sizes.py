"""Sizes at which each model is tried, as hypothesis draws them."""

from typing import Any

from hypothesis import strategies as st

from orderof.frontends.zoo import ZOO

Sizes = dict[str, int]

few = st.integers(1, 4)
digits = {"H": st.integers(12, 40), "W": st.integers(12, 40)}
"""LeNet needs 12 rows and columns."""
images = {"H": st.integers(1, 100), "W": st.integers(1, 100)}


def draw(model: str, **own: Any) -> st.SearchStrategy[Sizes]:
    """Give small sizes for every letter of a model; h divides d, and P is at least S.

    Where there are K heads of keys, K divides h, and the width of a head is even, as it is rotated.
    An image that is cut into patches is made of whole ones.
    """
    known = {k: own.get(k, few) for k in ZOO[model].dims}

    def fit(drawn: Sizes) -> Sizes:
        sizes = {k: drawn[k] for k in known}
        if "K" in sizes:
            sizes["h"], sizes["d"] = sizes["K"] * sizes["h"], 2 * sizes["d"]
        if model == "vit":
            sizes["H"], sizes["W"] = sizes["k"] * sizes["H"], sizes["k"] * sizes["W"]
        if "h" in sizes:
            sizes["d"] *= sizes["h"]
        if "P" in sizes:
            sizes["P"] += sizes["S"]
        return sizes

    return st.fixed_dictionaries(known).map(fit)


LEAST = {"alexnet": 63, "vgg16": 32, "squeezenet1_0": 21}
"""Rows and columns that a network's windows need at least."""
OWN: dict[str, dict[str, Any]] = {"lenet": digits}
OWN |= {name: images for name in ZOO if name.startswith(("resnet", "mobilenet"))}
OWN |= {name: dict.fromkeys("HW", st.integers(n, n + 100)) for name, n in LEAST.items()}
SIZES = {name: draw(name, **OWN.get(name, {})) for name in ZOO}
