"""Symbolic non-negative integer sizes: a frozen, canonical sum of terms with integer coefficients.

    Expr  = sum of  coefficient * monomial
    Mono  = product of atom ** exponent, sorted;  a negative exponent is an exact quotient
    Atom  = a symbol (str), or a Call of one of the six functions in `Fn`

Two equal Exprs hold equal dictionaries, so `==` and `hash` are structural. Every symbol is an
integer >= 1. `d / h` is the exact quotient: it assumes that h divides d, the assumption can be
read off the negative exponent (`assumptions`), and evaluation raises where it does not hold. It is
made for each term by itself: `(d + e) / h` assumes that h divides d and that h divides e.

>>> B, S = symbols("B S")
>>> str((B + 1) * (B + S))
'B**2 + B*S + B + S'
>>> (2 * B * S).at(B=3, S=5)
30
"""

from __future__ import annotations

import functools
import keyword
from enum import StrEnum
from operator import index
from typing import TYPE_CHECKING, TypeAlias

from orderof.errors import Indivisible, UnknownDim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Fn(StrEnum):
    """The functions an atom may apply.

    `CEILLOG2` is the depth of a balanced binary tree, `CEILPOW2` how many leaves it has room for.
    """

    CEILDIV = "ceildiv"
    FLOORDIV = "floordiv"
    MOD = "mod"
    MIN = "min"
    MAX = "max"
    CEILLOG2 = "ceillog2"
    CEILPOW2 = "ceilpow2"


class Call:
    """An opaque atom: a function applied to Exprs. Built by `sym.functions` only, which folds.

    In a monomial it stands behind all symbols, in alphabetical order with other calls.
    """

    __slots__ = ("_hash", "args", "fn", "text")

    def __init__(self, fn: Fn, args: tuple[Expr, ...]) -> None:
        self.fn = fn
        self.args = args
        self.text = f"{fn}({', '.join(map(str, args))})"
        self._hash = hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self.text == other.text

    def __hash__(self) -> int:
        return self._hash

    def __lt__(self, other: Atom) -> bool:
        return isinstance(other, Call) and self.text < other.text

    def __gt__(self, other: Atom) -> bool:
        return isinstance(other, str) or self.text > other.text

    def __reduce__(self) -> tuple[type[Call], tuple[Fn, tuple[Expr, ...]]]:
        return Call, (self.fn, self.args)  # the hash of a text holds in one process only

    def __repr__(self) -> str:
        return self.text


Atom: TypeAlias = str | Call
Mono: TypeAlias = tuple[tuple[Atom, int], ...]
Terms: TypeAlias = dict[Mono, int]


def _times(a: Mono, b: Mono) -> Mono:
    if not a or not b:
        return a or b
    powers = dict(a)
    for atom, n in b:
        powers[atom] = powers.get(atom, 0) + n
    if 0 in powers.values():
        powers = {atom: n for atom, n in powers.items() if n}
    return tuple(sorted(powers.items()))


