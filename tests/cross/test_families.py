"""Families of recorded models: their formulas are the zoo's, letter for letter."""

import json

import pytest
import torch
from models import language_model
from torch import nn

import orderof
from orderof.api import graph
from orderof.cli import main
from orderof.errors import BadSpelling, NoFormula, UsageError

pytestmark = pytest.mark.framework
SPECIAL = {"bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}


@pytest.fixture(scope="module")
def transformers():
    language_model("gpt2", 8, 7)
    import transformers

    return transformers


def tokens(**_):
    return {"input_ids": torch.zeros(2, 16, dtype=torch.int64), "use_cache": False}


def test_gpt2_is_the_zoo_s(transformers):
    def build(n_layer, n_head, d_model):
        config = transformers.GPT2Config(
            n_layer=n_layer, n_head=n_head, n_embd=d_model, vocab_size=100, n_positions=64,
            **SPECIAL,
        )  # fmt: skip
        return transformers.GPT2LMHeadModel(config)

    names = {"n_layer": "L", "n_head": "h", "d_model": "d"}
    r = orderof.family(
        build, n_layer=12, n_head=4, d_model=64, kwargs=tokens(), names=names, train="adamw"
    )
    zoo = orderof.analyze("zoo:gpt2", train="adamw")
    sizes = {"V": 100, "P": 64}
    for ours, theirs in ((r.forward, zoo.forward), (r.backward, zoo.backward)):
        assert ours.macs.expr == theirs.macs.expr.subs(sizes)
    assert r.params.total.expr == zoo.params.total.expr.subs(sizes)
    floats = {k: f["float32"].expr for k, f in zoo.forward.kinds.items() if "float32" in f}
    found = {k: f["float32"].expr for k, f in r.forward.kinds.items() if "float32" in f}
    assert found == {k: e.subs(sizes) for k, e in floats.items()}
    assert (r.forward.macs(), r.forward.macs(L=2, d=32, B=1)) == (
        zoo.forward.macs(**sizes, B=2, S=16, d=64, h=4),
        zoo.forward.macs(**sizes, B=1, S=16, d=32, h=4, L=2),
    )


def test_llama_is_the_zoo_s(transformers):
    def build(L, d, h, K):
        config = transformers.LlamaConfig(
            num_hidden_layers=L, hidden_size=d, num_attention_heads=h, num_key_value_heads=K,
            intermediate_size=96, vocab_size=90, **SPECIAL,
        )  # fmt: skip
        return transformers.LlamaForCausalLM(config)

    r = orderof.family(build, L=4, d=64, h=4, K=2, kwargs=tokens())
    zoo = orderof.analyze("zoo:llama").forward.macs.expr.subs({"f": 96, "V": 90})
    assert r.forward.macs.expr == zoo


def test_bert_is_the_zoo_s(transformers):
    def build(L, d, h):
        config = transformers.BertConfig(
            num_hidden_layers=L, hidden_size=d, num_attention_heads=h, intermediate_size=96,
            vocab_size=90, **SPECIAL,
        )  # fmt: skip
        return transformers.BertModel(config)

    ids = {"input_ids": torch.zeros(2, 16, dtype=torch.int64)}
    r = orderof.family(build, L=4, d=64, h=4, kwargs=ids)
    zoo = orderof.analyze("zoo:bert").forward.macs.expr.subs({"f": 96, "V": 90})
    assert r.forward.macs.expr == zoo


def test_vision_transformer_is_the_zoo_s():
    from torchvision.models.vision_transformer import VisionTransformer

    def build(L, d, h, C):
        return VisionTransformer(32, 8, L, h, d, 24, num_classes=C)

    r = orderof.family(build, L=3, d=16, h=2, C=7, inputs=(torch.empty(2, 3, 32, 32),))
    zoo = orderof.analyze("zoo:vit").forward.macs.expr.subs({"H": 32, "W": 32, "k": 8, "f": 24})
    assert r.forward.macs.expr == zoo


def test_resnet_is_the_zoo_s():
    from torchvision.models.resnet import Bottleneck, ResNet

    def build(C, n3):
        return ResNet(Bottleneck, [3, 4, n3, 3], num_classes=C)

    r = orderof.family(build, C=10, n3=6, inputs=(torch.empty(2, 3, 64, 64),))
    for name, blocks in (("zoo:resnet50", 6), ("zoo:resnet101", 23)):
        zoo = orderof.analyze(name).forward.macs.expr.subs({"n": 64})
        assert r.forward.macs.expr.subs({"n3": blocks}) == zoo


def stack(depth, width=4):
    return nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)))


