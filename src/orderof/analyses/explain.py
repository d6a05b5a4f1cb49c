"""Where a number comes from: the operators of a scope, one by one, each with its rule.

1. A scope is matched by path components, from the left: `h.*.attn` takes in everything below it.
2. Equal operators of equal copies are one item; what it costs is its count times how often it runs.
3. A Nest is counted anew from what is said about it: points * body + (points - outputs) * reduction.
4. A Composite is listed operator by operator, and so is what reverse mode makes of an operator.
5. An item's gradients are those that the model's backward pass asks for: of operands that a
   parameter comes through, from results that an output depends on.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orderof.analyses.work import visits
from orderof.counts import Counts
from orderof.errors import BadSpelling
from orderof.ir.access import image
from orderof.ir.forms import Composite, Irregular, Loop, Move, Nest, View
from orderof.ir.graph import Graph, Input, Node, Phase, Role, Value
from orderof.ops import REGISTRY, span, traffic, work
from orderof.ops.nest import typed
from orderof.ops.work import domain, loop_sums, sum_work
from orderof.sym import ONE, Expr
from orderof.transform.grad import grad
from orderof.transform.reach import Reach, reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orderof.counts import Kind
    from orderof.ir.graph import Type
