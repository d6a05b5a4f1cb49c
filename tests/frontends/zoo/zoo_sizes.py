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
    """Give small sizes for every letter of a model; h divides d, and P is at least S."""
    known = {k: own.get(k, few) for k in ZOO[model].dims}

    def fit(drawn: Sizes) -> Sizes:
        sizes = {k: drawn[k] for k in known}
        if "h" in sizes:
            sizes["d"] *= sizes["h"]
        if "P" in sizes:
            sizes["P"] += sizes["S"]
        return sizes

    return st.fixed_dictionaries(known).map(fit)


OWN: dict[str, dict[str, Any]] = {"lenet": digits}
OWN |= {name: images for name in ZOO if name.startswith("resnet")}
SIZES = {name: draw(name, **OWN.get(name, {})) for name in ZOO}
