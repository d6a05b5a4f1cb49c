"""Models from their spelling: built without weights, with inputs; and every way it can fail."""

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from tests.frontends.torch.cases import check_values
from torch import nn

from orderof.errors import (
    BadSpelling,
    MissingExtra,
    ModelError,
    NotImportable,
    Refused,
    UsageError,
)
from orderof.frontends.torch.build import load
from orderof.frontends.torch.record import record

pytestmark = pytest.mark.framework

SOURCE = """
import torch
from torch import nn
import {helper}

def build():
    return nn.Linear(3, 4)

instance = nn.Linear(3, 4)
number = 3

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 4)
        self.n = int(torch.ones(3).sum())  # not on the meta device

    def forward(self, x, scale=1, *, shift=0):
        return self.a(x) * scale + shift

def large():
    return nn.Linear(1000, int(torch.ones(1000).sum()))

def wants(x):
    return nn.Linear(x, x)

def other():
    return 3
"""


@pytest.fixture
def package(tmp_path, monkeypatch, request):
    """A module in the current folder, under a name that no other test has imported."""
    name = "written_" + str(abs(hash(request.node.name)))
    (tmp_path / f"{name}.py").write_text(SOURCE.format(helper=f"{name}_helper"))
    (tmp_path / f"{name}_helper.py").write_text("")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    yield name
    assert sys.path == path


def recorded(loaded):
    recording = record(loaded.module, loaded.args, loaded.kwargs, backward=True, train=True)
    check_values(recording)
    return recording


def test_torchvision():
    loaded = load("torchvision:resnet18", dims={"B": 4})
    assert loaded.name == "torchvision:resnet18"
    assert all(p.is_meta for p in loaded.module.parameters())
    assert loaded.dims == {"B": 4, "H": 224, "W": 224}
    assert [*loaded.axes.values()] == [("B", None, "H", "W")]
    assert recorded(loaded).outputs[0].shape == (4, 1000)


def test_torchvision_with_inputs_of_ones_own():
    loaded = load("torchvision:resnet18", inputs=["image: float32[N, 3, 64, 64]"], dims={"N": 2})
    assert [*loaded.axes.values()] == [("N", None, None, None)]
    assert recorded(loaded).outputs[0].shape == (2, 1000)


def test_what_does_not_build_on_meta_is_built_on_the_cpu():
    before = torch.get_rng_state()
    module = load("torchvision:regnet_y_400mf").module
    assert not next(module.parameters()).is_meta
    assert torch.equal(torch.get_rng_state(), before)


def test_an_unknown_name_has_neighbours():
    with pytest.raises(BadSpelling, match="no model of this name") as caught:
        load("torchvision:resnet19")
    assert "resnet18" in caught.value.hint


