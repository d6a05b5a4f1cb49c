"""Translation by recurrent layers and attention: RNNsearch (Bahdanau et al. 2014, arXiv:1409.0473).

The encoder reads the source in both directions and leaves an annotation h_j for each of S words.
Step i of the decoder looks at all of them (section 3.1, appendix A):

    e_ij = v tanh(W s_(i-1) + U h_j)     a_i = softmax(e_i)     c_i = sum over j of a_ij h_j
    s_i  = gru([y_(i-1), c_i], s_(i-1))  t_i = max over pairs of R [s_i, y_(i-1), c_i]

and the f maxima t_i give the logits of V words. U h_j does not depend on i: it is computed once. I
is the width of an embedding, d that of the alignment and of the states, in each direction.

Where the paper has s_(i-1) in t_i (appendix A.2.2) and s_i in the same place (equation 4), it is
s_i. The GRU is torch's: its reset gate acts behind the product, and it has two biases (the paper
leaves all biases out of its formulas).

`seq2seq` is given the target (teacher forcing). `seq2seq_beam` searches for one: each of T steps
keeps the best b of the b*V continuations of b hypotheses (Sutskever et al. 2014, arXiv:1409.3215,
section 3.2), and the best of the last step is read back. No hypothesis ends before step T.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orderof.frontends.zoo.layers import Net, act, dense
from orderof.frontends.zoo.rnn import both_ways
from orderof.ir.scalar import Power
from orderof.ops.contract import linear, matmul
from orderof.ops.elementwise import add, cast, floor, hyperbolic_tangent, scale, shrink, sub
from orderof.ops.recurrent import gru_step
from orderof.ops.reduce import argmax, max_over
from orderof.ops.region import loop
from orderof.ops.shape import (
    concat,
    copy,
    expand,
    fill,
    gather_rows,
    iota,
    permute,
    reshape,
    slice_,
    take,
)
from orderof.ops.softmax import log_softmax, softmax
from orderof.ops.sort import top_k
from orderof.sym import ONE, Expr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orderof.ir.build import Builder
    from orderof.ir.graph import Value

    Values = Sequence[Value]
    Carried = tuple[Values, Values]

DIMS = {"B": 1, "S": 50, "T": 50, "I": 620, "d": 1000, "f": 500, "V": 30000}
"""Appendix A.2.3; as many words as the longest sentences that RNNsearch-50 is trained on."""
BEAM = {**DIMS, "b": 12}
NEVER = -1e30
"""What a hypothesis that does not exist yet lacks to the first."""


class Decoder(NamedTuple):
    """What every step of the decoder reads."""

    memory: Value
    keys: Value
    query: Value
    score: Value
    cell: Values


def seq2seq(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the logits (B, T, V) of a target (B, T), read so far, for a source (B, S)."""
    B, T, V = (dims[k] for k in "BTV")
    memory, last = _encode(net, dims)
    target = net.input("target", "int64", B, T)
    with net.module("decoder", "Decoder"):
        words = _embed(net, target, V, dims["I"])
        words = reshape(net, permute(net, words, order=(1, 0, 2)), shape=(T, B, ONE, dims["I"]))
        start, decoder = _prepare(net, memory, last, dims)

        def body(c: Builder, carry: Values, const: Values, slices: Values) -> Carried:
            after, seen = step(c, slices[0], carry[0], _unpack(const))
            return [after], [seen]

        _, seen = loop(
            net, T, body, carry=[start], const=_pack(decoder), scan=[words], label="time"
        )
        seen = reshape(net, seen, shape=(T, B, seen.shape[3]))
        read = _readout(net, seen.shape[2], dims["f"], V)
        return [logits(net, permute(net, seen, order=(1, 0, 2)), read)]


def seq2seq_beam(net: Net, dims: Mapping[str, Expr]) -> list[Value]:
    """Give the best target (B, T) that a beam of width b finds, and its score (B).

    What is differentiated is that score; the choices on the way are taken as they are.
    """
    B, T, d, V, b = (dims[k] for k in "BTdVb")
    memory, last = _encode(net, dims)
    with net.module("decoder", "Decoder"):
        with net.module("embedding", "Embedding"):
            table = net.param("weight", V, dims["I"])
        start, decoder = _prepare(net, memory, last, dims)
        read = _readout(net, dims["I"] + 3 * d, dims["f"], V)

        def body(c: Builder, carry: Values, const: Values, _: Values) -> Carried:
            decoder, table, *read = _unpack(const[:-5]), *const[-5:]
            words, s, scores = carry
            with c.module("embedding", "Embedding"):
                y = gather_rows(c, table, words)
            s, seen = step(c, y, s, decoder)
            logp = log_softmax(c, logits(c, seen, read), axis=-1)
            with c.module("beam", "BeamSearch"):
                words, whence, s, scores = _select(c, logp, scores, s)
            return [words, s, scores], [words, whence]

        words = fill(net, shape=(B, b), dtype="int64")
        states = copy(net, expand(net, start, shape=(B, b, d)))
        places = scale(net, iota(net, shape=(ONE, b), dtype="float32"), by=NEVER)
        carry = [words, states, copy(net, expand(net, places, shape=(B, b)))]
        const = [*_pack(decoder), table, *read]
        _, _, scores, words, whence = loop(net, T, body, carry=carry, const=const, label="time")
        with net.module("beam", "BeamSearch"):
            return _read_back(net, scores, words, whence)


