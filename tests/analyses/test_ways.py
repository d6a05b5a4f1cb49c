"""Ways to a gradient: formulas by hand, recursions by trying all, windows by their parts."""

import functools
import itertools
import json

import pytest
from click.testing import CliRunner

from orderof import gradients
from orderof.analyses.ways import revolve
from orderof.cli.app import APP
from orderof.errors import BadSpelling
from orderof.sym import parse


def told(model, **asked):
    found = gradients(model, **asked)
    return {w.name: w for w in (*found.gradient, *found.layers, *found.time)}, found


def test_a_network_of_two_layers_by_hand():
    ways, found = told("mlp:3-4-2")
    w = parse("n0*n1 + n1 + n1*n2 + n2")
    forward = parse("2*B*n0*n1 + B*n1 + 2*B*n1*n2")
    assert (found.params, found.forward) == (w, forward)
    errors = parse("B*n1*(2*n2 - 1) + 2*B*n1")  # through the weights, then through the ReLU
    own = parse("2*B*n0*n1 - n0*n1 + B*n1 - n1 + 2*B*n1*n2 - n1*n2 + B*n2 - n2")
    assert ways["reverse mode"].ops == forward + errors + own
    first = parse("n0*n1 + n1")  # entries that have errors between them and the output
    assert ways["chain rule without reuse"].ops == forward + first * errors + own
    assert ways["differences, forward"].ops == (w + 1) * forward + 3 * w
    assert ways["differences, central"].ops == 2 * w * forward + 4 * w
    one, whole = (ways[f"forward mode, {x}"].ops for x in ("one direction", "the whole gradient"))
    assert whole == forward + w * (one - forward)
    # dW x, + db; the ReLU's choice; dW h + W dh, + db
    tangents = parse("2*B*n0*n1 - B*n1 + B*n1 + 2*B*n1 + 2*(2*B*n1*n2 - B*n2) + 2*B*n2")
    assert one - forward == tangents


@functools.cache
def least(blocks, kept):
    """Blocks run again by trying every place of the next checkpoint."""
    if blocks == 1:
        return 0
    if kept == 1:
        return blocks * (blocks - 1) // 2
    return min(j + least(blocks - j, kept - 1) + least(j, kept) for j in range(1, blocks))


def test_the_best_checkpoints():
    for blocks in range(1, 40):
        for kept in range(1, blocks + 1):
            assert revolve(blocks, kept) == least(blocks, kept)


def test_one_block_leaves_nothing_to_choose():
    _, found = told("zoo:gpt2", dims={"L": 1})
    assert (found.layers, found.blocks) == ((), ("", 0))


@pytest.mark.parametrize(("n", "again", "inputs", "held"), [(12, 8, 3, 4), (10, 8, 3, 4)])
def test_checkpoints_of_equal_blocks(n, again, inputs, held):
    ways, found = told("zoo:gpt2", dims={"L": n})
    assert found.blocks == ("h.*", n)
    (sqrt,) = (w for name, w in ways.items() if "sqrt" in name)
    everything = ways["keep everything"]
    block = parse("24*B*S*d**2 + 4*B*S**2*d")  # its contractions; the rest is less
    extra = sqrt.ops - everything.ops
    assert sqrt.again == again
    assert extra.at(found.dims) >= again * block.at(found.dims)
    assert bool(extra) == bool(again)
    saved = everything.kept.at(L=n, **{k: v for k, v in found.dims.items() if k != "L"}) // n
    start = parse("B*S*d").at(found.dims)
    assert sqrt.kept.at(found.dims) == inputs * start + held * saved
    assert ways["keep the first input alone"].again == n * (n - 1) // 2


def test_the_errors_of_a_stack_are_walked_through_for_every_layer():
    """Without reuse L layers cost L*(L + 1)/2 walks for each of a layer's parameters."""
    ways = {n: told("zoo:gpt2", dims={"L": n})[0]["chain rule without reuse"].ops for n in (1, 3)}
    sizes = {"B": 1, "S": 2, "d": 4, "h": 2, "V": 5, "P": 2}
    assert str(ways[1]) == str(ways[3])
    second = [ways[1].at(L=n, **sizes) for n in (2, 4, 6, 8)]
    steps = [b - a for a, b in itertools.pairwise(second)]
    bends = [b - a for a, b in itertools.pairwise(steps)]
    assert bends[0] == bends[1] > 0  # quadratic in L


def test_chunks_are_shorter_sequences():
    ways, found = told("zoo:lstm", dims={"S": 6}, window=3)
    whole = ways["all of time"].ops
    at = {k: n for k, n in found.dims.items() if k != "S"}
    assert ways["chunks of 3"].ops.at(found.dims) == 2 * whole.at(S=3, **at)
    every = sum(whole.at(S=min(t, 3), **at) for t in range(1, 7))
    assert ways["3 steps from every step"].ops.at(found.dims) == every
    assert ways["3 steps from every step"].again == 15
    assert ways["all of time"].kept.at(found.dims) == 2 * ways["chunks of 3"].kept.at(found.dims)


@pytest.mark.parametrize("asked", [{"window": 9}, {"window": -1}])
def test_windows_that_there_cannot_be(asked):
    with pytest.raises(BadSpelling, match="is none of 5 steps"):
        gradients("zoo:lstm", **asked)


def test_more_checkpoints_than_blocks():
    with pytest.raises(BadSpelling, match="13 checkpoints: are none that 12 blocks can have"):
        gradients("zoo:gpt2", checkpoints=13)


def test_the_screen_and_json():
    found = CliRunner().invoke(APP, ["gradient", "mlp:784-300-10"])
    assert found.exit_code == 0, found.output
    lines = [x.rstrip() for x in found.output.splitlines()]
    assert lines[2].split() == ["the", "gradient", "by", "operations", "times"]
    assert lines[3].split()[:2] == ["reverse", "mode"]
    assert (
        lines[-1]
        == "  Next: orderof gradient mlp:784-300-10 --json  ·  orderof explain mlp:784-300-10"
    )
    data = json.loads(CliRunner().invoke(APP, ["gradient", "zoo:lstm", "--json"]).output)
    assert data["time"][0]["name"] == "all of time"
    assert data["gradient"][0]["value"] == 165760


def test_a_stack_of_one_is_its_layer_unrolled():
    """Law 4 in a loop: of a layer the errors up to the gradient, of the others all."""
    one, two = (told("zoo:gpt2", dims={"L": n})[0]["chain rule without reuse"].ops for n in (1, 2))
    assert one == two  # the formula is in L
    sizes = {"B": 1, "S": 2, "d": 4, "h": 2, "V": 5, "P": 2}
    reverse = told("zoo:gpt2")[0]["reverse mode"].ops
    assert one.at(L=1, **sizes) > reverse.at(L=1, **sizes)


def test_without_a_forward_mode_the_others_are_told():
    ways, found = told("zoo:alexnet")
    assert "forward mode, one direction" not in ways
    assert "differences, forward" in ways
    assert "no figure for forward mode" in found.notes[0]


def test_padding_is_asked_for():
    full, exact = (gradients("zoo:resnet18", padding=p).gradient[0].ops for p in ("full", "exact"))
    assert exact.at(dict(gradients("zoo:resnet18").dims)) < full.at(
        dict(gradients("zoo:resnet18").dims)
    )
