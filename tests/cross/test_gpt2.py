"""The zoo's GPT-2 and the recorded one are the same network: every float kind, every phase."""

import random

import pytest

from orderof.analyses.work import count
from orderof.api import graph_of_zoo
from orderof.counts import Counts, is_float
from orderof.transform.optimizer import optimize, optimizer

pytestmark = pytest.mark.framework
SIZES = {"d": 48, "h": 4, "L": 3, "V": 1000, "P": 64}


def recorded(batch, length):
    import torch
    import transformers

    from orderof.frontends.torch.lower import lower
    from orderof.frontends.torch.record import record

    config = transformers.GPT2Config(
        n_layer=SIZES["L"],
        n_embd=SIZES["d"],
        n_head=SIZES["h"],
        n_positions=SIZES["P"],
        vocab_size=SIZES["V"],
        bos_token_id=1,
        eos_token_id=1,
    )
    with torch.device("meta"):
        module = transformers.GPT2LMHeadModel(config)
        tokens = torch.zeros(batch, length, dtype=torch.int64)
    kwargs = {"input_ids": tokens, "use_cache": False}
    return lower(record(module, (), kwargs, backward=True, train=True))


def counts(graph, phase, env):
    rows = (r.counts for r in count(graph).rows if r.phase == phase)
    return Counts.sum(rows).filter_by(lambda _, dtype: is_float(dtype)).subs(env)


def test_five_random_shapes():
    zoo = graph_of_zoo("zoo:gpt2", train="adamw", dims=SIZES)
    draw = random.Random(7)
    for _ in range(5):
        sizes = {**SIZES, "B": draw.randint(1, 4), "S": draw.randint(2, 40)}
        theirs = optimize(recorded(sizes["B"], sizes["S"]), optimizer("adamw"))
        for phase in ("forward", "backward", "optimizer"):
            assert counts(theirs, phase, {}) == counts(zoo, phase, sizes), (sizes, phase)
        assert count(theirs).params.total == count(zoo).params.total.at(sizes)
