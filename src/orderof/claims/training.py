"""Claims about training: gradients, batches, epochs, iterations."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from orderof.analyses.descent import BOUNDS
from orderof.api import analyze, gradients, graph
from orderof.claims.types import Answer, Verdict, claim, fact, seconds, times
from orderof.doc import Amount
from orderof.ops import traffic
from orderof.result.run import run
from orderof.sym import Expr

if TYPE_CHECKING:
    from orderof.claims.types import Measured
    from orderof.doc import Fact


@claim("adjoint", "The adjoint method makes gradients cheap.", experiment="differences")
def adjoint(m: Measured | None) -> Answer:
    """Reverse mode beside what else there is."""
    found = gradients("zoo:mlp")
    sizes = dict(found.dims)
    reverse = found.gradient[0].ops.at(sizes)
    w, forward = found.params.at(sizes), found.forward.at(sizes)
    counted = [fact("network", f"784-300-100-10, w = {w:,} parameters")]
    counted += [
        fact(way.name, Amount(n := way.ops.at(sizes)), f"operations, {times(n, forward)} a forward "
             "pass")
        for way in found.gradient
    ]  # fmt: skip
    measured = ()
    if m:
        measured = (
            fact("reverse mode", f"{times(m['reverse'], m['forward'])} a forward pass "
                 f"({seconds(m['forward'])})"),
            fact("one direction by forward mode", times(m["tangent"], m["forward"])),
        )  # fmt: skip
    cheap = reverse < 5 * forward
    why = (
        f"all {w:,} derivatives for {reverse / forward:.3g} forward passes, 3 in a deep network; "
        "other ways take a number of passes that grows with w"
    )
    return Answer(Verdict.TRUE if cheap else Verdict.FALSE, why, tuple(counted), measured)


@claim("batch", "Storing a whole batch as one matrix saves time.", experiment="batch")
def batch(m: Measured | None) -> Answer:
    """The same operations, but the weights are read once."""
    found = graph("zoo:mlp")
    sizes = {**dict(found.dims), "B": 128}
    one = analyze("zoo:mlp").forward.ops
    moved = Expr.sum(sum(traffic(n), Expr({})) for n in found.nodes)
    single, whole = 128 * moved.at({**sizes, "B": 1}), moved.at(sizes)
    counted = (
        fact("operations", Amount(one(B=128)), "at once,", Amount(128 * one(B=1)), "one by one"),
        fact("bytes", Amount(whole), "at once,", Amount(single), "one by one"),
    )
    same = one(B=128) == 128 * one(B=1)
    if m is None:
        return Answer(Verdict.OPEN, "not operations but bytes: a clock decides", counted)
    measured = (
        fact("128 examples at once", seconds(m["whole"])),
        fact("one by one", f"{seconds(m['single'])}, {times(m['single'], m['whole'])} as long"),
    )
    less = "not one operation less" if same else "not as many operations"
    why = f"{less}, and {times(single, whole)} fewer bytes"
    verdict = Verdict.TRUE if m["whole"] < m["single"] else Verdict.FALSE
    return Answer(verdict, why, counted, measured)


RUNS = {"784-300-100-10": "zoo:mlp", "ResNet-50": "zoo:resnet50", "LSTM, 5 steps": "zoo:lstm"}


@claim("wme", "Training costs O(w*m*e): weights times examples times epochs.")
def weights_examples_epochs(_: Measured | None) -> Answer:
    """The whole run of three networks, for each weight, example and epoch."""
    counted: list[Fact] = []
    ratios: list[float] = []
    for name, model in RUNS.items():
        found = run(analyze(model, train="sgd"), examples=60_000, epochs=10, batch=32)
        each = float(found.per_parameter)
        ratios.append(each)
        order = found.flops.order("m", "e")
        counted.append(fact(name, str(order), f"{each:,.3g} FLOP per weight, example, epoch"))
    why = (
        f"linear in m and e always; a weight costs {min(ratios):.3g} FLOP where it is used once "
        "for an example, more where it is used at many places; e has no formula"
    )
    return Answer(Verdict.DEPENDS, why, tuple(counted))


@claim("one-over-eps", "Gradient descent needs O(1/eps) iterations on a convex function.")
def iterations(_: Measured | None) -> Answer:
    """The bounds, at a tenth of eps."""
    one = {"beta": Decimal(10), "mu": Decimal(1), "R": Decimal(1), "G": Decimal(1), "D": Decimal(1)}
    counted: list[Fact] = []
    for name, b in BOUNDS.items():
        given = {k: one[k] for k in b.constants}
        few, many = (b.iterations(Decimal(eps), given) for eps in ("1e-6", "1e-7"))
        counted.append(fact(name, f"T = {b.formula}: {few:,} for 1e-6, {many / few:.3g} times for "
                            f"1e-7; {b.about}"))  # fmt: skip
    why = (
        "of a convex and smooth one; 1/eps**2 if not smooth, log(1/eps) if strongly convex, "
        "1/sqrt(eps) with acceleration. A network with hidden layers is none of these"
    )
    return Answer(Verdict.DEPENDS, why, tuple(counted))


@claim("truncated", "Truncated backpropagation through time makes training cheaper.")
def truncated(_: Measured | None) -> Answer:
    """What is walked back, and what is kept for it."""
    found = gradients("zoo:lstm", dims={"S": 256}, window=16)
    sizes = dict(found.dims)
    full, chunks, every = found.time
    counted = tuple(
        fact(way.name, Amount(way.ops.at(sizes)), "operations,", way.again, "steps walked back,",
             way.kept.at(sizes) if way.kept is not None else 0, "numbers kept")
        for way in found.time
    )  # fmt: skip
    less = chunks.ops.at(sizes) / full.ops.at(sizes)
    why = (
        f"chunks keep a sixteenth and take {less:.2g} times the operations; windows from every "
        f"step take {every.ops.at(sizes) / full.ops.at(sizes):.3g} times"
    )
    return Answer(Verdict.DEPENDS, why, counted)


@claim("more-epochs", "Larger data sets need more epochs.")
def epochs(_: Measured | None) -> Answer:
    """What an epoch costs is counted; how many are needed is not."""
    found = run(analyze("zoo:mlp", train="sgd"), examples=60_000, epochs=1, batch=32)
    double = run(analyze("zoo:mlp", train="sgd"), examples=120_000, epochs=1, batch=32)
    counted = (
        fact("an epoch of m examples", found.flops.expr, "FLOP"),
        fact("twice the examples", f"{double.flops() / found.flops():.3g} times the operations, "
             f"{double.updates() / found.updates():.3g} times the updates"),
    )  # fmt: skip
    why = "twice the examples are twice the updates; how many are needed follows from no count"
    return Answer(Verdict.OPEN, why, counted)
