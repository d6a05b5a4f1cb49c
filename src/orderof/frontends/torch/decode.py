"""A language model with a cache of keys and values: the pass over the prompt, and a step after it.

What a cache looks like is the model's own affair: it is taken from a pass over tokens in fakes, not
made here, so windows, latent attention and states of recurrent layers come as the model keeps them.
An axis is a letter where it is as long as the batch or the tokens before, in two passes of
different lengths.
"""

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from orderof.errors import BadSpelling, ModelRaised, Refused
from orderof.frontends.torch.build import Loaded
from orderof.frontends.torch.letters import sizes_of
from orderof.frontends.torch.nested import leaves
from orderof.frontends.torch.record import returned

Names = tuple[str | None, ...]
_PRIMES = (31, 97, 89, 83, 79)
"""Sizes of the second pass: primes that no width of a model is likely to be."""


def prefill(loaded: Loaded) -> Loaded:
    """The prompt at once, as `generate` of transformers runs it: for the last logits alone."""
    wanted = _wanted(loaded)
    kwargs = {**loaded.kwargs, "use_cache": True}
    if "logits_to_keep" in wanted:
        kwargs["logits_to_keep"] = 1
    note = "the pass over the prompt: the cache is filled, logits are those of the last token"
    return replace(loaded, kwargs=kwargs, notes=(*loaded.notes, note))


def step(loaded: Loaded, tokens: int) -> Loaded:
    """One more token after `tokens` others, T of them in the cache.

    Of a model that encodes before it decodes, what was encoded is there: no encoder runs. Raises
    `Refused` where the model takes no cache.
    """
    wanted, given = _wanted(loaded, "encoder_outputs"), _bound(loaded)
    if tokens < 1:
        raise BadSpelling(str(tokens), "tokens before the next one are too few", "one is the least")
    words = "decoder_input_ids" if "decoder_input_ids" in wanted else "input_ids"
    ids = given.pop(words, None)
    if ids is None:
        hint = f"--decode is for models that take {words}"
        raise Refused(loaded.name, f"has no {words} to go on from", hint)
    encoded = {n: v for n, v in given.items() if any(leaves(v))}
    before = _Before(loaded, words, encoded if words != "input_ids" else {})
    first, axes = before.named({"B": int(ids.shape[0]), "T": tokens})
    one = torch.empty((len(ids), 1), dtype=ids.dtype, device="meta")
    axes[id(one)] = ("B", None)
    plain = {n: v for n, v in given.items() if n not in encoded}
    note = f"one step of decoding, after {tokens} tokens"
    if before.encoded:
        note += "; what was encoded before is there"
    elif encoded:
        note += f"; left out, as the prompt's own: {', '.join(encoded)}"
    kwargs = {**plain, words: one, **first, "use_cache": True}
    dims = sizes_of(axes, (), kwargs)
    return replace(
        loaded, args=(), kwargs=kwargs, dims=dims, axes=axes, notes=(*loaded.notes, note)
    )


@dataclass(frozen=True)
class _Before:
    """The passes before a step: what they are given besides tokens, and what is kept of them."""

    loaded: Loaded
    words: str
    encoded: dict[str, Any]

    def named(self, asked: dict[str, int]) -> tuple[dict[str, Any], dict[int, Names]]:
        """Give what is kept at the sizes asked for, with the letters of its axes.

        An axis has the letter whose size it follows from one pass to another.
        """
        own = {**sizes_of(self.loaded.axes, (), self.encoded), **asked}
        first = self._kept(own)
        other = dict(zip(own, _PRIMES, strict=False))
        try:
            second = self._kept(other)
        except ModelRaised:  # what is encoded has one length
            other = {**own, **{name: other[name] for name in asked}}
            second = self._kept(other)
        layers = getattr(first["past_key_values"], "layers", ())
        fixed = {"T"} if any(asked["T"] in _numbers(layer) for layer in layers) else set[str]()
        apart = {(own[k], n): k for k, n in other.items() if own[k] != n and k not in fixed}
        axes: dict[int, Names] = {}
        for (_, a), (_, b) in zip(leaves(first), leaves(second), strict=True):
            pairs = zip(a.shape, b.shape, strict=True)
            axes[id(a)] = tuple(apart.get((int(m), int(n))) for m, n in pairs)
        return first, axes

    def _kept(self, sizes: Mapping[str, int]) -> dict[str, Any]:
        """Run a pass in fakes; what the model keeps of it, without data."""
        tokens = torch.empty((sizes["B"], sizes["T"]), dtype=torch.int64, device="meta")
        inputs = {name: self._resized(v, sizes) for name, v in self.encoded.items()}
        found: Any = returned(self.loaded.module, {**inputs, self.words: tokens, "use_cache": True})
        kept = {"past_key_values": getattr(found, "past_key_values", None)}
        if kept["past_key_values"] is None:
            hint = "its config may say use_cache: false"
            raise Refused(self.loaded.name, "gives no cache back", hint)
        if self.encoded:
            kept["encoder_outputs"] = (found.encoder_last_hidden_state,)
        memo: dict[int, Any] = {
            id(t): torch.empty(t.shape, dtype=t.dtype, device="meta") for _, t in leaves(kept)
        }
        return copy.deepcopy(kept, memo)

    def _resized(self, value: Any, sizes: Mapping[str, int]) -> Any:
        names: Names = self.loaded.axes.get(id(value)) or (None,) * value.dim()
        shape = [sizes.get(k, n) if k else n for k, n in zip(names, value.shape, strict=True)]
        return torch.empty(shape, dtype=value.dtype, device="meta")


def _bound(loaded: Loaded) -> dict[str, Any]:
    """Name what the model was given, by place or by name."""
    names = inspect.signature(loaded.module.forward).parameters
    return {**dict(zip(names, loaded.args, strict=False)), **loaded.kwargs}


def _wanted(loaded: Loaded, also: str = "") -> set[str]:
    """Name what the model takes; raises `Refused` where that is no cache."""
    wanted = set(inspect.signature(loaded.module.forward).parameters)
    decodes = "decoder_input_ids" in wanted and also not in wanted
    if not {"use_cache", "past_key_values"} <= wanted or decodes:
        hint = "a causal language model of transformers does: hf:config.json, transformers:llama"
        raise Refused(loaded.name, "takes no cache of keys and values", hint)
    return wanted


def _numbers(layer: object) -> list[int]:
    """Whole numbers that a layer of a cache counts by itself, apart from its tensors."""
    return [n for n in vars(layer).values() if type(n) is int]
