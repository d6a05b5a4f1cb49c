"""What NVIDIA publishes of training: FLOP/s over tokens/s is what a convention counts for a token.

Both rates are rounded to integers, so the count for a token lies between two bounds.
"""

import functools
from fractions import Fraction

import pytest
from tests.published.language_models import language_model
from tests.published.printed import off, rows_of

from orderof.analyses.compare import account
from orderof.conventions import convention
from orderof.transform.grad import grad

# Width, heads, heads of keys, width of the dense block, layers, tokens known; three matrices in a
# block of Llama. All of NVIDIA/NeMo at v2.1.0: GPTConfig5B, 20B, 175B in base.py, Llama2Config7B to
# Llama31Config405B in llama.py, Nemotron3Config8B and 22B, Nemotron4Config340B in nemotron.py of
# nemo/collections/llm/gpt/model; tokens of LLM_VOCAB_SIZE_MAP in
# nemo/collections/common/parts/perf_metrics_utils.py.
SIZES = {
    "GPT3-5B": (4096, 32, 32, 16384, 24, 51200),
    "GPT3-20B": (6144, 48, 48, 24576, 44, 51200),
    "GPT3-175B": (12288, 96, 96, 49152, 96, 51200),
    "LLAMA2-7B": (4096, 32, 32, 11008, 32, 32000),
    "LLAMA2-13B": (5120, 40, 40, 13824, 40, 32000),
    "LLAMA2-70B": (8192, 64, 8, 28672, 80, 32000),
    "Nemotron-8B": (4096, 32, 32, 16384, 32, 256_000),
    "Nemotron-22B": (6144, 48, 48, 24576, 40, 256_000),
    "Nemotron-340B": (18432, 96, 8, 73728, 96, 256_000),
    "LLAMA3-8B": (4096, 32, 8, 14336, 32, 128_256),
    "LLAMA3-70B": (8192, 64, 8, 28672, 80, 128_256),
    "LLAMA3.1-405B": (16384, 128, 8, 53248, 126, 128_256),
}
# NVIDIA NeMo Framework 24.12, performance summary, pretraining in FP8 on DGX-H100: model, tokens in
# a sequence, tokens/s and TFLOP/s of a GPU. The same rows are in the guide of 24.09 and in
# docs/source/performance/performance_summary.md of NVIDIA/NeMo at v2.1.0.
NEMO = [
    ("GPT3-5B", 2048, 23406, 765), ("GPT3-20B", 2048, 5851, 750), ("GPT3-175B", 2048, 716, 771),
    ("GPT3-175B", 2048, 825, 888), ("LLAMA2-7B", 4096, 16934, 780), ("LLAMA2-13B", 4096, 8715, 760),
    ("LLAMA2-70B", 4096, 1728, 768), ("Nemotron-8B", 4096, 12507, 643),
    ("Nemotron-22B", 4096, 4312, 562), ("Nemotron-340B", 4096, 326, 686),
    ("LLAMA3-8B", 8192, 12273, 711), ("LLAMA3-70B", 8192, 1524, 734),
]  # fmt: skip
# NVIDIA-NeMo/Megatron-Bridge, docs/performance-summary.md at 00b7660, "25.11 NeMo Container",
# pretraining in FP8 on GB300, GB200, B200 and H100; rates in parentheses are rows of their own.
BRIDGE = [
    ("LLAMA3-8B", 8192, 37556, 1933), ("LLAMA3-8B", 8192, 36108, 1858),
    ("LLAMA3-8B", 8192, 31508, 1622), ("LLAMA3-8B", 8192, 29789, 1533),
    ("LLAMA3-8B", 8192, 30624, 1576), ("LLAMA3-8B", 8192, 29521, 1519),
    ("LLAMA3-8B", 8192, 14451, 744), ("LLAMA3-70B", 8192, 4520, 2030),
    ("LLAMA3-70B", 8192, 4312, 1937), ("LLAMA3-70B", 8192, 1602, 719),
    ("LLAMA3.1-405B", 8192, 999, 2522), ("LLAMA3.1-405B", 8192, 813, 2053),
    ("LLAMA3.1-405B", 8192, 661, 1667), ("LLAMA3.1-405B", 8192, 624, 1576),
    ("LLAMA3.1-405B", 8192, 292, 737),
]  # fmt: skip


