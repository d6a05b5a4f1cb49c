"""A language model with a cache of keys and values: the pass over the prompt, and a step after it.

What a cache looks like is the model's own affair: it is taken from a pass over tokens in fakes, not
made here, so windows, latent attention and states of recurrent layers come as the model keeps them.
An axis is a letter where it is as long as the batch or the tokens before, in two passes of
different lengths.
"""

import copy
import inspect
from dataclasses import replace
from typing import Any

import torch

from orderof.errors import BadSpelling, Refused
from orderof.frontends.torch.build import Loaded
from orderof.frontends.torch.nested import leaves
from orderof.frontends.torch.record import returned

_BATCH, _TOKENS = 31, 97
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

    Raises `Refused` where the model takes no cache.
    """
    _wanted(loaded)
    if tokens < 1:
        raise BadSpelling(str(tokens), "tokens before the next one are too few", "one is the least")
    given = _bound(loaded)
    ids = given.pop("input_ids", None)
    if ids is None:
        hint = "--decode is for models that take input_ids"
        raise Refused(loaded.name, "has no input_ids to go on from", hint)
    batch = int(ids.shape[0])
    probe = _TOKENS if tokens != _TOKENS else _TOKENS + 4
    first, second = _cache(loaded, batch, tokens), _cache(loaded, _BATCH, probe)
    fixed = any(tokens in _numbers(layer) for layer in getattr(first, "layers", ()))
    axes: dict[int, tuple[str | None, ...]] = {}
    sizes = {(batch, _BATCH): "B", (tokens, probe): None if fixed else "T"}
    for (_, a), (_, b) in zip(leaves(first), leaves(second), strict=True):
        pairs = zip(a.shape, b.shape, strict=True)
        axes[id(a)] = tuple(sizes.get((int(m), int(n))) for m, n in pairs)
    one = torch.empty((batch, 1), dtype=ids.dtype, device="meta")
    axes[id(one)] = ("B", None)
    left = [name for name, v in given.items() if any(leaves(v))]
    kept = {name: v for name, v in given.items() if name not in left}
    kwargs = {**kept, "input_ids": one, "past_key_values": first, "use_cache": True}
    note = f"one step of decoding, after {tokens} tokens"
    note += f"; left out, as the prompt's own: {', '.join(left)}" if left else ""
    dims = {"B": batch, **({} if fixed else {"T": tokens})}
    return replace(
        loaded, args=(), kwargs=kwargs, dims=dims, axes=axes, notes=(*loaded.notes, note)
    )


def _bound(loaded: Loaded) -> dict[str, Any]:
    """Name what the model was given, by place or by name."""
    names = inspect.signature(loaded.module.forward).parameters
    return {**dict(zip(names, loaded.args, strict=False)), **loaded.kwargs}


def _wanted(loaded: Loaded) -> set[str]:
    """Name what the model takes; raises `Refused` where that is no cache."""
    wanted = set(inspect.signature(loaded.module.forward).parameters)
    if not {"use_cache", "past_key_values"} <= wanted or "decoder_input_ids" in wanted:
        hint = "a causal language model of transformers does: hf:config.json, transformers:llama"
        raise Refused(loaded.name, "takes no cache of keys and values", hint)
    return wanted


def _cache(loaded: Loaded, batch: int, tokens: int) -> Any:
    """What the model keeps of some tokens, without data."""
    ids = torch.empty((batch, tokens), dtype=torch.int64, device="meta")
    found = returned(loaded.module, {"input_ids": ids, "use_cache": True})
    kept = getattr(found, "past_key_values", None)
    if kept is None:
        raise Refused(loaded.name, "gives no cache back", "its config may say use_cache: false")
    memo: dict[int, Any] = {
        id(t): torch.empty(t.shape, dtype=t.dtype, device="meta") for _, t in leaves(kept)
    }
    return copy.deepcopy(kept, memo)


def _numbers(layer: object) -> list[int]:
    """Whole numbers that a layer of a cache counts by itself, apart from its tensors."""
    return [n for n in vars(layer).values() if type(n) is int]
