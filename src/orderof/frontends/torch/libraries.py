"""Libraries of models: how a name becomes a module, and what it is called with by default.

To add one: a function from the name to `Built`, and a line in `LIBRARIES`.
"""

import copy
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orderof.errors import BadSpelling, NotImportable
from orderof.frontends.torch import vision
from orderof.frontends.torch.defaults.entries import entry, given, kinds
from orderof.frontends.torch.defaults.inputs import described, remarks
from orderof.frontends.torch.imports import extra, patiently
from orderof.frontends.torch.letters import widths_of

if TYPE_CHECKING:
    from torch import nn

Build = Callable[..., Any]
"""Calls what makes a module, on a device without memory where that goes."""


@dataclass(frozen=True, slots=True)
class Built:
    """A module, descriptions of its inputs, what was chosen, and how it is built otherwise."""

    module: "nn.Module"
    inputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    widths: dict[str, int] = field(default_factory=dict[str, int])
    variant: "Callable[[Mapping[str, int]], nn.Module] | None" = None


def torchvision(name: str, build: Build) -> Built:
    """A builder of torchvision by its name, with inputs as its published figures have them."""
    extra("torchvision")
    from torchvision import models

    if name not in models.list_models():
        near = get_close_matches(name, models.list_models(), n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "torchvision.models.list_models()"
        raise BadSpelling(name, "torchvision has no model of this name", hint)
    builder = models.get_model_builder(name)
    known = inspect.signature(builder).parameters
    # Left to their defaults, detectors download a backbone and googlenet takes minutes to fill.
    fixed = {"weights": None, "weights_backbone": None, "init_weights": False, "aux_loss": True}
    options = {key: value for key, value in fixed.items() if key in known}
    module = build(lambda: builder(**options), f"torchvision:{name}")
    kind = type(module).__module__.split(".")[2] if name not in vars(models) else ""
    return Built(module, tuple(vision.described(name, kind, module)), vision.notes(kind, options))


def _first(module: "nn.Module") -> str:
    return next(iter(inspect.signature(module.forward).parameters))


def config(text: str, build: Build) -> Built:
    """What a config.json of transformers describes."""
    path = Path(text)
    file = path / "config.json" if path.is_dir() else path
    if not file.is_file():
        raise NotImportable(
            f"hf:{text}",
            f"there is no file {file}",
            "give a directory with a config.json, or the file; nothing is downloaded",
        )
    extra("transformers")
    config, factory, note = patiently(f"hf:{text}", lambda: configured(file))
    module = build(lambda: factory(config), f"hf:{text}")

    def variant(widths: Mapping[str, int]) -> "nn.Module":
        other = copy.deepcopy(config)
        for name, n in widths.items():
            setattr(other, name, n)
        return build(lambda: factory(other), f"hf:{text}")

    inputs = tuple(described(module, config))
    notes = (note, *remarks(module, inputs))
    return Built(module, inputs, notes, widths_of(config.to_dict()), variant)


def configured(file: Path) -> tuple[Any, Callable[[Any], Any], str]:
    """The configuration in a file, what builds its model, and a note that says which class."""
    import transformers

    content = json.loads(file.read_text("utf-8"))
    config = transformers.AutoConfig.from_pretrained(
        str(file), local_files_only=True, trust_remote_code=False
    )
    named = (content.get("architectures") or [None])[0]
    cls = getattr(transformers, named, None) if named else None
    if cls is not None:
        return config, cls._from_config, f"built {named}, which the config names"
    why = f"transformers has no {named}" if named else "the config names no architecture"
    model: Any = transformers.AutoModel
    name = model._model_mapping[type(config)].__name__
    return config, model.from_config, f"built {name}, as {why}"


def timm(name: str, build: Build) -> Built:
    """An image model of timm by its name, with the size of image that it is made for."""
    library: Any = extra("timm")
    known = library.list_models()
    if name not in known:
        raise _unknown(name, "timm", known, "timm.list_models()")
    module = build(lambda: library.create_model(name, pretrained=False), f"timm:{name}")
    channels, height, width = module.default_cfg.get("input_size", (3, 224, 224))
    spec = f"{_first(module)}: float32[B=1, {channels}, H={height}, W={width}]"
    return Built(module, (spec,))


def transformers(text: str, build: Build) -> Built:
    """A model type of transformers with its default configuration: `bert`, `gpt2:CausalLM`."""
    library: Any = extra("transformers")
    kind, _, head = text.partition(":")
    auto = getattr(library, f"AutoModel{'For' + head if head else ''}", None)
    if auto is None:
        hint = "write CausalLM, SequenceClassification, ... as in AutoModelForCausalLM"
        raise BadSpelling(text, f"transformers has no AutoModelFor{head}", hint)
    known = list(library.CONFIG_MAPPING)
    if kind not in known:
        raise _unknown(kind, "transformers", known, "transformers.CONFIG_MAPPING")

    own = entry(kind)
    chosen = patiently(text, lambda: library.AutoConfig.for_model(kind, **own.config))
    if type(chosen) not in auto._model_mapping:
        hint = f"another head, or hf:DIRECTORY; {auto.__name__} has no {kind}"
        raise BadSpelling(text, "has no model of this kind", hint)
    patiently(text, lambda: auto._model_mapping[type(chosen)])
    module = build(lambda: auto.from_config(chosen), f"transformers:{text}")
    notes = [f"{type(module).__name__} with the default configuration of {kind}"]
    if own.config:
        notes.append(f"which cannot be built or run as it is: {json.dumps(own.config)} was set")
    inputs = tuple(described(module, module.config))
    return Built(module, inputs, (*notes, *remarks(module, inputs)))


def diffusers(text: str, build: Build) -> Built:
    """A model class of diffusers with its defaults, or as a config.json describes it."""
    library: Any = extra("diffusers")
    path = Path(text)
    file = path / "config.json" if path.is_dir() else path
    content: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    name = str(content.get("_class_name", text))
    cls, base = patiently(name, lambda: (getattr(library, name, None), library.ModelMixin))
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise _unknown(name, "diffusers", kinds("diffusers"), "a class of diffusers.models")
    chosen = {} if content else entry(name, "diffusers").config
    make: Any = (lambda: cls.from_config(content)) if content else (lambda: cls(**chosen))
    module = build(make, f"diffusers:{text}")
    built = type(module).__name__
    own = entry(built, "diffusers")
    notes = [f"built {built}"]
    if chosen:
        notes.append(f"which cannot be built or run as it is: {json.dumps(chosen)}, {own.note}")
    return Built(module, tuple(given(own.inputs, module.config)), tuple(notes))


def _unknown(name: str, library: str, known: list[str], where: str) -> BadSpelling:
    near = get_close_matches(name, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else where
    return BadSpelling(name, f"{library} has no model of this name", hint)


LIBRARIES: dict[str, Callable[[str, Build], Built]] = {
    "torchvision": torchvision,
    "timm": timm,
    "hf": config,
    "transformers": transformers,
    "diffusers": diffusers,
}
"""What stands before the colon of a spelling."""