class Expr:
    """A symbolic integer. Immutable; build it from `symbols` and integers with `+ - * / **`."""

    __slots__ = ("_hash", "_terms", "value")

    _terms: Terms
    value: int | None
    """The integer that this Expr is, or None when it has symbols."""

    def __init__(self, terms: Terms) -> None:
        """Keep `terms`, which must be canonical (no zero coefficient) and is not copied."""
        self._terms = terms
        self._hash: int | None = None
        if not terms:
            self.value = 0
        else:
            self.value = terms.get(()) if len(terms) == 1 else None

    @staticmethod
    def sum(items: Iterable[Expr | int]) -> Expr:
        """Add many at once, linear in the number of terms."""
        total: Terms = {}
        number = 0
        for item in items:
            if isinstance(item, int):
                number += item
            elif item.value is not None:
                number += item.value
            else:
                for mono, c in item._terms.items():
                    total[mono] = total.get(mono, 0) + c
        if number:
            total[()] = total.get((), 0) + number
        return _canonical(total)

    @staticmethod
    def prod(items: Iterable[Expr | int]) -> Expr:
        """Multiply many at once."""
        out = ONE
        for item in items:
            out = out * item
        return out

    def terms(self) -> Iterator[tuple[Mono, int]]:
        """(monomial, coefficient) pairs in the order in which they are printed."""
        return iter(sorted(self._terms.items(), key=_print_order))

    def atoms(self) -> set[Atom]:
        """Every symbol and call that stands at the top level of a monomial."""
        return {atom for mono in self._terms for atom, _ in mono}

    def symbols(self) -> frozenset[str]:
        """Every symbol, also inside calls."""
        return _symbols(self)

    def degree(self, symbol: str) -> int:
        """The highest exponent of a symbol at the top level."""
        return max((n for mono in self._terms for a, n in mono if a == symbol), default=0)

    def __add__(self, other: Expr | int) -> Expr:
        return Expr.sum((self, other))

    __radd__ = __add__

    def __neg__(self) -> Expr:
        return self * -1

    def __sub__(self, other: Expr | int) -> Expr:
        return Expr.sum((self, -other))

    def __rsub__(self, other: int) -> Expr:
        return Expr.sum((other, self * -1))

    def __mul__(self, other: Expr | int) -> Expr:
        if isinstance(other, Expr):
            if other.value is None:
                if self.value is None:
                    return _product(self._terms, other._terms)
                return other * self.value
            other = other.value
        if not hasattr(other, "__index__"):  # a float is refused, Counts multiply themselves
            return NotImplemented
        factor = index(other)
        if self.value is not None:
            return const(self.value * factor)
        if factor == 1:
            return self
        return Expr({m: c * factor for m, c in self._terms.items()}) if factor else ZERO

    __rmul__ = __mul__

    def __pow__(self, n: int) -> Expr:
        n = index(n)  # a float is refused
        if n < 0:
            return ONE / self**-n
        if n and len(self._terms) == 1:
            ((mono, c),) = self._terms.items()
            return Expr({tuple((atom, k * n) for atom, k in mono): c**n})
        return Expr.prod([self] * n)

    def __truediv__(self, other: Expr | int) -> Expr:
        """Give the exact quotient by a monomial; raises `Indivisible` for a sum, 0 or a rest."""
        if other == 1:
            return self
        divisor = expr(other)
        if len(divisor._terms) != 1:
            raise Indivisible(str(self), f"cannot be divided exactly by {divisor}")
        ((mono, c),) = divisor._terms.items()
        if any(v % c for v in self._terms.values()):
            raise Indivisible(str(self), f"is not a multiple of {divisor}")
        inverse = tuple((a, -n) for a, n in mono)
        return _product({m: v // c for m, v in self._terms.items()}, {inverse: 1})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Expr):
            return self is other or self._terms == other._terms
        return self.value == other if isinstance(other, int) else NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            number = self.value
            self._hash = hash(frozenset(self._terms.items()) if number is None else number)
        return self._hash

    def __bool__(self) -> bool:
        """Whether it is anything else than the integer 0."""
        return bool(self._terms)

    def subs(self, env: Mapping[str, Expr | int]) -> Expr:
        """Put Exprs or integers for symbols, all at once; calls fold where they can."""
        if self.value is not None or not self.symbols() & env.keys():
            return self
        return Expr.sum(_substitute(mono, c, env) for mono, c in self._terms.items())

    def at(self, env: Mapping[str, int] | None = None, **dims: int) -> int:
        """Evaluate to an int; raises `UnknownDim` or, where a term has a rest, `Indivisible`."""
        if self.value is not None:
            return self.value
        sizes = env or {}
        if dims:
            sizes = {**sizes, **dims}
        return sum(_evaluate(mono, c, sizes) for mono, c in self._terms.items())

    def __str__(self) -> str:
        from orderof.sym.text import text

        return text(self)

    def __repr__(self) -> str:
        return f"Expr({self})"

    def __reduce__(self) -> tuple[type[Expr], tuple[Terms]]:
        return Expr, (self._terms,)  # without the hash, as in Call


def _print_order(term: tuple[Mono, int]) -> tuple[int, list[tuple[Atom, int]]]:
    """Highest total degree first, then alphabetical with high powers first."""
    mono, _ = term
    return -sum(n for _, n in mono), [(atom, -n) for atom, n in mono]


def _canonical(terms: Terms) -> Expr:
    if 0 in terms.values():
        terms = {m: c for m, c in terms.items() if c}
    return Expr(terms)


def _product(a: Terms, b: Terms) -> Expr:
    out: Terms = {}
    for m, c in a.items():
        for n, e in b.items():
            mono = _times(m, n)
            out[mono] = out.get(mono, 0) + c * e
    return _canonical(out)


def _substitute(mono: Mono, c: int, env: Mapping[str, Expr | int]) -> Expr:
    """Put sizes into one term; divide last, so that 6 / h is divided and not d / h for d = 6."""
    from orderof.sym.functions import apply

    kept: list[tuple[Atom, int]] = []
    above, below = ONE, ONE
    for atom, n in mono:
        if isinstance(atom, str):
            if atom not in env:
                kept.append((atom, n))
                continue
            base = expr(env[atom])
        else:
            base = apply(atom.fn, *(a.subs(env) for a in atom.args))
        if n > 0:
            above = above * base**n
        else:
            below = below * base**-n
    return Expr({tuple(kept): c}) * above / below


def _evaluate(mono: Mono, c: int, env: Mapping[str, int]) -> int:
    up, down = c, 1
    for atom, n in mono:
        value = _value(atom, env)
        if n > 0:
            up *= value**n
        else:
            down *= value**-n
    if down == 1:
        return up
    if down == 0 or up % down:
        term = Expr({mono: c})
        sizes = ", ".join(f"{k}={env[k]}" for k in sorted(term.symbols()))
        raise Indivisible(str(term), f"is not an integer at {sizes}")
    return up // down


def _value(atom: Atom, env: Mapping[str, int]) -> int:
    if isinstance(atom, str):
        try:
            return env[atom]
        except KeyError:
            hint = f"give it a value, as in -d {atom}=8"
            raise UnknownDim(atom, "has no value", hint) from None
    from orderof.sym.functions import compute

    return compute(atom.fn, *(a.at(env) for a in atom.args))


@functools.lru_cache(maxsize=1 << 14)
def _symbols(e: Expr) -> frozenset[str]:
    found: set[str] = set()
    for atom in e.atoms():
        if isinstance(atom, str):
            found.add(atom)
        else:
            found.update(*(a.symbols() for a in atom.args))
    return frozenset(found)


@functools.lru_cache(maxsize=1 << 14)
def const(n: int) -> Expr:
    """Give the Expr of an integer."""
    return Expr({(): index(n)} if n else {})


ZERO = const(0)
ONE = const(1)


@functools.lru_cache(maxsize=1 << 12)
def symbol(name: str) -> Expr:
    """Give the Expr of one symbol; a name is a Python identifier and stands for an integer >= 1."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UnknownDim(name, "is not a name for a size", "use letters, digits and _")
    return Expr({((name, 1),): 1})


def symbols(names: str) -> tuple[Expr, ...]:
    """Split a text at white space into symbols."""
    return tuple(symbol(n) for n in names.split())


def expr(value: Expr | int) -> Expr:
    """Take an int or an Expr as an Expr."""
    return value if isinstance(value, Expr) else const(value)


@functools.lru_cache(maxsize=1 << 14)
def call(fn: Fn, *args: Expr) -> Expr:
    """Make the atom of a function call, without folding; `sym.functions` is the public door."""
    return Expr({((Call(fn, args), 1),): 1})
