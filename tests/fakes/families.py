"""Tiny models with the architectures, special tokens and published chat templates of popular model families.

The templates are from llama.cpp's own collection, which is part of the source of llama-cpp-python. packaging/test.sh
downloads this source.
"""

import sys
from pathlib import Path

import pytest

from server.benchmarks.random_model import Shape

TEMPLATES = Path(sys.prefix) / "share" / "chat-templates"


def template(name: str) -> str:
    """Return a published chat template. Skips the test if the collection was not downloaded."""
    path = TEMPLATES / f"{name}.jinja"
    if not path.exists():
        pytest.skip(f"{path} is missing; packaging/test.sh downloads it")
    return path.read_text(encoding="utf-8")


def published_templates() -> list[Path]:
    """Return every published chat template in the collection."""
    return sorted(TEMPLATES.glob("*.jinja"))


def llama_32() -> Shape:
    """Grouped-query attention, scaled rope, tied embeddings."""
    return Shape(
        name="llama-3.2",
        heads=8,
        kv_heads=2,
        head_size=16,
        tied=True,
        rope_factors=(1.0,) * 4 + (8.0,) * 4,
        special=("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        begin="<|begin_of_text|>",
        end="<|eot_id|>",
        template=template("meta-llama-Llama-3.2-3B-Instruct"),
    )


def qwen_25() -> Shape:
    """Grouped-query attention with biases, tied embeddings, no beginning token."""
    return Shape(
        architecture="qwen2",
        name="qwen-2.5",
        heads=8,
        kv_heads=2,
        head_size=8,
        tied=True,
        attention_bias=True,
        special=("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        begin="<|endoftext|>",
        end="<|im_end|>",
        adds_begin=False,
        template=template("Qwen-Qwen2.5-7B-Instruct"),
    )


def gemma_2() -> Shape:
    """Norms before and after each part, heads larger than width / number of heads, tied embeddings, no system role."""
    return Shape(
        architecture="gemma2",
        name="gemma-2",
        heads=4,
        kv_heads=2,
        head_size=32,
        tied=True,
        norms_after=True,
        special=("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
        begin="<bos>",
        end="<eos>",
        template=template("google-gemma-2-2b-it"),
    )


def chatml() -> Shape:
    """The format of Qwen 3 and many other families. Tags of thoughts and tool calls are user-defined, not control tokens."""
    return Shape(
        name="chatml",
        special=("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        markers=("<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"),
        begin="<|endoftext|>",
        end="<|im_end|>",
        adds_begin=False,
        template=template("Qwen-Qwen3-0.6B"),
    )


def mistral() -> Shape:
    """Control tokens in brackets, and a vocabulary that adds a space before each text."""
    return Shape(
        name="mistral",
        special=(
            "<unk>",
            "<s>",
            "</s>",
            "[INST]",
            "[/INST]",
            "[AVAILABLE_TOOLS]",
            "[/AVAILABLE_TOOLS]",
            "[TOOL_RESULTS]",
            "[/TOOL_RESULTS]",
            "[TOOL_CALLS]",
        ),
        space_prefix=True,
        template=template("mistralai-Mistral-Nemo-Instruct-2407"),
    )


def phi_35() -> Shape:
    """Special tokens that contain the role of the message that follows."""
    return Shape(
        name="phi-3.5",
        special=("<unk>", "<s>", "</s>", "<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        markers=("<|tool|>",),
        end="<|end|>",
        space_prefix=True,
        template=template("microsoft-Phi-3.5-mini-instruct"),
    )


def deepseek_r1() -> Shape:
    """Special tokens with full-width bars. In some files, some of these tokens are user-defined tokens."""
    return Shape(
        name="deepseek-r1",
        special=("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜tool▁calls▁begin｜>"),
        markers=("<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"),
        begin="<｜begin▁of▁sentence｜>",
        end="<｜end▁of▁sentence｜>",
        template=template("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"),
    )


def without_template() -> Shape:
    """A model whose file has no template: roles are named in plain text."""
    return Shape(name="plain")


FAMILIES = (llama_32, qwen_25, gemma_2, chatml, mistral, phi_35, deepseek_r1, without_template)
