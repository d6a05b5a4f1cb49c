"""Inputs of single model types: data, filled in from a configuration. Nothing here needs torch."""

import tomllib
from importlib import resources
from types import SimpleNamespace as Config

import pytest

from orderof.errors import BadSpelling
from orderof.frontends.torch.defaults import entries
from orderof.frontends.torch.defaults.entries import entry, filled
from orderof.frontends.torch.defaults.inputs import described, remarks

CONFIG = Config(size=[8, 4], bands=128, vision=Config(frames=16), none=None, strides=(2, 4, 8))
TABLE = tomllib.loads(
    resources.files(entries.__package__).joinpath("transformers.toml").read_text("utf-8")
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{bands}", "128"),
        ("{size[1]}, {vision.frames}", "4, 16"),
        ("{2 * bands - size[0] // 3}", "254"),
        ("{-(-bands // 56) * 56}", "168"),
        ("{prod(strides)} {max(size)} {min(3, bands)} {len(strides)}", "64 8 3 3"),
        ("{grid(1, 2)}", "[0, 0, 1, 0]"),
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


def test_a_type_without_an_entry_is_left_to_the_rules():
    assert entry("bert") == entries.Entry()


def test_an_entry_takes_what_another_has():
    assert entry("mm-grounding-dino") == entry("grounding-dino")
    assert entry("mm-grounding-dino").inputs


@pytest.mark.parametrize("kind", TABLE)
def test_the_table_is_sound(kind):
    found = TABLE[kind]
    assert found.keys() <= {"like", "config", "inputs", "note"}
    assert entry(kind).config or entry(kind).inputs
    assert found.get("like", kind) in TABLE
    assert "like" not in TABLE[found.get("like", "")] if "like" in found else True


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