@functools.cache
def counted(name, gated):
    return account(grad(language_model(gated=gated)), convention(name)).total


def per_token(name, model, length):
    d, h, K, f, L, V = SIZES[model]
    sizes = {"B": 1, "S": length, "d": d, "h": h, "K": K, "e": d // h, "f": f, "L": L, "V": V}
    return Fraction(counted(name, model.startswith("LLAMA")).at(sizes), length)


def bounds(tokens, rate):
    half = Fraction(1, 2)
    return (rate - half) * 10**12 / (tokens + half), (rate + half) * 10**12 / (tokens - half)


def agrees(name, row):
    model, length, tokens, rate = row
    least, most = bounds(tokens, rate)
    return least <= per_token(name, model, length) <= most


def error(name, row):
    model, length, tokens, rate = row
    return off(per_token(name, model, length), Fraction(rate * 10**12, tokens))


def by_its_source(model, length, part):
    """Count for a token with attention of `part` of the square of scores.

    All of it: _gpt3, _llama2, _llama3, _nemotron of nemo/collections/common/metrics/perf_metrics.py
    of NVIDIA/NeMo at v2.1.0. Half: transformer_flops of
    src/megatron/bridge/training/utils/flop_utils.py of Megatron-Bridge at 00b7660.
    """
    d, h, K, f, L, V = SIZES[model]
    block = Fraction(18 if model.startswith("LLAMA") else 12) * f / d
    square = part * Fraction(12 * length, d)
    return L * d**2 * (12 + Fraction(12 * K, h) + block + square + Fraction(6 * V, L * d))


@pytest.mark.parametrize("model", SIZES)
@pytest.mark.parametrize("length", [2048, 8192])
def test_both_are_the_formulas_of_their_sources(model, length):
    assert per_token("nemo-24.12", model, length) == by_its_source(model, length, 1)
    half = Fraction(1, 2)
    assert per_token("megatron-bridge", model, length) == by_its_source(model, length, half)


@pytest.mark.parametrize("row", NEMO)
def test_nemo_counts_the_whole_square(row):
    assert agrees("nemo-24.12", row)
    assert error("nemo-24.12", row) < Fraction("0.0008")
    assert not agrees("megatron-bridge", row)
    assert not agrees("6nd", row)


@pytest.mark.parametrize("row", BRIDGE)
def test_megatron_bridge_counts_half_of_it(row):
    assert agrees("megatron-bridge", row)
    assert error("megatron-bridge", row) < Fraction("0.0010")
    assert not agrees("nemo-24.12", row)
    assert not agrees("palm-mfu", row)


def test_one_model_by_both():
    # GFLOP for a token of Llama 3 8B at 8192 tokens
    assert round(per_token("nemo-24.12", "LLAMA3-8B", 8192) / 10**9, 2) == Fraction("57.91")
    assert round(per_token("megatron-bridge", "LLAMA3-8B", 8192) / 10**9, 2) == Fraction("51.47")


def test_the_zoos_llama_is_the_one_that_is_counted():
    import orderof

    d, h, K, f, L, V = SIZES["LLAMA3-8B"]
    sizes = {"B": 1, "S": 8192, "d": d, "h": h, "K": K, "f": f, "L": L, "V": V}
    r = orderof.analyze("zoo:llama", dims=sizes, train="sgd", as_="nemo-24.12")
    assert Fraction(r.step.total()(), 8192) == per_token("nemo-24.12", "LLAMA3-8B", 8192)


def test_the_rows_of_nemo_are_those_of_the_reference(reference):
    source = "https://docs.nvidia.com/nemo-framework/user-guide/24.12"
    rows = rows_of(reference, source, "Pretraining")
    tokens, rates = (
        [int(r["value"]) for r in rows if r["quantity"] == q]
        for q in ("train_throughput", "model_flops_rate")
    )
    given = set(zip(tokens, rates, strict=True))
    assert given
    assert given <= {row[2:] for row in NEMO}
