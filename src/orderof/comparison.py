"""`compare`: what the counters of the field say of a network, and why they do not agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from orderof.analyses import compare as analysis
from orderof.api import graph
from orderof.conventions import convention, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orderof.analyses.compare import Comparison, Term
    from orderof.api import Asked
    from orderof.doc import Doc

ALL = "all"


@dataclass(frozen=True, slots=True)
class Compared:
    """Figures by convention, and their differences term by term: printed, or read."""

    comparison: Comparison
    model: str = ""
    """How the model was spelled, if it was."""

    def figures(self) -> dict[str, int]:
        """Give each convention's number at the default sizes."""
        sizes = dict(self.comparison.dims)
        return {a.convention.name: a.total.at(sizes) for a in self.comparison.accounts}

    def terms(self, ours: str, theirs: str) -> tuple[Term, ...]:
        """Say why one figure is not the other: terms that add up to the difference."""
        exact = self.comparison.exact
        found = {a.convention.name: a for a in (exact, *self.comparison.accounts)}
        return analysis.difference(found[ours], found[theirs])

    def doc(self, options: str = "") -> Doc:
        """Give the report; `options` are those of the command line that asked for it."""
        from orderof.analyses.compare_doc import report

        return report(self.comparison, self.model, options)

    def to_json(self) -> str:
        """Write as JSON: figures, formulas, terms and places."""
        from orderof.analyses.compare_doc import dumps

        return dumps(self.comparison)

    def __str__(self) -> str:
        from orderof.views.text import render

        return render(self.doc())


def compare(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    as_: Sequence[str] = (ALL,),
    **asked: Unpack[Asked],
) -> Compared:
    """Say what each convention counts of a model, and why they differ, term by term.

    `as_` names conventions, files of one's own among them, or "all" that speak of such a model. The
    other arguments are those of `analyze`. Raises `BadSpelling` for a convention that nobody knows,
    `Unmeasured` for a formula that is named and does not speak of it.

    >>> c = compare("zoo:resnet18", as_=["macs", "fvcore"])
    >>> c.figures()
    {'macs': 1814073344, 'fvcore': 1819065856}
    >>> sum(t.amount.at(dict(c.comparison.dims)) for t in c.terms("macs", "fvcore"))
    4992512
    """
    named = [name for name in as_ if name != ALL]
    others = names() if ALL in as_ else []
    asked["traced"] = any(convention(name).products for name in (*named, *others))
    found = analysis.compare(graph(model, *inputs, **asked), named, others)
    return Compared(found, model if isinstance(model, str) else "")
