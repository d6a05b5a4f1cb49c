"""Language models and the parts of Stable Diffusion that documents of counters speak of.

Sizes are those of the configurations that the models were published with; the parameters of each
row hold them. Attention is written out, as transformers wrote it when the documents were made. Of
models with code of their own some are the same network as a class of transformers: Baichuan is
Llama with another vocabulary, Qwen Llama with three biases, MOSS CodeGen.
"""

# ruff: noqa: INP001 - a part of a script

from __future__ import annotations

import re
from typing import Any

import torch
from layers import Net, tensor
from torch import Tensor, nn
from torch.nn import functional

Sizes = dict[str, int | bool | str]
Model = tuple[str, str, Sizes]


class GlmBlock(nn.Module):
    """A block of ChatGLM-6B: its modeling_chatglm.py, where GELU is a script of its own."""

    def __init__(self, width: int = 4096, heads: int = 32) -> None:
        super().__init__()
        self.heads = heads
        self.input_layernorm = nn.LayerNorm(width)
        self.query_key_value, self.dense = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.post_attention_layernorm = nn.LayerNorm(width)
        self.dense_h_to_4h = nn.Linear(width, 4 * width)
        self.dense_4h_to_h = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Positions are turned by operators, of which the tool counts none: left out."""
        length, width = x.shape
        x = self.input_layernorm(x)
        made = self.query_key_value(x).view(length, self.heads, -1).chunk(3, -1)
        q, k, v = (t.transpose(0, 1) for t in made)
        scores = torch.baddbmm(x.new_zeros(1, 1, 1), q, k.transpose(1, 2), beta=0.0)
        y = torch.bmm(functional.softmax(scores, -1), v)
        x = x + self.dense(y.transpose(0, 1).reshape(length, width))
        x = self.post_attention_layernorm(x)
        h = self.dense_h_to_4h(x)
        h = 0.5 * h * (1 + torch.tanh(0.7978845608028654 * h * (1 + 0.044715 * h * h)))
        return x + self.dense_4h_to_h(h)


class Glm(nn.Module):
    """ChatGLM-6B: arXiv:2210.02414 and its config.json; the head is the table."""

    def __init__(self) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(130528, 4096)
        self.layers = nn.Sequential(*(GlmBlock() for _ in range(28)))
        self.final_layernorm = nn.LayerNorm(4096)

    def forward(self, ids: Tensor) -> Tensor:
        """Give the logits of one sentence."""
        x = self.final_layernorm(self.layers(self.word_embeddings(ids[0])))
        return functional.linear(x, self.word_embeddings.weight)


class Autoencoder(nn.Module):
    """One half of that of Stable Diffusion 1: its vae/config.json."""

    def __init__(self, half: str) -> None:
        from diffusers import AutoencoderKL

        super().__init__()
        made: Any = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
        )
        into, out = made.encoder, made.quant_conv
        self.layers = nn.Sequential(
            *((into, out) if half == "encoder" else (made.post_quant_conv, made.decoder))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        return self.layers(x)


def diffusion(part: str) -> Net:
    """Build a part of Stable Diffusion 1 for images of 512; its UNet is called for two at once."""
    import peers

    with torch.device("meta"):
        if part == "UNet2DCondition":
            inputs = tensor(2, 4, 64, 64), tensor(1), tensor(2, 77, 768)
            return Net(peers.unet_sd15()[0], inputs)
        half = part.removeprefix("VAE_")
        size = (3, 512, 512) if half == "encoder" else (4, 64, 64)
        return Net(Autoencoder(half), (tensor(1, *size),))


def net(text: str, shape: str) -> Net | None:
    """Build a model for the tokens of a row."""
    if text.startswith("SD ") and text != "SD text_encoder":
        return diffusion(text[3:])
    name = re.sub(r"^transformers |^ONNX zoo |(?: ?\((?:BERT|hidden|\w+Config).*)", "", text)
    said = re.search(r"\(1,(\d+)\)|(\d+)-token", shape)
    ids = tensor(1, int(said[1] or said[2]) if said else TOKENS.get(name, 1024)).long()
    if name == "chatglm-6b":
        with torch.device("meta"):
            return Net(Glm(), (ids,))
    if name not in MODELS:
        return None
    import transformers

    classes: Any = transformers
    cls, config, sizes = MODELS[name]
    how = {"attn_implementation": "eager", "use_cache": False}
    with torch.device("meta"):
        model = getattr(classes, cls)(getattr(classes, config)(**{**how, **sizes}))
    return Net(model, kwargs={"input_ids": ids, "attention_mask": torch.ones_like(ids)})


def llama(vocabulary: int, layers: int = 32) -> Model:
    """Give Llama's sizes at 7 billion: arXiv:2302.13971, table 2."""
    sizes: Sizes = {"vocab_size": vocabulary, "hidden_size": 4096, "intermediate_size": 11008}
    sizes |= {"num_hidden_layers": layers, "num_attention_heads": 32}
    return "LlamaForCausalLM", "LlamaConfig", sizes