def step(c: Builder, y: Value, s: Value, decoder: Decoder) -> tuple[Value, Value]:
    """Give the next state (B, k, d), and that with y and the context, for words y (B, k, I)."""
    B, k, d = s.shape
    with c.module("attention", "Attention"):
        x = concat(c, y, attend(c, s, decoder), axis=2)
    with c.module("rnn", "GRUCell"):
        flat, h = (reshape(c, v, shape=(B * k, v.shape[2])) for v in (x, s))
        (after,) = gru_step(c, flat, (h,), decoder.cell)
    after = reshape(c, after, shape=(B, k, d))
    return after, concat(c, after, x, axis=2)


def attend(c: Builder, s: Value, decoder: Decoder) -> Value:
    """Give the contexts (B, k, 2*d) of states (B, k, d): the memory weighted by v tanh(q + key)."""
    (B, k, d), S = s.shape, decoder.keys.shape[1]
    with c.module("query", "Linear"):
        q = reshape(c, linear(c, s, decoder.query), shape=(B, k, ONE, d))
    keys = reshape(c, decoder.keys, shape=(B, ONE, S, d))
    u = hyperbolic_tangent(c, add(c, q, keys))
    with c.module("score", "Linear"):
        e = linear(c, u, decoder.score)
    weights = softmax(c, reshape(c, e, shape=(B, k, S)), axis=-1)
    found: Value = matmul(c, weights, decoder.memory)
    return found


def logits(c: Builder, seen: Value, read: Values) -> Value:
    """Give the logits of V words: the greater of each pair of 2*f features, then a product."""
    w, bias, head, shift = read
    with c.module("readout", "Maxout"):
        t = add(c, linear(c, seen, w), bias)
        t = reshape(c, t, shape=(*t.shape[:-1], t.shape[-1] / 2, 2))
        t = max_over(c, t, dims=(-1,))
    with c.module("head", "Linear"):
        found: Value = add(c, linear(c, t, head), shift)
        return found


def _encode(net: Net, dims: Mapping[str, Expr]) -> tuple[Value, Value]:
    """Give the annotations (B, S, 2*d), and the state (B, 1, d) of who read to the beginning."""
    B, S, d = (dims[k] for k in "BSd")
    source = net.input("source", "int64", B, S)
    with net.module("encoder", "Encoder"):
        x = _embed(net, source, dims["V"], dims["I"])
        with net.module("rnn", "GRU"):
            x, last = both_ways(net, permute(net, x, order=(1, 0, 2)), d, "gru")
    last = slice_(net, last, axis=0, start=1, stop=2)
    return permute(net, x, order=(1, 0, 2)), reshape(net, last, shape=(B, ONE, d))


def _embed(net: Net, tokens: Value, V: Expr, width: Expr) -> Value:
    with net.module("embedding", "Embedding"):
        found: Value = gather_rows(net, net.param("weight", V, width), tokens)
        return found


def _prepare(
    net: Net, memory: Value, last: Value, dims: Mapping[str, Expr]
) -> tuple[Value, Decoder]:
    """Give the first state (B, 1, d), and the parameters of a step beside what it looks at."""
    d, x = dims["d"], dims["I"] + 2 * dims["d"]
    with net.module("init", "Init"):
        start = act(net, dense(net, "linear", last, d), "tanh")
    with net.module("attention", "Attention"):
        keys = dense(net, "key", memory, d)
        with net.module("query", "Linear"):
            query = net.param("weight", d, d)
        with net.module("score", "Linear"):
            score = net.param("weight", 1, d)
    with net.module("rnn", "GRUCell"):
        cell = [net.param("weight_ih", 3 * d, x), net.param("weight_hh", 3 * d, d)]
        cell += [net.param("bias_ih", 3 * d), net.param("bias_hh", 3 * d)]
    return start, Decoder(memory, keys, query, score, cell)


def _readout(net: Net, width: Expr, f: Expr, V: Expr) -> list[Value]:
    """Declare the parameters of `logits`."""
    with net.module("readout", "Maxout"):
        made = [net.param("weight", 2 * f, width), net.param("bias", 2 * f)]
    with net.module("head", "Linear"):
        return [*made, net.param("weight", V, f), net.param("bias", V)]


def _pack(decoder: Decoder) -> list[Value]:
    return [*decoder[:4], *decoder.cell]


def _unpack(const: Values) -> Decoder:
    memory, keys, query, score, *cell = const
    return Decoder(memory, keys, query, score, cell)


def _select(c: Builder, logp: Value, scores: Value, s: Value) -> tuple[Value, ...]:
    """Keep the best b of all continuations; gives (words, whence each came, states, scores)."""
    B, b, V = logp.shape
    total = add(c, logp, reshape(c, scores, shape=(B, b, ONE)))
    total = reshape(c, total, shape=(B, b * V))
    at = top_k(c, total, k=b)
    whence = cast(c, floor(c, shrink(c, at, by=Power(V))), dtype="int64")
    words = sub(c, at, scale(c, whence, by=Power(V)))
    rows = expand(c, reshape(c, whence, shape=(B, b, ONE)), shape=s.shape)
    return words, whence, take(c, s, rows, axis=1), take(c, total, at, axis=1)


def _read_back(net: Net, scores: Value, words: Value, whence: Value) -> list[Value]:
    """Follow the best hypothesis (B, 1) of the last step back through what each step kept."""

    def body(c: Builder, carry: Values, const: Values, slices: Values) -> Carried:
        word, before = (take(c, v, carry[0], axis=1) for v in slices)
        return [before], [word]

    T, B, _ = words.shape
    best = argmax(net, scores, axis=1, keep=True)
    _, found = loop(net, T, body, carry=[best], scan=[words, whence], reverse=True, label="time")
    target = permute(net, reshape(net, found, shape=(T, B)), order=(1, 0))
    return [target, reshape(net, take(net, scores, best, axis=1), shape=(B,))]
