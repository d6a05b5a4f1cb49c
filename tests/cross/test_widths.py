"""With widths as letters: the formula of a configuration counts what other configurations count."""

import json
import random

import pytest
from models import language_model

from orderof import analyze
from orderof.counts import Counts
from orderof.sym import divisible, parse, symbol

pytestmark = pytest.mark.framework

CONFIGS = {
    "gpt2": (
        "GPT2LMHeadModel",
        {"n_embd": 48, "n_head": 4, "n_layer": 5, "n_positions": 64, "vocab_size": 101},
    ),
    "bert": (
        "BertModel",
        {"hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 101,
         "intermediate_size": 80, "max_position_embeddings": 64, "type_vocab_size": 2},
    ),
    "llama": (
        "LlamaForCausalLM",
        {"hidden_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 101,
         "num_hidden_layers": 5, "intermediate_size": 80, "head_dim": 12},
    ),
}  # fmt: skip
OTHERS = {
    "gpt2": {"n_embd": 60, "n_head": 6, "n_positions": 50, "vocab_size": 77},
    "bert": {"hidden_size": 70, "num_attention_heads": 7, "intermediate_size": 33,
             "max_position_embeddings": 50, "vocab_size": 77, "type_vocab_size": 3},
    "llama": {"hidden_size": 54, "num_attention_heads": 6, "num_key_value_heads": 3,
              "vocab_size": 77, "intermediate_size": 31, "head_dim": 10},
}  # fmt: skip


def written(folder, name, **changes):
    cls, sizes = CONFIGS[name]
    special = {"bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}
    path = folder / "config.json"
    content = {"architectures": [cls], "model_type": name, **special, **sizes, **changes}
    path.write_text(json.dumps(content))
    return f"hf:{path}"


def totals(result, sizes=None):
    found = {}
    for row in result.rows:
        found.setdefault(row.phase, []).append(row.counts)
    return {phase: dict(Counts.sum(parts).subs(sizes or {})) for phase, parts in found.items()}


@pytest.mark.parametrize("train", [None, "adamw"], ids=["forward", "adamw"])
@pytest.mark.parametrize("name", CONFIGS)
def test_another_configuration_counts_what_the_formula_says(name, train, tmp_path):
    language_model("gpt2", 8, 7)  # transformers must be importable
    spelling = written(tmp_path, name)
    wide = analyze(spelling, train=train, symbolic=("widths",))
    assert OTHERS[name].keys() <= wide.dims.keys(), wide.notes
    other = analyze(written(tmp_path, name, **OTHERS[name]), train=train, symbolic=())
    assert wide.params(**OTHERS[name]) == other.params()
    draw = {"B": random.Random(name).randint(2, 5), "S": 17}
    again = analyze(written(tmp_path, name, **OTHERS[name]), train=train, dims=draw, symbolic=())
    sizes = {**wide.dims, **OTHERS[name]}
    assert totals(wide, {**sizes, **draw}) == totals(again)


def test_letters_are_those_of_the_zoo(tmp_path):
    language_model("gpt2", 8, 7)
    zoo = analyze("zoo:gpt2").forward.macs.expr.subs({"L": 5})
    ours = analyze(written(tmp_path, "gpt2"), symbolic=("widths",)).forward.macs.expr
    assert ours.subs({"n_embd": symbol("d"), "vocab_size": symbol("V")}) == zoo
    zoo = analyze("zoo:llama").forward.macs.expr.subs({"L": 5})
    ours = analyze(written(tmp_path, "llama"), symbolic=("widths",)).forward.macs.expr
    ours, even = divisible(ours)
    assert even == {"head_dim": 2}
    names = {"hidden_size": "d", "intermediate_size": "f", "vocab_size": "V",
             "num_attention_heads": "h", "num_key_value_heads": "K"}  # fmt: skip
    letters = {name: symbol(letter) for name, letter in names.items()}
    assert ours.subs({**letters, "head_dim": parse("d/h")}) == zoo


def test_a_head_that_is_rotated_has_an_even_width(tmp_path):
    language_model("gpt2", 8, 7)
    wide = analyze(written(tmp_path, "llama"), symbolic=("widths",))
    assert wide.dims.ranges["head_dim"].text("head_dim") == ("head_dim % 2 == 0",)
