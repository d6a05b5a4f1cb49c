"""Which modules are copies of one another, as the members of a family tell.

Children of a module whose names end in a number are copies, `*`, if some members have more of them
than others, or call them `*` already. Where all that have any have the same, each keeps its name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orderof.result.result import Result

_Tree: TypeAlias = "dict[str, _Tree]"
_NUMBER = re.compile(r"\d+$")


class Copies:
    """What the members that were seen so far have in common."""

    def __init__(self) -> None:
        self._seen: dict[frozenset[str], _Tree] = {}
        self._rules: set[tuple[str, str]] = set()
        self._plain: dict[str, str] = {}

    def see(self, result: Result) -> bool:
        """Look at the modules of a member; tells whether paths are written otherwise now.

        >>> from orderof import analyze
        >>> copies = Copies()
        >>> copies.see(analyze("mlp:2-2-2")), copies.plain("layer1.linear")
        (False, 'layer1.linear')
        >>> copies.see(analyze("mlp:2-2-2-2")), copies.plain("layer1.linear")
        (True, 'layer*.linear')
        """
        paths = frozenset((*(m.path for m in result.modules), *(r.scope for r in result.rows)))
        if paths in self._seen:
            return False
        self._seen[paths] = _tree(paths)
        rules: set[tuple[str, str]] = set()
        _compare([[tree] for tree in self._seen.values()], "", rules)
        changed = rules != self._rules
        self._rules = rules
        if changed:
            self._plain.clear()
        return changed

    def plain(self, path: str) -> str:
        """Write a path with `*` for copies."""
        if path not in self._plain:
            found = ""
            for part in path.split("."):
                alike = _NUMBER.sub("*", part)
                found = _join(found, alike if (found, alike) in self._rules else part)
            self._plain[path] = found
        return self._plain[path]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _tree(paths: Iterable[str]) -> _Tree:
    root: _Tree = {}
    for path in paths:
        node = root
        for part in path.split(".") if path else ():
            node = node.setdefault(part, {})
    return root


def _compare(members: Sequence[Sequence[_Tree]], path: str, rules: set[tuple[str, str]]) -> None:
    """Compare what stands at a path, for each member the modules that are one there."""
    there = [trees for trees in members if trees]
    alike: defaultdict[str, list[dict[str, list[_Tree]]]] = defaultdict(lambda: [{} for _ in there])
    for k, trees in enumerate(there):
        for tree in trees:
            for name, below in tree.items():
                alike[_NUMBER.sub("*", name)][k].setdefault(name, []).append(below)
    for pattern, found in alike.items():
        names = {frozenset(children) for children in found if children}
        if "*" in pattern and (len(names) > 1 or any(pattern in few for few in names)):
            rules.add((path, pattern))
            merged = [[t for trees in children.values() for t in trees] for children in found]
            _compare(merged, _join(path, pattern), rules)
        else:
            for name in sorted(set[str]().union(*names)):
                each = [children.get(name, []) for children in found]
                _compare(each, _join(path, name), rules)
