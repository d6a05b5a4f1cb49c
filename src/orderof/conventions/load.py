"""A convention from a file: TOML, with every key explained here.

    about, source      in one line; a version, a file, a paper
    extends            another convention, whose keys hold here; its rules come after these, its
                       terms beside them
    otherwise, why     what is counted of a node that no rule speaks of, and why
    unit, each         what it counts, and how many of these one multiply-add is
    once               why the body of a loop counts once, where it does
    products           why each product of sizes, as x.shape[0] * 8, counts 1 besides
    phases             of forward, loss, backward, recompute, optimizer, mask: what is counted
    [[rule]]           count, why; op, origin, function, module, within, param, after, phase,
                       where; digits, over
    [[formula]]        count, what; of, why, phase: a term about the whole network, in place of
                       rules; phase = { forward = 1, backward = 2 } counts it twice on the way back

Expressions are read, never executed. `types.Rule` and `types.Whole` say what the keys mean,
`site` and `network` which names an expression can use.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from orderof.conventions.types import KINDS, PHASES, Convention, Rule, Whole
from orderof.errors import BadSpelling
from orderof.ir.graph import Phase
from orderof.sym import Expr, const, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_KEYS = {
    "about", "source", "extends", "otherwise", "why", "unit", "each", "once", "products", "phases",
    "rule", "formula",
}  # fmt: skip
_LISTS = ("op", "origin", "function", "module", "within", "param", "after", "phase")
_NUMBERS = ("digits", "over")
_HINT = "see orderof/conventions/load.py for the keys of a convention"


def read(name: str, text: str, find: Callable[[str], Convention]) -> Convention:
    """Make a convention of a file's text; `find` gives the one that it extends.

    Raises `BadSpelling` with the name of the file.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSpelling(name, f"is no TOML: {error}", _HINT) from None
    if wrong := data.keys() - _KEYS:
        raise BadSpelling(name, f"has the unknown key {min(wrong)}", _HINT)
    base = find(data["extends"]) if "extends" in data else None
    try:
        return _made(name, data, base)
    except KeyError as error:
        raise BadSpelling(name, f"lacks {error.args[0]}", _HINT) from None
    except (TypeError, ValueError, AttributeError) as error:
        raise BadSpelling(name, f"cannot be read: {error}", _HINT) from None


def _made(name: str, data: dict[str, Any], base: Convention | None) -> Convention:
    rules = tuple(_rule(r) for r in data.get("rule", ()))
    formula = tuple(term for t in data.get("formula", ()) for term in _terms(t))
    if formula and (rules or (base and base.rules)):
        raise ValueError("a formula speaks of the whole network, and no rule can beside it")
    if base is None:
        otherwise = _expression(data["otherwise"] if not formula else data.get("otherwise", 0))
        return Convention(
            name,
            data["about"],
            data["source"],
            otherwise,
            data.get("why", ""),
            data.get("each", 1),
            data.get("unit", "MAC"),
            tuple(map(Phase, data.get("phases", PHASES))),
            rules,
            formula,
            data.get("once", ""),
            data.get("products", ""),
        )
    return Convention(
        name,
        data["about"],
        data.get("source", base.source),
        _expression(data["otherwise"]) if "otherwise" in data else base.otherwise,
        data.get("why", base.why),
        data.get("each", base.each),
        data.get("unit", base.unit),
        tuple(map(Phase, data["phases"])) if "phases" in data else base.phases,
        (*rules, *base.rules),
        (*base.formula, *formula),
        data.get("once", base.once),
        data.get("products", base.products),
    )


def _rule(given: dict[str, Any]) -> Rule:
    if wrong := given.keys() - {"count", "why", "where", *_NUMBERS, *_LISTS}:
        raise ValueError(f"a rule has the unknown key {min(wrong)}")
    parts: dict[str, Any] = {key: _patterns(given[key]) for key in _LISTS if key in given}
    parts |= {key: int(given[key]) for key in _NUMBERS if key in given}
    asked = given.get("where", {}).items()
    where = tuple((parse(key), v if isinstance(v, str) else const(int(v))) for key, v in asked)
    return Rule(_expression(given["count"]), given["why"], where=where, **parts)


def _terms(given: dict[str, Any]) -> Iterator[Whole]:
    """Give a term of a formula in each of its phases."""
    if wrong := given.keys() - {"count", "what", "phase", "of", "why"}:
        raise ValueError(f"a term of a formula has the unknown key {min(wrong)}")
    of = _patterns(given.get("of", ()))
    if wrong := set(of) - KINDS:
        raise ValueError(f"a term of a formula is of the unknown {min(wrong)}")
    phases: str | dict[str, int] = given.get("phase", "forward")
    for phase, times in ({phases: 1} if isinstance(phases, str) else phases).items():
        count = _expression(given["count"]) * times
        yield Whole(count, given["what"], Phase(phase), of, given.get("why", ""))


def _patterns(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _expression(given: str | int) -> Expr:
    return const(given) if isinstance(given, int) else parse(given)
