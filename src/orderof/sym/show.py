r"""An Expr for people: as LaTeX, as MathML, and as text with the common factor in front.

>>> from orderof.sym.text import parse
>>> e = parse("24*B*L*S*d**2 + 4*B*L*S**2*d + 2*B*S*V*d")
>>> factored(e)
'2*B*S*d*(2*L*S + 12*L*d + V)'
>>> latex(parse("2*n_head*ceildiv(S, 2)**2 + d/h"))
'2\\,n_{\\text{head}}\\,\\left\\lceil \\frac{S}{2} \\right\\rceil^{2} + \\frac{d}{h}'
"""

from __future__ import annotations

import html
import math
from typing import ClassVar, Protocol, assert_never

from orderof.sym.expr import Atom, Call, Expr, Fn, Mono


def factored(e: Expr) -> str:
    """Print e with what all its terms share in front of a bracket, where that is shorter.

    `parse` reads it back as the same Expr.
    """
    plain = str(e)
    if e.value is not None:
        return plain
    above, below = _common(e)
    front = {1: "", -1: "-"}.get(above.value or 0, f"{above}*")
    behind = str(below).removeprefix("1")  # below is 1 or 1/h/k
    return min(plain, f"{front}({e / above / below}){behind}", key=len)


def _common(e: Expr) -> tuple[Expr, Expr]:
    """Give the greatest factor that all terms share: integer and powers, and quotients."""
    terms = list(e.terms())
    powers = [dict(mono) for mono, _ in terms]
    number = math.gcd(*(c for _, c in terms))
    above: list[tuple[Atom, int]] = []
    below: list[tuple[Atom, int]] = []
    for atom in powers[0]:
        exponents = [p.get(atom, 0) for p in powers]
        if min(exponents) > 0:
            above.append((atom, min(exponents)))
        elif max(exponents) < 0:
            below.append((atom, max(exponents)))
    sign = -1 if terms[0][1] < 0 else 1
    return Expr({tuple(above): sign * number}), Expr({tuple(below): 1})


def latex(e: Expr) -> str:
    """Print as LaTeX for mathematics mode, with terms in the order of `Expr.terms`."""
    return _sum(e, _Latex())


def mathml(e: Expr) -> str:
    """Print as a `<math>` element of MathML Core, labelled with the plain text."""
    return f'<math aria-label="{html.escape(str(e))}">{_sum(e, _MathML())}</math>'


class _Notation(Protocol):
    """How each part of a formula is written; every answer is one element, which may be a row."""

    def number(self, n: int) -> str: ...
    def symbol(self, name: str) -> str: ...
    def power(self, base: str, n: str) -> str: ...
    def product(self, factors: list[str]) -> str: ...
    def fraction(self, above: str, below: str) -> str: ...
    def total(self, terms: list[tuple[str, str]]) -> str: ...
    def bracket(self, kind: str, body: str) -> str: ...
    def modulo(self, a: str, b: str) -> str: ...
    def extreme(self, name: str, args: list[str]) -> str: ...
    def log2(self, body: str) -> str: ...


def _sum(e: Expr, to: _Notation) -> str:
    if not e:
        return to.number(0)
    return to.total([("-" if c < 0 else "+", _term(m, abs(c), to)) for m, c in e.terms()])


def _term(mono: Mono, c: int, to: _Notation) -> str:
    above = [_power(a, n, to) for a, n in mono if n > 0]
    below = [_power(a, -n, to) for a, n in mono if n < 0]
    if c != 1 or not above:
        above.insert(0, to.number(c))
    top = to.product(above)
    return to.fraction(top, to.product(below)) if below else top


def _power(atom: Atom, n: int, to: _Notation) -> str:
    base = _atom(atom, to)
    if n == 1:
        return base
    raised = isinstance(atom, Call) and atom.fn is Fn.CEILPOW2
    return to.power(to.bracket("round", base) if raised else base, to.number(n))


def _atom(atom: Atom, to: _Notation) -> str:
    if isinstance(atom, str):
        return to.symbol(atom)
    match atom.fn:
        case Fn.CEILDIV:
            return to.bracket("ceil", to.fraction(*(_sum(a, to) for a in atom.args)))
        case Fn.FLOORDIV:
            return to.bracket("floor", to.fraction(*(_sum(a, to) for a in atom.args)))
        case Fn.MOD:
            return to.bracket("round", to.modulo(*(_operand(a, to) for a in atom.args)))
        case Fn.MIN | Fn.MAX:
            return to.extreme(atom.fn, [_sum(a, to) for a in atom.args])
        case Fn.CEILLOG2:
            return to.bracket("ceil", to.log2(_operand(atom.args[0], to)))
        case Fn.CEILPOW2:
            depth = to.bracket("ceil", to.log2(_operand(atom.args[0], to)))
            return to.power(to.number(2), depth)
        case _:
            assert_never(atom.fn)