TEXT = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "vocab_size": 99}
IMAGE = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "image_size": 64}
CONFIGS = {
    "llama": {"architectures": ["LlamaForCausalLM"], "dtype": "bfloat16", **TEXT},
    "bert": {"max_position_embeddings": 64, **TEXT},
    "gpt2": {"architectures": ["MyOwnModel"], "n_layer": 1, "n_embd": 32, "n_head": 2},
    "vit": {"architectures": ["ViTForImageClassification"], **IMAGE},
    "t5": {
        "architectures": ["T5ForConditionalGeneration"],
        "d_model": 32,
        "num_layers": 1,
        "num_heads": 4,
        "d_ff": 64,
        "vocab_size": 99,
    },
}
EXPECTED = {
    "llama": ("LlamaForCausalLM", "which the config names"),
    "bert": ("BertModel", "as the config names no architecture"),
    "gpt2": ("GPT2Model", "as transformers has no MyOwnModel"),
    "vit": ("ViTForImageClassification", "which the config names"),
    "t5": ("T5ForConditionalGeneration", "which the config names"),
}
INPUTS = {
    "llama": {"input_ids": ("int64", (1, 128))},
    "bert": {"input_ids": ("int64", (1, 64))},
    "gpt2": {"input_ids": ("int64", (1, 128))},
    "vit": {"pixel_values": ("float32", (1, 3, 64, 64))},
    "t5": {"input_ids": ("int64", (1, 128)), "decoder_input_ids": ("int64", (1, 128))},
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("as_folder", [True, False])
def test_transformers(name, as_folder, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model_type": name, **CONFIGS[name]}))
    loaded = load(f"hf:{tmp_path if as_folder else file}")
    cls, why = EXPECTED[name]
    assert type(loaded.module).__name__ == cls
    assert loaded.notes == (f"built {cls}, {why}",)
    assert all(p.is_meta for p in loaded.module.parameters())
    recording = recorded(loaded)
    inputs = {name: (ref.dtype, ref.shape) for name, ref in recording.inputs}
    assert inputs == INPUTS[name]
    assert loaded.kwargs.get("use_cache", False) is False
    dtype = CONFIGS[name].get("dtype", "float32")
    assert {p.ref.dtype for p in recording.parameters} == {dtype}


def test_transformers_without_a_config(tmp_path):
    with pytest.raises(NotImportable, match=r"there is no file .*config\.json") as caught:
        load(f"hf:{tmp_path}")
    assert "nothing is downloaded" in caught.value.hint
    (tmp_path / "config.json").write_text('{"model_type": "nothing_of_the_kind"}')
    with pytest.raises(NotImportable, match="nothing_of_the_kind"):
        load(f"hf:{tmp_path}")


@pytest.mark.parametrize("attribute", ["build", "instance", "Net", "nn.Flatten"])
def test_a_module_of_ones_own(package, attribute):
    loaded = load(f"{package}:{attribute}", inputs=["x: float32[B=2, 3]"])
    assert isinstance(loaded.module, nn.Module)
    assert loaded.dims == {"B": 2}
    if attribute != "nn.Flatten":
        assert recorded(loaded).outputs[0].shape == (2, 4)


def test_inputs_go_by_keyword_where_the_name_is_known(package):
    loaded = load(f"{package}:Net", inputs=["data: float32[2, 3]", "scale: 2", "shift: 1"])
    assert [arg.shape for arg in loaded.args] == [(2, 3)]
    assert loaded.kwargs == {"scale": 2, "shift": 1}
    loaded = load(f"{package}:Net", inputs=["x: float32[2, 3]"])
    assert (loaded.args, list(loaded.kwargs)) == ((), ["x"])


@pytest.mark.parametrize("inputs", [[], ["scale: 2"], ["x: 1", "y: 2"]])
def test_inputs_that_do_not_fit(package, inputs):
    with pytest.raises(UsageError, match="it takes x, scale, shift, and got") as caught:
        load(f"{package}:Net", inputs=inputs)
    assert "--input" in caught.value.hint


def test_the_limit_on_the_cpu(package):
    with pytest.raises(ModelError, match=r"more than 0\.00195312 GiB of tensors") as caught:
        load(f"{package}:large", byte_limit=2**21)
    assert "on torch's meta device it raised RuntimeError" in caught.value.message
    assert load(f"{package}:large", inputs=["x: float32[1, 1000]"], byte_limit=2**23)


@pytest.mark.parametrize(
    ("attribute", "error", "message"),
    [
        ("other", NotImportable, "it returned an int, not a torch.nn.Module"),
        ("number", NotImportable, "it is an int, neither a module nor a function"),
        ("biuld", NotImportable, "there is no biuld in it"),
    ],
)
def test_what_is_no_module(package, attribute, error, message):
    with pytest.raises(error, match=message):
        load(f"{package}:{attribute}")


def test_a_function_that_takes_something_is_itself_what_is_counted(package):
    loaded = load(f"{package}:wants", inputs=["x: float32[2, 3]"])
    assert [tuple(x.shape) for x in loaded.args or loaded.kwargs.values()] == [(2, 3)]
    assert "as it is" in loaded.notes[0]


def test_what_cannot_be_imported(package, tmp_path):
    with pytest.raises(NotImportable, match="ModuleNotFoundError: No module named 'not_there'"):
        load("not_there:build")
    (tmp_path / f"{package}.py").write_text("import not_there_either")
    with pytest.raises(NotImportable, match="not_there_either"):
        load(f"{package}:build")


@pytest.mark.parametrize("name", ["model.pt", "model.PTH", "model.pkl", "model.safetensors"])
def test_files_that_stay_unread(name):
    with pytest.raises(Refused) as caught:
        load(name)
    assert "package.module:function" in caught.value.hint


def test_a_spelling_of_nothing():
    with pytest.raises(BadSpelling, match="it names no model of PyTorch") as caught:
        load("resnet50")
    assert "torchvision:NAME" in caught.value.hint


@pytest.mark.parametrize(
    ("spelling", "missing", "line"),
    [
        ("a:b", "torch", "pip install 'orderof[torch]'"),
        ("torchvision:resnet18", "torchvision", "pip install torchvision"),
        ("hf:{config}", "transformers", "pip install transformers"),
        ("transformers:bert", "transformers", "pip install transformers"),
        ("timm:resnet18", "timm", "pip install timm"),
        ("diffusers:UNet2DModel", "diffusers", "pip install diffusers"),
    ],
)
def test_what_is_not_installed(spelling, missing, line, tmp_path, monkeypatch):
    config = tmp_path / "config.json"
    config.write_text("{}")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtra, match=f"{missing}: it is not installed") as caught:
        load(spelling.format(config=config))
    assert caught.value.hint == line


def test_a_model_type_of_transformers():
    loaded = load("transformers:distilbert", dims={"S": 9})
    assert type(loaded.module).__name__ == "DistilBertModel"
    assert tuple(loaded.kwargs["input_ids"].shape) == (1, 9)
    assert loaded.notes == ("DistilBertModel with the default configuration of distilbert",)


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("transformers:berd", "transformers has no model of this name"),
        ("transformers:bert:Cooking", "transformers has no AutoModelForCooking"),
        ("transformers:vit:CausalLM", "has no model of this kind"),
    ],
)
def test_model_types_that_there_are_not(spelling, message):
    with pytest.raises(BadSpelling, match=message):
        load(spelling)


