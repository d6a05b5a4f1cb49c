"""Cases of Fourier transforms, along one axis or two, of which each has its own prime factors."""

import numpy as np
from hypothesis import strategies as st
from oracle.case import SEEDS, Case, letters, operand

LENGTHS = st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 16, 20))


def _axes(draw):
    """Draw axes of (n, one, other), and how long these two are."""
    axes = draw(st.sampled_from(((1,), (2,), (1, 2), (2, 1))))
    sizes = [draw(LENGTHS), draw(LENGTHS if len(axes) == 1 else st.integers(1, 6))]
    return axes, sizes


def _numbers(t, x):
    return t.view_as_complex(x.contiguous())


@st.composite
def fourier(draw):
    axes, sizes = _axes(draw)
    attrs = {"axes": axes, "back": draw(st.booleans()), "norm": draw(st.sampled_from((0, 1, 2)))}

    def reference(t, x):
        found = t._fft_c2c(_numbers(t, x), axes, attrs["norm"], not attrs["back"])
        return t.view_as_real(found)

    def numpy(x):
        run = np.fft.ifftn if attrs["back"] else np.fft.fftn
        return run(x[..., 0] + 1j * x[..., 1], axes=axes, norm=_by(attrs, back=attrs["back"]))

    x = operand(f"n {sizes[0]} {sizes[1]} 2")
    return Case((x,), draw(letters("n", 1, 2)), attrs, reference, draw(SEEDS), law=_is(numpy))


@st.composite
def fourier_real(draw):
    axes, sizes = _axes(draw)
    attrs = {"axes": axes, "half": draw(st.booleans()), "norm": draw(st.sampled_from((0, 1, 2)))}

    def reference(t, x):
        return t.view_as_real(t._fft_r2c(x, axes, attrs["norm"], attrs["half"]).resolve_conj())

    def numpy(x):
        run = np.fft.rfftn if attrs["half"] else np.fft.fftn
        return run(x, axes=axes, norm=_by(attrs))

    x = operand(f"n {sizes[0]} {sizes[1]}")
    return Case((x,), draw(letters("n", 1, 2)), attrs, reference, draw(SEEDS), law=_is(numpy))


@st.composite
def fourier_to_real(draw):
    axes, sizes = _axes(draw)
    attrs = {"axes": axes, "n": sizes[axes[-1] - 1], "norm": draw(st.sampled_from((0, 1, 2)))}
    sizes[axes[-1] - 1] = attrs["n"] // 2 + 1

    lengths = (*(sizes[a - 1] for a in axes[:-1]), attrs["n"])

    def reference(t, x):
        return t.fft.irfftn(_numbers(t, x), lengths, axes, _by(attrs, back=True))

    def numpy(x):
        numbers = x[..., 0] + 1j * x[..., 1]
        return np.fft.irfftn(numbers, lengths, axes, _by(attrs, back=True))

    x = operand(f"n {sizes[0]} {sizes[1]} 2")
    return Case((x,), draw(letters("n", 1, 2)), attrs, reference, draw(SEEDS), law=_is(numpy))


def _by(attrs, *, back=False):
    """Name the direction in which a transform is divided by n, as NumPy and torch say it."""
    names = ("forward", "ortho", "backward") if back else ("backward", "ortho", "forward")
    return names[attrs["norm"]]


def _is(numpy):
    """Make the law that a result is NumPy's."""

    def law(arrays, results):
        want, (found,) = numpy(*arrays), results
        found = found if want.dtype.kind == "f" else found[..., 0] + 1j * found[..., 1]
        np.testing.assert_allclose(found, want, 1e-9, 1e-9)

    return law


CASES = {
    "fourier": fourier(),
    "fourier_real": fourier_real(),
    "fourier_to_real": fourier_to_real(),
}
