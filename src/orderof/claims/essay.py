"""Claims about small feed-forward networks, as essays and course notes make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.analyses.derivation.essay import contrasts, matrices
from orderof.api import analyze, derive, graph
from orderof.claims.types import Answer, Verdict, claim, fact, seconds, times
from orderof.counts import Kind
from orderof.doc import Amount
from orderof.sym import symbol

if TYPE_CHECKING:
    from orderof.analyses.derivation.essay import Contrast
    from orderof.claims.types import Measured
    from orderof.doc import Fact

SMALL = "mlp:30-30-30,sigmoid"


def _contrast(what: str) -> Contrast:
    pairs = matrices(graph("mlp:4-4-4-4")) or ()
    return next(c for c in contrasts(pairs, symbol("B")) if c.what == what)


def _orders(c: Contrast) -> tuple[Fact, ...]:
    ours, theirs = c.orders
    return (
        fact("here", f"{ours}:", ours.certificate.says("f")),
        fact("there", f"{theirs}:", theirs.certificate.says("f")),
        fact("a batch of n", str(c.counted.subs({"B": symbol("n")}))),
    )


@claim("forward-n4", "A forward pass of an example through n layers of n neurons takes Theta(n^4).")
def forward(_: Measured | None) -> Answer:
    """The essay multiplies matrices where an example is a vector."""
    c = _contrast("forward, n layers of n units")
    same = c.orders[0].expr == c.orders[1].expr
    verdict = Verdict.TRUE if same else Verdict.FALSE
    why = "one example takes n^3, B of them B*n^3; n^4 is right for n examples at once"
    return Answer(verdict, why, _orders(c))


@claim("training-n5", "Training such a network for n iterations takes Theta(n^5).")
def training(_: Measured | None) -> Answer:
    """The same, times n iterations that nothing derives."""
    c = _contrast("n steps of descent")
    same = c.orders[0].expr == c.orders[1].expr
    why = "n steps on B examples take B*n^4; that n steps are enough follows from nothing"
    return Answer(Verdict.TRUE if same else Verdict.FALSE, why, _orders(c))


@claim("1800", "A 30-30-30 network takes 1,800 multiplications forward, 1,800 gradients backward.")
def thirty(_: Measured | None) -> Answer:
    """Count them, and what the biases add."""
    chapters = {c.part: c for c in derive(SMALL, train="sgd").derivation.chapters}
    dims = {"B": 1, "n0": 30, "n1": 30, "n2": 30}
    muls = {part: c.kinds[Kind.MUL].at(dims) for part, c in chapters.items()}
    adds = chapters[next(iter(chapters))].kinds[Kind.ADD].at(dims)
    unit = derive("mlp:30-30-30,sigmoid,bias=unit").derivation.chapters[0].kinds[Kind.MUL].at(dims)
    params = analyze(SMALL).params()
    forward_, errors, weights, _update = muls.values()
    counted = (
        fact("forward", forward_, "multiplications,", adds, "additions with those of the sigmoid"),
        fact("with a unit for the bias", unit, "multiplications: 31 terms in each sum"),
        fact("backward", weights, "multiplications for the gradients of weights,", errors,
             "for the errors between"),
        fact("gradients", params, "entries, those of the biases among them"),
    )  # fmt: skip
    right = forward_ == 1800 and weights == 1800  # noqa: PLR2004 - the claim
    why = f"of the weights alone; {params:,} with biases, and errors take {errors:,} more backward"
    return Answer(Verdict.TRUE if right else Verdict.FALSE, why, counted)


MODELS = {"mlp 30-30-30": SMALL, "mlp 784-300-100-10": "zoo:mlp", "ResNet-50": "zoo:resnet50",
          "LSTM": "zoo:lstm", "GPT-2": "zoo:gpt2"}  # fmt: skip


@claim("3-or-4-times", "Training takes about 3 or 4 times as many operations as a forward pass.",
       experiment="backward")  # fmt: skip
def three_or_four(m: Measured | None) -> Answer:
    """A step beside its forward pass, by multiply-adds and by all operations."""
    counted: list[Fact] = []
    ratios: list[float] = []
    for name, model in MODELS.items():
        r = analyze(model, train="sgd")
        step = r.step or r.forward
        by_macs = step.macs() / r.forward.macs()
        ratios.append(by_macs)
        cells = (f"{by_macs:.3g} times the multiply-adds,",
                 f"{step.ops() / r.forward.ops():.3g} times all operations, with SGD")  # fmt: skip
        counted.append(fact(name, *cells))
    measured = tuple(
        fact(name, f"a step takes {times(m[f'{name}.step'], m[f'{name}.forward'])} a forward pass")
        for name in ("MLP", "CNN", "RNN", "transformer")
        if m
    )
    why = (
        f"a step has {min(ratios):.3g} to {max(ratios):.3g} times the multiply-adds of a forward "
        "pass: "
        "3, less what the first layer need not give"
    )
    return Answer(Verdict.DEPENDS, why, tuple(counted), measured)


_PLACES = {"memory": "a million values from memory", "cache": "32,768 in the cache"}
_MORE = 1.5


@claim("activation", "An activation takes longer than a multiplication.", experiment="activation")
def activation(m: Measured | None) -> Answer:
    """Counts say how many operations; what each takes is a matter of the machine."""
    counted = tuple(
        fact(name, analyze(f"mlp:1-1-1,{name}").forward.ops()
             - analyze("mlp:1-1-1,relu").forward.ops() + 1, "operations for each value")
        for name in ("relu", "sigmoid", "tanh")
    )  # fmt: skip
    if m is None:
        return Answer(Verdict.OPEN, "counts do not say how long an exp takes", counted)
    names = ("relu", "sigmoid", "tanh", "exp")
    ratio = {(x, at): m[f"{x}.{at}"] / m[f"multiply.{at}"] for x in names for at in _PLACES}
    measured = tuple(
        fact(x, "; ".join(f"{n}: {ratio[x, at]:.2g} times" for at, n in _PLACES.items()))
        for x in names
    )
    slower = {at: [x for x in names if ratio[x, at] > _MORE] for at in _PLACES}
    why = "; ".join(f"{n}: {', '.join(slower[at]) or 'none'}" for at, n in _PLACES.items())
    verdict = Verdict.DEPENDS if any(slower.values()) else Verdict.FALSE
    return Answer(verdict, f"slower than it by half or more are, of {why}", counted, measured)


@claim(
    "milliseconds",
    "A small network takes under a millisecond; image networks take millions of operations, and "
    "training takes hours or days.",
    experiment="sizes",
)
def milliseconds(m: Measured | None) -> Answer:
    """Operations of small and of image networks, and what a clock says."""
    names = {"mlp 30-30-30": SMALL, "LeNet-5": "zoo:lenet", "AlexNet": "zoo:alexnet",
             "VGG-16": "zoo:vgg16", "ResNet-50": "zoo:resnet50"}  # fmt: skip
    counted = [
        fact(name, Amount(analyze(model).forward.ops()), "operations forward")
        for name, model in names.items()
    ]
    step = analyze("zoo:resnet50", train="sgd")
    run = 90 * 1_281_167 * (step.step or step.forward).flops()
    counted.append(fact("ResNet-50, 90 epochs of 1,281,167 images", Amount(run), "FLOP"))
    if m is None:
        why = "operations say so of most machines; how long a run takes is a matter of how many"
        return Answer(Verdict.DEPENDS, why, tuple(counted))
    rate = step.forward.flops() / m["ResNet-50"]
    measured = (
        fact("mlp 30-30-30", f"{seconds(m['mlp'])} forward"),
        fact("ResNet-50", f"{seconds(m['ResNet-50'])} forward, {rate / 1e9:.3g} GFLOP/s"),
        fact("90 epochs at that rate", f"{run / rate / 86400:,.0f} days on this machine"),
    )
    short = "under a millisecond" if m["mlp"] < 1e-3 else "a millisecond or more"  # noqa: PLR2004
    why = f"{short} here; image networks take billions of operations, LeNet-5 less than a million"
    return Answer(Verdict.DEPENDS, why, tuple(counted), measured)
