"""What a recording holds: every value made before it is read, in the right module and phase."""

import dataclasses
from collections import Counter

import pytest
import torch
from tests.frontends.torch.cases import CASES, Does, check_values, names, of_name, run
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from orderof.errors import ModelError
from orderof.frontends.torch.record import record

pytestmark = pytest.mark.framework


@pytest.mark.parametrize("name", CASES)
def test_forward_and_backward(name):
    module, args, kwargs = CASES[name]()
    inference = record(module, args, kwargs, backward=False, train=False)
    training = record(module, args, kwargs, backward=True, train=True)
    check_values(inference)
    check_values(training)
    assert (inference.mode, training.mode) == ("eval", "train")
    assert {call.phase for call in inference.calls} == {"forward"}
    assert {call.phase for call in training.calls} == {"forward", "backward"}
    shapes = {p.name: p.ref.shape for p in training.parameters}
    assert {name: ref.shape for name, ref in training.gradients} == shapes
    assert shapes == {name: tuple(p.shape) for name, p in module.named_parameters()}
    paths = {path for path, _ in module.named_modules()}
    assert {call.scope for call in training.calls} <= paths
    assert [m.path for m in training.modules] == [path for path, _ in module.named_modules()]


class Names(TorchDispatchMode):
    """The names of what really runs."""

    def __init__(self):
        super().__init__()
        self.seen = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen[str(func)] += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "linear", "conv_transpose2d"])
@pytest.mark.parametrize("train", [True, False])
def test_what_is_recorded_is_what_really_runs(name, train):
    module, args, kwargs = CASES[name]()
    module = module.to_empty(device="cpu").train(train)
    recording = record(module, args, kwargs, backward=True, train=train)
    args = [torch.rand(arg.shape) for arg in args]
    with Names() as real:
        outputs = module(*args, **kwargs)
        outputs.backward(torch.empty_like(outputs))
    assert Counter(call.name for call in recording.calls) == real.seen


@pytest.mark.parametrize("name", ["gpt2", "linear", "encoder"])
def test_forward_does_not_depend_on_whether_backward_is_asked(name):
    module, args, kwargs = CASES[name]()
    one, other = (record(module, args, kwargs, backward=b, train=False) for b in (True, False))
    assert names(one) == names(other)


def test_each_backward_operation_lies_in_the_module_of_its_forward():
    module, args, kwargs = CASES["resnet18"]()
    recording = record(module, args, kwargs, backward=True, train=True)
    for kind in ("convolution", "native_batch_norm"):
        there = [call.scope for call in of_name(recording, f"aten.{kind}.default")]
        back = [call.scope for call in of_name(recording, f"aten.{kind}_backward.default")]
        assert back
        assert Counter(back) == Counter(there)
    owners = {ref: name.rpartition(".")[0] for name, ref in recording.gradients}
    accumulated = [call for call in recording.calls if call.results[0] in owners]
    assert all(call.scope == owners[call.results[0]] for call in accumulated)


def test_scope_and_source_and_calls_of_modules():
    module = Does(lambda self, x: self.a(self.a(x)) + 1, a=nn.Linear(3, 3))
    recording = run(module, (2, 3))
    assert [call.scope for call in of_name(recording, "aten.addmm.default")] == ["a", "a"]
    assert {m.path: m.calls for m in recording.modules} == {"": 1, "a": 2}
    assert [m.cls for m in recording.modules] == ["Does", "Linear"]
    source = of_name(recording, "aten.add.Tensor")[0].source
    assert source.rpartition(":")[0].endswith("test_record.py")
    assert of_name(recording, "aten.sum.dim_IntList")[0].source is None
    # The gradients of both calls are added up, for the weight and for the bias.
    added = [c for c in of_name(recording, "aten.add.Tensor") if c.phase == "backward"]
    assert [c.scope for c in added] == ["a", "a"]


def test_tied_weights_are_one_parameter():
    module = Does(lambda self, x: self.out(self.into(x)), into=nn.Linear(3, 3), out=nn.Linear(3, 3))
    module.out.weight = module.into.weight
    recording = run(module, (2, 3))
    assert [(p.name, p.aliases) for p in recording.parameters] == [
        ("into.weight", ("out.weight",)),
        ("into.bias", ()),
        ("out.bias", ()),
    ]
    assert len(recording.gradients) == 3


