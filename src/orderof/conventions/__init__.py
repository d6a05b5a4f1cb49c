"""Conventions: named ways to make one number of a count, as this or that tool or paper does.

`orderof` counts every scalar operation; `macs` one and `flops` two for each multiply-add of a
contraction, and nothing else, which is what the field calls FLOPs. The others are files of
`catalog/`, one for each; a file of one's own is named by its path, or registered.
"""

from __future__ import annotations

from pathlib import Path

from orderof.conventions.types import STEP, Convention
from orderof.errors import BadSpelling
from orderof.sym import symbol

PLAIN = {
    c.name: c
    for c in (
        Convention(
            "orderof",
            "every scalar operation of every kind",
            "docs/counting.md",
            symbol("ops"),
            "operations of other kinds, and sums of n products with n - 1 additions",
            2,
            "operations",
            STEP,
        ),
        Convention(
            "macs",
            "multiply-adds of contractions",
            "docs/counting.md",
            symbol("macs"),
            phases=STEP,
        ),
        Convention(
            "flops",
            "2 for each multiply-add of a contraction",
            "docs/counting.md",
            2 * symbol("macs"),
            "",
            2,
            "FLOP",
            STEP,
        ),
    )
}
"""Those that need to see no node; they are here so that nothing is read to use them."""
_CATALOG = Path(__file__).parent / "catalog"
_REGISTERED: dict[str, Convention] = {}


def convention(name: str) -> Convention:
    """Find a convention by its name, or read a file of one's own; raises `BadSpelling`.

    >>> convention("fvcore").unit
    'MAC'
    """
    found = PLAIN.get(name) or _REGISTERED.get(name)
    if found is not None:
        return found
    path = Path(name) if name.endswith(".toml") else _CATALOG / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(names())
        hint = f"use one of {known}, or a file of your own: ./mine.toml"
        raise BadSpelling(name, "is no convention known here", hint)
    from orderof.conventions.load import read

    _REGISTERED[name] = found = read(path.stem, path.read_text("utf-8"), convention)
    return found


def register(found: Convention) -> Convention:
    """Make a convention of one's own known by its name; raises `BadSpelling` if it is taken."""
    if found.name in names():
        raise BadSpelling(found.name, "is a convention already", "give it another name")
    _REGISTERED[found.name] = found
    return found


def names() -> list[str]:
    """Name the conventions: the plain ones, those of the catalog, those that were registered."""
    files = sorted(path.stem for path in _CATALOG.glob("*.toml"))
    own = (name for name in _REGISTERED if not name.endswith(".toml"))
    return list(dict.fromkeys((*PLAIN, *files, *own)))
