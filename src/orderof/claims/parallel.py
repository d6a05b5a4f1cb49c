"""Claims about doing it all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.api import spans
from orderof.claims.types import Answer, Verdict, claim, fact, seconds, times
from orderof.doc import Amount

if TYPE_CHECKING:
    from orderof.claims.types import Measured

PROCESSORS = (1_000, 10_000, 100_000)


@claim("gpu", "GPUs help because the work is parallel.", experiment="threads_of")
def gpu(m: Measured | None) -> Answer:
    """Work, span and Brent's bound; and a second thread on this machine."""
    counted = [fact("model", "work and span; how many times as fast P processors are (Brent 1974)")]
    ratios: dict[str, float] = {}
    for name, model in (("GPT-2", "zoo:gpt2"), ("ResNet-50", "zoo:resnet50"), ("LSTM", "zoo:lstm")):
        total = spans(model)
        sizes = dict(total.dims)
        row = total.total
        ratios[name] = float(row.parallelism(sizes))
        counted.append(fact(name, Amount(row.work.at(sizes)), "operations, span",
                            row.span.at(sizes), f"so {ratios[name]:,.0f} at once"))  # fmt: skip
        for p in PROCESSORS:
            low, high = row.brent(p, sizes)
            most = row.work.at(sizes) / float(low)
            least = row.work.at(sizes) / float(high)
            counted.append(fact(f"P = {p:,}", f"{least:,.0f} to {most:,.0f} times as fast"))
    measured = ()
    if m:
        measured = (
            fact("product of matrices, 2 threads", f"{times(m['product.1'], m['product.2'])} as "
                 f"fast as 1 ({seconds(m['product.1'])})"),
            fact("LSTM with a batch of 1, 2 threads", f"{times(m['lstm.1'], m['lstm.2'])} as fast "
                 f"as 1 ({seconds(m['lstm.1'])})"),
        )  # fmt: skip
    wide = all(ratios[x] > 10 * ratios["LSTM"] for x in ("GPT-2", "ResNet-50"))
    why = "where work is far more than span, which a recurrent layer of few examples has not"
    return Answer(Verdict.TRUE if wide else Verdict.DEPENDS, why, tuple(counted), measured)
