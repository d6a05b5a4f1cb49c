"""Formulas of papers on GPT-2 and Llama of the zoo, in letters, against what one writes by hand."""

import functools

import pytest

import orderof
from orderof.analyses.compare import account, difference
from orderof.analyses.told import network
from orderof.api import graph
from orderof.conventions import convention
from orderof.conventions.load import read
from orderof.conventions.network import NAMES, Network
from orderof.errors import BadSpelling, Unmeasured, VerifyError
from orderof.ir.graph import Phase
from orderof.result import Result
from orderof.result.report import report
from orderof.sym import symbols
from orderof.views.text import render

B, S, d, h, K, f, L, V, P = symbols("B S d h K f L V P")
FORMULAS = [
    "6nd", "palm-mfu", "kaplan", "megatron", "megatron-model", "nemo-24.12", "megatron-bridge",
    "chinchilla", "chinchilla-a4",
]  # fmt: skip
GPT2 = {"weights": 12 * L * d**2, "params": 12 * L * d**2 + 13 * L * d + (V + P + 2) * d}
LLAMA = {
    "weights": L * (2 * d**2 + 2 * d * (K * d / h) + 3 * d * f),
    "params": L * (2 * d**2 + 2 * d * (K * d / h) + 3 * d * f) + 2 * L * d + 2 * V * d + d,
}
SIZES = {"gpt2": GPT2, "llama": LLAMA}
# What each counts forward for a token, of weights w in layers, N parameters and V*d of the head.
FORWARD = {
    "6nd": lambda w, N: 2 * N,
    "palm-mfu": lambda w, N: 2 * N + 4 * L * d * S,
    "kaplan": lambda w, N: 2 * w + 2 * L * S * d,
    "megatron": lambda w, N: 24 * L * d**2 + 4 * L * S * d + 2 * V * d,
    "megatron-model": lambda w, N: 24 * L * d**2 + 4 * L * S * d + 2 * V * d,
    "nemo-24.12": lambda w, N: 2 * (w + V * d) + 4 * L * S * d,
    "megatron-bridge": lambda w, N: 2 * (w + V * d) + 2 * L * S * d,
}


@functools.cache
def trained(model):
    return graph(f"zoo:{model}", train="adamw")


def analyzed(model, as_, train="adamw"):
    return orderof.analyze(f"zoo:{model}", train=train, as_=as_)


@pytest.mark.parametrize("model", SIZES)
@pytest.mark.parametrize("name", FORWARD)
def test_by_hand(name, model):
    r = analyzed(model, name)
    once = B * S * FORWARD[name](SIZES[model]["weights"], SIZES[model]["params"])
    assert r.forward.total().expr == once
    assert r.backward.total().expr == 2 * once
    again = B * S * (24 * L * d**2 + 4 * L * S * d) if name == "megatron" else 0
    assert r.step.total().expr == 3 * once + again
    assert analyzed(model, name, train=None).forward.total().expr == once


def test_megatron_is_equation_3():
    # 96 B s l h**2 (1 + s/6h + V/16lh)
    want = 96 * B * S * L * d**2 + 16 * B * S**2 * L * d + 6 * B * S * V * d
    assert analyzed("gpt2", "megatron").step.total().expr == want
    # 72 B s l h**2 (1 + s/6h + V/12lh)
    want = 72 * B * S * L * d**2 + 12 * B * S**2 * L * d + 6 * B * S * V * d
    assert analyzed("gpt2", "megatron-model").step.total().expr == want


@pytest.mark.parametrize(("model", "dense"), [("gpt2", 8 * d**2), ("llama", 3 * d * f)])
def test_chinchilla_is_appendix_f(model, dense):
    qkv, out = 2 * 3 * S * d * d, 2 * S * d * d
    scores, softmax, reduction = 2 * S * S * d, 3 * h * S * S, 2 * S * S * d
    layer = qkv + scores + softmax + reduction + out + 2 * S * dense
    forward = L * layer + 2 * S * V * d + 2 * S * d * V  # embeddings, logits
    assert analyzed(model, "chinchilla").step.total().expr == 3 * B * forward
    assert analyzed(model, "chinchilla-a4").step.total().expr == 3 * B * L * layer


