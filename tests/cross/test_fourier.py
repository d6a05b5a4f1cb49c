"""Fourier transforms and complex arithmetic: by value, by hand, against autograd, in letters."""

import numpy as np
import pytest
import torch
from oracle.values import run
from tests.cross.test_places import scaled
from tests.cross.test_values import check, real

from orderof import analyze

pytestmark = pytest.mark.framework


def functions():
    """Functions of a matrix whose recorded gradients are right by value too."""
    f = torch.fft
    return {
        "fft": lambda x: f.fft(x).real,
        "fft2": lambda x: f.fft2(x).imag,
        "ifft": lambda x: f.ifft(f.fft(x) * 2).real,
        "angle": lambda x: f.fft(x[:, 1:]).angle()[:, 1:3],
        "size": lambda x: f.fft(x).abs(),
        "sums": lambda x: (f.fft(x) + x - f.fft(x, dim=0) * 0.5 + 3 - 2j).imag,
        "less": lambda x: torch.view_as_real(x - f.fft(x)),
        "quotient": lambda x: ((f.fft(x) / (f.fft(x, dim=0) + 40)) / (x * x + 1)).real,
        "under": lambda x: torch.view_as_real(x / (f.fft(x) + 40) + 1 / (f.fft(x) + 30)),
        "wave": lambda x: torch.view_as_real(torch.exp(1j * x) * (2 - 1j) / 3j),
        "square": lambda x: torch.view_as_real(f.fft(x) ** 2),
        "mean": lambda x: f.fft(x).mean(-1).real + f.fft(x).sum(0).sum().imag,
        "moved": lambda x: torch.stack([f.fft(x), -f.fft(x)]).permute(2, 0, 1).mT.imag,
        "cut": lambda x: torch.cat([y.unbind(0)[1] for y in f.fft(x).split(4, -1)], -1)[1:].imag,
        "chosen": lambda x: torch.where(torch.arange(x.shape[1]) > 2, f.fft(x), 2j * x).imag,
        "picked": lambda x: f.fft(x)[:, torch.arange(3) * 2].imag,
        "gathered": lambda x: f.fft(x).gather(1, torch.arange(6).view(3, 2)).imag,
        "padded": lambda x: torch.nn.functional.pad(f.fft(x), (1, 2)).imag,
        "shorter": lambda x: torch.view_as_real(f.fft(x, n=5, dim=1)),
        "product": lambda x: torch.view_as_real(f.fft(x) @ f.fft(x).mT),
        "norm": lambda x: torch.linalg.vector_norm(f.fft(x), dim=-1),
    }


def halves():
    """Functions whose gradients autograd writes through views, whose values a graph has not."""
    f = torch.fft
    return {
        "rfft": lambda x: torch.view_as_real(f.rfft(x)),
        "longer": lambda x: torch.view_as_real(f.rfft(x, n=12)),
        "back": lambda x: f.irfft(f.rfft(x), n=x.shape[-1]),
        "irfft": lambda x: f.irfft(f.rfft(x) * f.rfft(x, norm="ortho"), n=x.shape[-1]),
        "irfft2": lambda x: f.irfft2(f.rfft2(x), s=x.shape),
        "correlation": lambda x: f.irfft(f.rfft(x) * torch.conj(f.rfft(x)), n=x.shape[-1]),
        "hfft": lambda x: f.hfft(torch.complex(x, x), n=9),
        "ihfft": lambda x: torch.view_as_real(f.ihfft(x, norm="forward").resolve_conj()),
        "spectrogram": lambda x: torch.stft(x, 4, 2, window=ones(x), return_complex=True).abs(),
    }


def ones(x):
    return torch.ones(4, dtype=x.dtype)


@pytest.mark.parametrize("name", functions())
@pytest.mark.parametrize("n", [7, 8])
def test_values(name, n):
    torch.manual_seed(5)
    check(scaled(functions()[name]), (real(3, n),), {})


@pytest.mark.parametrize("name", halves())
@pytest.mark.parametrize("n", [7, 8])
def test_values_forwards(name, n):
    from orderof.frontends.torch.lower import lower
    from orderof.frontends.torch.record import record

    torch.manual_seed(5)
    module, x = scaled(halves()[name]).double(), real(3, n)
    graph = lower(record(module, (x,), {}, backward=False, train=False))
    known = {**dict(module.named_parameters()), "x": x}
    found, _ = run(graph, [known[i.value.name].detach().numpy() for i in graph.inputs], {})
    np.testing.assert_allclose(found[0], module(x).detach().numpy(), atol=1e-9)
    assert analyze(module, x, symbolic=(), train="sgd").backward.ops() > 0


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "longer", "back"])
def test_our_gradients_are_those_that_autograd_runs(name):
    from orderof.counts import Counts
    from orderof.frontends.torch.agreement import difference
    from orderof.frontends.torch.lower import lower
    from orderof.frontends.torch.record import record

    module = scaled({**functions(), **halves()}[name])
    graph = lower(record(module.double(), (real(3, 8),), {}, backward=True, train=True))
    total, _ = difference(graph)
    assert total == Counts()


def test_transforms_by_hand():
    """8 = 2*2*2 complex numbers: 3*8 sums, and w, w**3 of the last step are no easy factors."""
    numbers = torch.ones(5, 8, dtype=torch.complex64)
    assert analyze(torch.fft.fft, numbers, symbolic=()).forward.ops() == 5 * (3 * 8 * 2 + 2 * 6)
    # with the root of 8 in front of each part
    found = analyze(lambda x: torch.fft.fft(x, norm="ortho"), numbers, symbolic=())
    assert found.forward.ops() == 5 * (3 * 8 * 2 + 2 * 6 + 16)
    # 8 real numbers as 4 complex ones (16 sums), then 0 and 4, a sign at 2, and the pair 1, 3
    found = analyze(torch.fft.rfft, torch.ones(5, 8), symbolic=())
    assert found.forward.ops() == 5 * (16 + 2 + 1 + 16)
    assert analyze(torch.fft.fft, torch.ones(5, 8), symbolic=()).forward.ops() == 5 * (35 + 3)
    # 7 is prime: 36 products of complex numbers and 42 sums
    assert analyze(torch.fft.rfft, torch.ones(7), symbolic=()).forward.ops() == 36 * 6 + 42 * 2


def test_a_product_of_complex_matrices_is_four_of_real_ones():
    x, w = torch.ones(5, 4, dtype=torch.complex64), torch.ones(4, 3, dtype=torch.complex64)
    assert analyze(torch.mm, x, w, symbolic=()).forward.macs() == 4 * 5 * 4 * 3


def test_what_is_transformed_is_a_number_and_the_others_are_letters():
    found = analyze(lambda x: torch.fft.rfft(x).abs(), torch.ones(5, 8), dims={"x": ("B", "S")})
    assert str(found.forward.ops) == f"{35 + 5 * 4}*B"
    assert any("S=8" in note and "prime factors" in note for note in found.notes)


def test_a_spectrogram_and_back():
    """9 windows of 8, half of each over the next; a window, its square, and what is added up."""

    def there(x):
        return torch.stft(x, 8, 4, window=torch.hann_window(8), return_complex=True)

    def back(x):
        return torch.istft(there(x), 8, 4, window=torch.hann_window(8))

    x = torch.ones(2, 32)
    window = 9 * 5  # eight places and one: count, turn, cosine, scale, move
    assert analyze(there, x, symbolic=()).forward.ops() == window + 2 * 9 * (8 + 35)
    assert not analyze(back, x, symbolic=()).coverage.unknown
