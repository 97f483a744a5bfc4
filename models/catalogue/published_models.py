"""Published chat models that answer well from given passages.

Sizes are the rounded sizes of the files in bytes. Shapes are from the published configurations of the models.
"""

from collections.abc import Sequence

import msgspec

from models.errors import ModelUnknown
from models.formats.facts import Facts, Layers

# The site that publishes the files. A model's `source` is a repository on this site, and `file` is a file in it.
HUB = "https://huggingface.co"
_APACHE = "Apache-2.0"
_LLAMA_32, _LLAMA_31 = "Llama 3.2 Community License", "Llama 3.1 Community License"


class PublishedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A published GGUF file. The model was trained for `languages`. `note` tells which machine and use it suits."""

    name: str
    parameters: int
    size: int
    licence: str
    source: str
    file: str
    quantisation: str = "Q4_K_M"
    sha256: str = ""
    languages: str = "many"
    note: str
    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context: int

    @property
    def url(self) -> str:
        return f"{HUB}/{self.source}/resolve/main/{self.file}"

    @property
    def facts(self) -> Facts:
        """An estimate of the facts of the model's file, accurate enough for a load plan."""
        ends = self.vocabulary * self.width * 6 // 8
        block = max(0, self.size - 2 * ends) // self.layers
        return Facts(
            role="chat",
            backend="llama_cpp",
            weights=self.size,
            parameters=self.parameters,
            layers=Layers(
                blocks=[block] * self.layers,
                kv_per_token=[2 * self.kv_heads * self.head_size] * self.layers,
                output=ends,
                embedding=ends,
                width=self.width,
                feed_forward=self.feed_forward,
                vocabulary=self.vocabulary,
                heads=self.heads,
                trained_context=self.context,
            ),
        )


PUBLISHED_MODELS: Sequence[PublishedModel] = (
    PublishedModel(
        name="qwen2.5-0.5b",
        parameters=494_000_000,
        size=491_000_000,
        licence=_APACHE,
        source="Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        file="qwen2.5-0.5b-instruct-q4_k_m.gguf",
        note="for 4 GB; short answers, some of them clumsy",
        layers=24,
        width=896,
        feed_forward=4864,
        heads=14,
        kv_heads=2,
        head_size=64,
        vocabulary=151_936,
        context=32_768,
    ),
    PublishedModel(
        name="llama-3.2-1b",
        parameters=1_236_000_000,
        size=808_000_000,
        licence=_LLAMA_32,
        source="bartowski/Llama-3.2-1B-Instruct-GGUF",
        file="Llama-3.2-1B-Instruct-Q4_K_M.gguf",
        languages="English, Spanish and six more",
        note="for 4 GB; the smallest model that follows its passages well",
        layers=16,
        width=2048,
        feed_forward=8192,
        heads=32,
        kv_heads=8,
        head_size=64,
        vocabulary=128_256,
        context=131_072,
    ),
    PublishedModel(
        name="qwen2.5-1.5b",
        parameters=1_544_000_000,
        size=1_117_000_000,
        licence=_APACHE,
        source="Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        file="qwen2.5-1.5b-instruct-q4_k_m.gguf",
        note="for 4 to 8 GB; open licence without conditions on use",
        layers=28,
        width=1536,
        feed_forward=8960,
        heads=12,
        kv_heads=2,
        head_size=128,
        vocabulary=151_936,
        context=32_768,
    ),
    PublishedModel(
        name="gemma-2-2b",
        parameters=2_614_000_000,
        size=1_709_000_000,
        licence="Gemma Terms of Use",
        source="bartowski/gemma-2-2b-it-GGUF",
        file="gemma-2-2b-it-Q4_K_M.gguf",
        languages="mainly English",
        note="for 8 GB; clear prose",
        layers=26,
        width=2304,
        feed_forward=9216,
        heads=8,
        kv_heads=4,
        head_size=256,
        vocabulary=256_000,
        context=8192,
    ),
    PublishedModel(
        name="llama-3.2-3b",
        parameters=3_213_000_000,
        size=2_019_000_000,
        licence=_LLAMA_32,
        source="bartowski/Llama-3.2-3B-Instruct-GGUF",
        file="Llama-3.2-3B-Instruct-Q4_K_M.gguf",
        languages="English, Spanish and six more",
        note="for 8 GB; cites sources carefully",
        layers=28,
        width=3072,
        feed_forward=8192,
        heads=24,
        kv_heads=8,
        head_size=128,
        vocabulary=128_256,
        context=131_072,
    ),
    PublishedModel(
        name="qwen2.5-7b",
        parameters=7_616_000_000,
        size=4_683_000_000,
        licence=_APACHE,
        source="bartowski/Qwen2.5-7B-Instruct-GGUF",
        file="Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        note="for 16 GB with many cores, or a GPU of 8 GB",
        layers=28,
        width=3584,
        feed_forward=18_944,
        heads=28,
        kv_heads=4,
        head_size=128,
        vocabulary=152_064,
        context=32_768,
    ),
    PublishedModel(
        name="llama-3.1-8b",
        parameters=8_030_000_000,
        size=4_921_000_000,
        licence=_LLAMA_31,
        source="bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
        file="Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf",
        languages="English, Spanish and six more",
        note="for 16 GB with many cores, or a GPU of 8 GB",
        layers=32,
        width=4096,
        feed_forward=14_336,
        heads=32,
        kv_heads=8,
        head_size=128,
        vocabulary=128_256,
        context=131_072,
    ),
    PublishedModel(
        name="qwen2.5-14b",
        parameters=14_770_000_000,
        size=8_988_000_000,
        licence=_APACHE,
        source="bartowski/Qwen2.5-14B-Instruct-GGUF",
        file="Qwen2.5-14B-Instruct-Q4_K_M.gguf",
        note="for a GPU of 16 GB",
        layers=48,
        width=5120,
        feed_forward=13_824,
        heads=40,
        kv_heads=8,
        head_size=128,
        vocabulary=152_064,
        context=32_768,
    ),
)


def find_published_model(name: str) -> PublishedModel:
    """Return a model by its name in the list. Raises ModelUnknown with the names in the list."""
    for model in PUBLISHED_MODELS:
        if model.name == name.lower():
            return model
    names = ", ".join(model.name for model in PUBLISHED_MODELS)
    raise ModelUnknown(f"{name} is neither an address nor the name of a published model. Published models: {names}.")
