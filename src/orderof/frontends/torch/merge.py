"""Several recordings of one module as one: numbers that differ between them become `Varied`.

They must be the same calls on the same values, by id; of a single one those numbers vary that its
sizes, which are primes, divide. What is not a whole number (a scale computed
from a size) is taken from the last recording.
"""

from __future__ import annotations

import math
import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orderof.errors import Parted
from orderof.frontends.torch.recording import Body, Call, Parameter, Recording, Ref
from orderof.frontends.torch.sizes import Varied

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def merge(recordings: Sequence[Recording]) -> Recording:
    """Put recordings of one module at several sizes together; raises `Parted`."""
    last = recordings[-1]
    _same_path(recordings)
    together = _Merge()
    calls = tuple(
        together.call(group) for group in zip(*(r.calls for r in recordings), strict=True)
    )
    return replace(
        last,
        calls=calls,
        inputs=_named(together, [r.inputs for r in recordings]),
        gradients=_named(together, [r.gradients for r in recordings]),
        outputs=together.value([r.outputs for r in recordings]),
        constants=together.value([r.constants for r in recordings]),
        parameters=_held(together, [r.parameters for r in recordings]),
        buffers=_held(together, [r.buffers for r in recordings]),
    )


def marked(recording: Recording, primes: Iterable[int]) -> Recording:
    """Take the numbers of one recording to vary that one of its sizes divides."""
    mark = _Marker(tuple(primes))
    return replace(
        recording,
        calls=tuple(map(mark.call, recording.calls)),
        inputs=mark.value(recording.inputs),
        gradients=mark.value(recording.gradients),
        outputs=mark.value(recording.outputs),
        constants=mark.value(recording.constants),
        parameters=tuple(_with(p, mark.value(p.ref)) for p in recording.parameters),
        buffers=tuple(_with(b, mark.value(b.ref)) for b in recording.buffers),
    )


class _Marker:
    """Every value, and equal shapes, are looked at once."""

    def __init__(self, primes: tuple[int, ...]) -> None:
        self._product = math.prod(primes)
        self._shapes: dict[tuple[int, ...], tuple[Any, ...]] = {}
        self._refs: dict[int, Ref] = {}

    def call(self, c: Call) -> Call:
        args, results, kwargs = self._items(c.args), self._items(c.results), c.kwargs
        if kwargs:
            kwargs = {key: self.value(v) for key, v in kwargs.items()}
        elif args is c.args and results is c.results:
            return c
        place = c.scope, c.phase, c.source, c.function, c.products
        return Call(c.name, args, kwargs, results, *place)

    def value(self, v: Any) -> Any:
        return self._items((v,))[0]

    def _items(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        found = list(items)
        for i, v in enumerate(items):
            kind = type(v)
            if kind is Ref:
                found[i] = self._refs.get(v.id) or self._ref(v)
            elif kind is tuple:
                found[i] = self._items(v)
            elif kind is Body:
                inputs, outputs = self._items(v.inputs), self._items(v.outputs)
                found[i] = Body(inputs, outputs, tuple(map(self.call, v.calls)), v.modules)
            elif kind is int and v and math.gcd(v, self._product) != 1:
                found[i] = Varied((v,))
        return items if all(map(operator.is_, found, items)) else tuple(found)

    def _ref(self, v: Ref) -> Ref:
        shape = self._shapes.get(v.shape)
        if shape is None:
            shape = self._shapes[v.shape] = self._items(v.shape)
        found = v if shape is v.shape else Ref(v.id, shape, v.dtype)
        self._refs[v.id] = found
        return found


def _named(together: _Merge, pairs: Sequence[tuple[tuple[str, Ref], ...]]) -> Any:
    return tuple(
        (group[-1][0], together.value([ref for _, ref in group]))
        for group in zip(*pairs, strict=True)
    )


def _held(together: _Merge, given: Sequence[tuple[Parameter, ...]]) -> tuple[Parameter, ...]:
    groups = zip(*given, strict=True)
    return tuple(_with(group[-1], together.value([p.ref for p in group])) for group in groups)


def _with(p: Parameter, ref: Ref) -> Parameter:
    return p if ref is p.ref else replace(p, ref=ref)


def _same_path(recordings: Sequence[Recording]) -> None:
    """Raise where the calls differ in name or place; say which is the first."""
    first, *others = recordings
    for other in others:
        for a, b in zip(first.calls, other.calls, strict=False):
            if a.name != b.name or a.scope != b.scope:
                where = f"{b.scope or 'the root'} at {b.source}" if b.source else b.scope
                raise Parted(b.name, f"runs in {where} where {a.name} runs at other sizes")
        if len(first.calls) != len(other.calls):
            raise Parted(first.name, "runs more operations at one size than at another")
        if first.folds != other.folds:
            raise Parted(first.name, "has blocks that are equal at one size and not at another")
        if len(first.inputs) != len(other.inputs) or len(first.gradients) != len(other.gradients):
            raise Parted(first.name, "has more inputs or gradients at one size than at another")


class _Merge:
    """The values that were put together, by id: equal ids at equal calls are the same value."""

    def __init__(self) -> None:
        self._refs: dict[int, Ref] = {}
        self._shapes: dict[tuple[tuple[int, ...], ...], tuple[Any, ...]] = {}

    def call(self, group: tuple[Call, ...]) -> Call:
        last = group[-1]
        return Call(
            last.name,
            self.value([c.args for c in group]),
            {key: self.value([c.kwargs[key] for c in group]) for key in last.kwargs},
            self.value([c.results for c in group]),
            last.scope,
            last.phase,
            last.source,
            last.function,
            last.products,
        )

    def value(self, group: Sequence[Any]) -> Any:
        """Put one argument of all recordings together."""
        last = group[-1]
        kind = type(last)
        if kind is Ref:
            for v in group:
                if type(v) is not Ref or v.id != last.id:
                    raise Parted("a value", "comes from another operation at another size")
            return self._refs.get(last.id) or self._ref(group)
        for v in group:
            if type(v) is not kind or (kind is tuple and len(v) != len(last)):
                raise Parted(str(group[0]), f"stands where {last} stands at another size")
        if kind is tuple:
            return tuple([self.value(items) for items in zip(*group, strict=True)])
        if kind is Body:
            return self._body(group)
        for v in group:
            if v != last:
                break
        else:
            return last
        if kind is int:
            return Varied(tuple(group))
        if kind is not float:
            raise Parted(str(group[0]), f"stands where {last} stands at another size")
        return last

    def _body(self, group: Sequence[Body]) -> Body:
        last = group[-1]
        paths = {tuple((c.name, c.scope) for c in b.calls) for b in group}
        if len(paths) > 1 or any(b.modules != last.modules for b in group):
            raise Parted("a loop", "runs other operations in a turn at one size than at another")
        calls = tuple(self.call(same) for same in zip(*(b.calls for b in group), strict=True))
        inputs, outputs = self.value([b.inputs for b in group]), [b.outputs for b in group]
        return Body(inputs, self.value(outputs), calls, last.modules)

    def _ref(self, group: Sequence[Ref]) -> Ref:
        last = group[-1]
        shapes = tuple([r.shape for r in group])
        for r in group:
            if r.dtype != last.dtype:
                raise Parted("a value", "is of another dtype at another size")
        shape = self._shapes.get(shapes)
        if shape is None:
            shape = self._shapes[shapes] = self.value(shapes)
        found = last if shape == last.shape else Ref(last.id, shape, last.dtype)
        self._refs[last.id] = found
        return found
