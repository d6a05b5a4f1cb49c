"""`orderof generate`: the whole, the prompt, the steps."""

import json

import pytest
from click.testing import CliRunner

from orderof.cli.generate import COMMAND

pytestmark = pytest.mark.framework

CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 1000,
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2,
}  # fmt: skip


@pytest.fixture
def model(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return f"hf:{tmp_path}"


def asked(*words):
    return CliRunner().invoke(COMMAND, [*words])


def test_the_report_says_the_whole(model):
    found = asked(model, "--prompt", "20", "--tokens", "9", "--beams", "2", "--no-color")
    assert found.exit_code == 0, found.output
    assert "together       29" in found.output
    assert "2 beams: every sequence is run as often" in found.output
    assert "one step, FLOP    512*B*(T + " in found.output
    assert "--decode 28" in found.output


def test_as_json_it_adds_up(model):
    found = json.loads(asked(model, "--prompt", "20", "--tokens", "2", "--json").output)
    assert found["flops"]["value"] == found["prefill_flops"]["value"] + found["step_flops"]["value"]
    assert found["dims"] == {"B": 1, "S": 20}
