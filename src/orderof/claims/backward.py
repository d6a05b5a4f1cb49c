"""The claim that texts contradict each other about: what the backward pass costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orderof.analyses.span import spans
from orderof.api import analyze, gradients, graph
from orderof.claims.types import Answer, Verdict, claim, fact, seconds
from orderof.ir.graph import Phase, Role
from orderof.ops import traffic
from orderof.sym import Expr
from orderof.transform.grad import grad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orderof.claims.types import Measured
    from orderof.doc import Fact
    from orderof.ir.graph import Graph, Node

MODELS = {
    "MLP": ("mlp:784-1024-1024-10", {"B": 128}),
    "CNN": ("zoo:resnet18", {"B": 4, "H": 112, "W": 112}),
    "RNN": ("zoo:lstm", {"B": 32, "S": 64, "I": 128, "d": 128}),
    "transformer": (
        "zoo:bert",
        {"B": 4, "S": 128, "d": 256, "h": 4, "f": 1024, "L": 4, "V": 1000, "P": 128},
    ),
}
"""The networks of the experiment, with its sizes."""


@claim(
    "backward",
    "The backward pass costs as much as the forward pass; is slower; is cheaper.",
    experiment="backward",
)
def backward(m: Measured | None) -> Answer:
    """By operations, bytes, span, memory held and time; then the exceptions."""
    counted: list[Fact] = []
    ratios: list[float] = []
    for name, (model, dims) in MODELS.items():
        cells, ratio = _ratios(graph(model, dims=dims, train="sgd"))
        ratios.append(ratio)
        counted.append(fact(name, cells))
    counted.extend(_exceptions())
    measured = tuple(
        fact(name, f"{m[f'{name}.backward'] / m[f'{name}.forward']:.3g} times the time: forward "
             f"{seconds(m[f'{name}.forward'])}, backward {seconds(m[f'{name}.backward'])}; "
             f"{m[f'{name}.held'] / 2**20:,.1f} MiB held")
        for name in MODELS
        if m
    )  # fmt: skip
    dearer = min(ratios) > 1
    why = (
        f"it takes {min(ratios):.3g} to {max(ratios):.3g} times the multiply-adds: one product for "
        "the error, one for the weights. It is as much only for a single layer, less with frozen "
        "weights, more with checkpoints"
    )
    return Answer(Verdict.DEPENDS if dearer else Verdict.TRUE, why, tuple(counted), measured)


def _ratios(found: Graph) -> tuple[str, float]:
    """Backward over forward, by each measure, at the sizes of the graph."""
    sizes = dict(found.dims)
    first, second = Phase.FORWARD, Phase.BACKWARD
    r = {p: [n for n in found.nodes if n.phase is p] for p in (first, second)}
    moved = {p: _bytes(nodes).at(sizes) for p, nodes in r.items()}
    chain = {row.phase: row.span.at(sizes) for row in spans(found).rows}
    counts = analyze_of(found)
    macs = counts[second][0] / counts[first][0]
    text = (
        f"{macs:.3g} times the multiply-adds, {counts[second][1] / counts[first][1]:.3g} all "
        f"operations, {moved[second] / moved[first]:.3g} the bytes, "
        f"{chain[second] / chain[first]:.3g} the span; {held(found) / 2**20:,.1f} MiB held for it"
    )
    return text, macs


def _bytes(nodes: list[Node]) -> Expr:
    return Expr.sum(part for n in nodes for part in traffic(n))


def analyze_of(found: Graph) -> dict[Phase, tuple[int, int]]:
    """Count the multiply-adds and all operations of forward and backward."""
    from orderof.analyses.work import count
    from orderof.counts import Counts

    sizes, rows = dict(found.dims), count(found).rows
    totals = {p: Counts.sum(r.counts for r in rows if r.phase is p) for p in Phase}
    return {p: (c.macs().at(sizes), c.ops().at(sizes)) for p, c in totals.items()}


def held(found: Graph) -> int:
    """Bytes that the forward pass is given or makes and the backward pass reads."""
    made = {v for n in found.nodes if n.phase is Phase.FORWARD for v in n.results}
    made |= {*found.of_role(Role.INPUT)}
    read = {v for n in found.nodes if n.phase is Phase.BACKWARD for v in n.operands}
    return Expr.sum(v.type.bytes for v in made & read).at(dict(found.dims))


def _exceptions() -> Iterator[Fact]:
    """A single layer, frozen weights, checkpoints."""
    alone = analyze("mlp:784-10", train="sgd", dims={"B": 128})
    if alone.backward is not None:
        ratio = alone.backward.macs() / alone.forward.macs()
        yield fact("a single layer", f"{ratio:.3g} times: its input needs no error")
    frozen = _frozen(graph("mlp:784-1024-1024-10", dims={"B": 128}), keep="layer3")
    counts = analyze_of(frozen)
    ratio = counts[Phase.BACKWARD][0] / counts[Phase.FORWARD][0]
    yield fact("all but the last layer frozen", f"{ratio:.3g} times: no errors before it")
    stack = gradients("zoo:gpt2")
    whole, every = stack.layers[0].ops, stack.layers[1].ops
    sizes = dict(stack.dims)
    forward, extra = stack.forward.at(sizes), (every - whole).at(sizes)
    back = whole.at(sizes) - forward
    text = f"{(back + extra) / forward:.3g} times all operations, not {back / forward:.3g}"
    yield fact("checkpoints before every block of GPT-2", text)


def _frozen(found: Graph, keep: str) -> Graph:
    """Freeze all parameters but those of one module, and differentiate."""
    inputs = tuple(
        replace(i, role=Role.FROZEN)
        if i.role is Role.PARAM and not i.value.name.startswith(keep)
        else i
        for i in found.inputs
    )
    return grad(replace(found, inputs=inputs))
