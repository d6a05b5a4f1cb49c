"""A convention from a file: TOML, with every key explained here.

    about, source      in one line; a version, a file, a paper
    extends            another convention, whose rules come after these, and whose keys hold here
    otherwise, why     what is counted of a node that no rule speaks of, and why
    unit, each         what it counts, and how many of these one multiply-add is
    phases             of forward, loss, backward, recompute, optimizer, mask: what is counted
    [[rule]]           count, why; op, origin, function, module, within, param, phase, where;
                       digits, over
    [[formula]]        count, what, phase: a term about the whole network

Expressions are read, never executed. `types.Rule` says what the keys of a rule mean, `site.Site`
and `whole.Network` which names an expression can use.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from orderof.conventions.types import PHASES, Convention, Rule, Whole
from orderof.errors import BadSpelling
from orderof.ir.graph import Phase
from orderof.sym import Expr, const, parse

if TYPE_CHECKING:
    from collections.abc import Callable

_KEYS = {
    "about", "source", "extends", "otherwise", "why", "unit", "each", "phases", "rule", "formula",
}  # fmt: skip
_LISTS = ("op", "origin", "function", "module", "within", "param", "phase")
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
    formula = tuple(
        Whole(_expression(t["count"]), t["what"], Phase(t.get("phase", "forward")))
        for t in data.get("formula", ())
    )
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
        formula or base.formula,
    )


def _rule(given: dict[str, Any]) -> Rule:
    if wrong := given.keys() - {"count", "why", "where", *_NUMBERS, *_LISTS}:
        raise ValueError(f"a rule has the unknown key {min(wrong)}")
    lists = {key: _patterns(given[key]) for key in _LISTS if key in given}
    asked = given.get("where", {}).items()
    where = tuple((key, v if isinstance(v, str) else const(int(v))) for key, v in asked)
    numbers = {key: int(given[key]) for key in _NUMBERS if key in given}
    return Rule(_expression(given["count"]), given["why"], where=where, **numbers, **lists)


def _patterns(given: str | list[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _expression(given: str | int) -> Expr:
    return const(given) if isinstance(given, int) else parse(given)
