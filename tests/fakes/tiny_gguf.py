"""A chat model of half a megabyte with random weights: the real format for the real llama.cpp."""

from pathlib import Path

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, FEED_FORWARD, CONTEXT = 64, 2, 4, 128, 8192
# Token ids: three control tokens, 256 bytes, then words.
FIRST_LETTER, LAST_LETTER, FIRST_WORD = 3 + ord("a"), 3 + ord("z"), 3 + 256
WORDS = [" the", " and", " of", " to", " in", " God", " love", " peace", " light", " word", " is", " was", " he", "."]


def make_tiny_gguf(path: Path, *, seed: int = 7, layers: int = LAYERS) -> Path:
    """Write a llama of width 64 with byte tokens and a few words; more layers make it slower."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    vocabulary = _add_vocabulary(writer)
    random = np.random.default_rng(seed)

    def tensor(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.normal(0, 0.1, shape).astype(np.float32))

    tensor("token_embd.weight", vocabulary, WIDTH)
    output = random.normal(0, 0.3, (vocabulary, WIDTH)).astype(np.float32)
    # Neither control tokens nor halves of characters: it writes on, in plain letters, until it is told to stop.
    output[:FIRST_LETTER] = 0
    output[LAST_LETTER + 1 : FIRST_WORD] = 0
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(layers):
        block = f"blk.{layer}"
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"{block}.{name}.weight", WIDTH, WIDTH)
        tensor(f"{block}.ffn_gate.weight", FEED_FORWARD, WIDTH)
        tensor(f"{block}.ffn_up.weight", FEED_FORWARD, WIDTH)
        tensor(f"{block}.ffn_down.weight", WIDTH, FEED_FORWARD)
        writer.add_tensor(f"{block}.attn_norm.weight", np.ones(WIDTH, np.float32))
        writer.add_tensor(f"{block}.ffn_norm.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_vocabulary(writer: gguf.GGUFWriter) -> int:
    types = gguf.TokenType
    tokens = [("<unk>", types.UNKNOWN), ("<s>", types.CONTROL), ("</s>", types.CONTROL)]
    tokens += [(f"<0x{byte:02X}>", types.BYTE) for byte in range(256)]
    tokens += [(word.replace(" ", "▁"), types.NORMAL) for word in WORDS]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text.encode() for text, _ in tokens])
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([kind.value for _, kind in tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    return len(tokens)
