"""How many iterations descent needs to come within eps, by the bounds that are proved.

beta is the smoothness (the gradient is beta-Lipschitz), mu the strong convexity, R the distance of
the start from the minimum (for stochastic gradients: from the farthest place that is allowed), G a
bound on the length of (stochastic) gradients, D how far the cost of the start is above the least.
Each bound is solved for the number of iterations:

    convex               f - f* <= R*G / sqrt(T)                         Bubeck 2015, thm. 3.2
    smooth               f - f* <= 2*beta*R**2 / (T + 4)                 Nesterov 2004, cor. 2.1.2
    strong               f - f* <= beta/2 * ((Q-1)/(Q+1))**(2*T) * R**2  ibid., thm. 2.1.15
    accelerated          f - f* <= 2*beta*R**2 / (T + 1)**2              Beck & Teboulle 2009, 4.4
    accelerated-strong   f - f* <= (mu+beta)/2 * R**2 * exp(-(T-1)/sqrt(Q))    Bubeck 2015, 3.18
    stochastic           E f - f* <= R*G / sqrt(T)                       Nemirovski et al. 2009
    stochastic-strong    E f - f* <= 2*G**2 / (mu*(T + 1))               Lacoste-Julien et al. 2012
    stationary           least |gradient|**2 <= 2*beta*D / T             Nesterov 2004, 1.2.3

with Q = beta/mu. All but the last assume a convex cost, which that of a network with hidden layers
is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import TYPE_CHECKING

from orderof.errors import BadSpelling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DIGITS = 60
_MOST = 100
"""Powers of ten that a constant may have."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound on the iterations of a method: what it assumes, and where it is proved."""

    name: str
    about: str
    constants: tuple[str, ...]
    formula: str
    """Iterations, as one reads it."""
    solve: Callable[..., Decimal]
    """(eps, *constants) -> iterations, not rounded."""
    source: str
    convex: bool = True
    stochastic: bool = False
    optimizer: str = "sgd"
    """What an iteration is counted as."""

    def iterations(self, eps: Decimal, given: Mapping[str, Decimal]) -> int:
        """Give how many iterations are enough, at least 1.

        Raises `BadSpelling` for a constant that is missing, unknown or not positive.
        """
        self._check(eps, given)
        with localcontext() as context:
            context.prec = _DIGITS
            found = self.solve(eps, *(given[name] for name in self.constants))
            return max(1, int(found.to_integral_value(ROUND_CEILING)))

    def _check(self, eps: Decimal, given: Mapping[str, Decimal]) -> None:
        needed = ", ".join(f"{name}=..." for name in self.constants)
        hint = f"{self.name} needs {needed}"
        if missing := [name for name in self.constants if name not in given]:
            raise BadSpelling(", ".join(missing), "is not given", hint)
        if unknown := [name for name in given if name not in self.constants]:
            raise BadSpelling(", ".join(unknown), f"is no constant of {self.name}", hint)
        for name, n in (("eps", eps), *given.items()):
            if not n.is_finite() or n <= 0:
                raise BadSpelling(f"{name}={n}", "is not positive", hint)
            if abs(n.adjusted()) > _MOST:
                raise BadSpelling(f"{name}={n}", "is beyond all sizes", hint)
        if {"beta", "mu"} <= given.keys() and given["mu"] > given["beta"]:
            raise BadSpelling("mu", "is larger than beta", "no function is so; exchange them")


def _smooth(eps: Decimal, beta: Decimal, r: Decimal) -> Decimal:
    return 2 * beta * r**2 / eps - 4


def _stochastic_strong(eps: Decimal, g: Decimal, mu: Decimal) -> Decimal:
    return 2 * g**2 / (mu * eps) - 1


def _stationary(eps: Decimal, beta: Decimal, d: Decimal) -> Decimal:
    return 2 * beta * d / eps**2


