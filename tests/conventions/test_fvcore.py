"""fvcore counts as its own tests and its documentation say; one line, one rule."""

import pytest

pytestmark = pytest.mark.framework

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


def figure(module, *shapes, name="fvcore", **how):
    from orderof import analyze

    inputs = [torch.empty(s) for s in shapes]
    return analyze(module, *inputs, as_=name, symbolic=(), **how).forward.total()()


class Call(nn.Module):
    """A function as a module, which is what these counters take."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


LAYERS = [  # fvcore tests/test_flop_count.py, at commit 3378afe
    (nn.Linear(8, 4), (5, 8), 160),
    (nn.Linear(10, 20), (5, 5, 10), 5 * 5 * 10 * 20),
    (nn.Conv2d(10, 3, 3, padding=1), (5, 10, 15, 15), 303_750),
    (nn.Conv2d(10, 6, 3, stride=2, padding=1), (2, 10, 20, 20), 108_000),
    (nn.Conv2d(16, 8, 5, padding=2, groups=4), (5, 16, 15, 15), 900_000),
    (nn.Conv1d(10, 3, 3, padding=1), (5, 10, 15), 6_750),
    (nn.Conv3d(10, 3, 3, padding=1), (5, 10, 15, 15, 15), 13_668_750),
    (nn.ConvTranspose2d(10, 3, 3, padding=1), (5, 10, 15, 15), 303_750),
    (nn.ConvTranspose2d(10, 3, 3, 3, 1, output_padding=2), (5, 10, 15, 15), 303_750),
    (nn.BatchNorm2d(2), (2, 2, 2, 2), 2 * 16),
    (nn.BatchNorm1d(10, affine=False), (10, 10), 100),
    (nn.GroupNorm(2, 2), (2, 2, 2, 2), 5 * 16),
    (nn.GroupNorm(2, 2, affine=False), (2, 2, 2, 2), 4 * 16),
    (nn.AdaptiveAvgPool2d(1), (4, 5, 10, 10), 2_000),
    (nn.Upsample(scale_factor=2, mode="bilinear"), (2, 2, 2, 2), 4 * 64),
    (nn.Upsample(scale_factor=2, mode="nearest"), (2, 2, 2, 2), 64),
    (nn.LSTM(16, 32), (5, 1, 16), 0),
    (nn.ReLU(), (1000,), 0),
]


@pytest.mark.parametrize(("module", "shape", "flops"), LAYERS, ids=lambda v: str(v)[:40])
def test_layers(module, shape, flops):
    assert figure(module, shape) == flops


TRAINED = [
    (nn.BatchNorm2d(10, affine=False), (10, 10, 5, 5), 10_000),
    (nn.BatchNorm3d(10, affine=False), (10, 10, 5, 5, 5), 50_000),
    (nn.BatchNorm2d(2), (2, 2, 2, 2), 80),
]


@pytest.mark.parametrize(("module", "shape", "flops"), TRAINED, ids=lambda v: str(v)[:40])
def test_batch_norm_in_training(module, shape, flops):
    assert figure(module, shape, mode="train") == flops


FUNCTIONS = [
    (lambda x, y: x @ y, ((20, 10), (10, 100)), 20_000),
    (lambda x, y: x @ y, ((2, 20, 10), (10, 100)), 40_000),
    (torch.bmm, ((2, 5, 2), (2, 2, 12)), 240),
    (lambda x, y: torch.einsum("nct,ncp->ntp", x, y), ((1, 5, 2), (1, 5, 12)), 120),
    (lambda x, y: torch.einsum("nc,nchw->hw", x, y), ((3, 4), (3, 4, 2, 3)), 72),
    (torch.baddbmm, ((2, 5, 12), (2, 5, 2), (2, 2, 12)), 0),
    (F.scaled_dot_product_attention, ((1, 4, 16, 16),) * 3, 0),
    (lambda x, y: torch.einsum("ij,ij->ij", x, y), ((3, 4), (3, 4)), (12 + 1) // 2),
    # of the products of 2 matrices those of the first operand alone
    (lambda x, y: x @ y + torch.matmul(x, y), ((3, 4), (2, 4, 5)), 2 * 3 * 4 * 5),
    (lambda x, y: x @ y, ((2, 1, 3, 4), (6, 4, 5)), 2 * 3 * 4 * 5),
    (torch.cdist, ((30, 6), (30, 6)), 0),
    (torch.inner, ((3, 4), (5, 4)), 0),
    (lambda x, y: torch.tensordot(x, y, dims=([1], [1])), ((3, 4), (5, 4)), 0),
    (lambda *xs: torch.linalg.multi_dot(xs), ((3, 4), (4, 5), (5, 6)), 0),
    (lambda x: F.interpolate(x, 6, mode="area"), ((2, 4, 9, 8),), 2 * 4 * 9 * 8),
    (lambda x: F.interpolate(x, 6, mode="area"), ((2, 4, 9),), 0),
]


@pytest.mark.parametrize(("function", "shapes", "flops"), FUNCTIONS)
def test_functions(function, shapes, flops):
    assert figure(Call(function), *shapes) == flops


def test_timm_counts_the_products_of_attention():
    call = Call(F.scaled_dot_product_attention)
    assert figure(call, *((1, 4, 16, 16),) * 3, name="timm") == 2 * 4 * 16 * 16 * 16


def test_instance_norm_with_what_it_has_run():
    """As fvcore 0.1.5 printed it: 4 for each element, and 5 with weights."""
    plain = nn.InstanceNorm1d(4, track_running_stats=True)
    weighted = nn.InstanceNorm1d(4, affine=True, track_running_stats=True)
    assert figure(nn.Sequential(plain, weighted), (2, 4, 9)) == (4 + 5) * 72 == 648


def test_what_leads_to_no_result_is_not_in_its_trace():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(8, 4), nn.Linear(8, 6)

        def forward(self, x):
            return (self.one(x), self.two(x))[0]

    assert figure(Two(), (2, 8)) == 2 * 8 * 4


def test_its_total_of_a_network():
    """The ThreeNet of its tests: a convolution, a pooling, two linear layers."""
    linear = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3), nn.Linear(3, 1))
    net = nn.Sequential(nn.Conv2d(2, 5, 1), *linear)
    assert figure(net, (4, 2, 10, 10)) == 4_000 + 2_000 + 60 + 12


def test_a_padding_that_is_a_word_is_another_operation_of_torch():
    assert figure(nn.Conv2d(3, 4, 3, padding="same"), (1, 3, 8, 8)) == 0
    assert figure(nn.Conv2d(3, 4, 3, padding=1), (1, 3, 8, 8)) == 4 * 8 * 8 * 3 * 9
