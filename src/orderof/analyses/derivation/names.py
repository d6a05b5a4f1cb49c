"""What the tensors of a derivation are called: short symbols, each defined once.

x              an input, by its own name
W_1, b_1       parameters: `weight` is W, `bias` is b, others go by their names
y_1, e_1, ...  what the steps of the forward and of the backward pass give
g_W_1          the gradient of W_1, which becomes W_1_new
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from orderof.ir.graph import Phase, Role
from orderof.written import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orderof.ir.graph import Graph, Value
    from orderof.sym import Expr

SHORT = {"weight": "W", "bias": "b"}
_GIVEN = (Role.PARAM, Role.FROZEN, Role.BUFFER)


class Names:
    """Symbols of values, in the order in which they are defined."""

    def __init__(self, graph: Graph, letters: Iterable[str]) -> None:
        """Name what the graph is given."""
        self.taken = {*letters}
        self._numbers: Counter[str] = Counter()
        self._entries: dict[Value, Entry] = {}
        self.wanted: dict[Value, str] = {}
        """Names that some values shall have, once they are defined."""
        short = {i.value: _short(i.value.name, i.role) for i in graph.inputs}
        often = Counter(short.values())
        for value, base in short.items():
            alone = often[base] == 1 and base not in self.taken
            self.define(value, self.free(base) if alone else self.numbered(base))
        for p, g in graph.grads:
            self.wanted[g] = f"g_{self._entries[p].name}"
        for node in graph.nodes:
            if node.phase is Phase.OPTIMIZER:
                self.wanted[node.results[0]] = f"{self._entries[node.operands[0]].name}_new"

    def numbered(self, base: str) -> str:
        """Give the next symbol with a base."""
        self._numbers[base] += 1
        return self.free(f"{base}_{self._numbers[base]}")

    def free(self, name: str) -> str:
        """Take a symbol, with a word behind it where it stands for something else already."""
        while name in self.taken:
            name += "_again"
        self.taken.add(name)
        return name

    def define(self, value: Value, name: str, index: tuple[Expr, ...] = ()) -> None:
        """Call a value by a symbol, or by a part of one."""
        self._entries[value] = Entry(name, index)

    def fresh(self, value: Value, base: str, index: tuple[Expr, ...]) -> None:
        """Call a value by the symbol it shall have, else by a new one."""
        wanted = self.wanted.get(value)
        self.define(value, self.free(wanted) if wanted else self.numbered(base), index)

    def alias(self, values: Mapping[Value, Value]) -> None:
        """Call values as others are called."""
        for value, other in values.items():
            self._entries[value] = self._entries[other]

    def of(self, value: Value) -> Entry:
        """What a value is called."""
        return self._entries[value]


def _short(name: str, role: Role) -> str:
    """Shorten a name: layer1.linear.weight is W, weight_ih_l0 is W_ih_l0."""
    if name == "grad.out":
        return "g"
    last = name.rpartition(".")[2]
    if role is Role.STATE:
        return "s"
    if role not in _GIVEN:
        return last or "x"
    first, _, rest = last.partition("_")
    return "_".join((SHORT.get(first, first), *([rest] if rest else ()))) or "w"
