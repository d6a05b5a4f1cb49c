"""Training as people write it, by hand counted: what is frozen, shared, cast, computed again."""

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import orderof

pytestmark = pytest.mark.framework

B, IN, HIDDEN, OUT = 4, 16, 32, 8
FIRST, SECOND = IN * HIDDEN, HIDDEN * OUT


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(IN, HIDDEN), nn.Linear(HIDDEN, OUT)

    def hidden(self, x):
        return torch.relu(self.a(x))

    def forward(self, x):
        return self.b(self.hidden(x))


def inputs(**kind):
    return torch.zeros(B, IN, **kind)


def macs(model, x=None, train="sgd"):
    r = orderof.analyze(model, inputs() if x is None else x, train=train)
    assert r.coverage.complete
    return {name: r.phase(name).macs() // B for name in ("forward", "backward", "recompute")}


def test_the_first_layer_has_no_input_gradient():
    assert macs(Net()) == {
        "forward": FIRST + SECOND,
        "backward": FIRST + 2 * SECOND,
        "recompute": 0,
    }


def test_an_input_that_requires_a_gradient_gets_one():
    x = inputs(requires_grad=True)
    assert macs(Net(), x)["backward"] == 2 * FIRST + 2 * SECOND
    assert x.grad is None


def test_frozen_weights_have_no_gradient():
    model = Net()
    model.a.requires_grad_(False)
    assert macs(model)["backward"] == SECOND
    model.a.requires_grad_(True)
    model.b.requires_grad_(False)
    assert macs(model)["backward"] == FIRST + SECOND


class LoRA(nn.Module):
    """W x + B A x with W frozen."""

    def __init__(self, rank=2):
        super().__init__()
        self.w = nn.Linear(IN, HIDDEN).requires_grad_(False)
        self.down, self.up = nn.Linear(IN, rank, bias=False), nn.Linear(rank, HIDDEN, bias=False)

    def forward(self, x):
        return self.w(x) + self.up(self.down(x))


def test_low_rank_adapters_train_their_own_weights_only():
    down, up = 2 * IN, 2 * HIDDEN
    assert macs(LoRA()) == {"forward": FIRST + down + up, "backward": down + 2 * up, "recompute": 0}
    r = orderof.analyze(LoRA(), inputs(), train="adamw")
    assert (r.params.trainable(), r.params.frozen()) == (down + up, FIRST + HIDDEN)
    assert r.optimizer.kinds["sqrt"]["float32"]() == down + up


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpoint_computes_again(reentrant):
    class Checkpointed(Net):
        def forward(self, x):
            return self.b(checkpoint(self.hidden, x, use_reentrant=reentrant))

    found = macs(Checkpointed(), inputs(requires_grad=True))
    assert found == {
        "forward": FIRST + SECOND,
        "backward": 2 * FIRST + 2 * SECOND,
        "recompute": FIRST,
    }


@pytest.mark.parametrize("reentrant", [True, False])
def test_attention_is_computed_again_too(reentrant):
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)

        def attend(self, x):
            q, k, v = self.qkv(x).view(2, 5, 3, 2, 8).permute(2, 0, 3, 1, 4)
            y = nn.functional.scaled_dot_product_attention(q, k, v)
            return self.out(y.transpose(1, 2).reshape(2, 5, 16))

        def forward(self, x):
            return checkpoint(self.attend, x, use_reentrant=reentrant)

    x = torch.zeros(2, 5, 16, requires_grad=True)
    r = orderof.analyze(Attends(), x, train="sgd", symbolic=())
    qkv, out, product = 10 * 16 * 48, 10 * 16 * 16, 2 * 2 * 5 * 5 * 8
    assert r.forward.macs() == qkv + out + 2 * product
    assert r.backward.macs() == 2 * (qkv + out) + 4 * product
    stops_early = 0 if reentrant else out  # nothing of the last product is needed again
    assert r.recompute.macs() == qkv + out + 2 * product - stops_early


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_autocast_casts_the_products(device, dtype):
    class Cast(Net):
        def forward(self, x):
            with torch.autocast(device, dtype=getattr(torch, dtype)):
                return super().forward(x)

    r = orderof.analyze(Cast(), inputs(), train="sgd")
    assert {*r.forward.kinds["mul"]} == {dtype}
    assert {*r.backward.kinds["mul"]} == {dtype}
    assert {*r.optimizer.kinds["mul"]} == {"float32"}
    assert r.forward.kinds["cast"][dtype](B=B) == B * IN + FIRST + HIDDEN + SECOND + OUT


def test_half_precision_is_the_default_on_a_gpu():
    def step(x):
        with torch.autocast("cuda"):
            return x @ x.T

    assert {*orderof.analyze(step, inputs()).forward.kinds["mul"]} == {"float16"}
    assert torch.autocast.__init__.__module__ == "torch.amp.autocast_mode"


class Cubed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x * x * 3


def test_a_function_with_a_backward_of_its_own():
    class Own(Net):
        def forward(self, x):
            return self.b(Cubed.apply(self.a(x)))

    r = orderof.analyze(Own(), inputs(), train="sgd")
    own = [row for row in r.rows if not row.scope and row.phase == "backward"]
    assert sum(row.counts.ops().at(B=B) for row in own) == 3 * B * HIDDEN


def test_a_compiled_module_is_counted_as_it_is_written():
    model = Net()
    assert macs(torch.compile(model, backend="eager")) == macs(model)


def test_a_tied_weight_is_one_parameter_with_two_gradients():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = nn.Embedding(50, IN), nn.Linear(IN, 50, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, ids):
            return self.head(self.embed(ids))

    r = orderof.analyze(Tied(), torch.zeros(2, 5, dtype=torch.int64), train="adamw")
    assert r.params() == 50 * IN
    assert r.backward.macs() == 2 * 10 * 50 * IN
    assert r.optimizer.kinds["sqrt"]["float32"]() == 50 * IN


def test_a_module_that_is_called_twice_costs_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(IN, IN)

        def forward(self, x):
            return self.a(self.a(x))

    found = macs(Twice())
    assert found["forward"] == 2 * IN * IN
    assert found["backward"] == 3 * IN * IN
