"""A formula from a black box: asked at some sizes, solved for, proved at others.

1. Along each letter, with the others held, a count is a sum of few powers. They are found from two
   points more than there are terms (`factors`).
2. What stands along the letters is multiplied out, and the coefficients are solved for (`model`).
3. The formula must give what the box gives at points that took no part: where it was asked for, at
   the smallest sizes, and at some drawn at random.
4. Where it does not, the letter to blame is looked at closely: steps, a cut, or multiples only
   (`pieces`). Where nothing fits, `NoFormula` is raised, with the values. No formula is given that
   fails at a point that was asked and that it is said to hold for.

>>> found = interpolate(lambda n: 4 * n["L"] * n["d"] ** 2 + n["d"] // n["h"], L=3, d=96, h=8)
>>> found.formula, found.divides
(Expr(4*L*d**2 + d/h), (('h', 'd'),))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from orderof.errors import NoFormula
from orderof.sym.expr import Expr, expr, symbol
from orderof.sym.functions import Size, minimum
from orderof.sym.interpolate.box import ALONE, Asked, Box, joined
from orderof.sym.interpolate.pieces import look_closer
from orderof.sym.interpolate.proof import prove
from orderof.sym.interpolate.search import HINT, Restart, Search, Unfit
from orderof.sym.interpolate.sites import Axis, Sites
from orderof.sym.ranges import Range

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from orderof.sym.interpolate.model import Model
    from orderof.sym.interpolate.sites import Point

Sizes: TypeAlias = "int | Sequence[int]"
"""The size that is asked for, or all that may be used, of which it is the first."""

ROUNDS = 24
"""How often a formula that fails is looked for again."""


@dataclass(frozen=True, slots=True)
class Interpolated:
    """Formulas, and what they rest on."""

    formulas: Mapping[Hashable, Expr]
    asked: Mapping[str, int]
    """The sizes that were asked for."""
    counted: int
    """At how many points."""
    held_out: int
    """How many of these took no part in the search."""
    ranges: Mapping[str, Range]
    """The letters that may not have any size."""
    reach: Mapping[str, tuple[int, int]]
    """For each letter the smallest and the largest size that it was asked at."""
    divides: tuple[tuple[str, str], ...]
    """Letters of which the first has to divide the second."""
    unequal: tuple[tuple[str, str], ...]
    """Some of these, which also have to be unequal."""
    pieces: Mapping[str, str]
    """For each letter in which there is no polynomial, what there is instead, in words."""
    cuts: Mapping[str, tuple[int, int]]
    """For each letter with two pieces, where the lower one ends and the upper one begins."""

    def parts(self, e: Expr, name: str) -> list[tuple[str, Expr]]:
        """Give e below and above the cut of a letter, each with its condition; [] without one.

        >>> found = interpolate(lambda n: 3 * min(n["w"], 64), w=200)
        >>> found.parts(found.formula, "w")
        [('w <= 64', Expr(3*w)), ('w >= 64', Expr(192))]
        """
        if name not in self.cuts:
            return []
        low, high = self.cuts[name]
        x = symbol(name)
        ends = {minimum(x, c): c for c in (low, high)}
        below = _replaced(e, dict.fromkeys(ends, x))
        return [(f"{name} <= {low}", below), (f"{name} >= {high}", _replaced(e, ends))]

    @property
    def formula(self) -> Expr:
        """The formula of a box that answers with one number."""
        return self.formulas.get(ALONE, Expr({}))

    def degrees(self) -> dict[str, tuple[int, int]]:
        """Give the lowest and the highest power of each letter."""
        found: dict[str, tuple[int, int]] = dict.fromkeys(self.asked, (0, 0))
        for e in self.formulas.values():
            for mono, _ in e.terms():
                for atom, k in mono:
                    if isinstance(atom, str) and atom in found:
                        low, high = found[atom]
                        found[atom] = min(low, k), max(high, k)
        return found


def interpolate(
    f: Asked,
    sizes: Mapping[str, Sizes] | None = None,
    divides: Sequence[tuple[str, str]] = (),
    **more: Sizes,
) -> Interpolated:
    """Find what f answers, as formulas in the letters of `sizes`.

    `f` takes {letter: size} and gives an int, an Expr in other letters, or a mapping of these; it
    raises a `ModelError` for sizes that there is no model of. A letter has the size that is asked
    for, or a sequence of those that may be used. `divides` are pairs of letters of which the first
    divides the second; further ones are found out. Raises `NoFormula`.
    """
    named = {**(sizes or {}), **more}
    axes = tuple(_axis(name, n) for name, n in named.items())
    places = {name: i for i, name in enumerate(named)}
    sites = Sites(axes, {(places[a], places[b]) for a, b in divides})
    search = Search(Box(f, axes), sites)
    model = _model(search)
    points = [p for p in search.box.taken if sites.fits(p)]
    each = list(zip(*points, strict=True))
    return Interpolated(
        formulas=joined(model.exprs(list(named), sites.least_pairs(), points)),
        asked={a.name: a.asked for a in axes},
        counted=len(points),
        held_out=search.held_out,
        reach={a.name: (min(taken), max(taken)) for a, taken in zip(axes, each, strict=True)},
        ranges={a.name: r for a in axes if (r := Range(a.multiple, a.least)) != Range()},
        divides=tuple((axes[i].name, axes[j].name) for i, j in sites.least_pairs()),
        unequal=tuple((axes[i].name, axes[j].name) for i, j in sorted(sites.strict)),
        pieces={axes[i].name: text for i, text in search.pieces.items()},
        cuts={axes[i].name: b.ends for i, b in search.bases.items() if b.ends},
    )


def _replaced(e: Expr, values: Mapping[Expr, Size]) -> Expr:
    """Put values for calls."""
    each = {atom: Expr({((atom, 1),): 1}) for atom in e.atoms()}
    return Expr.sum(
        c * Expr.prod(expr(values.get(each[atom], each[atom])) ** k for atom, k in mono)
        for mono, c in e.terms()
    )


def _axis(name: str, n: Sizes) -> Axis:
    if isinstance(n, int):
        return Axis(name, n)
    return Axis(name, n[0], tuple(n))


def _model(search: Search) -> Model:
    """Look for formulas until they stand a proof."""
    search.box.must(search.sites.asked)
    search.sites.guess()
    for _ in range(ROUNDS):
        try:
            found = _proved(search)
        except Restart:
            search.forget()
        except NoFormula:
            if not _begin_again(search):
                raise
        else:
            if found:
                return found
    raise NoFormula(search.names(), f"fit no formula in {ROUNDS} attempts", HINT)


def _begin_again(search: Search) -> bool:
    """Begin again with more guesses, around another anchor, or around the point asked for."""
    sites = search.sites
    if not sites.wary and sites.guess(small=True):
        search.begin()
    elif not sites.aside:
        sites.aside = True
        search.begin()
    elif not sites.near:
        search.begin(near=True)
    else:
        return False
    return True


def _proved(search: Search) -> Model | None:
    """Give formulas that stand a proof, or None when something was learnt from one that failed."""
    try:
        model = search.model()
    except Unfit as unfit:
        look_closer(search, unfit.axis)
        return None
    wrong = prove(search, model)
    if wrong is None:
        return model
    _learn(search, model, wrong)
    return None


def _learn(search: Search, model: Model, wrong: Point) -> None:
    """Find the axis to blame for a point at which the formulas fail."""
    if _strict(search, model, wrong):
        return
    for i, n in enumerate(wrong):
        point = search.sites.at((i, n))
        if n != search.sites.anchor[i] and search.sites.fits(point):
            found = search.box.at(point)
            if found is not None and model.at(point) != found:
                look_closer(search, i, n)
                return
    search.more.append(wrong)
    search.broad = True


def _strict(search: Search, model: Model, wrong: Point) -> bool:
    """Tell whether the formulas fail where two sizes are equal of which one divides the other."""
    sites = search.sites
    found = {(i, j) for i, j in sites.least_pairs() if wrong[i] == wrong[j]}
    for i, j in found - sites.strict:
        point = sites.at((j, sites.anchor[i]))
        values = search.box.at(point) if sites.fits(point) else None
        if values is not None and model.at(point) != values:
            sites.strict.add((i, j))
            return True
    return False
