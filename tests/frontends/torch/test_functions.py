"""Plain functions and training steps of one's own: recorded as they are, and not touched."""

import functools

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import orderof
from orderof.errors import BadSpelling

pytestmark = pytest.mark.framework

X = torch.zeros(4, 16)
T = torch.zeros(4, dtype=torch.int64)


def mlp():
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8))


GLOBAL = mlp()


def scores(x, y):
    return torch.softmax(x @ y.T, -1)


def through_a_global(x):
    return GLOBAL(x)


def test_a_function_of_tensors():
    r = orderof.analyze(scores, X, torch.zeros(6, 16))
    assert r.model == "scores"
    assert str(r.forward.macs) == "96*B"
    assert "as it is" in r.notes[0]


def test_a_result_that_is_written_into_a_tensor():
    def squared(x):
        made = torch.empty(16, 16)
        torch.mm(x.T, x, out=made)
        return torch.cat([made, made], out=torch.empty(32, 16)) @ x.T

    r = orderof.analyze(squared, X, symbolic=())
    assert r.forward.macs() == 16 * 4 * 16 + 32 * 16 * 4


def test_results_that_are_written_into_two_tensors():
    def largest(x):
        values, places = torch.empty(4), torch.empty(4, dtype=torch.long)
        torch.max(x, 1, out=(values, places))
        return values + 1

    x = torch.zeros(4, 8)
    r = orderof.analyze(largest, x, symbolic=())
    plain = orderof.analyze(lambda x: torch.max(x, 1).values + 1, x, symbolic=())
    assert r.forward.counts == plain.forward.counts
    assert r.forward.kinds["max"]["float32"]() == 4 * 7


def test_modules_of_a_function_have_its_names_for_them():
    r = orderof.analyze(through_a_global, X)
    assert {row.scope for row in r.rows} == {"GLOBAL.0", "GLOBAL.1", "GLOBAL.2"}
    assert r.params() == 16 * 32 + 32 + 32 * 8 + 8


MODEL = mlp()


class Holder:
    def __init__(self):
        self.parts = {"net": MODEL}

    def forward(self, x):
        return self.parts["net"](x)

    __call__ = forward


def with_default(x, net=MODEL):
    return net(x)


def inside(x):
    def helper(y):
        return MODEL(y)

    return helper(x)


def around(net):
    def call(x):
        return net(x)

    return call


def first_of(nets):
    def call(x):
        return nets[0](x)

    return call


WAYS = {
    "closure": around(MODEL),
    "default": with_default,
    "inner function": inside,
    "partial": functools.partial(lambda net, x: net(x), MODEL),
    "partial by name": functools.partial(lambda x, net: net(x), net=MODEL),
    "method": Holder().forward,
    "list": first_of([MODEL]),
    "function that uses one": around(with_default),
    "compiled": torch.compile(with_default, backend="eager"),
    "method of a module": MODEL.forward,
    "object": Holder(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_module_is_found_wherever_a_function_has_it(way):
    r = orderof.analyze(WAYS[way], X)
    assert str(r.forward.macs) == "768*B"
    assert r.params() == 808


def trained(accumulate=1):
    """A step of training, with the pieces that it works on."""
    model = mlp()
    update = torch.optim.AdamW(model.parameters())

    def step(x, t):
        update.zero_grad()
        for _ in range(accumulate):
            (cross_entropy(model(x), t) / accumulate).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        update.step()

    return step, model, update


def test_a_training_step_has_its_phases():
    step, model, _ = trained()
    r = orderof.analyze(step, X, T)
    same = orderof.analyze(model, X, train="adamw")
    assert r.forward.macs.expr == same.forward.macs.expr
    assert r.backward.macs.expr == same.backward.macs.expr
    assert r.optimizer.ops() > same.optimizer.ops()  # the norm of the gradients, and the clipping
    assert r.optimizer.kinds["sqrt"]["float32"]() == 808 + 4 + 1
    assert r.step.macs.expr == r.forward.macs.expr + r.backward.macs.expr
    assert r.coverage.complete


def test_accumulated_gradients_cost_as_often():
    once, four = (orderof.analyze(trained(n)[0], X, T) for n in (1, 4))
    assert four.forward.macs.expr == 4 * once.forward.macs.expr
    assert four.backward.macs.expr == 4 * once.backward.macs.expr
    assert four.optimizer.ops.expr == once.optimizer.ops.expr


def test_an_average_of_weights_is_part_of_the_update():
    model = mlp()
    mean = [p.detach().clone() for p in model.parameters()]

    def step(x, t):
        cross_entropy(model(x), t).backward()
        with torch.no_grad():
            for old, new in zip(mean, model.parameters(), strict=True):
                old.lerp_(new, 0.1)

    r = orderof.analyze(step, X, T)
    assert r.optimizer.kinds["add"]["float32"]() == 2 * 808
    assert r.optimizer.kinds["mul"]["float32"]() == 808


def test_nothing_is_left_behind():
    step, model, update = trained()
    before = [p.detach().clone() for p in model.parameters()]
    orderof.analyze(step, X, T)
    assert all(p.grad is None for p in model.parameters())
    assert not update.state
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert model.training


def test_dropout_is_counted_in_the_mode_that_a_module_is_in():
    model = nn.Sequential(nn.Linear(16, 8), nn.Dropout())
    trained = orderof.analyze(around(model.train()), X).forward.ops()
    assert trained > orderof.analyze(around(model.eval()), X).forward.ops()


def test_what_is_neither():
    with pytest.raises(BadSpelling, match="dict: is no model"):
        orderof.analyze({}, X)
