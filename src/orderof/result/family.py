"""A family of models as one Result: counted at some sizes, in letters for all of them.

1. Rows of all members are the same rows: numbered children of a module are one where members have
   other numbers of them (`copies`), and their counts are added up.
2. Every count of a row, of the parameters and of the copies of a module becomes a formula
   (`sym.interpolate`), or the family has none, and `NoFormula` names the count.
3. What a member says that is no count (mode, dims, coverage) is said by the one that was asked for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from orderof.analyses.work import Params, Row, Unknown
from orderof.counts import Counts, Kind
from orderof.errors import ModelError, Unproved
from orderof.ir.graph import Phase
from orderof.result.copies import Copies
from orderof.result.dims import Dims
from orderof.result.result import Module, Result
from orderof.sym import ZERO, Expr, Range
from orderof.sym.interpolate import Interpolated, Sizes, interpolate

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence


class InRow(NamedTuple):
    """A count of one row."""

    scope: str
    phase: Phase
    op: str
    kind: Kind
    dtype: str

    def __str__(self) -> str:
        return f"{self.phase} {self.kind} of {self.op} in {self.scope or 'the root'}"


class Told(NamedTuple):
    """What a convention counts of a row."""

    scope: str
    phase: Phase
    op: str

    def __str__(self) -> str:
        return f"{self.phase} of {self.op} in {self.scope or 'the root'}, as it is told"


class Parameters(NamedTuple):
    """Elements of trainable parameters, of frozen ones, or of buffers."""

    what: str

    def __str__(self) -> str:
        return f"number of {self.what} elements"


class Copied(NamedTuple):
    """How often a module is there."""

    path: str

    def __str__(self) -> str:
        return f"number of modules {self.path}"


class Unruled(NamedTuple):
    """How often an operator without a rule runs."""

    op: str
    scope: str
    source: str | None

    def __str__(self) -> str:
        return f"number of {self.op} in {self.scope or 'the root'}"


Count = InRow | Told | Parameters | Copied | Unruled
_PARTS = ("trainable", "frozen", "buffers")


class _Renamed(Exception):
    """A member has other numbers of copies than those before it: paths are written otherwise."""


@dataclass(slots=True)
class _Family:
    """The members that were counted, by their sizes."""

    member: Callable[[dict[str, int]], Result]
    copies: Copies = field(default_factory=Copies)
    counted: dict[tuple[int, ...], Result | ModelError] = field(
        default_factory=dict[tuple[int, ...], Result | ModelError]
    )

    def at(self, sizes: dict[str, int]) -> Mapping[Hashable, Expr]:
        """Give the counts of a member; raises what it raised."""
        found = self.result(sizes)
        if self.copies.see(found):
            raise _Renamed
        counts: dict[Hashable, Expr] = dict(_counts(found, self.copies))
        return counts

    def result(self, sizes: dict[str, int]) -> Result:
        """Count a member, once."""
        key = tuple(sizes.values())
        if key not in self.counted:
            try:
                self.counted[key] = self._alike(self.member(sizes))
            except ModelError as error:
                self.counted[key] = error
        found = self.counted[key]
        if isinstance(found, ModelError):
            raise found
        return found

    def _alike(self, result: Result) -> Result:
        """Refuse a member whose inputs have other letters than the first one's."""
        first = next((r for r in self.counted.values() if isinstance(r, Result)), result)
        if set(result.dims) != set(first.dims):
            letters = ", ".join(result.dims) or "none"
            raise Unproved(letters, f"are the letters here, not {', '.join(first.dims)}")
        return result

    def members(self) -> list[Result]:
        """List those that were counted."""
        return [r for r in self.counted.values() if isinstance(r, Result)]


def family_of(
    member: Callable[[dict[str, int]], Result],
    sizes: Mapping[str, Sizes],
    divides: Sequence[tuple[str, str]] = (),
) -> Result:
    """Count members of a family and give the formulas, with the member asked for as defaults.

    `member` gives the Result at some sizes, and raises a `ModelError` where there is none. Raises
    `NoFormula`.
    """
    family = _Family(member)
    while True:
        try:
            found = interpolate(family.at, sizes, divides)
        except _Renamed:
            continue
        return _gathered(family, found)


