"""A feed-forward network as an essay in circulation counts it, beside what its equations cost.

The essay is "Computational Complexity of Neural Networks" of the series "Introduction to the Basics
of Neural Networks" (kasperfred.com). With n(k) units in layer k of L it takes the activations
a(k-1) to be a matrix as wide as the weights theta(k-1), so that theta(k) a(k-1) takes
n(k) * n(k-1) * n(k-2) multiplications, those of the first layer n(1) * n(0); with n units in each
of n layers that is O(n**4), and with n iterations of descent O(n**5). Of a single example the
activations are a vector, and of a batch of B a matrix B wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.ir.forms import Move, Nest, View
from orderof.ir.graph import Phase, Role
from orderof.sym import ONE, ZERO, Expr, symbol
from orderof.sym.growth import order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orderof.ir.graph import Graph
    from orderof.sym.growth import Order


@dataclass(frozen=True, slots=True)
class Contrast:
    """One quantity in both conventions, and where they part."""

    what: str
    counted: Expr
    essay: Expr
    why: str

    @property
    def orders(self) -> tuple[Order, Order]:
        """How both grow, in all their letters."""
        return order(self.counted), order(self.essay)


Layer = tuple[Expr, Expr, bool]


def matrices(graph: Graph) -> tuple[Layer, ...] | None:
    """Give (units, inputs, whether activated) of each layer of a feed-forward network, or None."""
    params = {*graph.of_role(Role.PARAM, Role.FROZEN)}
    found: list[Layer] = []
    for node in graph.nodes:
        if node.phase is not Phase.FORWARD or isinstance(node.form, View | Move):
            continue
        if not isinstance(node.form, Nest):
            return None
        if not node.form.mac:
            if found and len(node.operands) == 1:
                found[-1] = (*found[-1][:2], True)
            continue
        w = node.operands[1]
        if node.op != "linear" or w not in params or len(node.operands[0].shape) != 2:  # noqa: PLR2004
            return None
        if found and w.shape[1] - found[-1][0] not in (ZERO, ONE):  # one more: the bias is a unit
            return None
        found.append((w.shape[0], w.shape[1], False))
    return tuple(found) if len(found) > 1 else None


def contrasts(found: Sequence[Layer], batch: Expr) -> Iterator[Contrast]:
    """Put both conventions side by side, quantity by quantity."""
    n, layers = symbol("n"), len(found)
    out = [units for units, _, _ in found]
    first, *others = (units * inputs for units, inputs, _ in found)
    before = [inputs for _, inputs, _ in found]
    yield Contrast(
        "multiplications forward",
        batch * Expr.sum((first, *others)),
        first + Expr.sum(w * b for w, b in zip(others, before, strict=False)),
        f"the activations of {batch} examples are {batch} wide, not as wide as the weights before",
    )
    yield Contrast(
        "activations evaluated",
        batch * Expr.sum(units for units, _, active in found if active),
        Expr.sum(out),
        "one for each unit that has one, and for each example",
    )
    yield Contrast(
        f"multiplications, {layers} layers of n units",
        batch * layers * n**2,
        (layers - 1) * n**3 + n**2,
        f"the essay writes {layers}*n**3: its own sum has n**2 for the first layer",
    )
    yield Contrast(
        "forward, n layers of n units",
        batch * (n**3 + n**2),
        n**4 + n**2,
        "multiplications, and activations in all layers; its n layers are n**4, not as it sums up",
    )
    yield Contrast(
        "output error",
        batch * out[-1],
        ONE,
        "the derivative at the output is a vector: one entry for each output and example",
    )
    yield from _descent(n, batch)


def _descent(n: Expr, batch: Expr) -> Iterator[Contrast]:
    """Give what descent costs, with n layers of n units."""
    yield Contrast(
        "errors, n layers of n units",
        batch * (n - 1) * n**2,
        n**4,
        "an error is as wide as the batch, like an activation; none is needed for the input",
    )
    yield Contrast(
        "gradients of all weights, n layers of n units",
        batch * n**3,
        n**3,
        "n matrices of n**2 entries, each a sum over the examples; the essay adds one n**3",
    )
    step = batch * n**3 + batch * (n - 1) * n**2 + batch * n**3
    yield Contrast(
        "one step of descent, multiplications",
        step + n**3,
        2 * n**4 + n**3 + ONE,
        "forward, errors, gradients, and the update, one multiplication for each weight",
    )
    yield Contrast(
        "n steps of descent",
        n * (step + n**3),
        n * (2 * n**4 + n**3 + ONE),
        "how many steps are needed does not follow from the number of units",
    )