def test_numbers_of_gpt2():
    assert analyzed("gpt2", "6nd").step.total()() == 6 * 124_439_808 * 1024 == 764_558_180_352
    want = 6 * 124_439_808 * 1024 + 12 * 12 * 12 * 64 * 1024 * 1024
    assert analyzed("gpt2", "palm-mfu").step.total()() == want == 880_522_297_344


def test_what_is_measured_of_gpt2():
    found = network(trained("gpt2"))
    want = {
        "tokens": B * S, "vocabulary": V, "width": d, "params": GPT2["params"], "idle": 0,
        "tables": P * d, "positions": P * d, "matmul_params": 12 * L * d**2 + V * d,
        "head": V * d, "projections": 4 * L * d**2, "feed_forward": 8 * L * d**2, "layers": L,
        "heads": L * h, "attended": L * d, "scores": L * h * S, "reached": L * d * S, "length": S,
    }  # fmt: skip
    assert {name: getattr(found, name) for name in NAMES} == want


def test_what_is_measured_of_llama_and_bert():
    found = network(trained("llama"))
    assert (found.tables, found.positions, found.head) == (V * d, 0, V * d)
    assert found.projections == L * (2 * d**2 + 2 * d * (K * d / h))
    assert (found.feed_forward, found.heads) == (3 * L * d * f, L * h)
    found = network(trained("bert"))
    assert (found.tokens, found.vocabulary, found.head) == (B * S, V, 0)
    assert found.tables == (V + P + 2) * d
    assert found.positions == (P + 2) * d  # no input chooses kinds of segments
    assert found.matmul_params == L * (4 * d**2 + 2 * d * f) + d**2  # its pooler


@pytest.mark.parametrize("model", ["gpt2", "llama", "bert"])
@pytest.mark.parametrize("name", FORMULAS)
def test_differences_add_up(name, model):
    for net in (trained(model), graph(f"zoo:{model}")):
        theirs = account(net, convention(name))
        for other in ("macs", "flops", "orderof", *FORMULAS):
            ours = account(net, convention(other))
            total = sum(t.amount for t in difference(ours, theirs))
            assert total == theirs.total - ours.total
            assert ours.macs == theirs.macs


def said(net, name, other="flops"):
    terms = difference(account(net, convention(other)), account(net, convention(name)))
    return {t.why: t.amount for t in terms}


def test_differences_of_gpt2_read_as_what_is_wrong():
    net = trained("gpt2")
    assert said(net, "nemo-24.12") == said(net, "megatron-model") == {}
    beside = {
        "tables count as if they were multiplied and not looked up": 6 * B * S * P * d,
        "biases, norms and other parameters count as if they were multiplied": (
            6 * B * S * (13 * L + 2) * d
        ),
    }
    assert said(net, "palm-mfu") == beside
    left = {"leaves out the products of attention": -12 * B * L * S**2 * d}
    assert said(net, "6nd") == beside | left
    again = 24 * B * S * L * d**2 + 4 * B * S**2 * L * d
    assert said(net, "megatron") == {"computes all layers again before their backward pass": again}
    half = "counts half the square of scores, or one of the two products with it"
    want = {half: -6 * B * L * S**2 * d, "leaves out the head": -6 * B * S * V * d}
    assert said(net, "kaplan") == want
    whole = "attention: 4 L H Q T for each token"
    assert whole not in said(net, "palm-mfu")  # it is what there is


def test_differences_say_where():
    (term,) = difference(*(account(trained("gpt2"), convention(n)) for n in ("palm-mfu", "6nd")))
    assert [place for place, _ in term.places] == ["h.*.attn"]


def test_differences_of_llama():
    # Megatron's layers have 12 h**2 weights whatever they are; Chinchilla's keys have all heads.
    net, weights = trained("llama"), LLAMA["weights"]
    why = "counts 12 h^2 weights in each layer, 4 h^2 about attention and 8 h^2 behind it"
    assert said(net, "megatron-model") == {why: 6 * B * S * (12 * L * d**2 - weights)}
    missing = 6 * B * S * L * (2 * d**2 - 2 * d * (K * d / h))
    assert missing in said(net, "chinchilla").values()


