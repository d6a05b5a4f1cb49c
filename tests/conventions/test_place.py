"""What a rule can ask about the place of a node, in a convention of one's own."""

import pytest
import torch
from tests.conventions.cases import Does, ones
from torch import nn

from orderof.analyses.compare import account
from orderof.api import graph
from orderof.conventions import convention
from orderof.conventions.load import read

pytestmark = pytest.mark.framework

HEAD = 'about = "a test"\nsource = "here"\notherwise = 0\nwhy = "other"\n'


def told(rule: str, module: nn.Module, *inputs: torch.Tensor) -> int:
    """What one rule counts of a module."""
    text = f'{HEAD}\n[[rule]]\nwhy = "a reason"\n{rule}'
    found = graph(module.eval(), *inputs, symbolic=())
    total = account(found, read("mine", text, convention)).total.value
    assert total is not None
    return total


def test_what_comes_out_of_a_module():
    rule = 'op = "matmul"\ncount = "1000*out_rank + out_0"'
    assert told(rule, nn.Linear(4, 8), ones(2, 3, 4)) == 3002
    assert told(rule, nn.Linear(4, 8), ones(4)) == 1008


def test_a_call_ends_where_the_parameter_is_read_again():
    module = Does(lambda self, x: self.a(self.a(x)), a=nn.Conv1d(4, 4, 3))
    assert told('op = "conv1d"\ncount = "out_2"', module, ones(1, 4, 9)) == 7 + 5


def test_parameters_that_are_read():
    module = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8))
    assert told('param = "weight"\ncount = "params"', module, ones(3, 4)) == 32 + 16
    assert told('param = "b*"\ncount = "params"', module, ones(3, 4)) == 8 + 16


def test_a_parameter_that_is_repeated_counts_once():
    module = nn.InstanceNorm1d(4, affine=True)
    assert told('param = "weight"\ncount = "params"', module, ones(3, 4, 5)) == 4 + 4


def test_blocks_that_are_folded_read_theirs():
    module = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(6)))
    assert told('param = "weight"\ncount = "params"', module, ones(3, 4)) == 6 * 16


def test_a_leaf_has_no_modules_of_its_own():
    module = Does(lambda self, x: self.a(x) @ x.mT, a=nn.Linear(4, 4))
    assert told('op = "matmul"\nwhere = { leaf = 1 }\ncount = 1', module, ones(3, 4)) == 1


def test_what_is_trained():
    module = Does(lambda self, x: (self.a(x) * 2) @ (x * 2).mT, a=nn.Linear(4, 4))
    rule = 'op = "scale"\nwhere = { x0_trained = 1 }\ncount = "y0"'
    assert told(rule, module, ones(3, 4)) == 3 * 4
    assert told(rule, module.requires_grad_(requires_grad=False), ones(3, 4)) == 0


def test_conditions_compare_sizes():
    rule = 'op = "matmul"\nwhere = { "x0_0 - y0_1" = 0 }\ncount = 1'
    module = Does(lambda _, x, y: x @ y)
    assert told(rule, module, ones(2, 3), ones(3, 2)) == 1
    assert told(rule, module, ones(2, 3), ones(3, 4)) == 0


def test_the_axis_of_an_operator():
    assert told('op = "softmax"\ncount = "x0_axis"', nn.Softmax(1), ones(2, 6, 4)) == 6


@pytest.mark.parametrize(
    ("pattern", "count"), [("Tensor.add", 12), ("Tensor.__add__", 12), ("Tensor.*add*", 24)]
)
def test_an_operator_is_a_method_of_its_own(pattern, count):
    module = Does(lambda _, x: (x + x, x.add(x)))
    assert told(f'function = "{pattern}"\ncount = "y0"', module, ones(3, 4)) == count


def test_functions_have_names_where_no_line_is_the_users():
    assert told('function = "F.relu"\ncount = "y0"', nn.ReLU(), ones(3, 4)) == 12


def test_modules_around_are_known_by_where_they_are_defined_or_by_name():
    module = nn.TransformerEncoderLayer(8, 2, 16)
    for pattern in ("nn.TransformerEncoderLayer", "TransformerEncoderLayer"):
        rule = f'within = "{pattern}"\nmodule = "nn.Linear"\nop = "add"\ncount = 1'
        assert told(rule, module, ones(5, 2, 8)) == 2


AFTER = 'op = "relu"\nafter = "aten.convolution"\ncount = 1'


@pytest.mark.parametrize(
    ("rest", "count"),
    [
        (lambda y: y.relu(), 1),
        (lambda y: torch.relu_(y.clone()), 1),
        (lambda y: y.exp().relu(), 0),
        (lambda y: y.relu() + y, 0),
        (lambda y: (y.relu(), y), 0),
    ],
)
def test_what_made_the_first_operand_for_it_alone(rest, count):
    module = Does(lambda self, x: rest(self.a(x)), a=nn.Conv1d(4, 4, 3))
    assert told(AFTER, module, ones(2, 4, 9)) == count
    assert told(AFTER.replace("aten.convolution", "add"), module, ones(2, 4, 9)) == count


VARIES = 'where = { varies = 0 }\nop = ["scale", "matmul"]\ncount = "y0"'


@pytest.mark.parametrize(
    ("function", "count"),
    [
        (lambda self, x: x * 2 + self.a.weight * 2, 4 * 4),
        (lambda self, x: self.a(x * 2), 0),
        (lambda _, x: x + torch.arange(4) * 2, 4),
        (lambda _, x: (x + torch.zeros_like(x)) * 2, 0),
    ],
)
def test_what_depends_on_an_input(function, count):
    module = Does(function, a=nn.Linear(4, 4, bias=False))
    assert told(VARIES, module, ones(4, 4)) == count


def test_what_is_written_through_a_view_varies():
    def function(_, x):
        y = torch.zeros(3, 4)
        y[:, 1:] = x[:, 1:]
        return y * 2

    assert told(VARIES, Does(function), ones(3, 4)) == 0


def test_what_a_loop_hands_on_varies():
    module = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(6)))
    assert told('op = "relu"\nwhere = { varies = 1 }\ncount = 1', module, ones(3, 4)) == 6


def test_an_attribute_is_a_number_or_a_text():
    module = Does(lambda _, x: (x + 0) * 1.0 + 1e-6)
    assert told('op = "shift"\nwhere = { by = "0" }\ncount = 1', module, ones(3)) == 1
    assert told('op = "scale"\nwhere = { by = 1 }\ncount = 1', module, ones(3)) == 1


@pytest.mark.parametrize(
    ("function", "count"),
    [
        (lambda x: x.relu() + x.relu(), 1),
        (lambda x: x.relu() + (x + 1).relu(), 0),
        (lambda x: (x + 1).relu() + (x + 1).relu(), 1),
        (lambda x: x.relu() + x.relu() + x.relu(), 2),
        (lambda x: (x + torch.zeros(4)).relu() + (x + torch.zeros(4)).relu(), 1),
        (lambda x: (x + torch.rand(4)).relu() + (x + torch.rand(4)).relu(), 0),
    ],
)
def test_what_is_computed_again(function, count):
    rule = 'op = "relu"\nwhere = { again = 1 }\ncount = 1'
    assert told(rule, Does(lambda _, x: function(x)), ones(3, 4)) == count
