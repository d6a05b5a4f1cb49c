"""Whether a polynomial is never negative, by its coefficients.

With every symbol written as its least value and a rest, s = n + t and t >= 0, a polynomial whose
coefficients are all positive or zero is not negative. That is sufficient, not necessary. As
`ceillog2(s) <= s`, a symbol whose logarithm occurs is written as that logarithm and a rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orderof.sym.expr import Call, Expr, Fn, symbol
from orderof.sym.functions import bounds, compute

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orderof.sym.expr import Atom


def positive(e: Expr, least: Mapping[str, int]) -> bool:
    """Whether e >= 0 is proved for all symbols from their least values on, 1 if there is none."""
    whole = _cleared(e)
    atoms = whole.atoms()
    shifts: dict[Atom, Expr] = {}
    for i, atom in enumerate(sorted(atoms, key=str)):
        if isinstance(atom, str):
            shifts[atom] = _rest(i) + least.get(atom, 1)
        else:
            low, _ = bounds(Expr({((atom, 1),): 1}))
            shifts[atom] = _rest(i) + max(low or 0, _depth(atom, least))
            if low is None or low < 0:
                return False
    for atom in atoms:
        if (name := log_of(atom)) is not None:
            low = least.get(name, 1) - compute(Fn.CEILLOG2, least.get(name, 1))
            shifts[name] = shifts[atom] + symbol(f"more_{name}") + max(low, 0)
    shifted = Expr.sum(
        Expr.prod([c, *(shifts[atom] ** n for atom, n in mono)]) for mono, c in whole.terms()
    )
    return all(c > 0 for _, c in shifted.terms())


def log_of(atom: Atom) -> str | None:
    """Name the symbol that an atom is the logarithm of."""
    if isinstance(atom, Call) and atom.fn is Fn.CEILLOG2:
        names = atom.args[0].symbols()
        (name,) = names if len(names) == 1 else (None,)
        if name is not None and atom.args[0] == symbol(name):
            return name
    return None


def _rest(i: int) -> Expr:
    return symbol(f"t_{i}")


def _depth(atom: Call, least: Mapping[str, int]) -> int:
    name = log_of(atom)
    return compute(Fn.CEILLOG2, least.get(name, 1)) if name else 0


def _cleared(e: Expr) -> Expr:
    """Multiply by what stands below: the sign stays."""
    below: dict[Atom, int] = {}
    for mono, _ in e.terms():
        for atom, n in mono:
            below[atom] = max(below.get(atom, 0), -n)
    return e * _power((atom, n) for atom, n in below.items() if n)


def _power(items: Iterable[tuple[Atom, int]]) -> Expr:
    return Expr.prod(Expr({((atom, n),): 1}) for atom, n in items)
