"""Bounds on iterations: descent is run for as many, and comes as near as they say."""

import math
import random
from decimal import Decimal

import pytest

from orderof.analyses.affine import convex
from orderof.analyses.descent import BOUNDS, bound
from orderof.api import graph
from orderof.errors import BadSpelling

EPS = Decimal("1e-2")


def needed(name, eps=EPS, **constants):
    given = {k: Decimal(repr(v)) for k, v in constants.items()}
    return bound(name).iterations(eps, given)


def quadratic(curves, start):
    """The cost sum of c*x**2/2, least 0 at 0: its smoothness, strong convexity, distance."""

    def cost(x):
        return sum(c * v * v for c, v in zip(curves, x, strict=True)) / 2

    def slope(x):
        return [c * v for c, v in zip(curves, x, strict=True)]

    return cost, slope, max(curves), min(curves), math.dist(start, [0] * len(start))


CURVES, START = [4.0, 1.0, 0.25], [1.0, -2.0, 2.5]


def test_smooth_and_strongly_convex():
    cost, slope, beta, mu, r = quadratic(CURVES, START)
    for name, step in (("smooth", 1 / beta), ("strong", 2 / (mu + beta))):
        x = START
        constants = {"beta": beta, "R": r} | ({"mu": mu} if name == "strong" else {})
        for _ in range(needed(name, **constants)):
            x = [v - step * g for v, g in zip(x, slope(x), strict=True)]
        assert cost(x) <= EPS


@pytest.mark.parametrize("name", ["accelerated", "accelerated-strong"])
def test_accelerated(name):
    cost, slope, beta, mu, r = quadratic(CURVES, START)
    strong = name == "accelerated-strong"
    n = needed(name, **({"beta": beta, "R": r} | ({"mu": mu} if strong else {})))
    root = math.sqrt(beta / mu)
    x, y, t = START, START, 1.0
    for _ in range(n):
        before, x = x, [v - g / beta for v, g in zip(y, slope(y), strict=True)]
        after = (1 + math.sqrt(1 + 4 * t * t)) / 2
        ahead = (root - 1) / (root + 1) if strong else (t - 1) / after
        y, t = [b + ahead * (b - a) for a, b in zip(before, x, strict=True)], after
    assert cost(x) <= EPS


def test_subgradients():
    """The cost |x| + 2*|y|, whose subgradients are no longer than sqrt(5)."""
    r, g = math.hypot(1, 1), math.sqrt(5)
    n = needed("convex", G=g, R=r)
    x, mean = [1.0, 1.0], [0.0, 0.0]
    for _ in range(n):
        mean = [m + v / n for m, v in zip(mean, x, strict=True)]
        step = r / (g * math.sqrt(n))
        x = [v - step * c * math.copysign(1, v) for v, c in zip(x, (1, 2), strict=True)]
    assert abs(mean[0]) + 2 * abs(mean[1]) <= EPS


@pytest.mark.parametrize("name", ["stochastic", "stochastic-strong"])
def test_stochastic_gradients(name):
    """The cost x**2/2 on [-1, 1], with gradients x + noise of length 1; the mean of many runs."""
    draw, found, runs = random.Random(3), 0.0, 20
    g = math.sqrt(2)  # the mean square of x + noise is x**2 + 1 at most
    strong = name == "stochastic-strong"
    eps = Decimal("0.05")
    n = needed(name, eps, **({"G": g, "mu": 1.0} if strong else {"G": g, "R": 1.0}))
    for _ in range(runs):
        x, mean, weight = 1.0, 0.0, 0.0
        for t in range(1, n + 1):
            w = float(t) if strong else 1.0
            mean, weight = mean + w * x, weight + w
            step = 2 / (t + 1) if strong else 1 / (g * math.sqrt(n))
            x = max(-1.0, min(1.0, x - step * (x + draw.choice((-1.0, 1.0)))))
        found += (mean / weight) ** 2 / 2 / runs
    assert found <= eps


def test_a_cost_that_is_not_convex_becomes_stationary():
    beta = 1.0  # of 1 - cos x
    n = needed("stationary", beta=beta, D=1 - math.cos(3.0))
    x, least = 3.0, math.inf
    for _ in range(n):
        least = min(least, abs(math.sin(x)))
        x -= math.sin(x) / beta
    assert least <= EPS


def test_how_they_grow_as_eps_shrinks():
    """A tenth of eps takes 100, 10, about sqrt(10) times as many, or some more."""
    of = {
        "convex": {"G": 1.0, "R": 1.0}, "smooth": {"beta": 1.0, "R": 1.0},
        "accelerated": {"beta": 1.0, "R": 1.0}, "strong": {"beta": 9.0, "mu": 1.0, "R": 1.0},
    }  # fmt: skip
    few = {name: needed(name, Decimal("1e-6"), **c) for name, c in of.items()}
    many = {name: needed(name, Decimal("1e-7"), **c) for name, c in of.items()}
    assert many["convex"] == 100 * few["convex"]
    assert many["smooth"] == 10 * (few["smooth"] + 4) - 4
    assert many["accelerated"] / few["accelerated"] == pytest.approx(math.sqrt(10), rel=1e-2)
    assert many["strong"] - few["strong"] == pytest.approx(
        math.log(10) / (2 * math.log(10 / 8)), abs=1
    )


@pytest.mark.parametrize(
    ("name", "constants", "what"),
    [
        ("smooth", {"beta": 1.0}, "R: is not given"),
        ("smooth", {"beta": 1.0, "R": 1.0, "mu": 1.0}, "mu: is no constant of smooth"),
        ("smooth", {"beta": -1.0, "R": 1.0}, "is not positive"),
        ("strong", {"beta": 1.0, "mu": 2.0, "R": 1.0}, "is larger than beta"),
        ("fast", {}, "fast: is no bound"),
    ],
)
def test_what_cannot_be_asked(name, constants, what):
    with pytest.raises(BadSpelling, match=what):
        needed(name, **constants)


def test_every_bound_has_a_source():
    assert all(b.source and b.about and b.formula for b in BOUNDS.values())


@pytest.mark.parametrize(
    ("model", "loss", "is_convex"),
    [
        ("mlp:3-2", "mse", True),
        ("mlp:3-2", "cross_entropy", True),
        ("zoo:conv", None, False),  # no loss is named
        ("zoo:conv", "mse", True),
        ("mlp:3-4-2", "mse", False),
        ("zoo:lstm", None, False),
        ("zoo:attention", None, False),
    ],
)
def test_which_networks_have_a_convex_cost(model, loss, is_convex):
    assert convex(graph(model, loss=loss)) is is_convex
