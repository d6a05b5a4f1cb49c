"""A prompt, a step after it, and whole generations, held against sums by hand and step by step."""

from dataclasses import replace

import pytest
import torch

import orderof
from orderof.errors import BadSpelling, NoFormula, OutOfRange, Refused
from orderof.frontends.torch.imports import extra
from orderof.result.dims import Dims
from orderof.result.report import report
from orderof.sym import Range
from orderof.views.text import render

pytestmark = pytest.mark.framework
extra("torchvision")  # made importable, as transformers looks for it
transformers = extra("transformers")

LAYERS, WIDTH, HIDDEN, HEADS, GROUPS, WORDS = 5, 64, 128, 4, 2, 1000
EACH = LAYERS * (2 * WIDTH * WIDTH + 2 * WIDTH * WIDTH * GROUPS // HEADS + 3 * WIDTH * HIDDEN)
"""Products with weights for each token, but for those of the words."""


@pytest.fixture(scope="module")
def llama():
    config = transformers.LlamaConfig(
        vocab_size=WORDS, hidden_size=WIDTH, intermediate_size=HIDDEN, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=GROUPS,
    )  # fmt: skip
    with torch.device("meta"):
        return transformers.LlamaForCausalLM(config)


def words(batch, tokens):
    return {"input_specs": [f"input_ids: int64[B={batch}, S={tokens}] < {WORDS}"]}


def test_a_step_looks_at_all_tokens_before(llama):
    r = orderof.analyze(llama, decode=37, **words(2, 8))
    attention = f"{2 * LAYERS * WIDTH}*B*T"
    assert str(r.forward.macs) == f"{attention} + {EACH + 2 * LAYERS * WIDTH + WORDS * WIDTH}*B"
    assert r.dims == {"B": 2, "T": 37}
    assert "after 37 tokens" in r.notes[-1]


def test_a_step_takes_its_words_by_place_too(llama):
    ids = torch.zeros(2, 8, dtype=torch.int64)
    given = orderof.analyze(llama, ids, torch.ones(2, 8), decode=37)
    assert given.forward.macs == orderof.analyze(llama, decode=37, **words(2, 8)).forward.macs
    assert given.notes[-1].endswith(
        "after 37 tokens; left out, as the prompt's own: attention_mask"
    )


def test_a_step_at_other_sizes_is_the_formula(llama):
    formula = orderof.analyze(llama, decode=37, **words(2, 8)).forward.ops
    for batch, tokens in ((1, 5), (3, 64)):
        again = orderof.analyze(llama, decode=tokens, symbolic=(), **words(batch, 8))
        assert formula(B=batch, T=tokens) == again.forward.ops()


def test_a_prompt_is_read_for_its_last_logits(llama):
    whole = orderof.analyze(llama, **words(2, 30)).forward.macs()
    prompt = orderof.analyze(llama, prefill=True, **words(2, 30)).forward.macs()
    assert whole - prompt == 2 * 29 * WIDTH * WORDS


def test_a_generation_is_its_prompt_and_its_steps(llama):
    g = orderof.generate(llama, prompt=20, tokens=9, batch=2)
    steps = [
        orderof.analyze(llama, decode=t, symbolic=(), **words(2, 20)).forward for t in range(20, 28)
    ]
    assert g.macs() == g.prefill.forward.macs() + sum(s.macs() for s in steps)
    assert g.ops() == g.prefill.forward.ops() + sum(s.ops() for s in steps)
    assert g.formula().at(B=2, P=20, n=9) == sum(s.macs() for s in steps)


def test_beams_are_that_many_sequences(llama):
    beams = orderof.generate(llama, prompt=20, tokens=5, batch=2, beams=3)
    assert beams.macs() == orderof.generate(llama, prompt=20, tokens=5, batch=6).macs()


def test_a_sum_stays_where_its_step_was_proved(llama, monkeypatch):
    analyze = orderof.api.analyze

    def bounded(*args, **kwargs):
        found = analyze(*args, **kwargs)
        dims = Dims(found.dims, {"T": Range(most=24)} if "T" in found.dims else {})
        return replace(found, dims=dims)

    monkeypatch.setattr(orderof.api, "analyze", bounded)
    assert orderof.generate(llama, prompt=20, tokens=6).tokens == 6
    with pytest.raises(OutOfRange, match="T=25: is outside T <= 24"):
        orderof.generate(llama, prompt=20, tokens=7)


def test_experts_that_are_chosen_count():
    config = transformers.MixtralConfig(
        vocab_size=WORDS, hidden_size=WIDTH, intermediate_size=HIDDEN, num_hidden_layers=2,
        num_attention_heads=HEADS, num_key_value_heads=GROUPS, num_local_experts=8,
        num_experts_per_tok=2,
    )  # fmt: skip
    with torch.device("meta"):
        model = transformers.MixtralForCausalLM(config)
    r = orderof.analyze(model, decode=10, **words(1, 8))
    qkvo = 2 * WIDTH * WIDTH + 2 * WIDTH * WIDTH * GROUPS // HEADS
    layer = qkvo + 2 * 11 * WIDTH + 8 * WIDTH + 2 * 3 * WIDTH * HIDDEN
    assert r.forward.macs() == 2 * layer + WORDS * WIDTH
    assert r.params() - r.params.active() == 2 * (8 - 2) * 3 * WIDTH * HIDDEN
    assert "2 of 8 experts for each token" in render(report(r))


def test_a_window_that_fills_up_is_counted_in_numbers():
    config = transformers.MistralConfig(
        vocab_size=WORDS, hidden_size=WIDTH, intermediate_size=HIDDEN, num_hidden_layers=2,
        num_attention_heads=HEADS, num_key_value_heads=GROUPS, sliding_window=16,
    )  # fmt: skip
    with torch.device("meta"):
        model = transformers.MistralForCausalLM(config)
    steps = [orderof.analyze(model, decode=t, **words(1, 8)).forward.macs() for t in (10, 40, 400)]
    assert steps[1] - steps[0] == 2 * 2 * WIDTH * (16 - 11)
    assert steps[2] == steps[1]
    with pytest.raises(NoFormula, match="no formula in T"):
        orderof.generate(model, prompt=8, tokens=30)


def test_a_step_of_a_decoder_reads_what_was_encoded():
    inner, words = 16, 100
    config = transformers.T5Config(
        vocab_size=words, d_model=WIDTH, d_kv=inner // HEADS, num_heads=HEADS, d_ff=HIDDEN,
        num_layers=2, num_decoder_layers=3,
    )  # fmt: skip
    with torch.device("meta"):
        model = transformers.T5ForConditionalGeneration(config)
    specs = [f"input_ids: int64[B=2, S=20] < {words}", "decoder_input_ids: int64[B, T=9] < 100"]
    r = orderof.analyze(model, decode=37, input_specs=specs)
    # Own attention over T + 1 tokens; over what was encoded, whose keys and values are kept.
    own, other = 4 * WIDTH * inner, 2 * WIDTH * inner
    each = 3 * (own + other + 2 * WIDTH * HIDDEN) + words * WIDTH
    attention = 3 * 2 * inner
    sizes = {"B": 5, "S": 11, "T": 23}
    expected = 5 * (each + attention * (23 + 1) + attention * 11)
    assert r.forward.macs(**sizes) == expected
    assert r.dims == {"B": 2, "S": 20, "T": 37}
    assert r.notes[-1].endswith("what was encoded before is there")


def test_what_has_no_cache():
    with pytest.raises(Refused, match="takes no cache"):
        orderof.analyze(torch.nn.Linear(2, 2), torch.zeros(1, 2), decode=3)
    with pytest.raises(BadSpelling, match="no cache to decode with"):
        orderof.analyze("zoo:gpt2", decode=3)


def test_one_pass_at_a_time(llama):
    with pytest.raises(BadSpelling, match="several passes at once"):
        orderof.analyze(llama, decode=3, train="sgd", **words(1, 4))
