"""Training runs: the formula is what adding up the steps gives."""

from fractions import Fraction

import pytest

from orderof import analyze
from orderof.errors import BadSpelling, OutOfRange, UnknownDim
from orderof.result.run import run


@pytest.mark.parametrize("model", ["mlp:784-300-10", "zoo:gpt2", "zoo:resnet18", "zoo:lstm"])
@pytest.mark.parametrize(("examples", "epochs", "batch"), [(10, 3, 4), (12, 1, 4), (3, 2, 5)])
def test_a_run_is_the_sum_of_its_steps(model, examples, epochs, batch):
    result = analyze(model, train="adamw")
    found = run(result, examples=examples, epochs=epochs, batch=batch)
    sizes = [batch] * (examples // batch) + [examples % batch] * (examples % batch > 0)
    assert found.updates() == epochs * len(sizes)
    assert found.ops() == epochs * sum(result.step.ops(B=b) for b in sizes)
    assert found.flops() == epochs * sum(result.step.flops(B=b) for b in sizes)


def test_examples_are_paid_for_once_and_updates_by_the_batch():
    found = run(analyze("mlp:4-3", train="sgd"), examples=100, epochs=2, batch=10)
    assert str(found.flops) == "4*e*m*n0*n1"  # forward and the weights' gradient
    assert str(found.updates) == "e*ceildiv(m, B)"
    assert str(found.flops.order("m", "e")) == "Theta(e*m)"


def test_six_operations_for_each_weight_and_example_but_in_the_first_layer():
    """Three products of 2 FLOP for each weight; no gradient is passed on by the first layer."""
    found = run(analyze("mlp:8-8-8-8", train="sgd"), examples=5, epochs=7)
    weights = 8 * 8
    assert found.flops() == 5 * 7 * weights * (4 + 6 + 6)
    assert found.per_parameter == Fraction(weights * (4 + 6 + 6), 3 * (weights + 8))


def test_what_cannot_be_run():
    with pytest.raises(BadSpelling, match="is not trained"):
        run(analyze("zoo:lstm"), examples=1)
    with pytest.raises(BadSpelling, match="examples=0: is no size"):
        run(analyze("zoo:lstm", train="sgd"), examples=0)


@pytest.mark.framework
def test_a_batch_that_is_no_letter():
    torch = pytest.importorskip("torch")
    result = analyze(torch.nn.Linear(2, 3), torch.empty(4, 2), train="sgd", symbolic=())
    with pytest.raises(UnknownDim, match="B: is no letter of this model"):
        run(result, examples=5)


@pytest.mark.framework
def test_a_batch_out_of_range():
    torch = pytest.importorskip("torch")

    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(2, 2)

        def forward(self, x):
            return self.a(self.a(x)) if x.shape[0] > 6 else self.a(x)

    result = analyze(Odd(), torch.empty(4, 2), train="sgd")
    assert result.dims.ranges["B"].most == 6
    assert run(result, examples=12, batch=6).updates() == 2
    with pytest.raises(OutOfRange):
        run(result, examples=12, batch=8)