def _counts(result: Result, copies: Copies) -> Iterator[tuple[Hashable, Expr]]:
    """Collect everything in a Result that is a count."""
    found: defaultdict[Count, list[Expr]] = defaultdict(list)
    for row in result.rows:
        for (kind, dtype), n in row.counts:
            found[InRow(copies.plain(row.scope), row.phase, row.op, kind, dtype)].append(n)
        if row.told is not None:
            found[Told(copies.plain(row.scope), row.phase, row.op)].append(row.told)
    for module in result.modules:
        found[Copied(copies.plain(module.path))].append(module.count)
    for u in result.coverage.unknown:
        found[Unruled(u.op, copies.plain(u.scope), u.source)].append(u.times)
    for part in _PARTS:
        found[Parameters(part)].append(getattr(result.parameters, part))
    return ((key, Expr.sum(each)) for key, each in found.items())


def _gathered(family: _Family, found: Interpolated) -> Result:
    base = family.result(dict(found.asked))
    members = [base, *family.members()]
    formulas: dict[Count, Expr] = {k: e for k, e in found.formulas.items() if isinstance(k, Count)}
    unruled = (k for k in formulas if isinstance(k, Unruled))
    unknown = tuple(Unknown(k.op, k.scope, k.source, formulas[k]) for k in unruled)
    return replace(
        base,
        dims=_dims(base, members, found),
        rows=tuple(_rows(members, family.copies, formulas)),
        modules=tuple(_modules(members, family.copies, formulas)),
        coverage=replace(base.coverage, unknown=unknown),
        parameters=Params(*(formulas.get(Parameters(part), ZERO) for part in _PARTS)),
        assumptions=_assumed(base, found),
        notes=(*base.notes, *_notes(found, _macs(formulas))),
    )


def _macs(formulas: Mapping[Count, Expr]) -> Expr:
    return Expr.sum(
        e
        for key, e in formulas.items()
        if isinstance(key, InRow) and key.kind is Kind.MAC and key.phase is Phase.FORWARD
    )


def _dims(base: Result, members: Sequence[Result], found: Interpolated) -> Dims:
    """Give the sizes asked for; the ranges of input letters hold for all members."""
    ranges: dict[str, Range] = {}
    for name in base.dims:
        each = [m.dims.ranges.get(name, Range()) for m in members if isinstance(m.dims, Dims)]
        if (r := reduce(Range.__and__, each, Range())) != Range():
            ranges[name] = r
    return Dims({**base.dims, **found.asked}, {**ranges, **found.ranges}, base.assumptions)


def _rows(
    members: Sequence[Result], copies: Copies, formulas: Mapping[Count, Expr]
) -> Iterator[Row]:
    """Give the rows, in the order of the member asked for; also those that count nothing."""
    keys = dict.fromkeys(
        (copies.plain(row.scope), row.phase, row.op) for m in members for row in m.rows
    )
    counts: defaultdict[tuple[str, Phase, str], dict[tuple[Kind, str], Expr]] = defaultdict(dict)
    for key, e in formulas.items():
        if isinstance(key, InRow):
            counts[key[:3]][key.kind, key.dtype] = e
    tells = any(row.told is not None for row in members[0].rows)
    for key in keys:
        yield Row(*key, Counts(counts[key]), formulas.get(Told(*key), ZERO) if tells else None)


def _modules(
    members: Sequence[Result], copies: Copies, formulas: Mapping[Count, Expr]
) -> Iterator[Module]:
    """Give the modules; copies of several classes have all their names."""
    kinds: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for member in members:
        for module in member.modules:
            kinds[copies.plain(module.path)][module.kind] = None
    for path, found in kinds.items():
        yield Module(path, " | ".join(found), formulas.get(Copied(path), ZERO))


def _assumed(base: Result, found: Interpolated) -> tuple[str, ...]:
    """Give the divisibilities that the formulas rest on."""
    pairs = {f"{a} | {b}" for a, b in found.divides}
    apart = {f"{a} < {b}" for a, b in found.unequal}
    return tuple(sorted({*base.assumptions, *pairs, *apart}))


def _notes(found: Interpolated, macs: Expr) -> Iterator[str]:
    """Say what the formulas rest on, and where a letter has pieces."""
    solved = found.counted - found.held_out
    where = ", ".join(f"{name} from {a} to {b}" for name, (a, b) in found.reach.items())
    yield f"solved for at {solved} points, proved at {found.held_out} others: {where}"
    ends = found.degrees().items()
    yield f"powers: {', '.join(f'{name} {low} to {high}' for name, (low, high) in ends)}"
    for name, text in found.pieces.items():
        parts = [f"{e} MAC forward where {where}" for where, e in found.parts(macs, name)]
        yield f"no polynomial in {name}: it {'; '.join((text, *parts))}"