def test_frozen_parameters_get_no_gradient():
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    module[0].requires_grad_(requires_grad=False)
    recording = run(module, (2, 3))
    assert [p.trainable for p in recording.parameters] == [False, False, True, True]
    assert [name for name, _ in recording.gradients] == ["1.weight", "1.bias"]
    # Nothing asks for the gradient of the inputs either.
    assert {call.scope for call in recording.calls if call.phase == "backward"} == {"", "1"}


def test_no_backward_without_something_to_train():
    with pytest.raises(ModelError, match="no output requires a gradient"):
        run(nn.ReLU(), (2, 3))


CLOSED_OVER = torch.ones(3)


def test_tensors_from_elsewhere_are_constants():
    module = Does(lambda self, x: self.a(x * self.attribute + CLOSED_OVER) * torch.tensor(2.0))
    module.a = nn.Linear(3, 3)
    module.attribute = torch.ones(2, 3)
    recording = run(module, (2, 3))
    check_values(recording)
    assert [ref.shape for ref in recording.constants] == [(2, 3), (3,), ()]


def test_an_operation_in_place_makes_a_new_value():
    recording = run(nn.Sequential(nn.Linear(3, 3), nn.ReLU(inplace=True)), (2, 3))
    (relu,) = of_name(recording, "aten.relu_.default")
    assert relu.args[0] != relu.results[0] == recording.outputs[0]


def test_a_write_through_a_view_is_seen_by_the_others():
    def forward(self, x):
        total = x + 1
        total[:, 0] = 7
        return self.a(total)

    recording = run(Does(forward, a=nn.Linear(3, 3)), (2, 3))
    check_values(recording)
    (reread,) = of_name(recording, "orderof.reread")
    (add,) = of_name(recording, "aten.add.Tensor")
    (fill,) = [call for call in recording.calls if "fill_" in call.name]
    assert reread.args == (add.results[0], fill.results[0])
    assert reread.results[0] in of_name(recording, "aten.addmm.default")[0].args


def test_explicit_devices_stay_on_the_cpu():
    def forward(self, x):
        x = x.to("cuda") + torch.ones(3, device="cuda") + torch.arange(3).cuda()
        return self.a(x).to(torch.device("cuda", 1), torch.float16)

    recording = run(Does(forward, a=nn.Linear(3, 3)), (2, 3))
    assert recording.outputs[0].dtype == "float16"
    devices = {call.kwargs.get("device") for call in recording.calls}
    assert devices == {None, "cpu"}


@dataclasses.dataclass
class Output:
    first: torch.Tensor
    rest: list


def test_outputs_are_found_in_containers():
    def forward(self, x):
        y = self.a(x)
        return {"a": Output(y, [y + 1, (y, None)]), "cache": object()}

    recording = run(Does(forward, a=nn.Linear(3, 3)), (2, 3))
    assert len(recording.outputs) == 2


def test_inputs_are_named_as_forward_names_them():
    class Pairs(nn.Module):
        def forward(self, x, pair, **more):
            return x + pair["b"] + more["c"] * more["d"]

    x = torch.empty(2, 3)
    args, kwargs = (x, {"b": x.clone()}), {"c": 1.5, "d": x.clone()}
    recording = record(Pairs(), args, kwargs, backward=False, train=False)
    assert [name for name, _ in recording.inputs] == ["x", "pair.b", "d"]


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpoint_recomputes(reentrant):
    def forward(self, x):
        return self.out(checkpoint(self.block, self.first(x), use_reentrant=reentrant))

    block = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    parts = {"first": nn.Linear(3, 3), "block": block, "out": nn.Linear(3, 3)}
    recording = run(Does(forward, **parts), (2, 3))
    check_values(recording)
    assert names(recording, "recompute")[:3] == [
        "aten.t.default",
        "aten.addmm.default",
        "aten.tanh.default",
    ]
    again = [call for call in recording.calls if call.phase == "recompute"]
    assert {call.scope for call in again} == {"block.0", "block.1"}
    assert len(recording.gradients) == 6


def test_inference_mode_inside_is_taken_apart_as_well():
    def forward(self, x):
        with torch.inference_mode():
            return self.a(x)

    recording = run(Does(forward, a=nn.Linear(3, 3)), (2, 4, 3), backward=False)
    assert "aten.addmm.default" in names(recording)
    assert "aten.linear.default" not in names(recording)
