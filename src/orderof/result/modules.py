"""The module tree as tables: what each module costs, and the dearest of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderof.conventions import convention
from orderof.doc import AtLeast, Block, Cell, Column, Kind, Note, Row, Section, Share, Table
from orderof.ir.graph import Phase
from orderof.result.result import STEP
from orderof.result.tree import Branch, Spent, tree

if TYPE_CHECKING:
    from orderof.result.result import Result

ROWS = 40
"""How many rows the tree may have by default; deeper levels are left out where it has more."""
FREE = 6
"""How many of the modules without operations are named."""
WORTH = 200
"""A module's own operators have a row beside its children from one 200th of the total on."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which columns the tables have."""

    measure: str
    """What the convention counts, or "" where only operations are shown."""
    phases: tuple[Phase, ...]
    """What the totals are over."""
    parts: tuple[Phase, ...]
    """Phases with a column of their own."""
    whole: Spent

    def columns(self, first: Column) -> tuple[Column, ...]:
        """Give the columns, after the name."""
        amount = Kind.AMOUNT
        named = [Column("count", Kind.TIMES)]
        if self.measure:
            named.extend(Column(str(p), amount) for p in self.parts)
            named.append(Column("step" if self.parts else self.measure, amount))
            named.append(Column("share", Kind.SHARE))
            named.append(Column("operations", amount))
        else:
            named.append(Column("operations", amount))
            named.append(Column("share", Kind.SHARE))
        return (first, *named)

    def cells(self, spent: dict[Phase, Spent], *, partial: bool) -> tuple[Cell, ...]:
        """Give the figures of a row; what the convention counts nothing of is blank."""

        def cell(n: int) -> Cell:
            return (AtLeast(n) if partial else n) if n or partial else None

        total = _sum(spent, *self.phases)
        if not self.measure:
            share = Share(total.ops, self.whole.ops) if total.ops else None
            return (cell(total.ops), share)
        parts = [cell(_sum(spent, p).measure) for p in self.parts]
        share = Share(total.measure, self.whole.measure) if total.measure else None
        return (*parts, cell(total.measure), share, cell(total.ops))


def module_table(result: Result, measure: str, depth: int | None, top: int) -> list[Block]:
    """Give the tree, or the `top` dearest modules, or both where a depth is asked for."""
    root = tree(result)
    shape = _shape(result, root, measure)
    if not root.children or not shape.whole.ops:
        return []
    what = measure if shape.measure else "operations"
    if result.step is not None:
        what += " of one step"
    blocks: list[Block] = []
    if depth is not None or not top:
        blocks.append(_tree(root, shape, depth, f"{what}, by module"))
    if top:
        blocks.append(_top(root, shape, top, f"{what}, dearest modules first"))
    return blocks


def of_whole(result: Result) -> bool:
    """Whether what a convention counts stands in no module: it is a formula of the network."""
    return bool(convention(result.as_).formula)


def _shape(result: Result, root: Branch, measure: str) -> Shape:
    phases = STEP if result.step is not None else (Phase.FORWARD,)
    whole = root.total(*phases)
    parts = (Phase.FORWARD, Phase.BACKWARD) if result.step is not None else ()
    own = measure if whole.measure and result.as_ != "orderof" and not of_whole(result) else ""
    return Shape(own, phases, parts, whole)


def _tree(root: Branch, shape: Shape, depth: int | None, title: str) -> Section:
    limit = _limit(root, shape) if depth is None else depth
    rows = _rows(root, shape, limit)
    columns = shape.columns(Column("module", Kind.TREE))
    notes: list[Block] = []
    deepest = len(_rows(root, shape, _deepest(root))) - len(rows)
    if deepest:
        notes.append(Note(f"{deepest} more rows with --depth {_deepest(root)}"))
    free = [".".join(b.path) for b in root.all() if b.path and not b.total(*shape.phases).ops]
    free = [p for p in free if not any(p.startswith(f"{q}.") for q in free)]
    if free:
        rest = f" and {len(free) - FREE} more" if len(free) > FREE else ""
        notes.append(Note(f"without operations: {', '.join(free[:FREE])}{rest}"))
    return Section(title, (Table(columns, tuple(rows)), *notes))


def _limit(root: Branch, shape: Shape) -> int:
    """Choose the depth: as many levels as fit, and one in any case."""
    depths = range(2, _deepest(root) + 1)
    return max((n for n in depths if len(_rows(root, shape, n)) <= ROWS), default=1)


def _deepest(branch: Branch) -> int:
    return max((1 + _deepest(c) for c in branch.children), default=0)


def _rows(branch: Branch, shape: Shape, limit: int, level: int = 0) -> list[Row]:
    """List a branch, its own operators where it has children, and these, down to a level."""
    spent = {p: branch.total(p) for p in shape.phases}
    figures = shape.cells(spent, partial=branch.partial)
    rows = [Row((branch.label, branch.count, *figures), level, strong=level == 0)]
    if level == limit or not branch.children:
        return rows
    own = {p: branch.itself(p) for p in shape.phases}
    if _worth(_sum(own, *shape.phases), shape.whole):
        cells = (f"({_main(branch)})", branch.count, *shape.cells(own, partial=False))
        rows.append(Row(cells, level + 1))
    for child in branch.children:
        if child.total(*shape.phases).ops or child.partial:
            rows.extend(_rows(child, shape, limit, level + 1))
    return rows


def _worth(own: Spent, whole: Spent) -> bool:
    return own.measure * WORTH > whole.measure or own.ops * WORTH > whole.ops


def _main(branch: Branch) -> str:
    """Name the dearest operator of a module itself, by its forward operation."""
    forward = {op: s for (phase, op), s in branch.own.items() if phase is Phase.FORWARD}
    found = forward or {op: s for (_, op), s in branch.own.items()}
    return max(found, key=lambda op: (found[op].measure, found[op].ops))


def _top(root: Branch, shape: Shape, top: int, title: str) -> Section:
    def price(branch: Branch) -> tuple[int, int]:
        own = branch.itself(*shape.phases)
        return -own.measure, -own.ops

    rows: list[Row] = []
    for branch in sorted(root.all(), key=price)[:top]:
        own = {p: branch.itself(p) for p in shape.phases}
        if _sum(own, *shape.phases).ops:
            name = ".".join(branch.path) or branch.label
            figures = shape.cells(own, partial=False)
            rows.append(Row((name, branch.count, *figures)))
    columns = shape.columns(Column("module, without its children"))
    return Section(title, (Table(columns, tuple(rows)),))


def dearest(root: Branch, *phases: Phase) -> str:
    """Give the path of the module whose own operators cost most; "" where that is the root."""

    def price(branch: Branch) -> tuple[int, int]:
        own = branch.itself(*phases)
        return own.measure, own.ops

    return max(root.all(), key=price).first


def _sum(spent: dict[Phase, Spent], *phases: Phase) -> Spent:
    total = Spent()
    for phase in phases:
        total += spent[phase]
    return total