def test_layers_that_alternate_have_pieces():
    def build(depth):
        wide = (nn.Linear(4, 4, bias=bool(i % 2)) for i in range(depth))
        return nn.Sequential(*wide)

    r = orderof.family(build, depth=8, inputs=(torch.empty(2, 4),))
    for n in (1, 2, 5, 8, 13):
        other = orderof.analyze(build(n), torch.empty(2, 4))
        assert r.forward.ops(depth=n) == other.forward.ops()
        assert r.params(depth=n) == other.params()


def test_a_width_with_an_end():
    def build(width):
        return nn.Linear(4, min(width, 32))

    r = orderof.family(build, width=100, inputs=(torch.empty(2, 4),))
    for n in (1, 31, 32, 33, 500):
        assert r.params(width=n) == 5 * min(n, 32)


def normed(width, depth):
    blocks = (nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width)) for _ in range(depth))
    return nn.Sequential(*blocks), (torch.empty(2, width),)


@pytest.mark.parametrize("as_", ["fvcore", "deepspeed", "torchinfo", "onnx-tool"])
def test_what_another_tool_says_is_a_formula_too(as_):
    found = orderof.family(normed, width=8, depth=2, as_=as_)
    module, inputs = normed(24, 5)
    direct = orderof.analyze(module, *inputs, as_=as_)
    assert found.forward.total()(width=24, depth=5) == direct.forward.total()()
    assert str(found.forward.macs) == "B*depth*width**2"


LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 50,
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64,
}  # fmt: skip


def test_a_graph_is_asked_for_nothing_that_a_model_is():
    with pytest.raises(BadSpelling, match="cannot be asked of the Graph"):
        orderof.family(lambda n: graph(nn.Linear(n, n), torch.empty(2, n)), n=4, causal="exact")


@pytest.mark.parametrize(
    "how",
    [
        {"train": "adamw", "as_": "6nd"},
        {"train": "adamw", "as_": "palm-mfu"},
        {"prefill": True},
        {"decode": 9},
        {"causal": "exact"},
    ],
)
def test_what_is_asked_of_one_is_asked_of_all(transformers, tmp_path, how):
    def asked(model, **more):
        path = tmp_path / f"{model['num_hidden_layers']}" / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(model))
        return f"hf:{path}"

    found = orderof.family(asked(LLAMA), {"num_hidden_layers": None}, **how)
    other = orderof.analyze(asked(LLAMA | {"num_hidden_layers": 8}), **how)
    ours, theirs = (r.step or r.forward for r in (found, other))
    assert ours.total()(L=8) == theirs.total()()
    assert ours.ops(L=8) == theirs.ops()
    assert transformers


def test_a_size_without_a_formula_is_refused():
    def build(width):
        return nn.Linear(4, (width * 2654435761) % 1009 + 1)

    with pytest.raises(NoFormula):
        orderof.family(build, width=100, inputs=(torch.empty(2, 4),))


def test_what_cannot_be_varied_is_told():
    with pytest.raises(BadSpelling, match="is a module, whose sizes are fixed"):
        orderof.family(stack(3), depth=3)
    with pytest.raises(UsageError, match="has no sizes that vary"):
        orderof.family(stack)
    with pytest.raises(BadSpelling, match="has letters for all its sizes"):
        orderof.family("zoo:gpt2", L=12)


def test_a_configuration_on_the_command_line(transformers, tmp_path, capsys):
    sizes = {"n_layer": 3, "n_embd": 16, "n_head": 2, "vocab_size": 50, "n_positions": 32}
    config = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", **sizes, **SPECIAL}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    assert main([f"hf:{path}", "--vary", "n_layer,n_embd", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["dims"] == {"B": 1, "S": 32, "L": 3, "d": 16}
    assert found["formulas"]["forward"]["macs"] == "2*B*L*S**2*d + 12*B*L*S*d**2 + 50*B*S*d"
    assert transformers
