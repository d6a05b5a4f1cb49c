"""Claims that compare kinds of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.api import analyze, gradients, spans
from orderof.claims.types import Answer, Verdict, claim, fact, seconds, times
from orderof.doc import Amount
from orderof.sym import parse

if TYPE_CHECKING:
    from orderof.claims.types import Measured


@claim("cnn-fewer", "Convolutional networks need fewer multiplications than fully connected ones.")
def fewer(_: Measured | None) -> Answer:
    """One convolution beside the dense layer between the same images."""
    conv = analyze("zoo:conv", dims={"B": 1, "C0": 3, "C1": 64, "H": 224, "W": 224, "k": 3})
    macs = conv.forward.macs
    dense = parse("B*C0*C1*(H + k - 1)*(W + k - 1)*H*W")
    at = dict(conv.dims)
    weights = parse("C0*C1*k**2")
    counted = (
        fact("convolution", macs.expr, "=", Amount(macs()), "multiplications"),
        fact("dense layer between the same images", dense, "=", Amount(dense.at(at))),
        fact("each weight is used", macs.expr / weights, "=", macs() // weights.at(at),
             "times, that of a dense layer B times"),
    )  # fmt: skip
    less = macs() < dense.at(at)
    why = "between the same shapes by a factor of places over taps; for each weight they need more"
    return Answer(Verdict.DEPENDS if less else Verdict.FALSE, why, counted)


@claim("rnn-less", "Recurrent networks cost less than convolutional ones.", experiment="rnn")
def recurrent(m: Measured | None) -> Answer:
    """A sequence of S places of width d through one layer of each."""
    at = {"B": 8, "S": 128, "I": 256, "d": 256}
    lstm, gru = (analyze(f"zoo:{x}", dims=at).forward.macs for x in ("lstm", "gru"))
    plain, conv = parse("2*B*S*d**2"), parse("3*B*S*d**2")
    chain = spans("zoo:lstm", dims=at).total
    counted = (
        fact("plain recurrence", plain, "=", Amount(plain.at(at)), "multiply-adds"),
        fact("GRU, LSTM", Amount(gru()), "and", Amount(lstm()), "at I = d"),
        fact("convolution of 3 places", conv, "=", Amount(conv.at(at))),
        fact("in a row", chain.steps, "=", chain.steps.at(at), "operators in the LSTM, 1 in the "
             "convolution"),
    )  # fmt: skip
    measured = ()
    if m:
        measured = (
            fact("LSTM", f"{seconds(m['lstm'])}, {times(m['lstm'], m['conv'])} the convolution"),
            fact("convolution of 3 places", seconds(m["conv"])),
        )
    why = "a plain recurrence multiplies less than 3 taps, an LSTM more; both go step by step"
    return Answer(Verdict.DEPENDS, why, counted, measured)


@claim("depth-exponential", "The cost grows exponentially with depth.")
def depth(_: Measured | None) -> Answer:
    """A formula in L, and what becomes of it where nothing is used again."""
    found = analyze("zoo:gpt2", train="sgd")
    step = (found.step or found.forward).flops
    order = step.order("L")
    naive = next(w for w in gradients("zoo:gpt2").gradient if w.name == "chain rule without reuse")
    powers = {p for mono, _ in naive.ops.terms() for name, p in mono if name == "L"}
    counted = (
        fact("a step of GPT-2 in L layers", str(order)),
        fact("proof", order.certificate.says("f"), "with f =", step.expr),
        fact("gradient without reuse", f"a polynomial in L with terms up to L**{max(powers)}, and "
             "halves of L*(L - 1)"),
    )  # fmt: skip
    linear = order.expr == parse("L")
    why = "the cost of a step is linear in depth; what can grow exponentially is a gradient's size"
    return Answer(Verdict.FALSE if linear else Verdict.OPEN, why, counted)


@claim("structured", "Structured data costs less.")
def structured(_: Measured | None) -> Answer:
    """What costs less is a layer that uses a structure, beside one that does not."""
    at = {"B": 1, "C0": 64, "C1": 64, "H": 56, "W": 56, "k": 3}
    conv = analyze("zoo:conv", dims=at).forward.macs
    depthwise = parse("B*C0*H*W*k**2 + B*C0*C1*H*W")
    dense = parse("B*C0*C1*H**2*W**2")
    counted = (
        fact("all places with all", dense, "=", Amount(dense.at(at)), "multiply-adds"),
        fact("near places, all alike", conv.expr, "=", Amount(conv())),
        fact("and channel by channel, then across", depthwise, "=", Amount(depthwise.at(at))),
    )
    why = "the same image costs what the layers make of it: the structure is in the network"
    return Answer(Verdict.DEPENDS, why, counted)
