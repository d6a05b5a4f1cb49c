"""A recording leaves no trace, and says what went wrong where something did."""

import random
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from tests.frontends.torch.cases import Does, check_values, plain, run
from torch import nn

from orderof.errors import ModelError, ModelRaised, Unrecorded
from orderof.frontends.torch.record import record

pytestmark = pytest.mark.framework

PARAMETER = nn.Parameter(torch.ones(3))


def state(value, seen=None):
    """Everything a module is made of, down to the tensors' data, versions and identities."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)]
    seen[id(value)] = len(seen)
    if isinstance(value, torch.Tensor):
        grad = None if value.grad_fn is not None else state(value.grad, seen)
        flags = (value.requires_grad, value.device, value.dtype, tuple(value.shape))
        data = [] if value.is_meta else value.detach().tolist()
        return (id(value), value._version, flags, data, grad, state(vars(value), seen))
    if isinstance(value, nn.Module):
        return (id(value), type(value), state(vars(value), seen))
    if isinstance(value, dict):
        return [(state(k, seen), state(v, seen)) for k, v in value.items()]
    if isinstance(value, list | tuple | set):
        return [state(item, seen) for item in value]
    return value if isinstance(value, int | float | str | None) else id(value)


def world():
    """All that is global and that a recording sets or could disturb."""
    return (
        torch.get_rng_state().tolist(),
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002 - the global one is meant
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.get_default_dtype(),
        torch.backends.mha.get_fastpath_enabled(),
        torch._C._len_torch_dispatch_stack(),
        torch._C._len_torch_function_stack(),
    )


def fails(self, x):
    torch.set_default_dtype(torch.float64)
    torch.rand(3), random.random(), np.random.rand()  # noqa: NPY002
    torch._C._set_grad_enabled(False)
    self.a(x).view(7)


def hooked():
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout())
    module.register_forward_hook(lambda module, args, output: output + 1)
    module(torch.rand(4, 3)).sum().backward()
    module.eval()[1].train()
    return module


def attributes():
    module = Does(lambda self, x: self.a(x) * self.plain + self.several[0], a=nn.Linear(3, 3))
    module.plain, module.several = torch.ones(3), [torch.ones(3)]
    return module


def tied():
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    return module


MODULES = {
    "hooked": hooked,
    "attributes": attributes,
    "tied": tied,
    "lstm": lambda: nn.LSTM(3, 4, 2),
    "weight_norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)),
    "spectral_norm": lambda: nn.utils.spectral_norm(nn.Linear(3, 3)),
    "meta": lambda: nn.Linear(3, 3, device="meta"),
    "fails": lambda: Does(fails, a=nn.Linear(3, 3)),
}


@pytest.mark.parametrize("backward", [True, False])
@pytest.mark.parametrize("name", MODULES)
def test_nothing_is_changed(name, backward):
    module = MODULES[name]()
    inputs = (torch.rand(4, 3, requires_grad=True),)
    before = state(module), state(inputs), world()
    try:
        check_values(record(module, inputs, {}, backward=backward, train=True))
    except ModelRaised:
        assert name == "fails"
    assert (state(module), state(inputs), world()) == before


def test_a_frame_around_it_is_left_as_it_was():
    with torch.inference_mode(), torch.device("meta"):
        before = world()
        check_values(run(nn.Linear(3, 3), (2, 3)))
        assert world() == before
        assert torch.empty(1).is_meta


def elsewhere(x):
    made = []
    thread = threading.Thread(target=lambda: made.append(x * 2))
    thread.start()
    thread.join()
    return made[0]


def raises(self, x):
    return self.a(x).view(7)


@pytest.mark.parametrize(
    ("forward", "error", "message", "hint"),
    [
        (raises, ModelRaised, r"RuntimeError: .*aten\.view.*at .*test_untouched\.py:\d+", "float"),
        (lambda self, x: self.a(x @ x), ModelRaised, "RuntimeError", r"float32\[2, 3\]"),
        (lambda self, x: self.a(x[:, :2]), ModelRaised, "in module a", r"float32\[2, 3\]"),
        (lambda self, x: self.a(x) if x.sum() > 0 else x, ModelRaised, "DataDep", "values"),
        (lambda self, x: self.a(x[x > 0].view(-1, 3)), ModelRaised, "Dynamic", "values"),
        (lambda self, x: self.a(x).detach().numpy(), ModelRaised, "numpy", "values"),
        (lambda self, x: self.a(x) * PARAMETER, Unrecorded, "belongs to no submodule", "parameter"),
        (lambda self, x: self.a(elsewhere(x)), Unrecorded, "the recorder does not see", "input"),
    ],
)
def test_what_goes_wrong_is_told(forward, error, message, hint):
    with pytest.raises(error, match=message) as caught:
        run(Does(forward, a=nn.Linear(3, 3)), (2, 3))
    assert caught.value.subject
    assert re.search(hint, caught.value.hint)
    if error is ModelRaised:
        assert isinstance(caught.value.__cause__, Exception)
    assert PARAMETER.grad is None


def test_a_missing_input_is_told():
    with pytest.raises(ModelRaised, match="missing 1 required positional argument"):
        record(nn.Linear(3, 3), (), {}, backward=False, train=False)


def test_what_cannot_be_copied_is_told():
    module = Does(None, a=nn.Linear(3, 3))
    module.lock = threading.Lock()
    with pytest.raises(ModelRaised, match="cannot be copied: TypeError"):
        record(*plain(module, (2, 3)), backward=False, train=False)


def test_lazy_parameters_are_refused():
    with pytest.raises(ModelError, match="lazy") as caught:
        run(nn.LazyLinear(3), (2, 3))
    assert "call it once" in caught.value.hint


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_script_module_is_refused():
    with pytest.raises(ModelError, match=r"torch\.jit"):
        run(torch.jit.trace(nn.Linear(3, 3), torch.rand(2, 3)), (2, 3))


CHOICE = """
import torch, orderof
from torch import nn

class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: self.a(x), lambda x: self.b(x), (x,))

model = Gated()
assert orderof.analyze(model, torch.zeros(2, 3), train="sgd").forward.macs() == 2 * 3 * 3
model(torch.ones(2, 3)).sum().backward()
print([p.grad is not None for p in model.parameters()])
"""


def test_a_choice_runs_for_real_after_it_was_counted():
    """Torch keeps which functions its compiler has left alone, if it meets the recording."""
    words = [sys.executable, "-W", "ignore", "-c", CHOICE]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "[True, True, True, True]\n"
