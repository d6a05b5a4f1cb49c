"""Results made by hand: rows, modules, and nothing of a model behind them."""

from collections.abc import Callable, Iterable

import pytest

from orderof.analyses.work import Coverage, Params, Row, Unknown
from orderof.counts import Counts
from orderof.ir.graph import Phase
from orderof.result import Module, Result
from orderof.sym import ZERO, const, parse


def row(scope: str, ops: int | str, macs: int | str = 0, phase=Phase.FORWARD, op="linear") -> Row:
    counts = {("add", "float32"): parse(str(ops)), ("mac", "float32"): parse(str(macs))}
    return Row(scope, phase, op, Counts.sum(Counts.of(k, d, n) for (k, d), n in counts.items()))


@pytest.fixture(scope="session")
def make() -> Callable[..., Result]:
    def make(
        rows: Iterable[tuple],
        modules: Iterable[tuple] = (),
        unknown: Iterable[tuple] = (),
        **fields,
    ) -> Result:
        coverage = Coverage(len(list(rows)), 0, tuple(Unknown(*u) for u in unknown))
        rest = {
            "dims": {},
            "mode": "eval",
            "train": None,
            "parameters": Params(const(5), ZERO, ZERO),
            **fields,
        }
        return Result(
            model="net",
            rows=tuple(row(*r) for r in rows),
            modules=tuple(Module(p, kind, parse(str(n))) for p, kind, n in modules),
            coverage=coverage,
            **rest,
        )

    return make