def grouped(name: str, vocabulary: int, width: int, hidden: int, *depth: int) -> Model:
    """Give the sizes of onnx_tool/model_configs.py: layers, heads, heads of keys."""
    names = "num_hidden_layers", "num_attention_heads", "num_key_value_heads"
    sizes: Sizes = {"vocab_size": vocabulary, "hidden_size": width, "intermediate_size": hidden}
    sizes |= {**dict(zip(names, depth, strict=True)), "pad_token_id": 0}
    return f"{name}ForCausalLM", f"{name}Config", sizes


def pythia(vocabulary: int, width: int, depth: int, heads: int) -> Model:
    """Give Pythia's sizes: arXiv:2304.01373, table 1; the vocabulary is padded."""
    sizes: Sizes = {"vocab_size": vocabulary, "hidden_size": width, "intermediate_size": 4 * width}
    sizes |= {"num_hidden_layers": depth, "num_attention_heads": heads}
    return "GPTNeoXModel", "GPTNeoXConfig", sizes


def bloom(width: int, depth: int, heads: int) -> Model:
    """Give BLOOM's sizes: arXiv:2211.05100, table 3."""
    sizes: Sizes = {"vocab_size": 250880, "hidden_size": width, "n_layer": depth, "n_head": heads}
    return "BloomModel", "BloomConfig", sizes


def moss(cls: str) -> Model:
    """Give MOSS, which is CodeGen 16B with a larger vocabulary: its config.json."""
    sizes: Sizes = {"vocab_size": 107008, "n_embd": 6144, "n_layer": 34, "n_head": 24}
    return cls, "CodeGenConfig", {**sizes, "rotary_dim": 64, "n_positions": 2048}


GLM: Sizes = {"vocab_size": 65024, "hidden_size": 4096, "intermediate_size": 13696}
GLM |= {"num_hidden_layers": 28, "num_attention_heads": 32, "num_key_value_heads": 2}
GLM |= {"head_dim": 128, "attention_bias": True, "pad_token_id": 0}
QWEN: Sizes = {"vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 11008}
QWEN |= {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32}
SMALL: Sizes = {"vocab_size": 1000, "hidden_size": 512, "intermediate_size": 1024}
SMALL |= {"num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4}
MPT: Sizes = {"vocab_size": 50368, "d_model": 2048, "n_layers": 1, "n_heads": 16}
CLIP: Sizes = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
CLIP |= {"num_hidden_layers": 12, "projection_dim": 768}
ROBERTA: Sizes = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}

MODELS: dict[str, Model] = {
    "hfl/chinese-roberta-wwm-ext": ("BertModel", "BertConfig", {"vocab_size": 21128}),
    "bloom-1b7": bloom(2048, 24, 16),
    "bloom-7b1": bloom(4096, 30, 32),
    "baichuan-7B": llama(64000),
    "chatglm2-6b": ("GlmForCausalLM", "GlmConfig", GLM),
    "Qwen-7B": ("Qwen2ForCausalLM", "Qwen2Config", QWEN),
    "llama-7b": llama(32000),
    "llama2-7b": llama(32000),
    "chinese-llama-7b": llama(49953),
    "EleutherAI/pythia-1.4b": pythia(50304, 2048, 24, 16),
    "EleutherAI/pythia-12b": pythia(50688, 5120, 36, 40),
    "moss-moon-003-sft": moss("CodeGenForCausalLM"),
    "moss-moon-003-sft-plugin": moss("CodeGenModel"),
    "GPT2Model": ("GPT2Model", "GPT2Config", {}),
    "BertModel": ("BertModel", "BertConfig", {}),
    "LlamaModel": ("LlamaModel", "LlamaConfig", SMALL),
    "GPT-J 1 layer": llama(32000, layers=1),
    "LLaMa 1 layer": ("GPTJForCausalLM", "GPTJConfig", {"n_layer": 1}),
    "MPT 1 layer": ("MptForCausalLM", "MptConfig", MPT),
    "SD text_encoder": ("CLIPTextModel", "CLIPTextConfig", CLIP),
    "GPT-2": ("GPT2Model", "GPT2Config", {}),
    "RoBERTa-BASE": ("RobertaModel", "RobertaConfig", ROBERTA),
    "Phi-3-mini-4k": grouped("Phi3", 32064, 3072, 8192, 32, 32, 32),
    "Phi-3-small-8k-instruct": grouped("Phi3", 100352, 4096, 14336, 32, 32, 8),
    "Phi-3-medium-4k-instruct": grouped("Phi3", 32064, 5120, 17920, 40, 40, 10),
    "Llama3-8B": grouped("Llama", 128256, 4096, 14336, 32, 32, 8),
}
"""Name -> class, configuration, sizes that differ from its defaults.

Two rows of onnx-tool's table have each other's names, as their parameters and multiply-adds say.
Its Phi-3-small is what its builder makes of those sizes, which is as Phi-3.
"""
TOKENS = dict.fromkeys(("GPT-J 1 layer", "LLaMa 1 layer", "MPT 1 layer"), 512)
TOKENS |= {"SD text_encoder": 77, "GPT-2": 8, "RoBERTa-BASE": 8}
"""As benchmark/transfomer_models.py and data/public/config.py of onnx-tool have it."""
