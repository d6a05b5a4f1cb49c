"""Claims about what makes networks cheaper, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.api import analyze
from orderof.claims.types import Answer, Verdict, claim, fact, percent, seconds, times
from orderof.doc import Amount
from orderof.sym import parse

if TYPE_CHECKING:
    from orderof.claims.types import Measured


@claim("pruning", "Pruning reduces the cost.", experiment="pruning")
def pruning(m: Measured | None) -> Answer:
    """Zeros in a dense matrix are multiplied like other numbers."""
    dense = analyze("mlp:1024-1024-1024", dims={"B": 64}).forward.macs
    half = analyze("mlp:1024-512-1024", dims={"B": 64}).forward.macs
    counted = (
        fact("dense", Amount(dense()), "multiply-adds"),
        fact("nine tenths of the weights set to 0", Amount(dense()), "by a dense product,",
             Amount(dense() // 10), "by one that knows the places"),
        fact("half of the hidden units removed", Amount(half())),
    )  # fmt: skip
    measured = ()
    if m:
        measured = (
            fact("dense", seconds(m["dense"])),
            fact("nine tenths zeros, dense", f"{times(m['zeros'], m['dense'])} that"),
            fact("nine tenths zeros, sparse format", f"{times(m['sparse'], m['dense'])} that"),
            fact("half of the rows removed", f"{times(m['half'], m['dense'])} that"),
        )
    why = "only where units are removed or a format skips zeros: zeros alone save nothing"
    return Answer(Verdict.DEPENDS, why, counted, measured)


@claim("dropout", "Dropout reduces the cost.")
def dropout(_: Measured | None) -> Answer:
    """What is dropped is computed first."""
    plain = analyze("zoo:transformer", mode="eval").forward
    dropping = analyze("zoo:transformer", mode="train").forward
    counted = (
        fact("without", Amount(plain.ops()), "operations,", Amount(plain.macs()), "multiply-adds"),
        fact("with", Amount(dropping.ops()), "operations,", Amount(dropping.macs()), "of them"),
    )
    more = dropping.ops() > plain.ops() and dropping.macs() == plain.macs()
    why = "it draws a number for each value and multiplies; the products stay as they are"
    return Answer(Verdict.FALSE if more else Verdict.OPEN, why, counted)


@claim("low-rank", "Low-rank factors reduce the cost.", experiment="rank")
def rank(m: Measured | None) -> Answer:
    """An n by n matrix as the product of n by r and r by n."""
    one, two = parse("B*n**2"), parse("2*B*n*r")
    at = {"B": 64, "n": 1024, "r": 64}
    counted = (
        fact("one matrix", one, "=", Amount(one.at(at)), "multiply-adds"),
        fact("two factors", two, "=", Amount(two.at(at)), "at r = 64"),
        fact("less where", "r < n/2"),
    )
    measured = ()
    if m:
        measured = (
            fact("one matrix, n = 1,024", seconds(m["one"])),
            fact("two factors of rank 64", f"{percent(m['two'] / m['one'])} of that, for "
                 f"{percent(two.at(at) / one.at(at))} of the operations"),
        )  # fmt: skip
    why = "to 2*r/n of it, where the rank is below half the width"
    return Answer(Verdict.TRUE, why, counted, measured)


@claim("sharing", "Sharing parameters reduces the cost.")
def sharing(_: Measured | None) -> Answer:
    """A tied table, and a layer that is used at every step."""
    gpt2 = analyze("zoo:gpt2")
    table = parse("V*d").at(dict(gpt2.dims))
    lstm = analyze("zoo:lstm")
    s5, s10 = lstm.forward.macs(S=5), lstm.forward.macs(S=10)
    counted = (
        fact("GPT-2 with a head of its own", f"{gpt2.params() + table:,} parameters instead of "
             f"{gpt2.params():,}, the same", Amount(gpt2.forward.macs()), "multiply-adds"),
        fact("LSTM over 10 steps instead of 5", f"the same {lstm.params():,} parameters, "
             f"{s10 / s5:.2g} times the multiply-adds"),
    )  # fmt: skip
    why = "it takes less memory; each use is computed all the same"
    return Answer(Verdict.FALSE if s10 == 2 * s5 else Verdict.OPEN, why, counted)


@claim("small-networks", "MobileNet and SqueezeNet reduce the cost.", experiment="small_networks")
def small(m: Measured | None) -> Answer:
    """Counts of the networks, and of what MobileNet puts for a convolution."""
    counted = [
        fact(name, Amount((r := analyze(model)).params()), "parameters,", Amount(r.forward.macs()),
             "multiply-adds")
        for name, model in (("VGG-16", "zoo:vgg16"), ("AlexNet", "zoo:alexnet"),
                            ("MobileNet", "zoo:mobilenet_v1"), ("SqueezeNet", "zoo:squeezenet1_0"))
    ]  # fmt: skip
    full, separate = parse("k**2*C0*C1"), parse("k**2*C0 + C0*C1")
    at = {"k": 3, "C0": 256, "C1": 256}
    counted.append(
        fact("window by window, then across", separate, "instead of", full, "for each place: "
             f"{full.at(at) / separate.at(at):.3g} times fewer at k = 3, C = 256")
    )  # fmt: skip
    measured = tuple(fact(name, seconds(t), "forward") for name, t in (m or {}).items())
    nets = [analyze(f"zoo:{x}") for x in ("alexnet", "squeezenet1_0")]
    alex, squeeze = (r.forward.macs() for r in nets)
    fewer = nets[0].params() / nets[1].params()
    why = (
        f"MobileNet reduces multiply-adds and parameters; SqueezeNet has {fewer:.3g} times fewer "
        f"parameters than AlexNet and {squeeze / alex:.2g} times its multiply-adds"
    )
    return Answer(Verdict.DEPENDS, why, tuple(counted), measured)


def strassen(n: int, levels: int) -> int:
    """Operations of Strassen's product (1969) of n by n matrices with some levels of recursion."""
    if not levels:
        return n * n * (2 * n - 1)
    return 7 * strassen(n // 2, levels - 1) + 18 * (n // 2) ** 2


@claim("fast-products", "Faster matrix multiplication makes networks cheaper.",
       experiment="strassen")  # fmt: skip
def products(m: Measured | None) -> Answer:
    """Strassen, Winograd's convolution and the FFT by count."""
    least = next(n for n in range(2, 100, 2) if strassen(n, 1) < strassen(n, 0))
    n = 2048
    winograd, direct = 4 * 4, 2 * 2 * 9  # multiplications for 2x2 results of 3x3 taps
    counted = (
        fact("Strassen, one level", f"fewer operations from n = {least} on; at n = 2,048 "
             f"{strassen(n, 1) / strassen(n, 0):.3g} times as many, with 5 levels "
             f"{strassen(n, 5) / strassen(n, 0):.3g}"),
        fact("Winograd, F(2x2, 3x3)", f"{winograd} multiplications instead of {direct}: "
             f"{direct / winograd:.3g} times fewer (Lavin & Gray 2015, arXiv:1509.09308)"),
        fact("FFT of length n", "of the order of n*log2(n) instead of n*k: for windows of "
             "more than about log2(n) places"),
    )  # fmt: skip
    if m is None:
        return Answer(Verdict.DEPENDS, "by a constant for each level; a clock decides", counted)
    measured = (
        fact("product at n = 2,048", seconds(m["plain"])),
        fact("one level of Strassen", f"{times(m['strassen'], m['plain'])} that"),
    )
    faster = m["strassen"] < m["plain"]
    why = (
        "one level saves an eighth of the products and adds 18 sums of quarters: "
        f"{'faster' if faster else 'not faster'} here"
    )
    return Answer(Verdict.DEPENDS, why, counted, measured)


@claim(
    "super-resolution",
    "A super-resolution network is 71.37, 61.82 and 50.78 % cheaper than VDSR on CPU, TPU and GPU, "
    "for 0.49 dB.",
)
def super_resolution(_: Measured | None) -> Answer:
    """What counts allow: the same image enlarged by others."""
    sizes = {"H": 42, "W": 42}  # two and three times a smaller image
    base = analyze("zoo:vdsr", dims=sizes).forward.macs()
    counted = [fact("VDSR", Amount(base), "multiply-adds for an image of "
                    f"{sizes['H']} by {sizes['W']}")]  # fmt: skip
    for name, model, r in (("FSRCNN", "zoo:fsrcnn_x2", 2), ("ESPCN", "zoo:espcn", 3)):
        small_ = {k: n // r for k, n in sizes.items()}
        found = analyze(model, dims=small_).forward.macs()
        counted.append(fact(name, Amount(found), f"from {small_['H']} by {small_['W']}: "
                            f"{percent(1 - found / base)} less"))  # fmt: skip
    why = (
        "its paper was not found. One network has one count: three figures on three devices are "
        "times, and times of what is not said"
    )
    return Answer(Verdict.OPEN, why, tuple(counted))
