#!/usr/bin/env python
"""How fast sizes are, against SymPy and against plain dictionaries that do nothing else.

    python bench/sym.py

Monomials are products of powers of five letters. The plain dictionary maps a tuple of exponents to
a coefficient, and knows neither quotients nor calls. All three give the same values, or this fails.
Each time is the best of some rounds; SymPy has one.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from operator import add
from time import perf_counter

import sympy

from orderof.sym import Expr, symbol
from orderof.sym.bridge import to_sympy

LETTERS = "BSdhL"
AT = dict(zip(LETTERS, (2, 3, 5, 7, 11), strict=True))
Plain = dict[tuple[int, ...], int]
Case = tuple[str, Callable[[], object], Callable[[], object], Callable[[], object]]


def monomials(n: int, degree: int, seed: int = 0) -> list[tuple[tuple[int, ...], int]]:
    """Give n random monomials: exponents up to `degree` and a coefficient."""
    rng = random.Random(seed)  # noqa: S311 - no secret hangs on it
    return [(tuple(rng.randint(0, degree) for _ in LETTERS), rng.randint(1, 9)) for _ in range(n)]


def to_expr(powers: tuple[int, ...], c: int) -> Expr:
    """Give the Expr of a monomial."""
    return c * Expr.prod(symbol(x) ** k for x, k in zip(LETTERS, powers, strict=True))


def plain_sum(items: list[tuple[tuple[int, ...], int]]) -> Plain:
    """Add monomials."""
    total: Plain = {}
    for powers, c in items:
        total[powers] = total.get(powers, 0) + c
    return total


def plain_product(a: Plain, b: Plain) -> Plain:
    """Multiply two sums."""
    total: Plain = {}
    for p, c in a.items():
        for q, e in b.items():
            powers = tuple(map(add, p, q))
            total[powers] = total.get(powers, 0) + c * e
    return total


def plain_subs(a: Plain) -> Plain:
    """Put S + 1 for B, the first letter."""
    out: Plain = {}
    for (b, s, *rest), c in a.items():
        power: Plain = {(0,) * len(LETTERS): 1}
        for _ in range(b):
            power = plain_product(power, {(0, 1, 0, 0, 0): 1, (0, 0, 0, 0, 0): 1})
        for powers, e in plain_product(power, {(0, s, *rest): c}).items():
            out[powers] = out.get(powers, 0) + e
    return out


def plain_at(a: Plain) -> int:
    """Evaluate at AT."""
    total = 0
    for powers, c in a.items():
        for value, k in zip(AT.values(), powers, strict=True):
            c *= value**k  # noqa: PLW2901 - the running product
        total += c
    return total


def best(run: Callable[[], object], rounds: int) -> tuple[float, object]:
    """Give the least time of some rounds in seconds, and the answer."""
    least, answer = float("inf"), None
    for _ in range(rounds):
        start = perf_counter()
        answer = run()
        least = min(least, perf_counter() - start)
    return least, answer


def value(answer: object) -> int:
    """Give the integer that an answer of any of the three is at AT."""
    if isinstance(answer, Expr):
        return answer.at(AT)
    if isinstance(answer, dict):
        return plain_at(answer)
    if isinstance(answer, sympy.Expr):
        return int(answer.xreplace({s: sympy.Integer(AT[str(s)]) for s in answer.free_symbols}))
    return int(str(answer))


def sum_case(title: str, n: int, degree: int) -> Case:
    """Add many monomials."""
    items = monomials(n, degree)
    exprs = [to_expr(*m) for m in items]
    formulas = [to_sympy(e) for e in exprs]
    return (
        title,
        lambda: Expr.sum(exprs),
        lambda: plain_sum(items),
        lambda: sympy.Add(*formulas),
    )


def cases() -> list[Case]:
    """Give what is timed: a title, and the same work for Expr, dictionary and SymPy."""
    one, two = monomials(150, 6), monomials(150, 6, seed=1)
    p, q = plain_sum(one), plain_sum(two)
    a, b = (Expr.sum(to_expr(*m) for m in x) for x in (one, two))
    f, g = to_sympy(a), to_sympy(b)
    symbols = {str(s): s for s in f.free_symbols}
    image = {symbols["B"]: symbols["S"] + 1}
    numbers = {s: AT[name] for name, s in symbols.items()}
    return [
        sum_case("sum of 100,000 monomials, most alike", 100_000, 2),
        sum_case("sum of 100,000 monomials, most distinct", 100_000, 12),
        (
            "product of sums of 150",
            lambda: a * b,
            lambda: plain_product(p, q),
            lambda: sympy.expand(f * g),
        ),
        (
            "S + 1 for B in a sum of 150",
            lambda: a.subs({"B": symbol("S") + 1}),
            lambda: plain_subs(p),
            lambda: sympy.expand(f.subs(image)),
        ),
        ("value of a sum of 150", lambda: a.at(AT), lambda: plain_at(p), lambda: f.subs(numbers)),
    ]


def main() -> None:
    """Print one line for each case: milliseconds, and how many times those of Expr."""
    write = sys.stdout.write
    head = ("", "Expr", "dict", "SymPy", "Expr/dict", "SymPy/Expr")
    line = "{:42}{:>12}{:>12}{:>12}{:>11}{:>12}\n"
    write(line.format(*head))
    for title, *runs in cases():
        timed = [best(run, rounds) for run, rounds in zip(runs, (5, 5, 1), strict=True)]
        if len({value(answer) for _, answer in timed}) > 1:
            raise SystemExit(f"{title}: the answers differ")
        ours, plain, theirs = (seconds for seconds, _ in timed)
        ms = [f"{seconds * 1e3:.2f} ms" for seconds in (ours, plain, theirs)]
        write(line.format(title, *ms, f"{ours / plain:.1f}", f"{theirs / ours:.0f}"))


if __name__ == "__main__":
    main()
