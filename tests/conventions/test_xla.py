"""XLA's cost analysis, as jax 0.10.2 gave it on the CPU for the same mathematics."""

import pytest

pytestmark = pytest.mark.framework

torch = pytest.importorskip("torch")
nn = torch.nn


def figure(module, *shapes):
    from orderof import analyze

    inputs = [torch.empty(s) for s in shapes]
    return analyze(module, *inputs, as_="xla", symbolic=()).forward.total()()


def test_a_product():
    assert figure(nn.Linear(8, 8, bias=False), (4, 8)) == 512 == 2 * 4 * 8 * 8
    assert figure(nn.Linear(256, 256, bias=False), (256, 256)) == 33_554_432


def test_taps_in_the_padding_are_left_out():
    conv = nn.Conv2d(3, 12, 5, padding=1, bias=False)
    within = 30 * 5 - 2  # of each dimension: at either end one tap lies in the padding
    assert figure(conv, (1, 3, 32, 32)) == 1_577_088 == 2 * 12 * 3 * within**2


def test_a_network_with_biases_and_activations():
    layers = nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    products = 784 * 512 + 512 * 512 + 512 * 10
    assert (
        figure(nn.Sequential(*layers), (1, 784))
        == 2 * products + (512 + 512 + 10) + (512 + 512)
        == 1_339_402
    )


def test_transcendental_functions_stand_apart():
    assert figure(nn.Tanh(), (10, 100)) == 0
