"""What is remembered of an operation is what torch says of it, layout for layout."""

import gc

import pytest
import torch
from models import CASES
from torch import nn

from orderof.frontends.torch import memo
from orderof.frontends.torch.fakes import Fakes
from orderof.frontends.torch.memo import layout_of
from orderof.frontends.torch.record import record
from orderof.frontends.torch.tape import Tape

pytestmark = pytest.mark.framework


@pytest.fixture
def crosschecked(monkeypatch):
    """Ask torch again wherever a remembered outcome is used, and give how often that was."""
    again, seen = Tape._result, []

    def result(tape, schema, key, args, kwargs):
        known = memo.recall((*key, *kwargs, torch.get_default_dtype()))
        found = again(tape, schema, key, args, kwargs)
        if known is not None and not schema.written:
            with torch._C.DisableTorchFunction():
                asked = schema.run(*args, **kwargs)
            assert type(asked) is type(found)
            many = type(found) in (list, tuple)
            for a, b in zip(asked if many else [asked], found if many else [found], strict=True):
                assert (a is None) == (b is None)
                assert a is None or layout_of(a) is layout_of(b), schema.name
                if a is not None and schema.view:
                    assert b.untyped_storage()._cdata == args[0].untyped_storage()._cdata
            seen.append(schema.name)
        return found

    monkeypatch.setattr(Tape, "_result", result)
    return seen


@pytest.mark.parametrize("name", CASES)
def test_remembered_is_asked(name, crosschecked):
    module, args, kwargs = CASES[name]()
    first = record(module, args, kwargs, backward=True, train=True)
    del crosschecked[:]
    assert record(module, args, kwargs, backward=True, train=True) == first
    assert len(crosschecked) > len(first.calls) // 2


def test_numbers_that_are_equal_and_of_different_types():
    class Two(nn.Module):
        def forward(self, x):
            return x * 1, x * 1.0, x * True

    found = record(Two(), (torch.ones(3, dtype=torch.int64),), {}, backward=False, train=False)
    assert [ref.dtype for ref in found.outputs] == ["int64", "float32", "int64"]


def test_the_default_dtype_counts():
    class Half(nn.Module):
        def forward(self, x):
            return x / 2

    def dtype():
        found = record(Half(), (torch.ones(3, dtype=torch.int64),), {}, backward=False, train=False)
        return found.outputs[0].dtype

    assert dtype() == "float32"
    torch.set_default_dtype(torch.float64)
    try:
        assert dtype() == "float64"
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_known_constant_is_no_layout():
    """`torch.tensor(3)` has a value, by which a size may be chosen; another has another."""

    class Sized(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.n = n

        def forward(self, x):
            return x[: int(torch.tensor(self.n) + 1)]

    for n in (2, 4):
        found = record(Sized(n), (torch.empty(9),), {}, backward=False, train=False)
        assert found.outputs[0].shape == (n + 1,)


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(memo, "_LIMIT", 5)
    monkeypatch.setattr(memo, "_OUTCOMES", {})
    record(nn.Sequential(*(nn.Linear(n, n + 1) for n in range(2, 9))), (torch.empty(1, 2),), {},
           backward=False, train=False)  # fmt: skip
    assert 0 < len(memo._OUTCOMES) <= 5


def test_a_fake_is_as_torch_makes_it():
    fakes = Fakes()
    with fakes.mode:
        theirs = torch.empty_strided((2, 3), (1, 2), dtype=torch.float16)
    ours = fakes.fresh(layout_of(theirs))
    assert ours.__dict__ == theirs.__dict__
    assert (ours.shape, ours.stride(), ours.dtype) == ((2, 3), (1, 2), torch.float16)
    assert ours.device == theirs.device == torch.device("cpu")
    assert torch._C._dispatch_keys(ours) == torch._C._dispatch_keys(theirs)


def test_the_collector_runs_again():
    assert gc.isenabled()
    record(nn.Linear(2, 3), (torch.empty(1, 2),), {}, backward=True, train=True)
    assert gc.isenabled()