def test_multiply_adds_that_no_term_speaks_of():
    # The pooler of BERT sees the first token alone.
    found = said(graph("zoo:bert"), "6nd")
    why = "counts every weight once for each token: some products run more often, or less"
    assert found[why] == 2 * B * (S - 1) * d**2


def test_exact_causal_attention():
    net = graph("zoo:gpt2", causal="exact", train="adamw")
    why = "counts half the square of scores, as if the triangle of a causal mask had S*S/2 of them"
    left = said(net, "megatron-bridge")[why]
    assert left.at(dict(net.dims)) == -3 * 2 * 12 * 768 * 1024  # S of S*(S + 1) scores, at -2 d


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(
    ("model", "lacks"),
    [
        ("resnet18", "takes no tokens"),
        ("attention", "takes no tokens"),
        ("lstm", "takes no tokens"),
        ("transformer", "takes two texts"),
        ("seq2seq", "takes two texts"),
    ],
)
def test_networks_that_no_formula_speaks_of(model, lacks, name):
    with pytest.raises(Unmeasured, match=lacks) as error:
        analyzed(model, name, train=None)
    assert "--as flops" in error.value.hint


def test_what_has_no_attention_or_several_lengths():
    with pytest.raises(Unmeasured, match="has no attention"):
        _ = network(graph("zoo:resnet18")).layers
    with pytest.raises(Unmeasured, match="attends to S, T keys"):
        _ = network(graph("zoo:transformer")).length


def test_optimizers_are_no_part_of_a_formula():
    r = analyzed("gpt2", "palm-mfu")
    assert r.optimizer.total()() == 0
    assert r.mask is None or r.mask.total()() == 0


def test_a_result_keeps_its_terms():
    r = analyzed("gpt2", "megatron")
    rows = {(row.phase, row.op) for row in r.rows if row.told}
    assert (Phase.RECOMPUTE, "layers again: 24 h^2 for each layer and token") in rows
    assert Result.from_json(r.to_json()).step.total() == r.step.total()
    assert r.step.ops == analyzed("gpt2", "flops").step.ops
    assert r.step.by_module()[""].total() == r.step.total()


def test_the_report_shows_the_terms_and_no_module_has_them():
    text = render(report(analyzed("gpt2", "palm-mfu")))
    assert "as palm-mfu, term by term" in text
    assert "attention: 4 L H Q T for each token" in text
    assert "operations of one step, by module" in text
    assert "(2 for each weight and token)" not in text


KEYS = 'about = "a"\nsource = "b"\neach = 2\n'


def made(text):
    return read("mine", KEYS + text, convention)


def test_a_formula_of_ones_own():
    found = made('[[formula]]\nwhat = "N"\ncount = "tokens*params"\nphase = "backward"\n')
    assert account(graph("zoo:gpt2"), found).total == 0
    assert account(trained("gpt2"), found).total == B * S * GPT2["params"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[[formula]]\nwhat = "N"\ncount = "params"\nof = "scores"', "unknown scores"),
        ('[[formula]]\nwhat = "N"\ncount = "params"\nfor = "weights"', "unknown key for"),
        ('[[formula]]\nwhat = "N"\ncount = "params"\nphase = "evening"', "evening"),
        ('[[formula]]\ncount = "params"', "lacks what"),
        (
            '[[formula]]\nwhat = "N"\ncount = "params"\n[[rule]]\ncount = 1\nwhy = "w"',
            "no rule can beside it",
        ),
    ],
)
def test_formulas_that_cannot_be_read(text, wrong):
    with pytest.raises(BadSpelling, match=wrong):
        made(text)


def test_a_name_that_is_not_measured():
    found = made('[[formula]]\nwhat = "N"\ncount = "tokens*sequences"')
    with pytest.raises(BadSpelling, match="sequences: is nothing that is measured"):
        account(graph("zoo:gpt2"), found)


def test_a_term_that_deviates_without_a_reason():
    found = made('[[formula]]\nwhat = "N"\ncount = "2*tokens*params"\nof = ["weights", "head"]')
    with pytest.raises(VerifyError, match="of weights, head, and gives no reason"):
        account(graph("zoo:gpt2"), found)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_explained(name):
    assert name == "idle" or getattr(Network, name).__doc__