def _operand(e: Expr, to: _Notation) -> str:
    """Write e in brackets, unless it is one symbol, one call or one number without a sign."""
    match list(e.terms()):
        case [] | [(((_, 1),), 1)]:
            return _sum(e, to)
        case [((), n)] if n > 0:
            return _sum(e, to)
        case _:
            return to.bracket("round", _sum(e, to))


def _parts(name: str) -> tuple[str, list[str]]:
    """Split a name into base and subscripts: n_head into n and head, n0 into n and 0.

    `_x` stays whole.
    """
    if len(name) > 1 and name[0].isalpha() and name[1:].isdecimal():
        return name[0], [name[1:]]
    base, *subscripts = name.split("_")
    return (base, subscripts) if base and all(subscripts) else (name, [])


class _Latex:
    _BRACKETS: ClassVar = {
        "ceil": (r"\left\lceil ", r" \right\rceil"),
        "floor": (r"\left\lfloor ", r" \right\rfloor"),
        "round": (r"\left(", r"\right)"),
    }

    def number(self, n: int) -> str:
        return str(n)

    def symbol(self, name: str) -> str:
        base, subscripts = _parts(name)
        if len(base) > 1:
            base = r"\mathit{" + base.replace("_", r"\_") + "}"
        words = [s if len(s) == 1 or s.isdecimal() else rf"\text{{{s}}}" for s in subscripts]
        return f"{base}_{{{','.join(words)}}}" if words else base

    def power(self, base: str, n: str) -> str:
        return f"{base}^{{{n}}}"

    def product(self, factors: list[str]) -> str:
        return r"\,".join(factors)

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def total(self, terms: list[tuple[str, str]]) -> str:
        (sign, first), *rest = terms
        return sign.strip("+") + first + "".join(f" {sign} {term}" for sign, term in rest)

    def bracket(self, kind: str, body: str) -> str:
        left, right = self._BRACKETS[kind]
        return left + body + right

    def modulo(self, a: str, b: str) -> str:
        return rf"{a} \bmod {b}"

    def extreme(self, name: str, args: list[str]) -> str:
        return rf"\{name}" + self.bracket("round", ", ".join(args))

    def log2(self, body: str) -> str:
        return rf"\log_2 {body}"


class _MathML:
    _BRACKETS: ClassVar = {"ceil": "⌈⌉", "floor": "⌊⌋", "round": "()"}
    _TIMES = '<mo rspace="0.17em">\u2062</mo>'  # invisible, with a thin space behind
    _APPLY = "<mo>\u2061</mo>"

    def number(self, n: int) -> str:
        return f"<mn>{n}</mn>"

    def symbol(self, name: str) -> str:
        base, subscripts = _parts(name)
        words = [f"<mn>{s}</mn>" if s.isdecimal() else f"<mi>{s}</mi>" for s in subscripts]
        letter = f"<mi>{base}</mi>"
        return f"<msub>{letter}{self._row(words, '<mo>,</mo>')}</msub>" if words else letter

    def power(self, base: str, n: str) -> str:
        return f"<msup>{base}{n}</msup>"

    def product(self, factors: list[str]) -> str:
        return self._row(factors, self._TIMES)

    def fraction(self, above: str, below: str) -> str:
        return f"<mfrac>{above}{below}</mfrac>"

    def total(self, terms: list[tuple[str, str]]) -> str:
        parts: list[str] = []
        for sign, term in terms:
            if parts or sign == "-":
                parts.append(f"<mo>{'−' if sign == '-' else '+'}</mo>")
            parts.append(term)
        return self._row(parts)

    def bracket(self, kind: str, body: str) -> str:
        left, right = self._BRACKETS[kind]
        return self._row([f"<mo>{left}</mo>", body, f"<mo>{right}</mo>"])

    def modulo(self, a: str, b: str) -> str:
        return self._row([a, "<mo>mod</mo>", b])

    def extreme(self, name: str, args: list[str]) -> str:
        listed = self._row(args, "<mo>,</mo>")
        return self._row([f"<mi>{name}</mi>", self._APPLY, self.bracket("round", listed)])

    def log2(self, body: str) -> str:
        return self._row(["<msub><mi>log</mi><mn>2</mn></msub>", self._APPLY, body])

    def _row(self, parts: list[str], between: str = "") -> str:
        return parts[0] if len(parts) == 1 else f"<mrow>{between.join(parts)}</mrow>"
