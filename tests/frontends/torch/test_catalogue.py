"""Every public module of torch.nn is counted, forward and backward, or named here with a reason."""

import inspect

import pytest
from tests.frontends.torch.catalogue import built, catalogue
from torch import nn

from orderof import analyze
from orderof.errors import ModelRaised, UnknownOperator

pytestmark = pytest.mark.framework

HOLDERS = {
    "Container", "DataParallel", "Module", "ModuleDict", "ModuleList", "ParameterDict",
    "ParameterList", "RNNBase", "RNNCellBase",
}  # fmt: skip
"""What has no forward pass of its own, or runs on GPUs only."""
UNCOUNTED = {
    "FractionalMaxPool2d": UnknownOperator,  # windows at random places
    "FractionalMaxPool3d": UnknownOperator,
    "CrossMapLRN2d": UnknownOperator,  # of old; LocalResponseNorm is counted
    "MultiLabelMarginLoss": UnknownOperator,  # how many labels there are, is data
    "MultiMarginLoss": UnknownOperator,  # no rule yet
    "GaussianNLLLoss": ModelRaised,  # looks whether a variance is negative
    "CTCLoss": ModelRaised,  # paths by the lengths of targets
}
CASES = catalogue()


def test_the_catalogue_is_whole():
    public = {
        name
        for name in dir(nn)
        if inspect.isclass(cls := getattr(nn, name)) and issubclass(cls, nn.Module)
    }
    assert public <= {*CASES, *HOLDERS}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(CASES.keys() - UNCOUNTED.keys()))
def test_counted(name):
    given, inputs = CASES[name]
    found = analyze(built(name, given, inputs), *inputs, train="sgd", symbolic=())
    assert not found.coverage.unknown
    assert found.backward.ops() > 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", UNCOUNTED)
def test_refused(name):
    given, inputs = CASES[name]
    with pytest.raises(UNCOUNTED[name]):
        analyze(built(name, given, inputs), *inputs, symbolic=())
