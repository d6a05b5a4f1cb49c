"""The module tree of a Result: who costs what, with equal neighbours folded into one.

1. A branch holds what its own operators cost; its total is that and its children's.
2. Neighbours that are numbered one after the other and equal in class, operators and counts, all
   the way down, are folded: one branch for all of them, with the sum of their costs.
3. The terms of a formula of the whole network stand in no branch.
4. A list of modules, or a path that no module has, is written as part of a branch's name when that
   branch is all that it holds.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orderof.analyses.work import Row
from orderof.conventions import convention
from orderof.ir.graph import Phase
from orderof.sym import Expr

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from orderof.result.result import Module, Result


_LISTS = frozenset({"", "ModuleList", "ModuleDict"})
"""Classes that are never called; a path that no module has is of no class."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A number under a convention, and all operations."""

    measure: int = 0
    ops: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.measure + other.measure, self.ops + other.ops)

    def __mul__(self, n: int) -> Spent:
        return Spent(self.measure * n, self.ops * n)


@dataclass(frozen=True, slots=True)
class Branch:
    """A module, or several equal ones."""

    names: tuple[str, ...]
    """Its name, or the first and the last of those that are folded."""
    path: tuple[str, ...]
    """Parts of its path; `*` stands for those that are folded."""
    first: str
    """The path of the first one."""
    kind: str
    count: int
    own: dict[tuple[Phase, str], Spent]
    children: tuple[Branch, ...]
    partial: bool
    """Whether an operator in it has no rule."""
    equal: Hashable
    """What folded branches have in common."""

    @property
    def label(self) -> str:
        """Its name as it is read."""
        return " … ".join(self.names)

    def itself(self, *phases: Phase) -> Spent:
        """Give what its own operators cost in some phases."""
        return _sum(s for (phase, _), s in self.own.items() if phase in phases)

    def total(self, *phases: Phase) -> Spent:
        """Give what it and everything in it costs in some phases."""
        return _sum((self.itself(*phases), *(c.total(*phases) for c in self.children)))

    def all(self) -> Iterator[Branch]:
        """Iterate over it and everything in it."""
        yield self
        for child in self.children:
            yield from child.all()


@dataclass(slots=True)
class _Node:
    """A path on the way to becoming a branch."""

    path: tuple[str, ...]
    module: Module | None = None
    rows: list[Row] = field(default_factory=list[Row])
    children: dict[str, _Node] = field(default_factory=dict[str, "_Node"])
    partial: bool = False

    def at(self, path: str) -> _Node:
        """Give the node at a path below, made where it is missing."""
        node = self
        for part in path.split(".") if path else ():
            if part not in node.children:
                node.children[part] = _Node((*node.path, part))
            node = node.children[part]
        return node


def tree(result: Result) -> Branch:
    """Build the tree; its root is the whole model."""
    root = _Node(())
    for module in result.modules:
        root.at(module.path).module = module
    whole = bool(convention(result.as_).formula)
    for row in result.rows:
        if row.counts or not whole:
            root.at(row.scope).rows.append(row)
    for unknown in result.coverage.unknown:
        root.at(unknown.scope).partial = True
    return replace(_branch(root, result), names=(result.model,))


def _branch(node: _Node, result: Result) -> Branch:
    below = [_branch(c, result) for c in node.children.values()]
    children = tuple(map(_shortened, _folded(below)))
    module = node.module
    kind, count = (module.kind, module.count.at(result.dims)) if module else ("", 1)
    own: defaultdict[tuple[Phase, str], Spent] = defaultdict(Spent)
    for row in node.rows:
        own[row.phase, row.op] += _spent(row, result)
    return Branch(
        names=node.path[-1:],
        path=node.path,
        first=".".join(node.path),
        kind=kind,
        count=count,
        own=dict(own),
        children=children,
        partial=node.partial or any(c.partial for c in children),
        equal=(
            kind,
            count,
            node.partial,
            frozenset((r.phase, r.op, r.counts) for r in node.rows),
            tuple((c.names, c.equal) for c in children),
        ),
    )


def _spent(row: Row, result: Result) -> Spent:
    def number(e: Expr) -> int:
        return e.at(result.dims)

    return Spent(number(row.under(convention(result.as_))), number(row.counts.ops()))


def _folded(branches: list[Branch]) -> Iterator[Branch]:
    start = 0
    for end in range(1, len(branches) + 1):
        if end == len(branches) or not _continues(branches[end - 1], branches[end]):
            yield _together(branches[start:end])
            start = end


def _shortened(branch: Branch) -> Branch:
    """Give the only child of what is no module itself, under a joint name."""
    if branch.kind not in _LISTS or branch.own or len(branch.children) != 1:
        return branch
    (only,) = branch.children
    ends = (f"{a}.{b}" for a, b in zip(_ends(branch), _ends(only), strict=True))
    return replace(only, names=tuple(dict.fromkeys(ends)))


def _ends(branch: Branch) -> tuple[str, str]:
    return branch.names[0], branch.names[-1]


def _continues(a: Branch, b: Branch) -> bool:
    """Whether b is the number after a, and equal."""
    x, y = a.names[-1], b.names[0]
    numbered = x.isdecimal() and y.isdecimal() and int(y) == int(x) + 1
    return numbered and a.equal == b.equal


def _together(equal: list[Branch]) -> Branch:
    if len(equal) == 1:
        return equal[0]
    first, last = equal[0], equal[-1]
    folded = _times(first, len(equal), len(first.path) - 1)
    return replace(folded, names=(first.names[0], last.names[-1]))


def _times(branch: Branch, n: int, star: int) -> Branch:
    """Give n equal branches as one; their paths differ in one part."""
    return replace(
        branch,
        path=(*branch.path[:star], "*", *branch.path[star + 1 :]),
        count=branch.count * n,
        own={key: spent * n for key, spent in branch.own.items()},
        children=tuple(_times(c, n, star) for c in branch.children),
    )


def _sum(items: Iterable[Spent]) -> Spent:
    total = Spent()
    for item in items:
        total += item
    return total
