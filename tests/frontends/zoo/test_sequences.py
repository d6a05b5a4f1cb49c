"""Recurrent networks by hand: two directions, attention, and a beam."""

import pytest

from orderof.analyses.work import count
from orderof.counts import Counts
from orderof.frontends.zoo import build
from orderof.ir.forms import Loop
from orderof.sym import ceillog2, symbols
from orderof.transform.grad import grad

B, S, T, I, d, f, V, b = symbols("B S T I d f V b")  # noqa: E741 - I is the input width
BEAM, FORCED = "seq2seq_beam", "seq2seq"


def forward(name, scope=""):
    rows = count(build(name)).rows
    return Counts.sum(row.counts for row in rows if row.scope.startswith(scope))


def macs(name, scope=""):
    return forward(name, scope).macs()


def test_two_directions_are_two_layers():
    assert forward("bilstm") == 2 * forward("lstm")
    assert macs("bilstm") == 2 * S * B * 4 * d * (I + d)
    one, both = (count(build(name)).params.trainable for name in ("lstm", "bilstm"))
    assert both == 2 * one


def rest(rows):
    """What one step of the decoder multiplies beside what it looks at, for some hypotheses."""
    query = d * d
    cell = 3 * d * (I + 2 * d) + 3 * d * d
    readout = 2 * f * (d + I + 2 * d)
    return rows * (query + cell + readout + f * V)


def attention(rows):
    """One row of scores and one mean over all annotations."""
    return rows * (S * d + S * 2 * d)


encoder = 2 * B * S * 3 * d * (I + d)  # two GRUs
keys = B * S * 2 * d * d
first = B * d * d


def test_teacher_forcing():
    assert macs(FORCED, "encoder") == encoder
    assert macs(FORCED) == encoder + keys + first + T * (rest(B) + attention(B))


def test_a_beam_multiplies_as_much_for_each_hypothesis():
    assert macs(BEAM) == encoder + keys + first + T * (rest(B * b) + attention(B * b))


def test_decoding_is_linear_in_steps_and_hypotheses():
    decoding = macs(BEAM) - macs(BEAM, "encoder") - keys - first
    assert decoding.subs({"T": 1, "b": 1}) * T * b == decoding
    # Attention alone grows with the source, too: with S = T it is quadratic.
    assert decoding.subs({"S": T}).degree("T") == 2
    assert (decoding - T * attention(B * b)).subs({"S": T}).degree("T") == 1


def test_the_encoder_does_not_know_the_beam():
    assert forward(BEAM, "encoder") == forward(FORCED, "encoder")


def test_selection():
    # The best b of b*V in each step, then the best of b (Knuth, TAOCP vol. 3, section 5.3.3)
    n = b * V
    compared = T * B * (n - b + (b - 1) * ceillog2(n - b + 2)) + B * (b - 1)
    found = forward(BEAM, "decoder.beam")
    assert found["cmp", "float32"] == compared
    # The score of each continuation; which hypothesis (at / V) and which word (at - V * that)
    each = T * B * b
    integers = {("cast", "int64"): each, ("mul", "int64"): each, ("add", "int64"): each}
    floats = {("div", "float32"): each, ("round", "float32"): each}
    added = {("add", "float32"): each * V, ("cmp", "float32"): compared}
    assert found == Counts({**integers, **floats, **added})


@pytest.mark.parametrize("name", [FORCED, BEAM])
def test_the_same_parameters(name):
    embedding, alignment = 2 * V * I, d * d + (2 * d + 1) * d + d
    cells = 2 * (3 * d * (I + d) + 6 * d) + 3 * d * (I + 2 * d + d) + 6 * d
    readout = 2 * f * (I + 3 * d + 1) + (f + 1) * V
    held = embedding + alignment + cells + readout + (d + 1) * d
    assert count(build(name)).params.trainable == held


def test_a_beam_of_one():
    # Greedy decoding: the products are those of teacher forcing.
    assert macs(BEAM).subs({"b": 1}) == macs(FORCED)


def test_time_is_a_loop():
    trips = [node.form.trip for node in build(BEAM).nodes if isinstance(node.form, Loop)]
    assert trips == [T, T]  # forwards, and back along the best hypothesis
    assert [n.form.trip for n in build(FORCED).nodes if isinstance(n.form, Loop)] == [T]


def test_the_backward_pass_of_attention():
    rows = count(grad(build(FORCED, train=True))).rows
    backward = Counts.sum(r.counts for r in rows if r.phase == "backward").macs()
    # Two products for each of the forward pass: no input is a float.
    assert backward == 2 * macs(FORCED)
