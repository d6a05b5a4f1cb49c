"""What a model of transformers takes, from its configuration.

Most types follow from the name of what they take first; the others are in `transformers.toml`.
"""

import inspect
from collections.abc import Collection, Iterator
from typing import Any

from orderof.frontends.torch.defaults.entries import entry, given

_SEQUENCE = 128
_MAIN = ("pixel_values", "input_features", "input_values", "input_ids")
"""What a model takes first, where it does not say so itself."""
_WINDOW = ("num_mel_bins", "max_source_positions")
"""Of a sound model that takes a window of one length, bands before frames."""


def described(module: Any, config: Any) -> Iterator[str]:
    """What a model takes, in the sizes its configuration gives; nothing where that is not known."""
    wanted = inspect.signature(module.forward).parameters
    text = config.get_text_config()
    longest = getattr(text, "max_position_embeddings", None) or _SEQUENCE
    names: dict[str, Any] = {
        "dtype": str(module.dtype).removeprefix("torch."),
        "length": min(_SEQUENCE, longest) if longest > 0 else _SEQUENCE,
        "words": getattr(text, "vocab_size", None),
        "vision": getattr(config, "vision_config", config),
    }
    taken = [s for s in entry(config.model_type).inputs if s.partition(":")[0] in wanted]
    yield from (
        given(taken, config, names)
        if taken
        else _usual(_main(module, wanted), config, wanted, **names)
    )


def remarks(module: Any, inputs: Collection[str]) -> Iterator[str]:
    """What is to be known about the inputs that were chosen."""
    wanted = inspect.signature(module.forward).parameters
    if note := entry(module.config.model_type).note:
        yield note
    seen = any(spec.startswith("pixel_values") for spec in inputs)
    if "pixel_values" in wanted and not seen and _in_text(module.config, wanted):
        yield "counted without an image: its places among the words are data"


def _main(module: Any, wanted: Collection[str]) -> str:
    first = module.main_input_name
    own = [first] if isinstance(first, str) else first
    return next((name for name in (*own, *_MAIN) if name in wanted), "")


def _usual(
    main: str,
    config: Any,
    wanted: Collection[str],
    dtype: str,
    length: int,
    words: int | None,
    vision: Any,
) -> Iterator[str]:
    """Follow from the name of the first input what it is, and what comes with it."""
    match main:
        case _ if "grid_thw" in wanted:
            yield from _patches(main if main in wanted else "hidden_states", vision, dtype)
        case "pixel_values":
            yield _image(main, vision, dtype)
        case "input_features" if all(hasattr(config, name) for name in _WINDOW):
            frames = 2 * config.max_source_positions  # the encoder takes every second one
            yield f"input_features: {dtype}[B=1, {config.num_mel_bins}, S={frames}]"
        case "input_features" if (bands := _bands(config)) is not None:
            yield f"input_features: {dtype}[B=1, S=1000, {bands}]"
        case "input_values":
            yield "input_values: float32[B=1, S=16000]"
        case _ if words and main in wanted:
            yield f"{main}: int64[B=1, S={length}] < {words}"
        case _:
            return
    seen = vision is not config and hasattr(vision, "image_size") and not _in_text(config, wanted)
    if main == "input_ids" and "pixel_values" in wanted and seen:
        yield _image("pixel_values", vision, dtype)
    if config.is_encoder_decoder and "decoder_input_ids" in wanted and words:
        yield f"decoder_input_ids: int64[B=1, T={length}] < {words}"


def _in_text(config: Any, wanted: Collection[str]) -> bool:
    """Whether an image has places of its own among the words: how many is known with data only."""
    places = ("image_token_id", "image_token_index")
    return "image_grid_thw" in wanted or any(hasattr(config, name) for name in places)


def _bands(config: Any) -> int | None:
    """Find how many frequencies a sound model takes."""
    parts = (config, getattr(config, "encoder_config", None), getattr(config, "audio_config", None))
    names = (
        *("num_mel_bins", "feature_size", "input_dim", "mel_bins"),
        *("input_feat_per_channel", "feature_projection_input_dim"),
    )
    found = (getattr(part, name, None) for part in parts for name in names)
    return next((n for n in found if isinstance(n, int)), None)


def _patches(name: str, vision: Any, dtype: str) -> Iterator[str]:
    """An image of 16 by 16 patches, as the vision towers of Qwen take it: patches in a row."""
    named = ("in_channels", "in_chans", "num_channels")
    channels = next((n for key in named if (n := getattr(vision, key, 0))), 3)
    frames = getattr(vision, "temporal_patch_size", getattr(vision, "patch_temporal", 1))
    size = channels * frames * vision.patch_size**2
    yield f"{name}: {dtype}[256, {size}]"
    yield "grid_thw: int64[1, 3] = [1, 16, 16]"


def _image(name: str, vision: Any, dtype: str) -> str:
    """An image, or a film where the configuration has frames."""
    channels = getattr(vision, "num_channels", 3)
    size = getattr(vision, "image_size", 224)
    height, width = size if isinstance(size, list | tuple) else (size, size)
    frames = getattr(vision, "num_frames", None)
    film = f"{frames}, " if isinstance(frames, int) else ""
    return f"{name}: {dtype}[B=1, {film}{channels}, H={height}, W={width}]"
