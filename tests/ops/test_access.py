"""How a window reaches a tensor: closed formulas against counting one by one."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orderof.errors import BadSpelling
from orderof.ir.access import (
    Axis,
    Compose,
    Fixed,
    Window,
    access,
    chain,
    image,
    inside,
    taps,
    touched,
)
from orderof.sym import ceildiv, const, floordiv, symbol

NUMBER = st.integers(1, 5)
many = settings(max_examples=150)
windows = st.builds(Window, st.just("h"), st.just("r"), NUMBER, NUMBER, st.integers(0, 4))
N, H = symbol("N"), symbol("H")


def pairs(window, h, k):
    """Iterate over (outer, inner, position)."""
    for a, r in product(range(h), range(k)):
        yield a, r, window.stride * a + window.dilation * r - window.pad


def sizes_of(h, k):
    return {"h": const(h) if isinstance(h, int) else h, "r": const(k)}


@many
@given(windows, NUMBER, NUMBER)
def test_image_and_chain(window, h, k):
    met = Counter(p for *_, p in pairs(window, h, k))
    assert image(window, sizes_of(h, k)) == len(met)
    assert chain(window, sizes_of(h, k)) == max(met.values())
    letters = sizes_of(H, k)
    assert image(window, letters).at(H=h) == len(met)
    assert chain(window, letters).at(H=h) == max(met.values())


@many
@given(windows, NUMBER, NUMBER, st.integers(1, 20))
def test_touched_of_any_extent(window, h, k, extent):
    expected = {p for *_, p in pairs(window, h, k) if 0 <= p < extent}
    assume(window.stride * (h - 1) + window.dilation * (k - 1) + 1 >= window.pad)
    assert touched(window, sizes_of(h, k), const(extent)) == len(expected)


@many
@given(windows, NUMBER, st.integers(1, 12), st.booleans())
def test_touched_where_a_window_fits(window, k, n, ceil):
    s, p, look = window.stride, window.pad, window.dilation * (k - 1) + 1
    assume(n + 2 * p >= look)
    h = (ceildiv if ceil else floordiv)(N + 2 * p - look, s) + 1
    expected = {q for *_, q in pairs(window, h.at(N=n), k) if 0 <= q < n}
    assert touched(window, sizes_of(h, k), N).at(N=n) == len(expected)


@many
@given(windows, NUMBER, NUMBER, st.integers(0, 4))
def test_touched_where_a_window_writes(window, h, k, extra):
    extent = window.stride * (H - 1) + window.dilation * (k - 1) + 1 - 2 * window.pad + extra
    n = extent.at(H=h)
    assume(n >= 1)
    expected = {q for *_, q in pairs(window, h, k) if 0 <= q < n}
    assert touched(window, sizes_of(H, k), extent).at(H=h) == len(expected)


@many
@given(windows, NUMBER, NUMBER, st.integers(1, 12))
def test_taps_and_what_stays_inside(window, h, k, extent):
    stay = [(a, r) for a, r, q in pairs(window, h, k) if 0 <= q < extent]
    found = taps(window, sizes_of(h, k), const(extent))
    assert stay == sorted(
        (a, r) for r, (lo, hi) in enumerate(found) for a in range(lo.value, hi.value)
    )
    expected = {
        (): 1,
        ("h",): len({a for a, _ in stay}),
        ("r",): len({r for _, r in stay}),
        ("h", "r"): len(stay),
    }
    for kept, count in expected.items():
        assert inside(window, sizes_of(h, k), const(extent), frozenset(kept)) == count
        letters = inside(window, sizes_of(H, k), N, frozenset(kept))
        assert letters.at(H=h, N=extent) == count


def test_what_is_no_window():
    sizes = {"a": const(2), "b": const(3)}
    assert image(Axis("a"), sizes) == 2
    assert image(Compose(("a", "b")), sizes) == 2 * 3
    assert image(Fixed(), sizes) == 1
    assert touched(Compose(("a", "b")), sizes, const(6)) == 2 * 3
    assert chain(Axis("a"), sizes) == 1


def test_exact_padding_needs_a_window_of_known_size():
    with pytest.raises(BadSpelling, match="exact padding"):
        taps(Window("h", "r"), {"h": H, "r": symbol("k")}, N)


def test_an_access_is_read_as_it_is_printed():
    numbers = {"s": 2, "d": 3, "p": 1}
    found = access("a (g c) s*h+d*r-p 1", numbers)
    assert found == (Axis("a"), Compose(("g", "c")), Window("h", "r", 2, 3, 1), Fixed())
    assert access(" ".join(map(str, found))) == found
    with pytest.raises(BadSpelling, match="is not an index"):
        access("a+b")
