"""Which axes of parameters are of one width, seen at small networks."""

import pytest

from orderof.analyses.axes import together

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.framework


def sets(module, *args):
    """Sets of parameters' axes that grow together; those that are no width."""
    from orderof.frontends.torch import graph_of

    graph = graph_of(module, args, symbolic=(), fold=False)
    axes = together(graph)
    found = {}
    for i in graph.inputs:
        for k in range(len(i.value.shape)):
            found.setdefault(axes.of(i.value, k), set()).add(f"{i.value.name}[{k}]")
    placed = axes.placed
    widths = {frozenset(names) for key, names in found.items() if key not in placed}
    return widths, {name for key, names in found.items() if key in placed for name in names}


def test_a_layer_gives_what_the_next_one_takes():
    net = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Linear(7, 3, bias=False))
    widths, placed = sets(net, torch.empty(2, 5))
    assert widths == {
        frozenset({"input[0]"}),
        frozenset({"input[1]", "0.weight[1]"}),
        frozenset({"0.weight[0]", "0.bias[0]", "1.weight[1]"}),
        frozenset({"1.weight[0]"}),
    }
    assert not placed


def test_sides_of_a_window_are_no_widths():
    net = torch.nn.Conv2d(4, 6, 3, groups=2, bias=False)
    widths, placed = sets(net, torch.empty(2, 4, 8, 8))
    assert frozenset({"input[1]", "weight[1]"}) in widths
    assert frozenset({"weight[0]"}) in widths
    assert placed == {"input[2]", "input[3]", "weight[2]", "weight[3]"}


def test_equal_norms_in_two_places_are_not_one_width():
    net = torch.nn.Sequential(torch.nn.LayerNorm(4), torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))
    widths, _ = sets(net, torch.empty(2, 4))
    assert {"0.weight[0]", "0.bias[0]", "1.weight[1]", "input[1]"} in widths
    assert {"2.weight[0]", "2.bias[0]", "1.weight[0]", "1.bias[0]"} in widths


def test_gates_of_a_recurrent_layer_are_parts_of_one_width():
    widths, _ = sets(torch.nn.LSTM(5, 7, batch_first=True, bias=False), torch.empty(2, 3, 5))
    assert {"weight_ih_l0[0]", "weight_hh_l0[0]", "weight_hh_l0[1]"} in widths
    assert {"weight_ih_l0[1]", "input[2]"} in widths


def test_what_is_flattened_grows_by_its_channels():
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3, bias=False), torch.nn.Flatten(), torch.nn.Linear(6 * 4, 5)
    )
    widths, _ = sets(net, torch.empty(2, 3, 4, 4))
    assert {"0.weight[0]", "2.weight[1]"} in widths