def _strong(eps: Decimal, beta: Decimal, mu: Decimal, r: Decimal) -> Decimal:
    q = beta / mu
    if q == 1:
        return Decimal(1)  # one step goes to the minimum
    return (beta * r**2 / (2 * eps)).ln() / (2 * ((q + 1) / (q - 1)).ln())


def _accelerated(eps: Decimal, beta: Decimal, r: Decimal) -> Decimal:
    return (2 * beta / eps).sqrt() * r - 1


def _accelerated_strong(eps: Decimal, beta: Decimal, mu: Decimal, r: Decimal) -> Decimal:
    return 1 + (beta / mu).sqrt() * ((mu + beta) * r**2 / (2 * eps)).ln()


def _rate(eps: Decimal, g: Decimal, r: Decimal) -> Decimal:
    return (r * g / eps) ** 2


BOUNDS = {
    b.name: b
    for b in (
        Bound(
            "convex", "subgradients of a convex cost, steps R/(G*sqrt(T)), their mean",
            ("G", "R"), "(R*G/eps)**2", _rate,
            "Bubeck 2015, Foundations and Trends in Machine Learning 8(3-4), theorem 3.2",
        ),
        Bound(
            "smooth", "gradients of a convex and smooth cost, steps 1/beta", ("beta", "R"),
            "2*beta*R**2/eps - 4", _smooth,
            "Nesterov 2004, Introductory Lectures on Convex Optimization, corollary 2.1.2",
        ),
        Bound(
            "strong", "gradients of a strongly convex and smooth cost, steps 2/(mu + beta)",
            ("beta", "mu", "R"),
            "log(beta*R**2/(2*eps)) / (2*log((Q + 1)/(Q - 1))), Q = beta/mu", _strong,
            "Nesterov 2004, Introductory Lectures on Convex Optimization, theorem 2.1.15",
        ),
        Bound(
            "accelerated", "accelerated gradients of a convex and smooth cost", ("beta", "R"),
            "sqrt(2*beta/eps)*R - 1", _accelerated,
            "Beck & Teboulle 2009, SIAM J. Imaging Sciences 2(1), theorem 4.4",
            optimizer="sgd-nesterov",
        ),
        Bound(
            "accelerated-strong", "accelerated gradients of a strongly convex and smooth cost",
            ("beta", "mu", "R"),
            "1 + sqrt(Q)*log((mu + beta)*R**2/(2*eps)), Q = beta/mu", _accelerated_strong,
            "Bubeck 2015, Foundations and Trends in Machine Learning 8(3-4), theorem 3.18",
            optimizer="sgd-nesterov",
        ),
        Bound(
            "stochastic",
            "stochastic gradients of a convex cost within R of the start, in expectation, a mean",
            ("G", "R"), "(R*G/eps)**2", _rate,
            "Nemirovski et al. 2009, SIAM J. Optimization 19(4), section 2.2",
            stochastic=True,
        ),
        Bound(
            "stochastic-strong",
            "stochastic gradients of a strongly convex cost, steps 2/(mu*(t + 1)), a mean",
            ("G", "mu"), "2*G**2/(mu*eps) - 1", _stochastic_strong,
            "Lacoste-Julien, Schmidt & Bach 2012, arXiv:1212.2002",
            stochastic=True,
        ),
        Bound(
            "stationary",
            "gradients of any smooth cost, steps 1/beta, until one is shorter than eps",
            ("beta", "D"), "2*beta*D/eps**2", _stationary,
            "Nesterov 2004, Introductory Lectures on Convex Optimization, section 1.2.3",
            convex=False,
        ),
    )
}  # fmt: skip
"""Bounds by name."""


def bound(name: str) -> Bound:
    """Find a bound; raises `BadSpelling`."""
    try:
        return BOUNDS[name]
    except KeyError:
        raise BadSpelling(name, "is no bound", f"use one of {', '.join(BOUNDS)}") from None
