"""Runs a graph with numpy: nests by the interpreter, the other forms by the operator's name.

`run` also adds up what was done on the way: operations, elements read and written in bytes, and the
chain that was longest when every node starts as soon as its operands are there.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from oracle.adaptive import ADAPTIVE
from oracle.antialias import ANTIALIAS
from oracle.bags import BAGS
from oracle.case import NUMPY, concrete
from oracle.deciding import DECIDING
from oracle.folding import FOLDING
from oracle.fourier import FOURIER
from oracle.interpreter import BYTES, effective, execute, is_contraction
from oracle.irregular import IRREGULAR
from oracle.regions import REGIONS
from oracle.sampling import SAMPLING
from oracle.triangles import TRIANGLES
from orderof.ir.forms import Composite, Irregular, Loop, Move, Nest, View

_LOOPS = IRREGULAR | ADAPTIVE | ANTIALIAS | BAGS | DECIDING | FOLDING
_LOOPS |= FOURIER | REGIONS | SAMPLING | TRIANGLES


def _slice(x, axis, stop, start=0, step=1):
    return np.take(x, np.arange(start, stop, step), axis)


VIEWS = {
    "reshape": lambda x, shape: x.reshape(shape),
    "permute": lambda x, order: x.transpose(order),
    "expand": np.broadcast_to,
    "split": lambda x, axis, sizes: np.split(x, np.cumsum(sizes)[:-1], axis),
    "slice": _slice,
    "alias": lambda x: x,
    "detach": lambda x: x,
    "oriented": lambda x, shape: x if x.shape == shape else x.T,
    "strided": lambda x, shape, strides, offset=0: np.lib.stride_tricks.as_strided(
        x.reshape(-1)[offset:], shape, [n * x.itemsize for n in strides]
    ),
    "slide": lambda x, axis, size, step=1: np.moveaxis(
        np.moveaxis(np.lib.stride_tricks.sliding_window_view(x, size, axis), axis, 0)[::step],
        0,
        axis,
    ),
}


def _fill(shape, dtype, value=0):
    return np.full(shape, value, NUMPY.get(dtype, np.float64))


def _embed(x, shape, axis, stop, start=0, step=1):
    out = np.zeros(shape, x.dtype)
    np.moveaxis(out, axis, 0)[start:stop:step] = np.moveaxis(x, axis, 0)
    return out


def _pad(x, before, after, value=0):
    return np.pad(x, list(zip(before, after, strict=True)), constant_values=value)


def _overwrite(x, part, axis, stop, start=0, step=1):
    out = x.copy()
    np.moveaxis(out, axis, 0)[start:stop:step] = np.moveaxis(part, axis, 0)
    return out


def _place(x, part, *at, dims):
    out = x.copy()
    out[picked(x.ndim, at, dims)] = part
    return out


def _place_along(x, part, at, axis):
    out = x.copy()
    np.put_along_axis(out, at, part, axis)
    return out


def _mirror(x, before, after, mode="reflect"):
    still = [(0, 0)] * (x.ndim - len(before))
    return np.pad(x, [*still, *zip(before, after, strict=True)], mode=mode)


def _nearest(x, size):
    for axis, (n, m) in enumerate(zip(x.shape[-len(size) :], size, strict=True), -len(size)):
        x = np.take(x, np.arange(m) * n // m, axis)
    return x


def picked(rank, at, dims):
    """Give what stands between the brackets of x[:, i, :, j]; a mask stands for all its axes."""
    by = dict(zip(dims, at, strict=True))
    masked = {d + n for d, i in by.items() if i.dtype == bool for n in range(1, i.ndim)}
    return tuple(by.get(d, slice(None)) for d in range(rank) if d not in masked)


MOVES = {
    "copy": lambda x: x.copy(),
    "concat": lambda *xs, axis: np.concatenate(xs, axis),
    "fill": _fill,
    "embed_slice": _embed,
    "pad": _pad,
    "gather_rows": lambda table, at: table[at],
    "index": lambda x, *at, shape, dims: x[picked(x.ndim, at, dims)].reshape(shape),
    "overwrite": _overwrite,
    "place": _place,
    "mirror": _mirror,
    "stretch": lambda x, before, after: _mirror(x, before, after, "edge"),
    "eye": lambda shape, dtype: np.eye(*shape),
    "place_along": _place_along,
    "nearest": _nearest,
    "take": np.take_along_axis,
}
CONTRACTIONS = {
    *("matmul", "matmul_nt", "linear", "project", "dot", "matvec"),
    *(f"conv{way}{rank}d" for way in ("", "_transpose") for rank in (1, 2, 3)),
    *("attention_scores", "attention_values"),
}
"""The operators whose points are multiply-adds, and so are those of their gradients."""
INDEXED = ("gather_rows", "take", "index")
"""Moves whose further operands say where to read in the first; they are read too."""
IN_PLACE = ("overwrite", "place", "place_along")
"""Moves that leave what they do not write as it is."""


@dataclass
class Run:
    """What happened while a graph ran."""

    env: dict
    padding: str = "full"
    ops: Counter = field(default_factory=Counter)
    macs: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    values: dict = field(default_factory=dict)
    ready: dict = field(default_factory=dict)

    def graph(self, graph, inputs, ready):
        """Run a graph; gives (outputs, the chain behind each)."""
        for i, x, t in zip(graph.inputs, inputs, ready, strict=True):
            self.values[i.value], self.ready[i.value] = x, t
        for node in graph.nodes:
            self.node(node)
        outputs = [self.values[v] for v in graph.outputs]
        return outputs, [self.ready.get(v, 0) for v in graph.outputs]

    def node(self, node):
        """Run one node and keep its results."""
        start = max((self.ready.get(v, 0) for v in node.operands), default=0)
        operands = [self.values[v] for v in node.operands]
        match node.form:
            case Composite(body):
                found, ends = self.graph(body, operands, [self.ready[v] for v in node.operands])
            case Loop():
                found, ends = self._loop(node, operands)
            case form:
                found, chain = _PLAIN[type(form)](self, node, operands)
                ends = [start + chain] * len(found)
        for v, x, end in zip(node.results, found, ends, strict=True):
            shape = concrete(v.shape, self.env)
            assert np.shape(x) == shape, (node.op, np.shape(x), shape)
            self.values[v], self.ready[v] = x, end

    def _nest(self, node, operands):
        (out,) = node.results
        dtypes = [v.dtype for v in node.operands]
        shape = concrete(out.shape, self.env)
        met = effective(dtypes, list(map(np.ndim, operands)))
        done = execute(node.form, operands, met, shape, out.dtype, self.env, self.padding)
        assert done.dtype == out.dtype, (node.op, done.dtype, out.dtype)
        array = np.zeros(shape, NUMPY.get(out.dtype, np.float64))
        for position in done.written:
            array[position] = done.values[position]
        self.ops.update(done.ops)
        name, _, derived = node.op.partition(".")
        assert derived or is_contraction(node.form) == (name in CONTRACTIONS), name
        self.macs += done.points if name in CONTRACTIONS else 0
        for v in dict.fromkeys(node.operands):
            parts = [r for r, w in zip(done.read, node.operands, strict=True) if w is v]
            self.bytes_read += len(set().union(*parts)) * BYTES[v.dtype]
        self._write(node)
        return [array], done.span

    def _view(self, node, operands):
        found = VIEWS[node.op](*operands, **self._attrs(node))
        return found if isinstance(found, list) else [found], 0

    def _move(self, node, operands):
        attrs = self._attrs(node)
        self.bytes_read += moved(node.op, operands, attrs, [v.dtype for v in node.operands])
        if node.op in IN_PLACE:
            self.bytes_written += operands[1].size * BYTES[node.operands[1].dtype]
        else:
            self._write(node)
        return [MOVES[node.op](*operands, **attrs)], 0

    def _irregular(self, node, operands):
        dtype = node.results[0].dtype
        operand = node.operands[0].dtype if node.operands else dtype
        found, ops, chain = _LOOPS[node.op](*operands, **self._attrs(node))
        self.macs += ops.pop("mac", 0)
        # A comparison is one of its operands, whatever it gives; what joins them, of booleans.
        of = {"cmp": operand, "logic": "bool"}
        named = {k if isinstance(k, tuple) else (k, of.get(k, dtype)): n for k, n in ops.items()}
        self.ops.update(named)
        self.bytes_read += sum(v.type.bytes.at(self.env) for v in node.operands)
        self._write(node)
        return found if isinstance(found, list) else [found], chain

    def _loop(self, node, operands):
        loop, trip = node.form, node.form.trip.at(self.env)
        n, m = loop.carry, loop.carry + loop.const
        ready = [self.ready[v] for v in node.operands]
        carry, then = operands[:n], ready[:n]
        stacks, sums = [[None] * trip for _ in range(loop.stack)], []
        ends, tails = [0] * loop.stack, []
        for i in reversed(range(trip)) if loop.reverse else range(trip):
            slices = [x[i] for x in operands[m:]]
            given, since = [*carry, *operands[n:m], *slices], [*then, *ready[n:]]
            found, chain = self.graph(loop.body, given, since)
            carry, then = found[:n], chain[:n]
            for k in range(loop.stack):
                stacks[k][i], ends[k] = found[n + k], max(ends[k], chain[n + k])
            sums.append(found[n + loop.stack :])
            tails.append(chain[n + loop.stack :])
        totals = [sum(each) for each in zip(*sums, strict=True)]
        for v in node.results[n + loop.stack :]:
            self.ops["add", v.dtype] += (trip - 1) * v.type.size.at(self.env)
        late = [max(each) + (trip - 1).bit_length() for each in zip(*tails, strict=True)]
        return [*carry, *map(np.stack, stacks), *totals], [*then, *ends, *late]

    def _attrs(self, node):
        return concrete(dict(node.attrs), self.env)

    def _write(self, node):
        self.bytes_written += sum(v.type.bytes.at(self.env) for v in node.results)


_PLAIN = {Nest: Run._nest, View: Run._view, Move: Run._move, Irregular: Run._irregular}


def moved(op, operands, attrs, dtypes):
    """Count the bytes that a move reads: give every element a number, and see which arrive."""
    size = [np.size(x) for x in operands]
    if op in IN_PLACE:
        return sum(n * BYTES[d] for n, d in zip(size[1:], dtypes[1:], strict=True))
    data, total = operands, 0
    if op in INDEXED:
        data = operands[:1]
        total = sum(n * BYTES[d] for n, d in zip(size[1:], dtypes[1:], strict=True))
    first = np.cumsum([1, *size])
    marked = [np.arange(f, f + x.size).reshape(x.shape) for x, f in zip(data, first, strict=False)]
    nothing = {"value": 0} if "value" in attrs else {}
    arrived = MOVES[op](*marked, *operands[len(data) :], **{**attrs, **nothing})
    for x, f, d in zip(data, first, dtypes, strict=False):
        total += int(np.sum((arrived >= f) & (arrived < f + x.size))) * BYTES[d]
    return total


def run(graph, inputs, env, padding="full"):
    """Run a graph on arrays; gives (outputs, Run)."""
    done = Run(env, padding)
    outputs, ends = done.graph(graph, inputs, [0] * len(inputs))
    done.span = max(ends, default=0)
    return outputs, done