@pytest.fixture
def diffusers(monkeypatch):
    """What stands for the library: one class that its defaults do not build."""

    class ModelMixin(torch.nn.Module):
        @classmethod
        def from_config(cls, content):
            return cls(**{k: v for k, v in content.items() if not k.startswith("_")})

    class UNet1DModel(ModelMixin):
        def __init__(self, extra_in_channels=0, time_embedding_dim=None, in_channels=2):
            super().__init__()
            self.layer = torch.nn.Linear(extra_in_channels, time_embedding_dim)
            self.config = SimpleNamespace(in_channels=in_channels, sample_size=8)

        def forward(self, sample, timestep):
            return self.layer(sample)

    library = ModuleType("diffusers")
    vars(library).update(ModelMixin=ModelMixin, UNet1DModel=UNet1DModel, DDIMScheduler=object)
    monkeypatch.setitem(sys.modules, "diffusers", library)


@pytest.mark.usefixtures("diffusers")
def test_a_class_of_diffusers_whose_defaults_do_not_build():
    loaded = load("diffusers:UNet1DModel")
    assert tuple(loaded.kwargs["sample"].shape) == (1, 2, 8)
    assert loaded.notes[0] == "built UNet1DModel"
    assert '"extra_in_channels": 16' in loaded.notes[1]
    assert "Dance Diffusion" in loaded.notes[1]


@pytest.mark.usefixtures("diffusers")
def test_a_config_of_diffusers_is_built_as_it_is(tmp_path):
    settings = {"extra_in_channels": 3, "time_embedding_dim": 5, "in_channels": 7}
    content = {"_class_name": "UNet1DModel", **settings}
    (tmp_path / "config.json").write_text(json.dumps(content))
    loaded = load(f"diffusers:{tmp_path}")
    assert tuple(loaded.module.layer.weight.shape) == (5, 3)
    assert tuple(loaded.kwargs["sample"].shape) == (1, 7, 8)
    assert loaded.notes == ("built UNet1DModel",)


@pytest.mark.usefixtures("diffusers")
@pytest.mark.parametrize("name", ["UNet1DModle", "DDIMScheduler"])
def test_what_is_no_model_of_diffusers(name):
    with pytest.raises(BadSpelling, match="diffusers has no model of this name") as caught:
        load(f"diffusers:{name}")
    assert ("UNet1DModel" in caught.value.hint) == (name != "DDIMScheduler")
