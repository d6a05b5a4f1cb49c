r"""Written mathematics as text, LaTeX and MathML.

To add a notation: one class with a method for each way of putting parts together.

>>> from orderof.written import Apply, Entry, Equal, Reduced
>>> from orderof.sym import symbols
>>> b, i, o = symbols("b i o")
>>> body = Apply("mul", (Entry("x", (b, i)), Entry("W_1", (o, i))), "*")
>>> w = Equal((Entry("y_1", (b, o)), Reduced("add", ("i",), body)))
>>> write(w, TEXT)
'y_1[b, o] = sum over i of x[b, i] * W_1[o, i]'
>>> write(w, LATEX)
'y_{1}[b, o] = \\sum_{i} x[b, i]\\,W_{1}[o, i]'
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Protocol, assert_never

from orderof.sym import Expr, symbol
from orderof.sym.show import factored, latex, mathml
from orderof.written import Apply, Entry, Equal, Product, Reduced, Total, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.written import Written

_SUM, _PRODUCT, _ATOM = 1, 2, 4
_INFIX = {"add": _SUM, "sub": _SUM, "mul": _PRODUCT}
_TESTS = {"gt": ">", "ge": ">=", "eq": "=", "ne": "!=", "and": "and", "or": "or"}


class _Notation(Protocol):
    """How each part is written; every answer is one piece."""

    bars: bool
    """Whether a fraction is written with a bar, which needs no brackets."""

    def formula(self, e: Expr) -> str: ...
    def strength(self, e: Expr) -> int: ...
    def word(self, text: str) -> str: ...
    def entry(self, name: str, index: Sequence[str]) -> str: ...
    def infix(self, sign: str, left: str, right: str) -> str: ...
    def call(self, fn: str, args: Sequence[str]) -> str: ...
    def fraction(self, above: str, below: str) -> str: ...
    def choice(self, test: str, yes: str, no: str) -> str: ...
    def reduced(self, fn: str, over: Sequence[str], body: str) -> str: ...
    def product(self, factors: Sequence[str]) -> str: ...
    def total(self, terms: Sequence[tuple[str, str]]) -> str: ...
    def equal(self, sides: Sequence[str]) -> str: ...
    def bracket(self, body: str) -> str: ...


def write(w: Written, to: _Notation) -> str:
    """Write mathematics in a notation."""
    return _write(w, to)[0]


def _write(w: Written, to: _Notation) -> tuple[str, int]:
    """Give the text and how strongly its parts hold together."""
    match w:
        case Expr():
            return to.formula(w), to.strength(w)
        case Word(text):
            return to.word(text), _SUM if text.startswith("-") else _ATOM
        case Entry(name, index):
            return to.entry(name, [to.formula(i) for i in index]), _ATOM
        case Apply():
            return _apply(w, to)
        case Reduced(fn, over, body):
            return to.reduced(fn, over, _held(body, _PRODUCT, to)), _SUM
        case Product(factors):
            return to.product([_held(f, _PRODUCT, to) for f in factors]), _PRODUCT
        case Total(terms):
            return to.total([_signed(t, to) for t in terms]), _SUM
        case Equal(sides):
            return to.equal([write(s, to) for s in sides]), 0
        case _:
            assert_never(w)


def strength(e: Expr) -> int:
    """How strongly the terms of a formula hold together as they stand."""
    terms = list(e.terms())
    if len(terms) != 1:
        return _SUM if terms else _ATOM
    ((mono, c),) = terms
    return _SUM if c < 0 else _ATOM if not mono or (c == 1 and len(mono) == 1) else _PRODUCT


def _held(w: Written, least: int, to: _Notation) -> str:
    """Write a part, in brackets where it would fall apart."""
    text, strength = _write(w, to)
    return text if strength >= least else to.bracket(text)


def _signed(t: Written, to: _Notation) -> tuple[str, str]:
    """Split a term into its sign and the rest."""
    if isinstance(t, Expr) and len(terms := list(t.terms())) == 1 and terms[0][1] < 0:
        return "-", to.formula(-t)
    if isinstance(t, Product) and t.factors[0] == -1:
        return "-", to.product([_held(f, _PRODUCT, to) for f in t.factors[1:]])
    text, holds = _write(t, to)
    return "+", text if holds > _SUM else to.bracket(text)


def _apply(w: Apply, to: _Notation) -> tuple[str, int]:
    args = w.args
    match w.fn, args:
        case ("add" | "sub" | "mul") as fn, (a, b):
            own = _INFIX[fn]
            return to.infix(w.infix, _held(a, own, to), _held(b, own + 1, to)), own
        case "div", (a, b):
            above, below = (0, 0) if to.bars else (_PRODUCT, _ATOM)
            return to.fraction(_held(a, above, to), _held(b, below, to)), _PRODUCT
        case "neg", (a,):
            return to.infix("-", "", _held(a, _PRODUCT, to)), _SUM
        case "select", (c, a, b):
            return to.choice(*(write(x, to) for x in (c, a, b))), 0
        case "causal", (s, t, a, b):
            test = to.infix("<=", write(t, to), write(s, to))
            return to.choice(test, write(a, to), write(b, to)), 0
        case fn, (a, b) if fn in _TESTS:
            return to.infix(_TESTS[fn], _held(a, _SUM, to), _held(b, _SUM, to)), 0
        case fn, _:
            return to.call(fn, [write(a, to) for a in args]), _ATOM


def unlike(sides: Sequence[str], blank: str) -> list[str]:
    """Leave out sides that differ in blanks alone, which are no step."""
    return list({s.replace(blank, ""): s for s in sides}.values())


class _Text:
    """Plain text, as one types it."""

    bars = False

    def formula(self, e: Expr) -> str:
        return factored(e)

    def strength(self, e: Expr) -> int:
        text = factored(e)
        return _PRODUCT if text != str(e) and not text.startswith("-") else strength(e)

    def word(self, text: str) -> str:
        return text

    def entry(self, name: str, index: Sequence[str]) -> str:
        return f"{name}[{', '.join(index)}]" if index else name

    def infix(self, sign: str, left: str, right: str) -> str:
        return f"{left} {sign} {right}" if left else f"{sign}{right}"

    def call(self, fn: str, args: Sequence[str]) -> str:
        return f"{fn}({', '.join(args)})"

    def fraction(self, above: str, below: str) -> str:
        return f"{above} / {below}"

    def choice(self, test: str, yes: str, no: str) -> str:
        return f"{yes} if {test} else {no}"

    def reduced(self, fn: str, over: Sequence[str], body: str) -> str:
        name = {"add": "sum", "max": "maximum"}[fn]
        return f"{name} over {', '.join(over)} of {body}" if over else f"{name} of all {body}"

    def product(self, factors: Sequence[str]) -> str:
        return " * ".join(factors)

    def total(self, terms: Sequence[tuple[str, str]]) -> str:
        (sign, first), *rest = terms
        return sign.strip("+") + first + "".join(f" {s} {t}" for s, t in rest)

    def equal(self, sides: Sequence[str]) -> str:
        return " = ".join(unlike(sides, " "))

    def bracket(self, body: str) -> str:
        return f"({body})"


_SIGNS = {"*": r"\,", ">=": r" \geq ", "<=": r" \leq ", "!=": r" \neq ",
          "and": r" \wedge ", "or": r" \vee "}  # fmt: skip
_KNOWN = {"exp", "log", "max", "min", "sin", "cos", "tanh", "Theta"}


class _Latex:
    """LaTeX for mathematics mode, with amsmath."""

    bars = True

    def formula(self, e: Expr) -> str:
        return latex(e)

    def strength(self, e: Expr) -> int:
        return strength(e)

    def word(self, text: str) -> str:
        number, e, power = text.partition("e")
        return rf"{number} \cdot 10^{{{int(power)}}}" if e and power else text

    def entry(self, name: str, index: Sequence[str]) -> str:
        return latex(symbol(name)) + (f"[{', '.join(index)}]" if index else "")

    def infix(self, sign: str, left: str, right: str) -> str:
        return f"{left}{_SIGNS.get(sign, f' {sign} ' if left else sign)}{right}"

    def call(self, fn: str, args: Sequence[str]) -> str:
        if fn == "sqrt":
            return rf"\sqrt{{{args[0]}}}"
        if fn == "pow":
            return f"{{{self.bracket(args[0])}}}^{{{args[1]}}}"
        name = rf"\{fn}" if fn in _KNOWN else rf"\operatorname{{{fn}}}"
        return name + self.bracket(", ".join(args))

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def choice(self, test: str, yes: str, no: str) -> str:
        rows = rf"{yes} & \text{{if }} {test} \\ {no} & \text{{else}}"
        return rf"\begin{{cases}} {rows} \end{{cases}}"

    def reduced(self, fn: str, over: Sequence[str], body: str) -> str:
        below = f"_{{{','.join(over)}}}" if over else ""
        sign = r"\sum" if fn == "add" else r"\max"
        return f"{sign}{below} {body}"

    def product(self, factors: Sequence[str]) -> str:
        return r" \cdot ".join(factors)

    def total(self, terms: Sequence[tuple[str, str]]) -> str:
        return TEXT.total(terms)

    def equal(self, sides: Sequence[str]) -> str:
        return " = ".join(unlike([s.replace(r" \cdot ", r"\,") for s in sides], " "))

    def bracket(self, body: str) -> str:
        return f"({body})"  # of no special height, so that a line can end inside


class _MathML:
    """Parts of a `<math>` element of MathML Core."""

    bars = True

    def formula(self, e: Expr) -> str:
        return mathml(e).partition(">")[2].removesuffix("</math>")

    def strength(self, e: Expr) -> int:
        return strength(e)

    def word(self, text: str) -> str:
        number, e, power = text.partition("e")
        if e and power:
            ten = f"<msup><mn>10</mn><mn>{int(power)}</mn></msup>"
            return f"<mrow><mn>{number}</mn><mo>·</mo>{ten}</mrow>"
        return f"<mn>{html.escape(text)}</mn>"

    def entry(self, name: str, index: Sequence[str]) -> str:
        head = self.formula(symbol(name))
        inside = "<mo>,</mo>".join(index)
        return f"<mrow>{head}<mo>[</mo>{inside}<mo>]</mo></mrow>" if index else head

    def infix(self, sign: str, left: str, right: str) -> str:
        shown = {"*": "\u2062", "-": "−", ">=": "≥", "<=": "≤", "!=": "≠"}.get(sign, sign)
        return f"<mrow>{left}<mo>{html.escape(shown)}</mo>{right}</mrow>"

    def call(self, fn: str, args: Sequence[str]) -> str:
        if fn == "sqrt":
            return f"<msqrt>{args[0]}</msqrt>"
        if fn == "pow":
            return f"<msup>{self.bracket(args[0])}{args[1]}</msup>"
        return f"<mrow><mi>{fn}</mi>{self.bracket('<mo>,</mo>'.join(args))}</mrow>"

    def fraction(self, above: str, below: str) -> str:
        return f"<mfrac>{above}{below}</mfrac>"

    def choice(self, test: str, yes: str, no: str) -> str:
        return f"<mrow>{yes}<mtext> if </mtext>{test}<mtext>, else </mtext>{no}</mrow>"

    def reduced(self, fn: str, over: Sequence[str], body: str) -> str:
        sign = "<mo>∑</mo>" if fn == "add" else "<mo>max</mo>"
        letters = "<mo>,</mo>".join(self.formula(symbol(x)) for x in over)
        under = f"<munder>{sign}<mrow>{letters}</mrow></munder>" if over else sign
        return f"<mrow>{under}{body}</mrow>"

    def product(self, factors: Sequence[str]) -> str:
        return f"<mrow>{'<mo>·</mo>'.join(factors)}</mrow>"

    def total(self, terms: Sequence[tuple[str, str]]) -> str:
        (sign, first), *rest = terms
        start = "<mo>−</mo>" if sign == "-" else ""
        more = (f"<mo>{'−' if s == '-' else '+'}</mo>{t}" for s, t in rest)
        return f"<mrow>{start}{first}{''.join(more)}</mrow>"

    def equal(self, sides: Sequence[str]) -> str:
        return f"<mrow>{'<mo>=</mo>'.join(unlike(sides, ''))}</mrow>"

    def bracket(self, body: str) -> str:
        return f"<mrow><mo>(</mo>{body}<mo>)</mo></mrow>"


TEXT = _Text()
LATEX = _Latex()
MATHML = _MathML()
