"""Inputs of single model types: data, filled in from a configuration. Nothing here needs torch."""

import tomllib
from importlib import resources
from types import SimpleNamespace as Config

import pytest

from orderof.errors import BadSpelling
from orderof.frontends.torch.defaults import entries
from orderof.frontends.torch.defaults.entries import entry, filled, given, kinds
from orderof.frontends.torch.defaults.inputs import described, remarks
from orderof.frontends.torch.spelling import parse

CONFIG = Config(size=[8, 4], bands=128, vision=Config(frames=16), none=None, strides=(2, 4, 8))
TABLES = {
    library: tomllib.loads(
        resources.files(entries.__package__).joinpath(f"{library}.toml").read_text("utf-8")
    )
    for library in ("transformers", "diffusers")
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{bands}", "128"),
        ("{size[1]}, {vision.frames}", "4, 16"),
        ("{2 * bands - size[0] // 3}", "254"),
        ("{-(-bands // 56) * 56}", "168"),
        ("{prod(strides)} {max(size)} {min(3, bands)} {len(strides)}", "64 8 3 3"),
        ("{grid(1, 2)}", "[0, 0, 1, 0]"),
        ("{none or 64} {bands or 64} {none or none or bands}", "64 128 128"),
        ("{first(size)} {last(size)} {first(bands)} {last(none or bands)}", "8 4 128 128"),
        ("{{a: {bands}}}", "{a: 128}"),
        ("{dtype}", "float16"),
    ],
)
def test_what_stands_in_braces(text, found):
    assert filled(text, CONFIG, {"dtype": "float16"}) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{nothing}", "no attribute 'nothing'"),
        ("{none}", "it is None"),
        ("{none or none}", "it is None"),
        ("{bands and 1}", "it is no size"),
        ("{none + 1}", "unsupported operand"),
        ("{size[2]}", "out of range"),
        ("{bands // 0}", "zero"),
        ("{open(1)}", "it is no size"),
        ("{bands +}", "invalid syntax"),
    ],
)
def test_what_has_no_value(text, why):
    with pytest.raises(BadSpelling, match=why) as caught:
        filled(text, CONFIG)
    assert caught.value.subject == text


@pytest.mark.parametrize(("key", "n"), [("none", 0), ("off", 0), ("bands", 1), ("size[0]", 1)])
def test_an_input_that_a_configuration_may_not_ask_for(key, n):
    config = Config(**vars(CONFIG), off=False)
    assert list(given([f"x: float32[{{bands}}] if {key}"], config)) == ["x: float32[128]"] * n


def test_what_is_asked_for_by_no_attribute():
    with pytest.raises(BadSpelling, match="no attribute 'nothing'"):
        list(given(["x: float32[1] if nothing"], CONFIG))


def test_a_type_without_an_entry_is_left_to_the_rules():
    assert entry("bert") == entries.Entry()


def test_an_entry_takes_what_another_has():
    assert entry("mm-grounding-dino") == entry("grounding-dino")
    assert entry("mm-grounding-dino").inputs


@pytest.mark.parametrize(
    ("library", "kind"), [(library, kind) for library in TABLES for kind in kinds(library)]
)
def test_the_table_is_sound(library, kind):
    table = TABLES[library]
    found = table[kind]
    assert found.keys() <= {"like", "config", "inputs", "note"}
    assert entry(kind, library).config or entry(kind, library).inputs
    assert found.get("like", kind) in table
    assert "like" not in table[found.get("like", "")] if "like" in found else True


@pytest.mark.parametrize("kind", kinds("diffusers"))
def test_inputs_of_diffusers_can_be_read(kind):
    """Every number of a configuration is 2 here, so that all inputs are asked for."""
    every = given(entry(kind, "diffusers").inputs, Twos())
    assert all(parse(spec).name for spec in every)


class Twos:
    """A configuration of nothing but 2, as far as that makes sizes."""

    def __getattr__(self, name):
        others = {"downsampling_ratios": (2, 2), "axes_dims_rope": (2, 2, 2)}
        return {**others, "projection_class_embeddings_input_dim": 20}.get(name, 2)


def model(forward, main="input_ids", kind="", **settings):
    """What stands for a module of transformers: its signature and its configuration."""
    config = Config(model_type=kind, is_encoder_decoder=False, vocab_size=99, **settings)
    config.get_text_config = lambda: config
    return Config(forward=forward, main_input_name=main, dtype="torch.float16", config=config)


def inputs(*args, **kwargs):
    found = model(*args, **kwargs)
    return [*described(found, found.config)]


@pytest.mark.parametrize(
    ("longest", "length"), [(64, 64), (512, 128), (None, 128), (-1, 128), (0, 128)]
)
def test_words(longest, length):
    found = inputs(lambda input_ids: None, max_position_embeddings=longest)
    assert found == [f"input_ids: int64[B=1, S={length}] < 99"]


def test_the_first_of_several_main_inputs():
    names = ["pixel_values", "task_inputs"]
    found = inputs(lambda task_inputs, pixel_values: None, names, image_size=32)
    assert found == ["pixel_values: float16[B=1, 3, H=32, W=32]"]


def test_bands_by_another_name():
    sizes = {"max_source_positions": 5000, "feature_projection_input_dim": 160}
    found = inputs(lambda input_features: None, "input_features", **sizes)
    assert found == ["input_features: float16[B=1, S=1000, 160]"]


def test_patches_of_several_frames():
    sizes = {"patch_size": 4, "patch_temporal": 2}
    found = inputs(lambda pixel_values, grid_thw: None, "pixel_values", **sizes)
    assert found == [
        f"pixel_values: float16[256, {3 * 2 * 4 * 4}]",
        "grid_thw: int64[1, 3] = [1, 16, 16]",
    ]


def test_an_entry_in_the_sizes_of_the_configuration():
    sizes = {"downsampling_ratios": (2, 4), "hop_length": 8, "sampling_rate": 20}
    assert inputs(lambda input_values: None, kind="dac", **sizes) == [
        "input_values: float16[B=1, 1, S=24]"
    ]


def test_what_a_head_does_not_take_is_left_out():
    assert len(inputs(lambda input_ids, lengths: None, kind="xlm")) == 2
    assert len(inputs(lambda input_ids: None, kind="xlm")) == 1


def test_what_is_said_about_inputs():
    found = model(lambda input_ids, patch_lengths: None, kind="blt", patch_size=4)
    assert list(remarks(found, ())) == [entry("blt").note]
    found = model(lambda input_ids, pixel_values: None, image_token_id=3)
    assert "without an image" in next(remarks(found, ()))
    assert not [*remarks(found, ["pixel_values: float32[1, 3, 8, 8]"])]
