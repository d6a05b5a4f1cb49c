"""What a model costs on average, where values decide which function of a `torch.cond` runs.

A choice takes its first function with a probability p = a/b. A node in k choices, one within the
other, then runs with a product of k factors p or 1 - p, whatever other choices take. So the mean
over b**k equally likely cases is a sum of whole counts,

    sum over ways of  a**firsts * (b - a)**seconds * cost(way)

where a way names the function that is taken at each depth. Means are linear: choices that do not
stand within one another need not be independent.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Unpack

from orderof.api import analyze
from orderof.errors import BadSpelling, Deeper, ModelError
from orderof.result.expected import Expected, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orderof.api import Asked
    from orderof.ops.work import Padding
    from orderof.result import Result

Taken: TypeAlias = tuple[Literal["first", "second"], ...]

DEEPEST = 4
"""Choices within one another; at each depth there are twice as many ways to record."""
_PROBABILITY = re.compile(r"0?\.\d{1,18}|\d{1,18}/\d{1,18}")


def probability(p: Fraction | float | str) -> Fraction:
    """Read a probability that is neither 0 nor 1; a float is the decimal that it is written as.

    >>> probability("0.3"), probability("1/3"), probability(1e-5)
    (Fraction(3, 10), Fraction(1, 3), Fraction(1, 100000))
    """
    text = str(p)
    try:
        readable = not isinstance(p, str) or _PROBABILITY.fullmatch(text)
        found = Fraction(text) if readable else Fraction(0)
    except (ValueError, ZeroDivisionError):  # nan, 1/0
        found = Fraction(0)
    if not 0 < found < 1:
        hint = "write 0.3 or 3/10, in 18 digits at most; or max, the dearer one, or first or second"
        raise BadSpelling(text, "is no probability between 0 and 1", hint)
    return found


def expect(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    p: Fraction | float | str,
    padding: Padding = "full",
    as_: str = "flops",
    **asked: Unpack[Asked],
) -> Expected:
    """Count what a model costs on average, where chance decides which function `torch.cond` runs.

    `p` is the probability of the first function, the same for every choice that values decide: 0.3,
    "3/10" or a Fraction. A choice within the function of another one is taken to be independent of
    it. The other arguments are those of `analyze`. Raises `BadSpelling` for what is no probability,
    `ModelError` where more than 4 choices stand within one another, or one of their functions runs
    a loop that values end.

    >>> import torch
    >>> def gate(x):
    ...     return torch.cond(x.sum() > 0, lambda x: x @ x, lambda x: x @ x @ x, (x,))
    >>> e = expect(gate, torch.zeros(4, 4), p=0.3, symbolic=())
    >>> e.forward.macs, e.forward.macs(), [way.result.forward.macs() for way in e.ways]
    (544/5, Fraction(544, 5), [64, 128])
    """
    chance = probability(p)
    if asked.get("cond", "max") != "max":
        raise BadSpelling("cond", "is left to chance here", "leave it out; analyze takes it")

    def count(taken: Taken, more: Asked) -> Result:
        how: Asked = {**asked, **more, "cond": taken}
        return analyze(model, *inputs, padding=padding, as_=as_, **how)

    for depth in range(1, DEEPEST + 1):
        try:
            found = _ways(count, list(product(("first", "second"), repeat=depth)), chance)
        except Deeper:
            continue
        return Expected(chance, chance.denominator**depth, tuple(found))
    hint = "ask for --cond first or second, or analyse the parts on either side"
    raise ModelError("torch.cond", f"stands within more than {DEEPEST} others", hint)


def _ways(count: Callable[[Taken, Asked], Result], every: list[Taken], p: Fraction) -> list[Way]:
    """Count each way, all in the same letters."""
    found = [count(taken, {}) for taken in every]
    common = _common(found)
    if any(set(r.dims) != set(common) for r in found):  # one of them has no formula in a letter
        found = [count(taken, {"symbolic": common}) for taken in every]
    return [Way(taken, _weight(p, taken), r) for taken, r in zip(every, found, strict=True)]


def _common(found: Iterable[Result]) -> tuple[str, ...]:
    """Give the letters that all have, in their order."""
    first, *others = (tuple(r.dims) for r in found)
    return tuple(name for name in first if all(name in dims for dims in others))


def _weight(p: Fraction, taken: Taken) -> int:
    """Say in how many of b**k cases k choices are taken so, for p = a/b."""
    firsts, seconds = taken.count("first"), taken.count("second")
    return p.numerator**firsts * (p.denominator - p.numerator) ** seconds
