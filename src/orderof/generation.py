"""What it costs to generate text: the pass over a prompt, and a step for each further token.

The step after T tokens is counted with T as a letter, so that all steps are a sum in closed form:

    cost(P, n) = prefill(S=P) + sum of step(T) for T = P .. P + n - 2

The pass over the prompt gives the first token, which takes no step of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orderof.errors import BadSpelling, NoFormula
from orderof.sym import ONE, Expr, const, symbol
from orderof.sym.sums import settled, total

if TYPE_CHECKING:
    from orderof.counts import Counts
    from orderof.result import Result


@dataclass(frozen=True)
class Generation:
    """A prompt of so many tokens, and so many new ones, for each of B sequences."""

    prefill: Result
    step: Result
    prompt: int
    tokens: int
    beams: int = 1

    @cached_property
    def counts(self) -> Counts:
        """Operations of all passes, at the sizes asked for."""
        sizes = {**self.prefill.dims, **self.step.dims}
        sizes = {k: n for k, n in sizes.items() if k != "T"}
        first = self.prefill.forward.counts.subs(sizes)
        return first + self.step.forward.counts.subs(sizes).each(self._steps)

    def macs(self) -> int:
        """Multiply-adds of everything."""
        return self.counts.macs().at()

    def ops(self) -> int:
        """Scalar operations of everything."""
        return self.counts.ops().at()

    def formula(self, what: str = "macs") -> Expr:
        """Give `macs` or `ops` of all steps after the prompt, in B, P (the prompt) and n (tokens).

        It holds where every T of the steps is in the range that `step.dims` has.
        """
        counts = self.step.forward.counts
        step = {"macs": counts.macs, "ops": counts.ops}[what]()
        at = symbol("P") + symbol("i") - 1
        return settled(total(step.subs({"T": at}), "i", symbol("n") - 1))

    def _steps(self, e: Expr) -> Expr:
        at = const(self.prompt) + symbol("i") - ONE
        return settled(total(e.subs({"T": at}), "i", const(self.tokens - 1)))


def generate(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *,
    prompt: int,
    tokens: int,
    batch: int = 1,
    beams: int = 1,
    **asked: Any,  # noqa: ANN401 - what `analyze` may be told
) -> Generation:
    """Count generating `tokens` new tokens after a prompt, greedily or with beams.

    With beams every sequence is run as often, the prompt too, as `generate` of transformers does;
    what the search itself compares is not part of it. Raises `BadSpelling` for no tokens, and
    `NoFormula` where a step depends on T otherwise than by a formula (windows that fill up),
    `OutOfRange` where its formula was not proved for the last of the steps.
    """
    if min(prompt, tokens, batch, beams) < 1:
        raise BadSpelling("generate", "needs at least one token of each kind", "prompt=1, tokens=1")
    from orderof.api import analyze

    given = _inputs(model, batch * beams, prompt, asked)
    first = analyze(model, prefill=True, **given)
    step = analyze(model, decode=prompt, **given)
    sums = tokens > 2  # noqa: PLR2004 - else one step, which was counted
    if sums and "T" not in step.dims:
        hint = "analyze(..., decode=T) counts one step after T tokens"
        raise NoFormula(first.model, "has steps that are no formula in T", hint)
    for t in (prompt + 1, prompt + tokens - 2) if sums else ():
        step.forward.macs(T=t)  # raises where it was not proved
    return Generation(first, step, prompt, tokens, beams)


def _inputs(model: Any, batch: int, prompt: int, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Say the sizes of a model by name, or make the tokens of a module."""
    if isinstance(model, str):
        return {**asked, "dims": {**asked.get("dims", {}), "B": batch, "S": prompt}}
    words = f"input_ids: int64[B={batch}, S={prompt}] < 2"
    return {**asked, "input_specs": [words]}
